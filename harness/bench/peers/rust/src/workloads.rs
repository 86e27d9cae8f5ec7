//! The workloads of harness/bench, done the same way.

use crate::channels::{Channel, SelectBoth, SelectRecv};
use crate::histogram::Histogram;
use crate::machine::{thread_cpu_seconds, Processors};
use crate::memory::Count;
use crate::worker_threads::{Sample, Span, WorkerThreads};
use std::os::raw::c_long;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The result of one run of a workload.
pub struct Outcome {
    pub messages: u64,
    pub nanoseconds: f64,
    pub cpu_seconds: f64,
    pub context_switches: c_long,
    /// Figures that only this workload has.
    pub extra: Vec<(&'static str, f64)>,
}

/// An error says what was lost: a run whose sums are wrong has no time.
pub type Run = Result<Outcome, String>;

impl Outcome {
    fn new(messages: u64, sample: Sample) -> Outcome {
        Outcome {
            messages,
            nanoseconds: sample.elapsed.as_nanos() as f64,
            cpu_seconds: sample.cpu_seconds,
            context_switches: sample.context_switches,
            extra: Vec::new(),
        }
    }

    fn with(mut self, extra: impl IntoIterator<Item = (&'static str, f64)>) -> Outcome {
        self.extra.extend(extra);
        self
    }
}

fn expect(what: &str, got: u64, expected: u64) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!(
        "{} is {}, not {}: messages were lost or invented",
        what, got, expected
    ))
}

fn expect_sum(got: u64, expected: u64) -> Result<(), String> {
    expect("the sum received", got, expected)
}

