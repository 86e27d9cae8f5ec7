//! Waiting for futures without a runtime.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{current, park, park_timeout, Thread};
use std::time::Instant;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future on the calling thread until it is ready; `None` if it is not by the deadline. It is polled at least once.
pub fn block_until<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    let waker = Arc::new(Unpark(current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = Box::pin(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        match deadline.map(|deadline| deadline.checked_duration_since(Instant::now())) {
            Some(Some(left)) if !left.is_zero() => park_timeout(left),
            Some(_) => return None,
            None => park(),
        }
    }
}
