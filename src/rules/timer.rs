//! How long an endpoint waits, and for what. It knows no clock: whoever asks says what time it is.
//!
//! ```text
//!   Handshake ──▶ Idle ──silence──▶ Pong ──silence──▶ out of time
//!                  ▲ │ anything      │ the Pong
//!                  └─┘       ▲───────┘
//!                  └──▶ Close (its own Close is sent) ──▶ out of time
//! ```

use core::time::Duration;

/// What an endpoint waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Nothing that the peer owes.
    Nothing,
    /// The head of the opening handshake.
    Handshake,
    /// Anything: until then, a Ping asks.
    Idle,
    /// The Pong that answers it, or anything else.
    Pong,
    /// The peer's Close, or the end of the transport.
    Close,
}

/// A number of milliseconds, at least one; or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Millis(u32);

impl Millis {
    const FOREVER: Self = Self(u32::MAX);

    fn nanos(self) -> Option<u64> {
        (self != Self::FOREVER).then(|| u64::from(self.0).saturating_mul(1_000_000))
    }
}

impl From<Option<Duration>> for Millis {
    fn from(time: Option<Duration>) -> Self {
        let Some(time) = time else { return Self::FOREVER };
        let millis = time.as_nanos().div_ceil(1_000_000).clamp(1, u128::from(u32::MAX - 1));
        Self(millis as u32)
    }
}

/// How long to wait for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) handshake: Millis,
    pub(crate) ping: Millis,
    pub(crate) pong: Millis,
    pub(crate) close: Millis,
}

impl Timeouts {
    const fn of(&self, wait: Wait) -> Millis {
        match wait {
            Wait::Nothing => Millis::FOREVER,
            Wait::Handshake => self.handshake,
            Wait::Idle => self.ping,
            Wait::Pong => self.pong,
            Wait::Close => self.close,
        }
    }
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing before this time, if ever.
    Later(Option<Duration>),
    /// A Ping with this payload.
    Ping([u8; 4]),
    /// The wait was in vain.
    OutOfTime,
}

/// Since when the endpoint waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timer {
    /// In nanoseconds.
    since: u64,
    /// Pings that were due so far.
    pings: u32,
    wait: Wait,
    /// Bytes that had come without making an event, when that was last looked at.
    seen: u32,
    /// Whether something has come since the time was last told.
    heard: bool,
    /// Whether the Ping that is due was not written yet.
    unsent: bool,
}

impl Timer {
    pub(crate) const NEW: Self = Self { since: 0, pings: 0, seen: 0, wait: Wait::Nothing, heard: false, unsent: false };

    /// Something came.
    #[inline]
    pub(crate) fn heard(&mut self) {
        self.heard = true;
    }

    /// So many bytes are there that have made no event.
    #[inline]
    pub(crate) fn saw(&mut self, bytes: usize) {
        let bytes = bytes as u32;
        self.heard |= bytes != self.seen;
        self.seen = bytes;
    }

    /// So many of them are left: some have made headers, which are no events.
    pub(crate) fn left(&mut self, bytes: usize) {
        self.seen = bytes as u32;
    }

    /// A Pong came.
    pub(crate) fn pong(&mut self, payload: &[u8]) {
        if self.wait == Wait::Pong && payload == self.payload() {
            self.wait = Wait::Idle;
        }
    }

    /// The Ping that was due is written.
    pub(crate) fn sent(&mut self) {
        self.unsent = false;
    }

    /// The Ping that is due, for another to write.
    pub(crate) fn take_ping(&mut self) -> Option<[u8; 4]> {
        let due = self.unsent.then(|| self.payload());
        self.unsent = false;
        due
    }

    /// Each Ping has its own.
    const fn payload(&self) -> [u8; 4] {
        self.pings.to_be_bytes()
    }