fn sum_below(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// The messages of one of several producers.
fn share(messages: u64, producer: usize, producers: usize) -> impl ExactSizeIterator<Item = u64> {
    let count = (messages as usize + producers - 1 - producer) / producers;
    (0..count).map(move |i| (i * producers + producer) as u64)
}

/// One thread sends n messages, then receives them.
pub fn seq<C: Channel>(capacity: Option<usize>, messages: u64) -> Run {
    let (sender, receiver) = C::make(capacity);
    let timed = Span::start();
    let mut sum = 0;
    // A bounded channel is filled and emptied in turns.
    let turn = capacity.map_or(messages, |capacity| messages.min(capacity as u64));
    let mut done = 0;
    while done < messages {
        let now = turn.min(messages - done);
        for i in 0..now {
            C::send(&sender, done + i);
        }
        for _ in 0..now {
            sum += C::recv(&receiver).unwrap_or(0);
        }
        done += now;
    }
    let sample = timed.finish();
    expect_sum(sum, sum_below(messages))?;
    Ok(Outcome::new(messages, sample))
}

/// Producers send n messages between them to one consumer.
pub fn to_one<C: Channel>(capacity: Option<usize>, messages: u64, producers: usize, processors: &Processors) -> Run {
    let (sender, receiver) = C::make(capacity);
    stream::<C>(sender, vec![receiver], messages, producers, processors)
}

/// Producers send n messages between them to as many consumers.
pub fn to_many<C: Channel>(capacity: Option<usize>, messages: u64, threads: usize, processors: &Processors) -> Run
where
    C::Receiver: Clone,
{
    let (sender, receiver) = C::make(capacity);
    stream::<C>(sender, vec![receiver; threads], messages, threads, processors)
}

fn stream<C: Channel>(
    sender: C::Sender,
    receivers: Vec<C::Receiver>,
    messages: u64,
    producers: usize,
    processors: &Processors,
) -> Run {
    let mut threads = WorkerThreads::new(processors);
    for producer in 0..producers {
        let sender = sender.clone();
        threads.spawn(move || {
            for message in share(messages, producer, producers) {
                C::send(&sender, message);
            }
            0
        });
    }
    drop(sender);
    for receiver in receivers {
        threads.spawn(move || {
            let mut sum = 0;
            while let Some(message) = C::recv(&receiver) {
                sum += message;
            }
            sum
        });
    }
    let (sample, sums) = threads.run();
    expect_sum(sums.iter().sum(), sum_below(messages))?;
    Ok(Outcome::new(messages, sample))
}

/// A message goes to a second thread and comes back over another channel, n times; each round trip is timed.
///
/// `idle` is how long both sides do nothing before each, outside the time.
pub fn ping_pong<C: Channel>(capacity: Option<usize>, messages: u64, idle: Duration, processors: &Processors) -> Run {
    let (ping_sender, ping_receiver) = C::make(capacity);
    let (pong_sender, pong_receiver) = C::make(capacity);
    let mut threads = WorkerThreads::new(processors);
    threads.spawn(move || {
        let mut times = Histogram::new();
        let mut busy = 0;
        let mut sum = 0;
        for i in 0..messages {
            if !idle.is_zero() {
                thread::sleep(idle);
            }
            let start = Instant::now();
            C::send(&ping_sender, i);
            sum += C::recv(&pong_receiver).unwrap_or(0);
            let took = start.elapsed().as_nanos() as u64;
            busy += took;
            times.record(took);
        }
        Some((sum, busy, times))
    });
    threads.spawn(move || {
        while let Some(message) = C::recv(&ping_receiver) {
            C::send(&pong_sender, message + 1);
        }
        None
    });
    let (sample, results) = threads.run();
    let (sum, busy, times) = results.into_iter().flatten().next().expect("the first thread tells");
    expect_sum(sum, sum_below(messages) + messages)?;
    let mut outcome = Outcome::new(messages, sample).with(times.percentiles());
    outcome.nanoseconds = busy as f64;
    Ok(outcome)
}

/// Messages are sent at a fixed rate, whatever becomes of them, and each one's delay is from the time it was due.
///
/// A sender that is late sends at once until it has caught up, so that its delays count as well.
pub fn open_loop<C: Channel>(capacity: Option<usize>, messages: u64, per_second: u64, processors: &Processors) -> Run {
    let (sender, receiver) = C::make(capacity);
    let period = 1_000_000_000 / per_second;
    let epoch = Instant::now();
    let now = move || epoch.elapsed().as_nanos() as u64;
    // The first message publishes it.
    let start = Arc::new(AtomicU64::new(0));
    let mut threads = WorkerThreads::new(processors);
    {
        let start = start.clone();
        threads.spawn(move || {
            let first = now();
            start.store(first, Ordering::Relaxed);
            for i in 0..messages {
                while now() < first + i * period {}
                C::send(&sender, i);
            }
            None
        });
    }
    threads.spawn(move || {
        let before = thread_cpu_seconds();
        let mut delays = Histogram::new();
        let mut sum = 0;
        while let Some(message) = C::recv(&receiver) {
            let due = start.load(Ordering::Relaxed) + message * period;
            delays.record(now().saturating_sub(due));
            sum += message;
        }
        Some((sum, delays, thread_cpu_seconds() - before))
    });
    let (sample, results) = threads.run();
    let (sum, delays, receiver_cpu) = results.into_iter().flatten().next().expect("the receiver returns one");
    expect_sum(sum, sum_below(messages))?;
    let share = receiver_cpu / sample.elapsed.as_secs_f64();
    Ok(Outcome::new(messages, sample)
        .with(delays.percentiles())
        .with([("receiver_cpu", share)]))
}

/// Several producers, each with a channel of its own; one consumer takes from whichever has a message.
pub fn select_rx<C: SelectRecv>(
    capacity: Option<usize>,
    messages: u64,
    threads: usize,
    processors: &Processors,
) -> Run {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| C::make(capacity)).unzip();
    let mut workers = WorkerThreads::new(processors);
    for (producer, sender) in senders.iter().enumerate() {
        let sender = sender.clone();
        workers.spawn(move || {
            for message in share(messages, producer, threads) {
                C::send(&sender, message);
            }
            0
        });
    }
    workers.spawn(move || C::recv_any(&receivers, messages));
    let (sample, sums) = workers.run();
    // Until here: the receiver would find a channel without senders always ready.
    drop(senders);
    expect_sum(sums.iter().sum(), sum_below(messages))?;
    Ok(Outcome::new(messages, sample))
}

