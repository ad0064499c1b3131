//! The deadlines of an open connection (§5.5.2, §7.1.1): the Ping after a silence, and the end of a wait. The
//! caller passes the time.

use core::time::Duration;

use super::frame_writer::Writer;
use super::send::SendHalf;
use crate::buffer::SendBuffer;
use crate::role::Role;
use crate::rules::{Closing, Due, Timer, Wait};
use crate::wire::Opcode;

/// The input that an open connection or its write half waits for: `idle` before the first Close.
pub(super) const fn wait(half: &SendHalf, idle: Wait) -> Wait {
    match half.closing {
        Closing::Open => idle,
        Closing::Sent(_) => Wait::Close,
        // The application must send its Close.
        Closing::Received(_) | Closing::Both(_) => Wait::Nothing,
    }
}

/// Advances the timer to `now`, and writes the Ping that is due. Returns the next deadline.
pub(super) fn tick<R: Role, O: SendBuffer>(
    timer: &mut Timer,
    half: &mut SendHalf,
    now: Duration,
    idle: Wait,
    writer: &mut Writer<'_, R, O>,
) -> Result<Option<Duration>, OutOfTime> {
    match timer.tick(now, wait(half, idle), &writer.config.timeouts) {
        Due::Later(deadline) => Ok(deadline),
        Due::Ping(payload) => {
            write_ping(timer, half, payload, Some(now), writer);
            Ok(timer.deadline(&writer.config.timeouts))
        }
        Due::OutOfTime => Err(OutOfTime),
    }
}

/// A deadline has passed.
pub(super) struct OutOfTime;

/// Sends a Ping, because the read half has noticed a silence.
pub(super) fn break_silence<R: Role, O: SendBuffer>(
    timer: &mut Timer,
    half: &mut SendHalf,
    writer: &mut Writer<'_, R, O>,
) {
    if half.closing == Closing::Open {
        let payload = timer.ask();
        write_ping(timer, half, payload, None, writer);
    }
}

/// Writes the Ping that is due. If `out` has no room, or there is no masking key, the next tick tries again.
fn write_ping<R: Role, O: SendBuffer>(
    timer: &mut Timer,
    half: &mut SendHalf,
    payload: [u8; 4],
    now: Option<Duration>,
    writer: &mut Writer<'_, R, O>,
) {
    if half.control(Opcode::Ping, &payload, writer).is_ok() {
        timer.ping_written(now, &writer.config.timeouts);
    }
}
