//! The benchmark runner of Rust's channels. Names and meaning of the benchmarks are those of harness/bench/workloads.hpp.

mod channels;
mod command;
mod histogram;
mod machine;
mod memory;
mod report;
mod worker_threads;
mod workloads;

use channels::{Bounded, Channel, Crossbeam, Flume, Unbounded};
use command::{Command, Parsed};
use machine::Processors;
use report::Entry;
use std::io::Write;
use std::time::Duration;
use std::{env, fs, process};
use workloads::Run;

struct Benchmark {
    name: String,
    run: Box<dyn Fn() -> Run>,
}

/// The benchmarks of a channel.
struct Suite {
    messages: u64,
    threads: Vec<usize>,
    processors: Processors,
    benchmarks: Vec<Benchmark>,
}

/// A capacity under the name that benchmarks have it by.
struct Column {
    name: &'static str,
    capacity: Option<usize>,
    messages: u64,
}

impl Suite {
    /// Capacities 0, 1, 128, n (as many as there are messages) and unbounded, as far as the channel can have them.
    fn columns<C: Channel>(&self) -> Vec<Column> {
        let column = |name, capacity| Column {
            name,
            capacity,
            messages: self.messages / if matches!(capacity, Some(0 | 1)) { 10 } else { 1 },
        };
        let mut columns = vec![
            column("0", Some(0)),
            column("1", Some(1)),
            column("128", Some(128)),
            column("n", Some(self.messages as usize)),
            column("unbounded", None),
        ];
        columns.retain(|column| C::accepts(column.capacity));
        columns
    }

    /// `run` is given the processors to pin threads to.
    fn add(&mut self, shape: &str, capacity: &str, threads: usize, run: impl Fn(&Processors) -> Run + 'static) {
        let processors = self.processors.clone();
        self.benchmarks.push(Benchmark {
            name: format!("{}/{}/{}/iterations:1/manual_time", shape, capacity, threads),
            run: Box::new(move || run(&processors)),
        });
    }

    /// What any channel can do.
    fn add_usual<C: Channel>(&mut self) {
        for Column {
            name,
            capacity,
            messages,
        } in self.columns::<C>()
        {
            if capacity != Some(0) {
                self.add("seq", name, 1, move |_| workloads::seq::<C>(capacity, messages));
            }
            self.add("spsc", name, 1, move |p| {
                workloads::to_one::<C>(capacity, messages, 1, p)
            });
            for threads in self.threads.clone() {
                self.add("mpsc", name, threads, move |p| {
                    workloads::to_one::<C>(capacity, messages, threads, p)
                });
            }
            let all = self.messages;
            if matches!(name, "0" | "1" | "unbounded") {
                self.add("ping_pong", name, 1, move |p| {
                    workloads::ping_pong::<C>(capacity, all / 20, Duration::ZERO, p)
                });
            }
            if name == "1" {
                self.add("idle_ping_pong", name, 1, move |p| {
                    workloads::ping_pong::<C>(capacity, all / 1000, Duration::from_micros(200), p)
                });
            }
            if matches!(name, "1" | "unbounded") {
                self.add("create", name, 1, move |_| workloads::create::<C>(capacity, all / 10));
            }
            if name == "128" {
                for threads in self.threads.clone() {
                    self.add("shares", name, threads, move |p| {
                        workloads::shares::<C>(capacity, messages, threads, p)
                    });
                }
            }
            if name == "unbounded" {
                let rates = [
                    ("open_loop_10k", 10_000),
                    ("open_loop_100k", 100_000),
                    ("open_loop_1m", 1_000_000),
                ];
                for (shape, per_second) in rates {
                    // Half a second's worth, of a million messages.
                    let sent = all * per_second / 2_000_000;
                    self.add(shape, name, 1, move |p| {
                        workloads::open_loop::<C>(capacity, sent, per_second, p)
                    });
                }
                self.add("memory", name, 1, move |_| workloads::memory::<C>(capacity));
            }
        }
    }

    fn add_consumer_shares<C: Channel>(&mut self)
    where
        C::Receiver: Clone,
    {
        let messages = self.messages;
        for threads in self.threads.clone() {
            self.add("consumer_shares", "128", threads, move |p| {
                workloads::consumer_shares::<C>(Some(128), messages, threads, p)
            });
        }
    }

