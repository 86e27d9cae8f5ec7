//! A queue, one lock and two conditions.

use crate::wait_while;
use sluice_channel::{Channel, Message, Unreceived, Unsent, Wait};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

struct State {
    messages: VecDeque<Message>,
    senders_disconnected: bool,
    receivers_disconnected: bool,
}

pub struct Queue {
    capacity: usize,
    state: Mutex<State>,
    not_empty: Condvar,
    not_full: Condvar,
}

impl Channel for Queue {
    fn make(capacity: Option<usize>) -> Self {
        Queue {
            capacity: capacity.unwrap_or(usize::MAX),
            state: Mutex::new(State {
                messages: VecDeque::new(),
                senders_disconnected: false,
                receivers_disconnected: false,
            }),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
        }
    }

    fn send(&self, message: Message, wait: Wait) -> Result<(), Unsent> {
        let full = |state: &State| state.messages.len() == self.capacity;
        let state = self.state.lock().unwrap();
        let mut state = wait_while(&self.not_full, state, wait, |state| {
            full(state) && !state.receivers_disconnected
        });
        if state.receivers_disconnected {
            return Err(Unsent::Disconnected(message));
        }
        if full(&state) {
            return Err(Unsent::NotNow(message));
        }
        state.messages.push_back(message);
        self.not_empty.notify_one();
        Ok(())
    }

    fn recv(&self, wait: Wait) -> Result<Message, Unreceived> {
        let state = self.state.lock().unwrap();
        let mut state = wait_while(&self.not_empty, state, wait, |state| {
            state.messages.is_empty() && !state.senders_disconnected
        });
        let message = state.messages.pop_front().ok_or(if state.senders_disconnected {
            Unreceived::Disconnected
        } else {
            Unreceived::NotNow
        })?;
        self.not_full.notify_one();
        Ok(message)
    }

    fn close_senders(&self) {
        self.state.lock().unwrap().senders_disconnected = true;
        self.not_empty.notify_all();
    }

    fn close_receivers(&self) {
        let mut state = self.state.lock().unwrap();
        state.receivers_disconnected = true;
        let unreceived = std::mem::take(&mut state.messages);
        // A message may use the channel while it is dropped.
        drop(state);
        self.not_full.notify_all();
        drop(unreceived);
    }

    fn len(&self) -> usize {
        self.state.lock().unwrap().messages.len()
    }
}
