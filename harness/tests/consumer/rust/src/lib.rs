//! Two channels in Rust.

mod queue;
mod to_all;

use sluice_channel::{export_broadcast, export_channel, Wait};
use std::sync::{Condvar, MutexGuard};
use std::time::Instant;

/// Waits while a condition holds, and as long as it may.
fn wait_while<'a, S>(
    changed: &Condvar,
    mut state: MutexGuard<'a, S>,
    wait: Wait,
    holds: impl Fn(&S) -> bool,
) -> MutexGuard<'a, S> {
    while holds(&state) {
        state = match wait {
            Wait::Not => return state,
            Wait::ForEver => changed.wait(state).unwrap(),
            Wait::Until(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return state;
                }
                changed.wait_timeout(state, left).unwrap().0
            }
        };
    }
    state
}

export_channel!(queue_in_rust, queue::Queue);
export_broadcast!(broadcast_in_rust, to_all::ToAll);