    /// A workload of many threads a side, at every capacity and number of threads.
    fn add_crowds<C: Channel>(&mut self, shape: &'static str, run: fn(Option<usize>, u64, usize, &Processors) -> Run) {
        for Column {
            name,
            capacity,
            messages,
        } in self.columns::<C>()
        {
            for threads in self.threads.clone() {
                self.add(shape, name, threads, move |p| run(capacity, messages, threads, p));
            }
        }
    }
}

/// The channel's benchmarks, and the library with its version.
fn suite(command: &Command) -> Result<(Vec<Benchmark>, &'static str), String> {
    let mut suite = Suite {
        messages: command.messages,
        threads: command.threads.clone(),
        processors: if command.no_pin {
            Processors::unpinned()
        } else {
            Processors::allowed()
        },
        benchmarks: Vec::new(),
    };
    let library = match command.channel.as_str() {
        "rust_std" => {
            suite.add_usual::<Bounded>();
            suite.add_usual::<Unbounded>();
            concat!("std of ", env!("PEERS_RUSTC"))
        }
        "crossbeam" => {
            suite.add_usual::<Crossbeam>();
            suite.add_crowds::<Crossbeam>("mpmc", workloads::to_many::<Crossbeam>);
            suite.add_consumer_shares::<Crossbeam>();
            suite.add_crowds::<Crossbeam>("select_rx", workloads::select_rx::<Crossbeam>);
            suite.add_crowds::<Crossbeam>("select_both", workloads::select_both::<Crossbeam>);
            env!("PEERS_CROSSBEAM")
        }
        "flume" => {
            suite.add_usual::<Flume>();
            suite.add_crowds::<Flume>("mpmc", workloads::to_many::<Flume>);
            suite.add_consumer_shares::<Flume>();
            suite.add_crowds::<Flume>("select_rx", workloads::select_rx::<Flume>);
            env!("PEERS_FLUME")
        }
        other => {
            return Err(format!(
                "there is no channel `{}`; take rust_std, crossbeam or flume",
                other
            ))
        }
    };
    Ok((suite.benchmarks, library))
}

fn measure(benchmark: &Benchmark) -> Entry {
    let before = machine::probe();
    let outcome = (benchmark.run)();
    let after = machine::probe();
    Entry {
        name: benchmark.name.clone(),
        figures: outcome.map(|outcome| report::figures(outcome, &before, &after)),
    }
}

/// Returns whether every workload got all its messages; an error is wrong usage.
fn run(command: Command) -> Result<bool, String> {
    let (mut benchmarks, library) = suite(&command)?;
    benchmarks.retain(|benchmark| benchmark.name.starts_with(&command.prefix));
    if benchmarks.is_empty() {
        return Err(format!(
            "no benchmark of {} matches `^{}`; --list names them",
            command.channel, command.prefix
        ));
    }
    if command.list {
        for benchmark in benchmarks {
            println!("{}", benchmark.name);
        }
        return Ok(true);
    }
    let out = match &command.json {
        Some(path) => {
            let file = fs::File::create(path);
            Some(file.map_err(|error| format!("cannot write --json `{}`: {}; name another file", path, error))?)
        }
        None => None,
    };
    let mut entries = Vec::new();
    for benchmark in &benchmarks {
        let entry = measure(benchmark);
        println!("{}", entry.line());
        entries.push(entry);
    }
    if let Some(mut file) = out {
        let context = [
            ("channel", command.channel.as_str()),
            ("pinned", if command.no_pin { "no" } else { "yes" }),
            ("compiler", env!("PEERS_RUSTC")),
            ("library", library),
            (
                "library_build_type",
                if cfg!(debug_assertions) { "debug" } else { "release" },
            ),
        ];
        let text = report::json(&context, &entries);
        file.write_all(text.as_bytes())
            .map_err(|error| format!("cannot write --json: {}; is the disk full?", error))?;
    }
    Ok(entries.iter().all(|entry| entry.figures.is_ok()))
}

fn main() {
    let code = match command::parse(env::args().skip(1)) {
        Ok(Parsed::Help) => {
            println!("{}", command::USAGE);
            0
        }
        Ok(Parsed::Run(command)) => run(command).map_or_else(usage, |complete| i32::from(!complete)),
        Err(message) => usage(message),
    };
    process::exit(code);
}

fn usage(message: String) -> i32 {
    eprintln!("{}", message);
    2
}
