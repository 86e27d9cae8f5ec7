use super::{Channel, SelectBoth, SelectRecv};
use crossbeam_channel::{bounded, unbounded, Receiver, Select, Sender};

pub struct Crossbeam;

impl Channel for Crossbeam {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn make(capacity: Option<usize>) -> (Sender<u64>, Receiver<u64>) {
        capacity.map_or_else(unbounded, bounded)
    }

    fn send(sender: &Sender<u64>, message: u64) {
        let _ = sender.send(message);
    }

    fn recv(receiver: &Receiver<u64>) -> Option<u64> {
        receiver.recv().ok()
    }
}

// One selector for all messages: it may be used again, and to make it takes an allocation.
impl SelectRecv for Crossbeam {
    fn recv_any(receivers: &[Receiver<u64>], count: u64) -> u64 {
        let mut selector = Select::new();
        for receiver in receivers {
            selector.recv(receiver);
        }
        let mut sum = 0;
        for _ in 0..count {
            let ready = selector.select();
            let from = &receivers[ready.index()];
            sum += ready.recv(from).unwrap_or(0);
        }
        sum
    }
}

impl SelectBoth for Crossbeam {
    fn send_any(senders: &[Sender<u64>], messages: impl Iterator<Item = u64>) {
        let mut selector = Select::new();
        for sender in senders {
            selector.send(sender);
        }
        for message in messages {
            let ready = selector.select();
            let to = &senders[ready.index()];
            let _ = ready.send(to, message);
        }
    }
}
