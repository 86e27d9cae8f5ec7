//! tokio's mpsc in its blocking forms. These have no deadline: with one, the thread polls the future until then, and drops it.

use sluice_channel::{Channel, Message, Side, Unreceived, Unsent, Wait};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{current, park_timeout, Thread};
use std::time::Instant;
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
            Wait::Until(deadline) => match block_until(sender.reserve(), deadline) {
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
            (Bounded(receiver), Wait::Until(deadline)) => received(block_until(receiver.recv(), deadline)),
            (Unbounded(receiver), Wait::Until(deadline)) => received(block_until(receiver.recv(), deadline)),
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

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future until it is ready; `None` if it is not by the deadline. It is polled at least once.
fn block_until<F: Future>(future: F, deadline: Instant) -> Option<F::Output> {
    let waker = Arc::new(Unpark(current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = Box::pin(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let now = Instant::now();
        if now >= deadline {
            return None;
        }
        park_timeout(deadline - now);
    }
}
