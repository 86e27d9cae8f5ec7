//! The command line: the same as that of sluice's own benchmark programs, but for the channel's name.

pub const USAGE: &str = "\
Throughput and latency of Rust's channels, by the same workloads as sluice's.

usage: sluice-rust-peers CHANNEL [options]

CHANNEL is rust_std, crossbeam or flume.

  --filter ^NAME/   only benchmarks whose names begin with `NAME/`
  --messages N      messages of one run; a tenth for capacities 0 and 1 (default 1000000)
  --threads LIST    T, for shapes with many threads on a side, as in 1,2,8 (default 4)
  --json FILE       write the figures to this file, in Google Benchmark's form
  --no-pin            do not pin threads to processors
  --smoke           few messages: only that every workload runs and its sums are right
  --list            name the benchmarks and stop";

pub struct Command {
    pub channel: String,
    /// What a benchmark's name begins with.
    pub prefix: String,
    pub messages: u64,
    pub threads: Vec<usize>,
    pub json: Option<String>,
    pub no_pin: bool,
    pub list: bool,
}

pub enum Parsed {
    Run(Command),
    Help,
}

/// An error names what is wrong and the remedy.
pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Parsed, String> {
    let mut command = Command {
        channel: String::new(),
        prefix: String::new(),
        messages: 1_000_000,
        threads: vec![4],
        json: None,
        no_pin: false,
        list: false,
    };
    let mut smoke = false;
    while let Some(word) = words.next() {
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_string(), Some(value.to_string())),
            _ => (word, None),
        };
        let mut value = || {
            let value = joined.clone().or_else(|| words.next());
            value.ok_or_else(|| format!("{} takes a value; --help tells which", name))
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(Parsed::Help),
            "--filter" => command.prefix = prefix(&value()?)?,
            "--messages" => command.messages = number("--messages", &value()?, 1000, 1_000_000_000)?,
            "--threads" => command.threads = threads(&value()?)?,
            "--json" => command.json = Some(value()?),
            "--no-pin" => command.no_pin = true,
            "--smoke" => smoke = true,
            "--list" => command.list = true,
            _ if name.starts_with('-') => return Err(format!("there is no option `{}`; --help lists them", name)),
            _ if command.channel.is_empty() => command.channel = name,
            _ => return Err(format!("one channel at a time: `{}` or `{}`", command.channel, name)),
        }
    }
    if command.channel.is_empty() {
        return Err("name a channel: rust_std, crossbeam or flume; --help tells more".into());
    }
    if smoke {
        command.messages = 10_000;
    }
    Ok(Parsed::Run(command))
}

/// Of regular expressions, only those that need no engine: an anchored name.
fn prefix(filter: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/';
    match filter.strip_prefix('^') {
        Some(name) if name.ends_with('/') && name.chars().all(plain) => Ok(name.to_string()),
        _ => Err(format!(
            "--filter `{}` is not of the form `^NAME/`, for example `^mpmc/128/4/` or `^spsc/`; leave it out for all",
            filter
        )),
    }
}

fn threads(list: &str) -> Result<Vec<usize>, String> {
    let one = |word: &str| number("--threads", word, 1, 256).map(|count| count as usize);
    list.split(',').map(one).collect()
}

fn number(option: &str, word: &str, least: u64, most: u64) -> Result<u64, String> {
    match word.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!(
            "{} takes numbers from {} to {}, not `{}`",
            option, least, most, word
        )),
    }
}
