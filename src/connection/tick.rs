//! Deadlines (§7.1.7, §5.5.2): what an endpoint does because nothing came. The time is the caller's to tell.

use core::time::Duration;

use super::handshake::Opening;
use super::send::{Outbound, Owed};
use super::transmission::Inbound;
use super::{Connection, End, Phase, Transmission, TransportAction};
use crate::buffer::SendBuffer;
use crate::error::{HandshakeError, Timeout};
use crate::role::Role;
use crate::rules::{Closing, Due, Wait};
use crate::wire::Opcode;

impl<R: Role> Connection<R> {
    /// Tells what time it is: `now` since any fixed point of a monotonic clock. Says when to be called again,
    /// if ever, and that is later than `now`. A caller that never ticks has no deadlines, and pays
    /// nothing for them.
    ///
    /// It ends an opening handshake and a closing handshake that take too long. It sends a Ping after a
    /// silence, and ends the connection if the silence lasts; any input ends the silence and the wait for
    /// the Pong. The first call after each change begins the next wait, so call it after every read and
    /// write, and at the time that it returned.
    ///
    /// A Ping that finds no room in `out`, or no masking key, is written by a later call, and the wait for
    /// the Pong begins then. How long the transport may take to accept bytes of `out` is yours to limit.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use websocket_proto::{Negotiated, Config, Connection, SendSlice, Server};
    /// # let (mut ws, mut memory) = (Connection::established(Server::new(), Negotiated::new(), Config::default()), [0; 200]);
    /// # let mut out = SendSlice::new(&mut memory);
    /// let started = std::time::Instant::now();
    /// // in the loop, before waiting for the transport:
    /// let wait = match ws.tick(started.elapsed(), &mut out)? {
    ///     Some(deadline) => Some(deadline.saturating_sub(started.elapsed())), // a read time-out, a timer, a poll
    ///     None => None,
    /// };
    /// assert!(wait.is_some_and(|wait| wait <= Duration::from_secs(20)));
    /// # Ok::<(), websocket_proto::Timeout>(())
    /// ```
    ///
    /// # Errors
    /// Something is over; the connection has ended, `out` has what the peer is to be told, and every later
    /// call says the same.
    pub fn tick(&mut self, now: Duration, out: &mut impl SendBuffer) -> Result<Option<Duration>, Timeout> {
        if let Phase::End(End { timeout: Some(timeout), .. }) = self.phase {
            return Err(timeout);
        }
        match self.timer.tick(now, self.wait(), &self.config.timeouts) {
            Due::Later(deadline) => Ok(deadline),
            Due::Ping(payload) => {
                self.write_ping(payload, Some(now), out);
                Ok(self.timer.deadline(&self.config.timeouts))
            }
            Due::OutOfTime => Err(self.time_out(out)),
        }
    }

    /// The other half has noticed a silence.
    pub(super) fn break_silence(&mut self, out: &mut impl SendBuffer) {
        if let Phase::Transmission(Transmission {
            outbound: Outbound { closing: Closing::Open, .. }, ..
        }) = self.phase
        {
            let payload = self.timer.ask();
            self.write_ping(payload, None, out);
        }
    }

    /// Writes the Ping that is due; if `out` has no room, or there is no masking key, the next tick tries
    /// again.
    fn write_ping(&mut self, payload: [u8; 4], now: Option<Duration>, out: &mut impl SendBuffer) {
        if let Phase::Transmission(Transmission { outbound, .. }) = &mut self.phase {
            if outbound.control(&mut self.role, &self.config, Opcode::Ping, &payload, out).is_ok() {
                self.timer.ping_written(now, &self.config.timeouts);
            }
        }
    }

    pub(super) fn wait(&self) -> Wait {
        match &self.phase {
            // The application takes its time.
            Phase::Handshake(Opening::Asked(_)) => Wait::Nothing,
            Phase::Handshake(Opening::Request { .. } | Opening::Response { .. }) => Wait::Handshake,
            Phase::Transmission(transmission) => match transmission.outbound.closing {
                // The other half notices a silence; this one waits for the Pong.
                Closing::Open if transmission.inbound == Inbound::Apart && !self.timer.is_asking() => {
                    Wait::Nothing
                }
                Closing::Open => Wait::Idle,
                Closing::Sent(_) => Wait::Close,
                // The application has_pending_reply a Close.
                Closing::Received(_) | Closing::Both(_) => Wait::Nothing,
            },
            Phase::End(end) => match (end.owed == Owed::Nothing, end.transport_action) {
                (true, TransportAction::KeepOpen | TransportAction::Close) => Wait::Nothing,
                (false, _) | (true, TransportAction::AwaitPeerClose) => Wait::Close,
            },
        }
    }

    #[cold]
    fn time_out(&mut self, out: &mut impl SendBuffer) -> Timeout {
        let timeout = match &mut self.phase {
            Phase::Handshake(opening) => {
                let error = HandshakeError::TimedOut;
                let mut end = End::handshake(Err(error.into()));
                if matches!(opening, Opening::Request { reader, .. } if reader.has_begun()) {
                    end.refuse(error);
                }
                self.end(end, out);
                Timeout::Handshake
            }
            Phase::Transmission(Transmission { outbound, .. }) => {
                let timeout = outbound.overdue();
                let end = outbound.time_out();
                self.end(end, out);
                timeout
            }
            Phase::End(_) => Timeout::Close,
        };
        if let Phase::End(end) = &mut self.phase {
            // What found no room by now never will.
            end.time_out(timeout);
        }
        timeout
    }
}
