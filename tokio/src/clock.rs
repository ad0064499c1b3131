//! The timer of a connection.

use core::future::Future as _;
use core::mem;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// The time since the start of a connection, without the stalls of its output; and one timer for all of its
/// deadlines.
///
/// To read the time, to reset a [`Sleep`] and to poll it takes as long as to receive several messages, and most
/// deadlines only move away: each message moves that of the Ping. So
///
/// * the timer is reset only for a deadline that is earlier than the armed one. It fires too early then, and its
///   owner computes the deadlines again;
/// * while messages arrive, the time is read only when the timer fires, which it does in steps: see [`STEPS`];
/// * the timer is polled again only if the task has another waker;
/// * a connection that is open and not stalled polls the timer only if there is no input.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// `None` before the first deadline: a connection without deadlines needs no timer of the runtime.
    sleep: Option<Pin<Box<Sleep>>>,
    /// The waker that the timer wakes; `None` if it is not polled since its reset.
    waker: Option<Waker>,
    armed: bool,
    /// Whether input has arrived since the engine was told the time.
    heard: bool,
    /// Whether the timer fires in steps.
    in_steps: bool,
}

/// In how many steps the time to a deadline is divided while input arrives. Input counts as if it had arrived at the
/// end of its step, so the deadline of a Ping is up to an eighth later than configured.
const STEPS: u32 = 8;

impl Clock {
    pub(crate) fn new() -> Self {
        Self::since(Instant::now())
    }

    /// A clock with its own timer, and the start of another one.
    pub(crate) const fn since(started: Instant) -> Self {
        Self { started, sleep: None, waker: None, armed: false, heard: false, in_steps: false }
    }

    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Leaves out this time, so that all deadlines of the engine are so much later.
    pub(crate) fn leave_out(&mut self, time: Duration) {
        self.started += time;
    }

    /// Input has arrived. Returns whether the engine must be told the time before the timer fires.
    #[inline]
    pub(crate) const fn hear(&mut self) -> bool {
        self.heard = true;
        !self.in_steps
    }

    /// The engine was told the time `now` and has this deadline. Fires then, or earlier.
    pub(crate) fn arm(&mut self, now: Duration, deadline: Option<Duration>) {
        self.in_steps = mem::take(&mut self.heard);
        let Some(deadline) = deadline else { return };
        let wait = deadline.saturating_sub(now) / if self.in_steps { STEPS } else { 1 };
        // A deadline beyond the range of the clock is none.
        if let Some(deadline) = self.started.checked_add(now.saturating_add(wait)) {
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
        self.waker = None;
        self.armed = true;
    }

    /// Ready when a deadline may have passed. Compute all deadlines again then.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = self.sleep.as_mut().filter(|_| self.armed) else { return Poll::Pending };
        let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if is_known && !sleep.is_elapsed() {
            return Poll::Pending;
        }
        // In a task that has used up its budget, the timer would return `Pending` and wake no task.
        let fired = pin!(unconstrained(sleep.as_mut())).poll(cx);
        self.armed = fired.is_pending();
        self.waker = self.armed.then(|| cx.waker().clone());
        fired
    }
}