/// Several channels; each producer sends over whichever has room, each consumer takes from whichever has a message.
pub fn select_both<C: SelectBoth>(
    capacity: Option<usize>,
    messages: u64,
    threads: usize,
    processors: &Processors,
) -> Run
where
    C::Receiver: Clone,
{
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| C::make(capacity)).unzip();
    let mut workers = WorkerThreads::new(processors);
    for producer in 0..threads {
        let senders = senders.clone();
        workers.spawn(move || {
            C::send_any(&senders, share(messages, producer, threads));
            0
        });
    }
    for consumer in 0..threads {
        let receivers = receivers.clone();
        let count = share(messages, consumer, threads).len() as u64;
        workers.spawn(move || C::recv_any(&receivers, count));
    }
    let (sample, sums) = workers.run();
    // Until here: a channel without senders or receivers would always be ready.
    drop((senders, receivers));
    expect_sum(sums.iter().sum(), sum_below(messages))?;
    Ok(Outcome::new(messages, sample))
}

/// A channel is created, carries one message and is dropped, n times.
pub fn create<C: Channel>(capacity: Option<usize>, messages: u64) -> Run {
    let timed = Span::start();
    let mut sum = 0;
    for i in 0..messages {
        let (sender, receiver) = C::make(capacity);
        C::send(&sender, i);
        sum += C::recv(&receiver).unwrap_or(0);
    }
    let sample = timed.finish();
    expect_sum(sum, sum_below(messages))?;
    Ok(Outcome::new(messages, sample))
}

/// Whether a workload that shows how fair a channel is has run for long enough: n messages, and a microsecond for each.
struct FairRun {
    messages: u64,
    start: Instant,
}

impl FairRun {
    fn start(messages: u64) -> Self {
        FairRun {
            messages,
            start: Instant::now(),
        }
    }

    fn over(&self, done: u64) -> bool {
        done >= self.messages && done % 1024 == 0 && self.start.elapsed() >= Duration::from_micros(self.messages)
    }
}

/// The longest time in which a thread did not get on.
struct LongestWait {
    last: Instant,
    longest: Duration,
}

impl LongestWait {
    fn start() -> Self {
        LongestWait {
            last: Instant::now(),
            longest: Duration::ZERO,
        }
    }

    /// Looks rarely, so that what is measured is not slowed down.
    fn after(&mut self, done: u64) {
        if done % 64 == 0 {
            let now = Instant::now();
            self.longest = self.longest.max(now - self.last);
            self.last = now;
        }
    }
}

/// How fair a channel was to the threads of a side, by the number of messages of each.
fn fair(outcome: Outcome, shares: &[u64], longest: Duration) -> Outcome {
    let slowest = shares.iter().min().copied().unwrap_or(0);
    let fastest = shares.iter().max().copied().unwrap_or(0);
    outcome.with([
        ("slowest_over_fastest", slowest as f64 / fastest as f64),
        ("longest_wait_ns", longest.as_nanos() as f64),
    ])
}

/// What a thread of `shares` or `consumer_shares` returns.
enum Tally {
    /// One of those whose shares are compared.
    Equal { number: u64, longest: Duration },
    /// The one on the other side: of each producer, the messages before the end; and all messages.
    Single { shares: Vec<u64>, total: u64 },
}

