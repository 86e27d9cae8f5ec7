//! Threads that start together and are timed together.

use crate::machine::{Processors, Usage};
use std::os::raw::c_long;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What a timed span came to.
pub struct Sample {
    pub elapsed: Duration,
    /// Of the whole process, over the same span.
    pub cpu_seconds: f64,
    pub context_switches: c_long,
}

/// Measures from its making to `finish`.
pub struct Span {
    before: Usage,
    start: Instant,
}

impl Span {
    pub fn start() -> Span {
        Span {
            before: Usage::now(),
            start: Instant::now(),
        }
    }

    pub fn finish(self) -> Sample {
        let elapsed = self.start.elapsed();
        let after = Usage::now();
        Sample {
            elapsed,
            cpu_seconds: after.cpu_seconds - self.before.cpu_seconds,
            context_switches: after.context_switches - self.before.context_switches,
        }
    }
}

/// Threads that wait until all of them stand ready; each returns an R.
pub struct WorkerThreads<R> {
    processors: Processors,
    gate: Arc<Gate>,
    threads: Vec<JoinHandle<R>>,
}

#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    arrived: Condvar,
    opened: Condvar,
}

#[derive(Default)]
struct GateState {
    waiting: usize,
    open: bool,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        self.arrived.notify_one();
        while !state.open {
            state = self.opened.wait(state).unwrap();
        }
    }

    fn wait_for(&self, threads: usize) {
        let mut state = self.state.lock().unwrap();
        while state.waiting < threads {
            state = self.arrived.wait(state).unwrap();
        }
    }

    fn open(&self) {
        self.state.lock().unwrap().open = true;
        self.opened.notify_all();
    }
}

impl<R: Send + 'static> WorkerThreads<R> {
    pub fn new(processors: &Processors) -> WorkerThreads<R> {
        WorkerThreads {
            processors: processors.clone(),
            gate: Arc::default(),
            threads: Vec::new(),
        }
    }

    /// Adds a thread, pinned to the processor of its number.
    pub fn spawn(&mut self, job: impl FnOnce() -> R + Send + 'static) {
        let number = self.threads.len();
        let processors = self.processors.clone();
        let gate = self.gate.clone();
        self.threads.push(thread::spawn(move || {
            processors.pin(number);
            gate.pass();
            job()
        }));
    }

    /// Lets all threads go and waits for the last; that is what is timed.
    pub fn run(self) -> (Sample, Vec<R>) {
        self.gate.wait_for(self.threads.len());
        let mut results = Vec::with_capacity(self.threads.len());
        let timed = Span::start();
        self.gate.open();
        for thread in self.threads {
            results.push(thread.join().expect("a thread of a workload panicked"));
        }
        (timed.finish(), results)
    }
}
