//! Latencies and memory, for programs that measure.

use std::fmt;
use std::time::Duration;

/// Latencies, and their percentiles.
#[derive(Clone, Debug, Default, serde::Deserialize, serde::Serialize)]
pub struct Latencies {
    all: Vec<Duration>,
}

impl Latencies {
    /// Adds a latency.
    pub fn add(&mut self, latency: Duration) {
        self.all.push(latency);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The percentile; zero if there are no latencies.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.all.clone();
        sorted.sort_unstable();
        sorted
            .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:?}, p99 {:?} of {}",
            self.percentile(50),
            self.percentile(99),
            self.all.len()
        )
    }
}

/// The resident memory of this process in MiB; 0 where /proc does not tell.
#[must_use]
pub fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