    /// It is `now`, and the endpoint waits for this; where it waits for a Pong, it says [`Wait::Idle`].
    pub(crate) fn tick(&mut self, now: Duration, wait: Wait, timeouts: &Timeouts) -> Due {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        // A clock that goes back is one that stands still from there.
        self.since = self.since.min(now);
        if wait != self.wait && (wait, self.wait) != (Wait::Idle, Wait::Pong) {
            (self.wait, self.since, self.unsent) = (wait, now, false);
        }
        if self.heard && matches!(self.wait, Wait::Idle | Wait::Pong) {
            self.since = now;
        }
        self.heard = false;
        if self.until(timeouts).is_some_and(|end| end <= now) {
            if self.wait != Wait::Idle {
                return Due::OutOfTime;
            }
            self.pings = self.pings.wrapping_add(1);
            (self.since, self.unsent) = (now, true);
            if timeouts.pong != Millis::FOREVER {
                self.wait = Wait::Pong;
            }
        }
        if self.unsent { Due::Ping(self.payload()) } else { Due::Later(self.deadline(timeouts)) }
    }

    /// When to be told the time again: after the time that was told last.
    pub(crate) fn deadline(&self, timeouts: &Timeouts) -> Option<Duration> {
        self.until(timeouts).map(Duration::from_nanos)
    }

    fn until(&self, timeouts: &Timeouts) -> Option<u64> {
        Some(self.since.saturating_add(timeouts.of(self.wait).nanos()?))
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Due, Millis, Timeouts, Timer, Wait};

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn timeouts() -> Timeouts {
        let millis = |secs| Millis::from(Some(S(secs)));
        Timeouts { handshake: millis(10), ping: millis(20), pong: millis(5), close: millis(7) }
    }

    fn later(secs: u64) -> Due {
        Due::Later(Some(S(secs)))
    }

    #[test]
    fn silence_is_asked_and_then_cut() {
        let (mut timer, timeouts) = (Timer::NEW, timeouts());
        assert_eq!(timer.tick(S(100), Wait::Handshake, &timeouts), later(110));
        timer.heard();
        assert_eq!(timer.tick(S(109), Wait::Handshake, &timeouts), later(110), "bytes are no head");
        assert_eq!(timer.tick(S(109), Wait::Idle, &timeouts), later(129));
        timer.heard();
        assert_eq!(timer.tick(S(120), Wait::Idle, &timeouts), later(140));
        assert_eq!(timer.tick(S(140), Wait::Idle, &timeouts), Due::Ping([0, 0, 0, 1]));
        assert_eq!(timer.tick(S(140), Wait::Idle, &timeouts), Due::Ping([0, 0, 0, 1]), "until it was sent");
        timer.sent();
        assert_eq!(timer.tick(S(141), Wait::Idle, &timeouts), later(145));
        timer.heard();
        timer.pong(&[0, 0, 0, 2]);
        assert_eq!(timer.tick(S(144), Wait::Idle, &timeouts), later(149), "anything is life, this Pong is no answer");
        timer.pong(&[0, 0, 0, 1]);
        assert_eq!(timer.tick(S(145), Wait::Idle, &timeouts), later(164));
        assert_eq!(timer.tick(S(164), Wait::Idle, &timeouts), Due::Ping([0, 0, 0, 2]));
        timer.sent();
        assert_eq!(timer.tick(S(169), Wait::Idle, &timeouts), Due::OutOfTime);
    }

    #[test]
    fn a_clock_may_stand_still_jump_and_go_back() {
        let (mut timer, timeouts) = (Timer::NEW, timeouts());
        for _ in 0..3 {
            assert_eq!(timer.tick(S(50), Wait::Close, &timeouts), later(57));
        }
        assert_eq!(timer.tick(S(40), Wait::Close, &timeouts), later(47));
        assert_eq!(timer.tick(Duration::MAX, Wait::Close, &timeouts), Due::OutOfTime);
        let mut timer = Timer::NEW;
        assert!(matches!(timer.tick(Duration::MAX, Wait::Idle, &timeouts), Due::Later(_) | Due::Ping(_)));
        assert_eq!(timer.tick(Duration::ZERO, Wait::Nothing, &timeouts), Due::Later(None));
    }

    #[test]
    fn times_are_at_least_a_millisecond_and_rounded_up() {
        let nanos = |time| Millis::from(Some(time)).nanos();
        assert_eq!(nanos(Duration::ZERO), Some(1_000_000));
        assert_eq!(nanos(Duration::from_nanos(1_000_001)), Some(2_000_000));
        assert_eq!(nanos(Duration::MAX), Some(u64::from(u32::MAX - 1) * 1_000_000));
        assert_eq!(Millis::from(None).nanos(), None);
    }
}
