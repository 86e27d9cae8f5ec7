//! tokio's oneshot: it sends one message, later ones find the channel disconnected.

use crate::block_on::block_until;
use sluice_channel::{Channel, Message, Side, Unreceived, Unsent, Wait};
use std::sync::Mutex;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::oneshot::{channel, Receiver, Sender};

pub struct Tokio {
    sender: Mutex<Option<Sender<Message>>>,
    /// None once it has received, or found the sender dropped: tokio's may not be asked again.
    receiver: Side<Option<Receiver<Message>>>,
}

impl Channel for Tokio {
    fn make(_: Option<usize>) -> Self {
        let (sender, receiver) = channel();
        Tokio {
            sender: Mutex::new(Some(sender)),
            receiver: Side::new(Some(receiver)),
        }
    }

    fn send(&self, message: Message, _: Wait) -> Result<(), Unsent> {
        let sender = self.sender.lock().expect("no send panics").take();
        match sender {
            Some(sender) => sender.send(message).map_err(Unsent::Disconnected),
            None => Err(Unsent::Disconnected(message)),
        }
    }

    fn recv(&self, wait: Wait) -> Result<Message, Unreceived> {
        let held = unsafe { self.receiver.open_alone() };
        let mut receiver = held.take().ok_or(Unreceived::Disconnected)?;
        let received = match wait {
            Wait::Not => match receiver.try_recv() {
                Err(TryRecvError::Empty) => None,
                result => Some(result.ok()),
            },
            Wait::Until(deadline) => block_until(&mut receiver, Some(deadline)).map(Result::ok),
            Wait::ForEver => return receiver.blocking_recv().map_err(|_| Unreceived::Disconnected),
        };
        match received {
            Some(message) => message.ok_or(Unreceived::Disconnected),
            None => {
                *held = Some(receiver);
                Err(Unreceived::NotNow)
            }
        }
    }

    fn close_senders(&self) {
        let sender = self.sender.lock().expect("no send panics").take();
        drop(sender);
    }

    fn close_receivers(&self) {
        unsafe { self.receiver.close() }
    }
}
