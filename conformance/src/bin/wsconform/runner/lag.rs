//! The lag of the runner itself: a timer that fires late shows that the machine had no time for the runner.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The delays of a timer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lag(Rc<RefCell<Vec<(Instant, Duration)>>>);

const TICK: Duration = Duration::from_millis(10);
/// The timer of tokio has a granularity of one millisecond.
const NORMAL: Duration = Duration::from_millis(2);

impl Lag {
    /// Measures for ever.
    pub(crate) async fn measure(self) {
        loop {
            let due = Instant::now() + TICK;
            sleep_until(due).await;
            let now = Instant::now();
            let delay = now.saturating_duration_since(due);
            if delay > NORMAL {
                self.0.borrow_mut().push((now, delay));
            }
        }
    }

    /// The largest delay since `start`.
    pub(crate) fn since(&self, start: Instant) -> Duration {
        let delays = self.0.borrow();
        let recent = delays.iter().rev().take_while(|(at, _)| *at >= start);
        recent.map(|(_, delay)| *delay).max().unwrap_or_default()
    }
}
