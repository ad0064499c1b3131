//! The rate of a soak. It is bounded, so that the figures of two runs compare.

use core::time::Duration;
use std::sync::Mutex;

use tokio::time::Instant;

/// The bytes that arrive at the clients in a second, at most: a third of what two slow cores can do.
const BYTES: f64 = 48.0 * 1024.0 * 1024.0;
/// Turns that were not used are lost after this time, so that no burst follows a pause.
const SLACK: Duration = Duration::from_millis(100);

pub struct Pace {
    next: Mutex<Instant>,
    /// Seconds for a message that returns to its sender, without its bytes.
    message: f64,
    /// How many clients receive a message.
    copies: f64,
}

impl Pace {
    pub fn new(rate: u32, copies: u32) -> Self {
        let next = Mutex::new(Instant::now());
        Self { next, message: 1.0 / f64::from(rate), copies: f64::from(copies) }
    }

    /// When a message of this length may be sent. Turns are in the order of the calls.
    pub fn turn(&self, len: usize) -> Instant {
        let cost = self.copies * self.message.max(len as f64 / BYTES);
        let earliest = Instant::now().checked_sub(SLACK);
        let mut next = self.next.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let turn = earliest.map_or(*next, |earliest| earliest.max(*next));
        *next = turn + Duration::from_secs_f64(cost);
        turn
    }
}
