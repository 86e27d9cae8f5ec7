//! A broadcast: the last messages, one lock and one condition. A message stays until it is overwritten.

use crate::wait_while;
use sluice_channel::{Broadcast, BroadcastReceiver, CopiedMessage, Unread, Wait};
use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::sync::{Arc, Condvar, Mutex};

struct State {
    messages: VecDeque<CopiedMessage>,
    /// The position of the first of them.
    first: u64,
    receivers: usize,
    senders_disconnected: bool,
}

impl State {
    fn tail(&self) -> u64 {
        self.first + self.messages.len() as u64
    }
}

struct Shared {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

pub struct ToAll(Arc<Shared>);

pub struct Reader {
    shared: Arc<Shared>,
    next: u64,
}

impl Broadcast for ToAll {
    type Receiver = Reader;

    fn make(capacity: usize) -> Self {
        ToAll(Arc::new(Shared {
            capacity,
            state: Mutex::new(State {
                messages: VecDeque::new(),
                first: 0,
                receivers: 0,
                senders_disconnected: false,
            }),
            changed: Condvar::new(),
        }))
    }

    fn send(&self, message: CopiedMessage) -> Result<usize, CopiedMessage> {
        let mut state = self.0.state.lock().unwrap();
        if state.receivers == 0 {
            return Err(message);
        }
        state.messages.push_back(message);
        if state.messages.len() > self.0.capacity {
            state.messages.pop_front();
            state.first += 1;
        }
        self.0.changed.notify_all();
        Ok(state.receivers)
    }

    fn subscribe(&self) -> Reader {
        let mut state = self.0.state.lock().unwrap();
        state.receivers += 1;
        Reader {
            shared: self.0.clone(),
            next: state.tail(),
        }
    }

    fn close_senders(&self) {
        self.0.state.lock().unwrap().senders_disconnected = true;
        self.0.changed.notify_all();
    }

    fn capacity(&self) -> usize {
        self.0.capacity
    }
}

impl BroadcastReceiver for Reader {
    fn recv(&mut self, wait: Wait) -> Result<CopiedMessage, Unread> {
        let state = self.shared.state.lock().unwrap();
        let state = wait_while(&self.shared.changed, state, wait, |state| {
            self.next == state.tail() && !state.senders_disconnected
        });
        if let Some(missed) = NonZeroU64::new(state.first.saturating_sub(self.next)) {
            self.next = state.first;
            return Err(Unread::Missed(missed));
        }
        if self.next == state.tail() {
            return Err(if state.senders_disconnected {
                Unread::Disconnected
            } else {
                Unread::NotNow
            });
        }
        self.next += 1;
        Ok(state.messages[(self.next - 1 - state.first) as usize].clone())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().receivers -= 1;
    }
}
