//! The standard library's: two types of sender, hence two channels. Its receiver is for one thread.

use sluice_channel::{Channel, Message, Side, Unreceived, Unsent, Wait};
use std::sync::mpsc::{
    channel, sync_channel, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, TrySendError,
};
use std::sync::Mutex;
use std::time::Instant;

pub struct Unbounded {
    senders: Mutex<Vec<Sender<Message>>>,
    receiver: Side<Receiver<Message>>,
}

impl Channel for Unbounded {
    fn make(_: Option<usize>) -> Self {
        let (sender, receiver) = channel();
        Unbounded {
            senders: Mutex::new(vec![sender]),
            receiver: Side::new(receiver),
        }
    }

    // Before Rust 1.72, no two threads may use one sender at once: each operation takes one, or a clone of the first.
    fn send(&self, message: Message, _: Wait) -> Result<(), Unsent> {
        let mine = {
            let mut senders = self.senders.lock().expect("no send panics");
            match senders.len() {
                1 => senders[0].clone(),
                _ => senders.pop().expect("the first stays"),
            }
        };
        let result = mine.send(message).map_err(|error| Unsent::Disconnected(error.0));
        self.senders.lock().expect("no send panics").push(mine);
        result
    }

    fn recv(&self, wait: Wait) -> Result<Message, Unreceived> {
        recv(unsafe { self.receiver.open_alone() }, wait)
    }

    fn close_senders(&self) {
        let senders = std::mem::take(&mut *self.senders.lock().expect("no send panics"));
        drop(senders);
    }

    fn close_receivers(&self) {
        unsafe { self.receiver.close() }
    }
}

pub struct Bounded {
    sender: Side<SyncSender<Message>>,
    receiver: Side<Receiver<Message>>,
}

impl Channel for Bounded {
    fn make(capacity: Option<usize>) -> Self {
        let (sender, receiver) = sync_channel(capacity.expect("a bounded channel has a capacity"));
        Bounded {
            sender: Side::new(sender),
            receiver: Side::new(receiver),
        }
    }

    // It has no send with a deadline.
    fn send(&self, message: Message, wait: Wait) -> Result<(), Unsent> {
        let sender = self.sender.open();
        match wait {
            Wait::ForEver => sender.send(message).map_err(|error| Unsent::Disconnected(error.0)),
            _ => sender.try_send(message).map_err(|error| match error {
                TrySendError::Full(message) => Unsent::NotNow(message),
                TrySendError::Disconnected(message) => Unsent::Disconnected(message),
            }),
        }
    }

    fn recv(&self, wait: Wait) -> Result<Message, Unreceived> {
        recv(unsafe { self.receiver.open_alone() }, wait)
    }

    fn close_senders(&self) {
        unsafe { self.sender.close() }
    }

    fn close_receivers(&self) {
        unsafe { self.receiver.close() }
    }
}

fn recv(receiver: &Receiver<Message>, wait: Wait) -> Result<Message, Unreceived> {
    match wait {
        Wait::Not => receiver.try_recv().map_err(|error| match error {
            TryRecvError::Empty => Unreceived::NotNow,
            TryRecvError::Disconnected => Unreceived::Disconnected,
        }),
        Wait::Until(deadline) => receiver
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => Unreceived::NotNow,
                RecvTimeoutError::Disconnected => Unreceived::Disconnected,
            }),
        Wait::ForEver => receiver.recv().map_err(|_| Unreceived::Disconnected),
    }
}
