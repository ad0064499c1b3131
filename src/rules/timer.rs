//! The timeouts of a connection: for the opening handshake, an idle peer, a Pong, and the Close. There is no
//! clock: the caller passes the time.
//!
//! ```text
//!   Handshake ──▶ Idle ──silence──▶ Ping ──written──▶ Pong ──silence──▶ out of time
//!                  ▲ │                │ any input       │ any input
//!                  │ │                ▼                 ▼
//!                  │ └─▶ Close ─▶ Eof └────────┬────────┘
//!                  └───────────────────────────┘
//! ```
//! The read half of a split connection goes from Idle to Asked and back: the write half knows when the Ping
//! is written, and waits for the Pong.

use core::mem;
use core::time::Duration;

/// The input that an endpoint waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// No input: no timeout runs.
    Nothing,
    /// The head of the opening handshake.
    Handshake,
    /// Any input; when the timeout ends without one, a Ping is due.
    Idle,
    /// Room in the outbound buffer for the Ping that is due.
    Ping,
    /// Any input, after the Ping was written.
    Pong,
    /// Any input, after this half has signalled to the other half that a Ping is due.
    Asked,
    /// The peer's Close, or room for the Close that answers it.
    Close,
    /// The end of the transport, after both Close frames.
    Eof,
}

/// A timeout in milliseconds, at least one; or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Millis(u32);

impl Millis {
    const NONE: Self = Self(u32::MAX);

    /// The timeout in nanoseconds; `None` if there is no timeout. The product cannot overflow, because
    /// `u32::MAX` milliseconds are far below `u64::MAX` nanoseconds.
    fn nanos(self) -> Option<u64> {
        (self != Self::NONE).then(|| u64::from(self.0).saturating_mul(1_000_000))
    }
}

impl From<Option<Duration>> for Millis {
    #[inline]
    fn from(time: Option<Duration>) -> Self {
        let Some(time) = time else { return Self::NONE };
        // In 64 bits: a division of 128 bits is a function call, one for each timeout of a new connection.
        let below_a_second = u64::from(time.subsec_nanos().div_ceil(1_000_000));
        let millis = time.as_secs().saturating_mul(1000).saturating_add(below_a_second);
        Self(millis.clamp(1, u64::from(u32::MAX - 1)) as u32)
    }
}

/// The timeout of each [`Wait`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) handshake: Millis,
    pub(crate) ping: Millis,
    pub(crate) pong: Millis,
    pub(crate) close: Millis,
}

impl Timeouts {
    fn of(&self, wait: Wait) -> Millis {
        match wait {
            Wait::Nothing => Millis::NONE,
            Wait::Handshake => self.handshake,
            // If the outbound buffer has no room for a Ping, the Ping is tried again at each tick, at the
            // latest after this timeout.
            Wait::Idle | Wait::Ping => self.ping,
            Wait::Pong => self.pong,
            // If the write half awaits no Pong, each silence asks for a Ping.
            Wait::Asked if self.pong == Millis::NONE => self.ping,
            Wait::Asked => Millis::NONE,
            Wait::Close | Wait::Eof => self.close,
        }
    }
}

/// The result of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing is due before this time; `None`: never.
    Later(Option<Duration>),
    /// A Ping with this payload is due.
    Ping([u8; 4]),
    /// The timeout has ended.
    OutOfTime,
}

/// The input that the endpoint waits for, and the time when the wait began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timer {
    /// When the wait began, in nanoseconds; `u64::MAX` until the next tick if the time was not known.
    since: u64,
    /// The number of Pings so far, modulo 2^32.
    pings: u32,
    wait: Wait,
    /// The number of unread bytes that the last call of `receive` has left.
    left: u32,
    /// Whether there was input since the last tick.
    heard: bool,
}

impl Timer {
    pub(crate) const NEW: Self = Self { since: 0, pings: 0, left: 0, wait: Wait::Nothing, heard: false };

    /// Records an event, which counts as input, and the number of unread bytes that it leaves.
    // Each message of the fast path passes here.
    #[inline]
    pub(crate) fn heard(&mut self, left: usize) {
        self.heard = true;
        self.left(left);
    }

    /// Records the number of unread bytes when `receive` begins. If it differs from the number that the last
    /// call left, there was input.
    // Each `receive` that needs more bytes passes here.
    #[inline]
    pub(crate) fn saw(&mut self, unread: usize) {
        // The lower 32 bits show each change but one by a multiple of 4 GiB.
        let unread = unread as u32;
        self.heard |= unread != self.left;
        self.left = unread;
    }

