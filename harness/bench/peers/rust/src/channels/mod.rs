//! The channels under test, all with one face.

mod crossbeam;
mod flume;
mod std_mpsc;

pub use self::crossbeam::Crossbeam;
pub use self::flume::Flume;
pub use self::std_mpsc::{Bounded, Unbounded};

/// Messages that one channel of many producers carries to one consumer, or to many if its receiver is `Clone`.
pub trait Channel: 'static {
    type Sender: Clone + Send + 'static;
    type Receiver: Send + 'static;

    /// Whether there is a channel of this capacity, `None` being unbounded.
    fn accepts(_capacity: Option<usize>) -> bool {
        true
    }

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver);

    /// Waits for room. A message that nobody can receive any more is dropped.
    fn send(sender: &Self::Sender, message: u64);

    /// Waits for a message; `None` once there will be no more.
    fn recv(receiver: &Self::Receiver) -> Option<u64>;
}

/// A channel of which several can be waited for at once.
pub trait SelectRecv: Channel {
    /// Receives that many messages, each from whichever channel has one.
    ///
    /// Returns their sum.
    fn recv_any(receivers: &[Self::Receiver], count: u64) -> u64;
}

/// One that can be waited for to send as well, by many threads on either side.
pub trait SelectBoth: SelectRecv {
    /// Sends the messages, each over whichever channel has room.
    fn send_any(senders: &[Self::Sender], messages: impl Iterator<Item = u64>);
}
