//! The median, the 99th percentile and the maximum.

use core::fmt;
use core::time::Duration;

#[derive(Default)]
pub struct Latencies(Vec<Duration>);

pub struct Summary {
    count: usize,
    pub median: Duration,
    p99: Duration,
    max: Duration,
}

impl Latencies {
    pub fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// `None` if there are no latencies.
    pub fn summary(&self) -> Option<Summary> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let count = sorted.len();
        let (median, p99, max) = (*sorted.get(count / 2)?, *sorted.get(count * 99 / 100)?, *sorted.last()?);
        Some(Summary { count, median, p99, max })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, p99, max] = [self.median, self.p99, self.max].map(|latency| latency.as_secs_f64() * 1e3);
        write!(f, "{:>10} {median:>7.2} ms {p99:>7.2} ms {max:>7.2} ms", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_the_ranks() {
        let mut latencies = Latencies::default();
        assert!(latencies.summary().is_none());
        (0..200).rev().for_each(|value| latencies.add(Duration::from_millis(value)));
        let Summary { count, median, p99, max } = latencies.summary().expect("there are values");
        let expected = [100, 198, 199].map(Duration::from_millis);
        assert_eq!((count, [median, p99, max]), (200, expected));
    }
}
