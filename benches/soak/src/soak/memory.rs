//! The memory of a server over time.

use core::time::Duration;

use crate::server::Kind;

const MIB: f64 = 1024.0 * 1024.0;
/// The growth that is no leak: messages in flight, and the memory that the allocator keeps for them. In 30
/// minutes with the default options, tokio_echo uses 200 MiB, returns 7 million messages and ends 340,000
/// connections. A leak of 20 bytes for each message, or of 400 bytes for each connection, exceeds the bound.
const GROWTH: f64 = 0.20;

/// The rest of that growth, which does not depend on the memory in use.
const fn spare(kind: Kind) -> f64 {
    match kind {
        Kind::TokioEcho => 64.0 * MIB,
        // Its connections have no buffers, so it uses 3 MiB.
        Kind::MioServer => 8.0 * MIB,
    }
}

pub struct Memory {
    kind: Kind,
    length: Duration,
    samples: Vec<(Duration, u64)>,
}

impl Memory {
    pub fn new(kind: Kind, length: Duration) -> Self {
        Self { kind, length, samples: Vec::new() }
    }

    pub fn add(&mut self, now: Duration, bytes: u64) {
        self.samples.push((now, bytes));
    }

    pub fn last(&self) -> u64 {
        self.samples.last().map_or(0, |&(_, bytes)| bytes)
    }

    /// The median between two times: one sample depends on the messages that are in flight.
    fn median(&self, from: Duration, to: Duration) -> Option<f64> {
        let within = self.samples.iter().filter(|&&(now, _)| from <= now && now <= to);
        let mut bytes: Vec<u64> = within.map(|&(_, bytes)| bytes).collect();
        bytes.sort_unstable();
        bytes.get(bytes.len() / 2).map(|&bytes| bytes as f64)
    }

    /// Prints the growth, and returns it if it is too much.
    pub fn verdict(&self) -> Option<String> {
        let (sixth, window) = (self.length / 6, self.length / 12);
        let (Some(early), Some(late)) =
            (self.median(sixth, sixth + window), self.median(self.length - window, Duration::MAX))
        else {
            return Some("no samples of the memory".to_owned());
        };
        let bound = early * (1.0 + GROWTH) + spare(self.kind);
        let most = self.samples.iter().map(|&(_, bytes)| bytes).max().unwrap_or_default() as f64;
        let [sixth, early, late, bound, most] =
            [sixth.as_secs_f64(), early / MIB, late / MIB, bound / MIB, most / MIB];
        println!(
            "  RSS {early:.1} MiB after {sixth:.0} s, {late:.1} at the end (bound {bound:.1}), at most {most:.1}"
        );
        (late > bound).then(|| format!("RSS grew from {early:.1} to {late:.1} MiB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_above_the_bound_fails() {
        for (bytes_a_second, fails) in [(0, false), (500_000, true)] {
            let mut memory = Memory::new(Kind::TokioEcho, Duration::from_secs(300));
            for second in 0..300 {
                memory.add(Duration::from_secs(second), 100_000_000 + second * bytes_a_second);
            }
            assert_eq!(memory.verdict().is_some(), fails);
        }
    }
}
