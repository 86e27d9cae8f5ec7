/// Bits of a duration that its bucket keeps.
const BITS: u32 = 5;
const STEPS: usize = 1 << BITS;

/// Counts of durations in log-linear buckets: 32 to each power of two, so a percentile is within 3 % of the truth.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub fn new() -> Histogram {
        Histogram {
            counts: vec![0; (64 - BITS as usize + 1) * STEPS],
            total: 0,
        }
    }

    pub fn record(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// The duration, in nanoseconds, that a fraction of all does not exceed; 0 of none.
    pub fn percentile(&self, fraction: f64) -> f64 {
        let rank = (fraction * self.total as f64) as u64;
        let mut below = 0;
        for (index, count) in self.counts.iter().enumerate() {
            below += count;
            if below > rank || (below == self.total && below != 0) {
                return middle(index);
            }
        }
        0.0
    }

    /// The percentiles that are reported, by their names.
    pub fn percentiles(&self) -> Vec<(&'static str, f64)> {
        [("p50_ns", 0.5), ("p90_ns", 0.9), ("p99_ns", 0.99), ("p999_ns", 0.999)]
            .iter()
            .map(|&(name, fraction)| (name, self.percentile(fraction)))
            .collect()
    }
}

fn bucket(value: u64) -> usize {
    if value < STEPS as u64 {
        return value as usize;
    }
    let magnitude = 63 - value.leading_zeros() - BITS;
    (magnitude as usize + 1) * STEPS + ((value >> magnitude) as usize - STEPS)
}

fn middle(index: usize) -> f64 {
    if index < STEPS {
        return index as f64;
    }
    let magnitude = index / STEPS - 1;
    let width = (1u64 << magnitude) as f64;
    (index % STEPS + STEPS) as f64 * width + width / 2.0
}