    /// Records the number of unread bytes that `receive` leaves without an event.
    pub(crate) fn left(&mut self, unread: usize) {
        self.left = unread as u32;
    }

    /// Whether a Ping is due or was sent, and no input followed.
    pub(crate) const fn is_asking(&self) -> bool {
        matches!(self.wait, Wait::Ping | Wait::Pong | Wait::Asked)
    }

    /// Makes a Ping due. Returns its payload.
    pub(crate) fn ask(&mut self) -> [u8; 4] {
        self.wait = Wait::Ping;
        // Wrapping: a payload must only differ from those of recent Pings.
        self.pings = self.pings.wrapping_add(1);
        self.payload()
    }

    /// The payload of the last Ping; each Ping has another.
    const fn payload(&self) -> [u8; 4] {
        self.pings.to_be_bytes()
    }

    /// Ends the wait for a Pong. Any input does: a peer may answer only the newest of several Pings (§5.5.3).
    pub(crate) fn stop_asking(&mut self) {
        if self.is_asking() {
            self.wait = Wait::Nothing;
        }
    }

    /// Records that the Ping was written. The wait for the Pong begins `now`, or at the next tick if the time
    /// is not known.
    pub(crate) fn ping_written(&mut self, now: Option<Duration>, timeouts: &Timeouts) {
        self.wait = if timeouts.pong == Millis::NONE { Wait::Idle } else { Wait::Pong };
        self.since = now.map_or(u64::MAX, nanos);
    }

    /// Records that this half has signalled to the write half that a Ping is due. The write half sends the
    /// Ping and waits for the Pong.
    pub(crate) fn ping_signalled(&mut self, now: Duration) {
        self.wait = Wait::Asked;
        self.since = nanos(now);
    }

    /// The timer of the read half of a connection that is split.
    pub(crate) const fn of_reader(self) -> Self {
        let wait = if self.is_asking() { Wait::Asked } else { self.wait };
        Self { wait, ..self }
    }

    /// The timer of the write half of a connection that is split. From now on, only the read half hears input.
    pub(crate) fn of_writer(mut self) -> Self {
        if mem::take(&mut self.heard) {
            self.stop_asking();
        }
        self
    }

    /// The timer of the whole connection, from the timers of the read half and the write half. The read half
    /// has counted each Ping that the write half was asked for.
    pub(crate) const fn join(self, writer: &Self) -> Self {
        let (wait, since) = match (self.wait, writer.wait) {
            (Wait::Asked, Wait::Pong) => (Wait::Pong, writer.since),
            // The Ping was not written: another one is due after the next idle timeout.
            (Wait::Asked, _) => (Wait::Idle, self.since),
            (wait, _) => (wait, self.since),
        };
        Self { wait, since, ..self }
    }

    /// Advances the timer to `now`. `wait` is the input that the endpoint waits for; [`Wait::Idle`] also
    /// stands for [`Wait::Ping`], [`Wait::Pong`] and [`Wait::Asked`].
    pub(crate) fn tick(&mut self, now: Duration, wait: Wait, timeouts: &Timeouts) -> Due {
        let now = nanos(now);
        // If the clock goes back, the wait begins at the earlier time.
        self.since = self.since.min(now);
        if wait != self.wait && !(wait == Wait::Idle && self.is_asking()) {
            (self.wait, self.since) = (wait, now);
        }
        if mem::take(&mut self.heard) && wait == Wait::Idle {
            (self.wait, self.since) = (Wait::Idle, now);
        }
        if self.until(timeouts).is_some_and(|end| end <= now) {
            match self.wait {
                Wait::Idle | Wait::Asked => _ = self.ask(),
                Wait::Ping => {}
                Wait::Nothing | Wait::Handshake | Wait::Pong | Wait::Close | Wait::Eof => {
                    return Due::OutOfTime;
                }
            }
        }
        if self.wait == Wait::Ping {
            self.since = now;
            return Due::Ping(self.payload());
        }
        Due::Later(self.deadline(timeouts))
    }

    /// The time at which the caller must call [`tick`](Self::tick) again; `None` if no timeout runs.
    pub(crate) fn deadline(&self, timeouts: &Timeouts) -> Option<Duration> {
        self.until(timeouts).map(Duration::from_nanos)
    }

