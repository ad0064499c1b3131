//! Deadlines of an open connection (§5.5.2, §7.1.1): what an endpoint does because there was no input. The
//! caller tells the time.

use core::time::Duration;

use super::frame_writer::Writer;
use super::send::SendHalf;
use crate::buffer::SendBuffer;
use crate::role::Role;
use crate::rules::{Closing, Due, Timer, Wait};
use crate::wire::Opcode;

/// What an open connection, or its half that writes, waits for; `idle` is for as long as no Close was
/// exchanged.
pub(super) const fn wait(half: &SendHalf, idle: Wait) -> Wait {
    match half.closing {
        Closing::Open => idle,
        Closing::Sent(_) => Wait::Close,
        // The application must send its Close.
        Closing::Received(_) | Closing::Both(_) => Wait::Nothing,
    }
}

/// It is `now`: writes the Ping that is due. Returns the next deadline, or that the time is over.
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

/// The wait was in vain.
pub(super) struct OutOfTime;

/// The half that reads has noticed a silence: sends a Ping.
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
