use super::{Channel, SelectRecv};
use flume::{bounded, unbounded, Receiver, Selector, Sender};

pub struct Flume;

impl Channel for Flume {
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

// A selector for each message: flume's are used up by waiting.
//
// Not SelectBoth: threads that select over the same channels wait for ever, be it only to receive. Seen of 0.10.14 with
// capacities 0 and 1 and two threads a side, with 128 and four; zesterer/flume issue 135 tells of the like.
impl SelectRecv for Flume {
    fn recv_any(receivers: &[Receiver<u64>], count: u64) -> u64 {
        let mut sum = 0;
        for _ in 0..count {
            let mut selector = Selector::new();
            for receiver in receivers {
                selector = selector.recv(receiver, |message| message.unwrap_or(0));
            }
            sum += selector.wait();
        }
        sum
    }
}