    fn until(&self, timeouts: &Timeouts) -> Option<u64> {
        // A deadline beyond `u64::MAX` nanoseconds is none.
        self.since.checked_add(timeouts.of(self.wait).nanos()?)
    }
}

/// The time in nanoseconds; `u64::MAX` from 584 years on.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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
        timer.heard(0);
        assert_eq!(timer.tick(S(109), Wait::Handshake, &timeouts), later(110), "bytes are no head");
        assert_eq!(timer.tick(S(109), Wait::Idle, &timeouts), later(129));
        timer.heard(0);
        assert_eq!(timer.tick(S(120), Wait::Idle, &timeouts), later(140));
        assert_eq!(timer.tick(S(140), Wait::Idle, &timeouts), Due::Ping([0, 0, 0, 1]));
        timer.ping_written(Some(S(140)), &timeouts);
        assert_eq!(timer.tick(S(141), Wait::Idle, &timeouts), later(145));
        timer.heard(0);
        assert_eq!(
            timer.tick(S(144), Wait::Idle, &timeouts),
            later(164),
            "any input ends the wait for the Pong"
        );
        assert_eq!(timer.tick(S(164), Wait::Idle, &timeouts), Due::Ping([0, 0, 0, 2]));
        timer.ping_written(Some(S(164)), &timeouts);
        assert_eq!(timer.tick(S(169), Wait::Idle, &timeouts), Due::OutOfTime);
    }

    #[test]
    fn a_ping_is_due_until_it_is_written_or_there_is_input() {
        let (mut timer, timeouts) = (Timer::NEW, timeouts());
        assert_eq!(timer.tick(S(0), Wait::Idle, &timeouts), later(20));
        for second in [20, 24, 25, 26, 100] {
            assert_eq!(timer.tick(S(second), Wait::Idle, &timeouts), Due::Ping([0, 0, 0, 1]));
            assert_eq!(timer.deadline(&timeouts), Some(S(second + 20)));
        }
        let mut written = timer;
        written.ping_written(None, &timeouts);
        assert_eq!(
            written.tick(S(200), Wait::Idle, &timeouts),
            later(205),
            "the wait begins with the tick after the write"
        );
        assert_eq!(written.tick(S(205), Wait::Idle, &timeouts), Due::OutOfTime);
        timer.heard(0);
        assert_eq!(timer.tick(S(101), Wait::Idle, &timeouts), later(121));
    }

    #[test]
    fn a_ping_that_the_other_half_writes_has_no_deadline_here() {
        let (mut reader, mut writer, timeouts) = (Timer::NEW, Timer::NEW, timeouts());
        assert_eq!(reader.tick(S(0), Wait::Idle, &timeouts), later(20));
        assert!(matches!(reader.tick(S(20), Wait::Idle, &timeouts), Due::Ping(_)));
        reader.ping_signalled(S(20));
        assert_eq!(reader.tick(S(999), Wait::Idle, &timeouts), Due::Later(None));
        writer.ask();
        let since = |timer: Timer| (timer.wait, timer.since);
        assert_eq!(since(reader.join(&writer)), (Wait::Idle, reader.since));
        writer.ping_written(Some(S(30)), &timeouts);
        assert_eq!(since(reader.join(&writer)), (Wait::Pong, writer.since));
        reader.heard(0);
        assert_eq!(reader.tick(S(1000), Wait::Idle, &timeouts), later(1020));
        assert_eq!(since(reader.join(&writer)), (Wait::Idle, reader.since), "the reader knows better");
    }

    #[test]
    fn a_clock_may_stand_still_jump_and_go_back() {
        let (mut timer, timeouts) = (Timer::NEW, timeouts());
        for _ in 0..3 {
            assert_eq!(timer.tick(S(50), Wait::Close, &timeouts), later(57));
        }
        assert_eq!(timer.tick(S(40), Wait::Close, &timeouts), later(47));
        assert_eq!(timer.tick(Duration::MAX, Wait::Close, &timeouts), Due::OutOfTime);
        for wait in [Wait::Nothing, Wait::Handshake, Wait::Idle, Wait::Close, Wait::Eof] {
            let mut timer = Timer::NEW;
            assert_eq!(timer.tick(Duration::MAX, wait, &timeouts), Due::Later(None), "{wait:?}");
            assert_eq!(timer.tick(Duration::MAX, wait, &timeouts), Due::Later(None), "{wait:?}");
            assert_eq!(timer.tick(Duration::ZERO, Wait::Nothing, &timeouts), Due::Later(None));
        }
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
