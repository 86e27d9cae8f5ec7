//! The standard library's: two types of sender, hence two channels.

use super::Channel;
use std::sync::mpsc::{channel, sync_channel, Receiver, Sender, SyncSender};

pub struct Bounded;

impl Channel for Bounded {
    type Sender = SyncSender<u64>;
    type Receiver = Receiver<u64>;

    fn accepts(capacity: Option<usize>) -> bool {
        capacity.is_some()
    }

    fn make(capacity: Option<usize>) -> (SyncSender<u64>, Receiver<u64>) {
        sync_channel(capacity.expect("a bounded channel has a capacity"))
    }

    fn send(sender: &SyncSender<u64>, message: u64) {
        let _ = sender.send(message);
    }

    fn recv(receiver: &Receiver<u64>) -> Option<u64> {
        receiver.recv().ok()
    }
}

pub struct Unbounded;

impl Channel for Unbounded {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn accepts(capacity: Option<usize>) -> bool {
        capacity.is_none()
    }

    fn make(_: Option<usize>) -> (Sender<u64>, Receiver<u64>) {
        channel()
    }

    fn send(sender: &Sender<u64>, message: u64) {
        let _ = sender.send(message);
    }

    fn recv(receiver: &Receiver<u64>) -> Option<u64> {
        receiver.recv().ok()
    }
}
