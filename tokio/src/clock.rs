//! The timer of a connection.

use core::future::Future as _;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The time since the start of a connection, and one timer for all of its deadlines.
///
/// To reset a [`Sleep`] takes as long as to receive several messages, and most deadlines only move away. So
/// the timer is reset only for a deadline that is earlier than the armed one. It fires too early then, and
/// its owner computes the deadlines again.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// `None` before the first deadline: a connection without deadlines needs no timer of the runtime.
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self::since(Instant::now())
    }

    /// A clock with its own timer, and the start of another one.
    pub(crate) const fn since(started: Instant) -> Self {
        Self { started, sleep: None, armed: false }
    }

    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Fires at this time since the start, or earlier.
    pub(crate) fn arm(&mut self, deadline: Option<Duration>) {
        // A deadline beyond the range of the clock is none.
        if let Some(deadline) = deadline.and_then(|deadline| self.started.checked_add(deadline)) {
            self.arm_at(deadline);
        }
    }

    /// Fires at this time, or earlier.
    pub(crate) fn arm_at(&mut self, deadline: Instant) {
        match &mut self.sleep {
            None => self.sleep = Some(Box::pin(sleep_until(deadline))),
            Some(sleep) if self.armed && sleep.deadline() <= deadline => return,
            Some(sleep) => sleep.as_mut().reset(deadline),
        }
        self.armed = true;
    }

    /// Ready when a deadline may have passed. Compute all deadlines again then.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.sleep {
            Some(sleep) if self.armed => {
                let fired = sleep.as_mut().poll(cx);
                self.armed = fired.is_pending();
                fired
            }
            _ => Poll::Pending,
        }
    }
}
