//! The time from sending each message to its reply.

use core::time::Duration;
use std::time::Instant;

#[derive(Default)]
pub struct Latencies {
    /// 4 s at most: a reply that takes longer counts as 4 s.
    nanoseconds: Vec<u32>,
}

impl Latencies {
    pub fn clear(&mut self) {
        self.nanoseconds.clear();
    }

    pub fn count(&self) -> usize {
        self.nanoseconds.len()
    }

    /// Replies have arrived now to messages that were sent at these times.
    pub fn record(&mut self, sent: impl Iterator<Item = Instant>, now: Instant) {
        let nanoseconds = |sent| u32::try_from(now.duration_since(sent).as_nanos()).unwrap_or(u32::MAX);
        self.nanoseconds.extend(sent.map(nanoseconds));
    }

    /// The percentiles, nearest rank; zero without a reply.
    pub fn percentiles<const N: usize>(&mut self, percent: [usize; N]) -> [Duration; N] {
        let count = self.nanoseconds.len();
        percent.map(|percent| {
            if count == 0 {
                return Duration::ZERO;
            }
            let rank = (count * percent).div_ceil(100).clamp(1, count);
            let (_, nanoseconds, _) = self.nanoseconds.select_nth_unstable(rank - 1);
            Duration::from_nanos((*nanoseconds).into())
        })
    }
}
