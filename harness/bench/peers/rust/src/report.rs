//! The figures of a run, as lines to read and in Google Benchmark's JSON.

use crate::machine::MachineState;
use crate::workloads::Outcome;

/// One benchmark's figures by their names, or what went wrong.
pub struct Entry {
    pub name: String,
    pub figures: Result<Vec<(&'static str, f64)>, String>,
}

pub fn figures(outcome: Outcome, before: &MachineState, after: &MachineState) -> Vec<(&'static str, f64)> {
    let count = outcome.messages as f64;
    let mut figures = vec![
        ("messages", count),
        ("ns_per_message", outcome.nanoseconds / count),
        ("cpu_ns_per_message", outcome.cpu_seconds * 1e9 / count),
        ("switches_per_message", outcome.context_switches as f64 / count),
        ("round_trip_before_ns", before.round_trip_ns),
        ("round_trip_after_ns", after.round_trip_ns),
        ("pause_before_ns", before.pause_ns),
        ("pause_after_ns", after.pause_ns),
    ];
    figures.extend(outcome.extra);
    figures
}

impl Entry {
    /// The name without what Google Benchmark adds, and the figures but those that tell of the machine.
    pub fn line(&self) -> String {
        let name = self.name.trim_end_matches("/iterations:1/manual_time");
        let figures = match &self.figures {
            Ok(figures) => figures,
            Err(message) => return format!("{:<28} ERROR: {}", name, message),
        };
        let probed = |name: &str| name.contains("_before_") || name.contains("_after_");
        let word = |&(name, value): &(&str, f64)| {
            let decimals = if value < 10.0 { 3 } else { 0 };
            format!("{}={:.*}", name, decimals, value)
        };
        let words: Vec<_> = figures.iter().filter(|(name, _)| !probed(name)).map(word).collect();
        format!("{:<28} {}", name, words.join(" "))
    }

    fn json(&self) -> String {
        let mut fields = vec![field("name", &quoted(&self.name))];
        match &self.figures {
            Ok(figures) => fields.extend(figures.iter().map(|(name, value)| field(name, value))),
            Err(message) => {
                fields.push(field("error_occurred", &true));
                fields.push(field("error_message", &quoted(message)));
            }
        }
        format!("    {{{}}}", fields.join(", "))
    }
}

pub fn json(context: &[(&str, &str)], entries: &[Entry]) -> String {
    let context: Vec<_> = context
        .iter()
        .map(|(name, value)| format!("    {}", field(name, &quoted(value))))
        .collect();
    let entries: Vec<_> = entries.iter().map(Entry::json).collect();
    format!(
        "{{\n  \"context\": {{\n{}\n  }},\n  \"benchmarks\": [\n{}\n  ]\n}}\n",
        context.join(",\n"),
        entries.join(",\n")
    )
}

fn field(name: &str, value: &dyn std::fmt::Display) -> String {
    format!("{}: {}", quoted(name), value)
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
