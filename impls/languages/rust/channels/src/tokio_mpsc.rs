//! tokio's mpsc in its blocking forms. These have no deadline: with one, the thread polls the future until then, and drops it.

use crate::block_on::block_until;
use sluice_channel::{Channel, Message, Side, Unreceived, Unsent, Wait};
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::sync::mpsc::{channel, unbounded_channel, Receiver, Sender, UnboundedReceiver, UnboundedSender};

/// Two types of each handle, one of which is used.
enum Either<B, U> {
    Bounded(B),
    Unbounded(U),
}
use Either::{Bounded, Unbounded};

pub struct Tokio {
    sender: Side<Either<Sender<Message>, UnboundedSender<Message>>>,
    receiver: Side<Either<Receiver<Message>, UnboundedReceiver<Message>>>,
}

impl Channel for Tokio {
    fn make(capacity: Option<usize>) -> Self {
        let (sender, receiver) = match capacity {
            Some(capacity) => {
                let (sender, receiver) = channel(capacity);
                (Bounded(sender), Bounded(receiver))
            }
            None => {
                let (sender, receiver) = unbounded_channel();
                (Unbounded(sender), Unbounded(receiver))
            }
        };
        Tokio {
            sender: Side::new(sender),
            receiver: Side::new(receiver),
        }
    }

    fn send(&self, message: Message, wait: Wait) -> Result<(), Unsent> {
        let sender = match self.sender.open() {
            Unbounded(sender) => return sender.send(message).map_err(|error| Unsent::Disconnected(error.0)),
            Bounded(sender) => sender,
        };
        match wait {
            Wait::Not => sender.try_send(message).map_err(|error| match error {
                TrySendError::Full(message) => Unsent::NotNow(message),
                TrySendError::Closed(message) => Unsent::Disconnected(message),
            }),
            // To reserve first keeps the message here when the time is up.
            Wait::Until(deadline) => match block_until(sender.reserve(), Some(deadline)) {
                Some(Ok(permit)) => {
                    permit.send(message);
                    Ok(())
                }
                Some(Err(_)) => Err(Unsent::Disconnected(message)),
                None => Err(Unsent::NotNow(message)),
            },
            Wait::ForEver => sender
                .blocking_send(message)
                .map_err(|error| Unsent::Disconnected(error.0)),
        }
    }

    fn recv(&self, wait: Wait) -> Result<Message, Unreceived> {
        match (unsafe { self.receiver.open_alone() }, wait) {
            (Bounded(receiver), Wait::Not) => receiver.try_recv().map_err(not_received),
            (Unbounded(receiver), Wait::Not) => receiver.try_recv().map_err(not_received),
            (Bounded(receiver), Wait::Until(deadline)) => received(block_until(receiver.recv(), Some(deadline))),
            (Unbounded(receiver), Wait::Until(deadline)) => received(block_until(receiver.recv(), Some(deadline))),
            (Bounded(receiver), Wait::ForEver) => received(Some(receiver.blocking_recv())),
            (Unbounded(receiver), Wait::ForEver) => received(Some(receiver.blocking_recv())),
        }
    }

    fn close_senders(&self) {
        unsafe { self.sender.close() }
    }

    fn close_receivers(&self) {
        unsafe { self.receiver.close() }
    }
}

fn not_received(error: TryRecvError) -> Unreceived {
    match error {
        TryRecvError::Empty => Unreceived::NotNow,
        TryRecvError::Disconnected => Unreceived::Disconnected,
    }
}

/// `None`: the time is up; `Some(None)`: disconnected.
fn received(message: Option<Option<Message>>) -> Result<Message, Unreceived> {
    message.ok_or(Unreceived::NotNow)?.ok_or(Unreceived::Disconnected)
}
