//! tokio's broadcast. Debian 12's has no blocking receive: the thread polls the future.

use crate::block_on::block_until;
use sluice_channel::{Broadcast, BroadcastReceiver, CopiedMessage, Side, Unread, Wait};
use std::num::NonZeroU64;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{channel, Receiver, Sender};

pub struct Tokio {
    sender: Side<Sender<CopiedMessage>>,
    capacity: usize,
}

impl Broadcast for Tokio {
    type Receiver = Reader;

    fn make(capacity: usize) -> Self {
        let (sender, _) = channel(capacity);
        Tokio {
            sender: Side::new(sender),
            // It does not tell, but documents this.
            capacity: capacity.next_power_of_two(),
        }
    }

    fn send(&self, message: CopiedMessage) -> Result<usize, CopiedMessage> {
        self.sender.open().send(message).map_err(|error| error.0)
    }

    fn subscribe(&self) -> Self::Receiver {
        Reader(self.sender.open().subscribe())
    }

    fn close_senders(&self) {
        unsafe { self.sender.close() }
    }

    fn capacity(&self) -> usize {
        self.capacity
    }
}

pub struct Reader(Receiver<CopiedMessage>);

impl BroadcastReceiver for Reader {
    fn recv(&mut self, wait: Wait) -> Result<CopiedMessage, Unread> {
        let deadline = match wait {
            Wait::Not => return self.0.try_recv().map_err(unread_now),
            Wait::Until(deadline) => Some(deadline),
            Wait::ForEver => None,
        };
        block_until(self.0.recv(), deadline)
            .ok_or(Unread::NotNow)?
            .map_err(unread)
    }
}

fn missed(count: u64) -> Unread {
    Unread::Missed(NonZeroU64::new(count).expect("a lag is of one message or more"))
}

fn unread_now(error: TryRecvError) -> Unread {
    match error {
        TryRecvError::Empty => Unread::NotNow,
        TryRecvError::Closed => Unread::Disconnected,
        TryRecvError::Lagged(count) => missed(count),
    }
}

fn unread(error: RecvError) -> Unread {
    match error {
        RecvError::Closed => Unread::Disconnected,
        RecvError::Lagged(count) => missed(count),
    }
}