/// The numbers of the equal threads and the longest wait of any, and what the single one tells.
fn joined(tallies: Vec<Tally>) -> (Vec<u64>, Duration, Vec<u64>, u64) {
    let mut numbers = Vec::new();
    let mut longest_of_all = Duration::ZERO;
    let mut of_single = (Vec::new(), 0);
    for tally in tallies {
        match tally {
            Tally::Equal { number, longest } => {
                numbers.push(number);
                longest_of_all = longest_of_all.max(longest);
            }
            Tally::Single { shares, total } => of_single = (shares, total),
        }
    }
    (numbers, longest_of_all, of_single.0, of_single.1)
}

/// Bits of a message that number its producer.
const PRODUCER_BITS: u32 = 8;

/// Producers send as fast as they can until one consumer has n messages, for at least a microsecond a message: does each
/// get its share, and how long does none of them get on?
pub fn shares<C: Channel>(capacity: Option<usize>, messages: u64, producers: usize, processors: &Processors) -> Run {
    let (sender, receiver) = C::make(capacity);
    let stop = Arc::new(AtomicBool::new(false));
    let mut threads = WorkerThreads::new(processors);
    for producer in 0..producers as u64 {
        let sender = sender.clone();
        let stop = stop.clone();
        threads.spawn(move || {
            let mut number = 0;
            let mut wait = LongestWait::start();
            while !stop.load(Ordering::Relaxed) {
                C::send(&sender, number << PRODUCER_BITS | producer);
                number += 1;
                wait.after(number);
            }
            Tally::Equal {
                number,
                longest: wait.longest,
            }
        });
    }
    drop(sender);
    threads.spawn(move || {
        let mut shares = vec![0; producers];
        let mut total = 0;
        let mut over = false;
        let run = FairRun::start(messages);
        while let Some(message) = C::recv(&receiver) {
            total += 1;
            if over {
                continue;
            }
            shares[message as usize % (1 << PRODUCER_BITS)] += 1;
            if run.over(total) {
                over = true;
                stop.store(true, Ordering::Relaxed);
            }
        }
        Tally::Single { shares, total }
    });
    let (sample, tallies) = threads.run();
    let (sent, longest, shares, received) = joined(tallies);
    expect("the number received", received, sent.iter().sum())?;
    Ok(fair(Outcome::new(shares.iter().sum(), sample), &shares, longest))
}

/// Consumers receive what one producer sends, until it has sent n messages, for at least a microsecond each: does each get
/// its share?
pub fn consumer_shares<C: Channel>(
    capacity: Option<usize>,
    messages: u64,
    consumers: usize,
    processors: &Processors,
) -> Run
where
    C::Receiver: Clone,
{
    let (sender, receiver) = C::make(capacity);
    let mut threads = WorkerThreads::new(processors);
    threads.spawn(move || {
        let mut total = 0;
        let run = FairRun::start(messages);
        while !run.over(total) {
            C::send(&sender, 1);
            total += 1;
        }
        Tally::Single {
            shares: Vec::new(),
            total,
        }
    });
    for receiver in vec![receiver; consumers] {
        threads.spawn(move || {
            let mut number = 0;
            let mut wait = LongestWait::start();
            while C::recv(&receiver).is_some() {
                number += 1;
                wait.after(number);
            }
            Tally::Equal {
                number,
                longest: wait.longest,
            }
        });
    }
    let (sample, tallies) = threads.run();
    let (received, longest, _, sent) = joined(tallies);
    expect("the number received", received.iter().sum(), sent)?;
    Ok(fair(Outcome::new(sent, sample), &received, longest))
}

/// Bytes that a channel has requested and not given back, empty and with one message.
pub fn memory<C: Channel>(capacity: Option<usize>) -> Run {
    let count = Count::start();
    let (sender, receiver) = C::make(capacity);
    let empty = count.bytes();
    C::send(&sender, 1);
    let one = count.bytes();
    drop(count);
    expect_sum(C::recv(&receiver).unwrap_or(0), 1)?;
    Ok(Outcome {
        messages: 1,
        nanoseconds: 0.0,
        cpu_seconds: 0.0,
        context_switches: 0,
        extra: vec![("bytes_empty", empty), ("bytes_one", one)],
    })
}
