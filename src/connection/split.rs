//! An open connection as two halves, for two tasks or threads.
//!
//! ```text
//!   bytes ──▶ ReadHalf::receive ──▶ Event
//!                 │ Signal                     over any channel
//!                 ▼
//!             WriteHalf::handle_signal · send_* · close · … ──▶ bytes
//! ```

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use super::end::{End, State, TransportAction};
use super::event::{Event, message_event};
use super::frame_writer::Writer;
#[cfg(feature = "alloc")]
use super::prepared::PreparedMessage;
use super::receive::{Fast, ReceiveHalf};
use super::send::SendHalf;
use super::sending::sending_methods;
use super::signal::{Content, Signal};
use super::tick::{self, OutOfTime};
use crate::buffer::{ReceiveBuffer, SendBuffer, Storage};
use crate::config::Settings;
use crate::error::{Error, ProtocolError, SendError, Timeout};
use crate::role::{Role, Server};
use crate::rules::{CloseStatus, Due, Timer, Wait};
use crate::wire::{CloseCode, CloseFrame, HeaderBytes, MessageKind, Opcode, mask};

/// The half of a connection that reads; [`Connection::split`](crate::Connection::split) makes it.
///
/// It writes nothing and takes no masking keys. When a reply is due, it returns a [`Signal`] for the
/// [`WriteHalf`].
#[derive(Clone)]
pub struct ReadHalf<R: Role> {
    config: Settings,
    timer: Timer,
    half: ReceiveHalf,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> ReadHalf<R> {
    pub(super) fn new(config: Settings, timer: Timer, half: ReceiveHalf) -> Self {
        Self { config, timer: timer.of_reader(), half, role: PhantomData }
    }

    pub(super) fn into_parts(self) -> (ReceiveHalf, Timer) {
        (self.half, self.timer)
    }

    /// Reads the next event from `inbound`, like [`Connection::receive`](crate::Connection::receive); `None`
    /// if more bytes are needed. The signal goes to the [`WriteHalf`], also if there is an error.
    ///
    /// # Errors
    /// A violation by the peer, after all events before it; the connection has failed then (§7.1.7). Or
    /// [`Error::WrongBuffer`]: nothing was read.
    #[inline]
    pub fn receive<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
    ) -> (Option<Signal>, Result<Option<Event<'b>>, Error>) {
        inbound.forget_payload();
        match self.half.fast::<R, S>(inbound, self.config.delivery) {
            Fast::Message(kind, len) => {
                self.timer.heard();
                let (payload, delivered) = inbound.deliver(len);
                match message_event(kind, payload, self.config.delivery) {
                    Ok(event) => {
                        delivered.all();
                        (None, Ok(Some(event)))
                    }
                    Err(payload) => {
                        let (signal, event) = self.invalid_text(payload);
                        if let Ok(Some(Event::TextPart { text, .. })) = event {
                            delivered.first(text.len());
                        }
                        (signal, event)
                    }
                }
            }
            Fast::NeedMore => {
                self.timer.saw(inbound.held_len());
                (None, Ok(None))
            }
            Fast::Slow => self.receive_slow(inbound),
        }
    }

    // Out of line, so that `receive` stays small in its callers.
    #[inline(never)]
    fn receive_slow<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
    ) -> (Option<Signal>, Result<Option<Event<'b>>, Error>) {
        let has_failed = self.half.failure().is_some();
        match self.half.next::<R, S>(inbound, &self.config, &mut self.timer) {
            Ok(event) => (Content::of(&event, &self.config).map(Signal), Ok(event)),
            Err(Error::Protocol(error)) if !has_failed => self.fail(error),
            Err(error) => (None, Err(error)),
        }
    }

    /// A text in one frame that is not UTF-8.
    #[cold]
    #[inline(never)]
    fn invalid_text<'b>(&mut self, payload: &'b [u8]) -> (Option<Signal>, Result<Option<Event<'b>>, Error>) {
        match self.half.invalid_text(payload, self.config.delivery) {
            Ok(event) => (None, Ok(Some(event))),
            Err(error) => self.fail(error),
        }
    }

    /// §7.1.7: _Fail the WebSocket Connection_.
    fn fail<'b>(&mut self, error: ProtocolError) -> (Option<Signal>, Result<Option<Event<'b>>, Error>) {
        self.half.fail(error);
        (Some(Signal(Content::Failed(error))), Err(error.into()))
    }

    /// Says what time it is, like [`Connection::tick`](crate::Connection::tick); returns when to call it
    /// again. This half notices a silence, and that it ends; the signal tells the [`WriteHalf`], which
    /// sends the Ping and waits for the Pong, so [`WriteHalf::tick`] must be called, too.
    #[doc(alias = "handle_timeout")]
    pub fn tick(&mut self, now: Duration) -> (Option<Signal>, Option<Duration>) {
        let wait = if self.half.is_over() { Wait::Nothing } else { Wait::Idle };
        let was_asking = self.timer.is_asking();
        let signal = match self.timer.tick(now, wait, &self.config.timeouts) {
            Due::Ping(_) => {
                self.timer.ping_signalled(now, &self.config.timeouts);
                Some(Signal(Content::Silence))
            }
            Due::Later(_) => (was_asking && !self.timer.is_asking()).then_some(Signal(Content::Activity)),
            Due::OutOfTime => {
                debug_assert!(false, "this half has no timeout: {:?}", self.timer);
                None
            }
        };
        (signal, self.timer.deadline(&self.config.timeouts))
    }

    /// Releases the memory that no message needs now, of the inbound compression.
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        self.half.shrink_to_fit();
    }

    /// Whether events can follow: [`State::Transmission`]; or after the peer's Close, or a violation, no more
    /// than the end of the transport: [`State::End`].
    #[must_use]
    pub fn state(&self) -> State {
        if self.half.is_over() { State::End } else { State::Transmission }
    }
}

/// The half of a connection that writes; [`Connection::split`](crate::Connection::split) makes it.
///
/// Its methods are the connection's, and write to `out` like those. It knows of the peer what the signals
/// said that it [handled](Self::handle_signal).
#[derive(Clone)]
pub struct WriteHalf<R: Role> {
    role: R,
    config: Settings,
    timer: Timer,
    phase: Phase,
}

#[derive(Debug, Clone)]
enum Phase {
    Open(SendHalf),
    End(End),
}

impl WriteHalf<Server> {
    /// Makes a message of `payload` without copying or changing it, like
    /// [`Connection::encode_header`](crate::Connection::encode_header). Write `out`, the header and the
    /// payload before the next call.
    ///
    /// # Errors
    /// If a Close was sent, a fragmented message is open, or the payload of a text is not UTF-8.
    pub fn encode_header(&mut self, kind: MessageKind, payload: &[u8]) -> Result<HeaderBytes, SendError> {
        let (half, role) = self.send_half()?;
        Ok(half.message_header(kind, payload, role)?.encode())
    }
}

impl<R: Role> WriteHalf<R> {
    pub(super) fn new(role: R, config: Settings, timer: Timer, half: SendHalf) -> Self {
        Self { role, config, timer, phase: Phase::Open(half) }
    }

    /// The role, the settings, the timer, and the half that writes or the end of the connection.
    pub(super) fn into_parts(self) -> (R, Settings, Timer, Result<SendHalf, End>) {
        let sending = match self.phase {
            Phase::Open(half) => Ok(half),
            Phase::End(end) => Err(end),
        };
        (self.role, self.config, self.timer, sending)
    }

    /// Replies to what the read half received: writes the Pong that is due, the Close that answers the
    /// peer's, the Close that tells the peer of its violation, or the Ping that breaks a silence. If
    /// `out` has no room, the reply waits (see [`has_pending_reply`](Self::has_pending_reply)): of
    /// several Pongs the newest.
    ///
    /// It can be called between any two other calls, also inside a fragmented message. After the end nothing
    /// is written, but [`close_status`](Self::close_status) is completed.
    ///
    /// Signals must be handled in the order in which the read half returned them. Out of order, a Pong can
    /// follow a later one, the reply to a Ping can be lost after a Close, and a Ping can be sent after
    /// the silence has ended. Each frame that is written is legal all the same.
    pub fn handle_signal(&mut self, signal: Signal, out: &mut impl SendBuffer) {
        self.flush_reply(out);
        let Self { role, config, timer, phase } = self;
        match (phase, signal.0) {
            (Phase::Open(half), Content::Silence) => {
                tick::break_silence(timer, half, &mut Writer { role, config, out });
            }
            (Phase::Open(_), Content::Activity) => timer.stop_asking(),
            (Phase::Open(half), content) => {
                if let Some(end) = End::by_signal::<R>(content, half, config) {
                    self.phase = Phase::End(end);
                }
                self.flush_reply(out);
            }
            (Phase::End(end), content) => end.late_signal(&content),
        }
    }

    /// Writes the reply that waits for room in `out`, if there is room now.
    pub fn flush_reply(&mut self, out: &mut impl SendBuffer) {
        let Self { role, config, phase, .. } = self;
        let mut writer = Writer { role, config, out };
        match phase {
            Phase::Open(half) => half.flush_reply(&mut writer),
            Phase::End(end) => end.flush_reply(&mut writer),
        }
    }

    /// Whether a reply waits for room in `out`: call [`flush_reply`](Self::flush_reply) once `out` was
    /// written.
    #[must_use]
    pub fn has_pending_reply(&self) -> bool {
        match &self.phase {
            Phase::Open(half) => !half.pending.is_none(),
            Phase::End(end) => !end.pending.is_none(),
        }
    }

    sending_methods!();

    /// Says that the transport has ended: the task that reads has finished, or writing failed. Returns
    /// how the closing handshake stood (§7.1.4–§7.1.6), as far as the signals said.
    pub fn receive_eof(&mut self) -> CloseStatus {
        let status = self.close_status();
        match &mut self.phase {
            Phase::Open(_) => {
                self.phase = Phase::End(End::of_transport(status));
                status
            }
            Phase::End(end) => {
                end.transport_ended();
                end.close_status
            }
        }
    }

    /// Says what time it is, like [`Connection::tick`](crate::Connection::tick), by the same clock as
    /// [`ReadHalf::tick`], which notices a silence. This half waits for the Pong after the Ping that it
    /// wrote, for the peer's Close, and for the end of the transport.
    ///
    /// # Errors
    /// The time for something is over: the connection has ended, `out` has what the peer must be told, and
    /// every later call returns the same error. Close the transport, for the task that reads, too.
    #[doc(alias = "handle_timeout")]
    pub fn tick(&mut self, now: Duration, out: &mut impl SendBuffer) -> Result<Option<Duration>, Timeout> {
        let Self { role, config, timer, phase } = self;
        match phase {
            Phase::Open(half) => {
                let mut writer = Writer { role, config, out };
                let idle = if timer.is_asking() { Wait::Idle } else { Wait::Nothing };
                match tick::tick(timer, half, now, idle, &mut writer) {
                    Ok(deadline) => Ok(deadline),
                    Err(OutOfTime) => {
                        let (timeout, mut end) = (half.timeout(), End::timed_out(half));
                        end.flush_reply(&mut writer);
                        // A reply that found no room by now never will.
                        end.time_out(timeout);
                        self.phase = Phase::End(end);
                        Err(timeout)
                    }
                }
            }
            Phase::End(end) => end.tick(timer, now, &config.timeouts),
        }
    }

    /// Whether messages that begin from now on are compressed, like
    /// [`Connection::set_compression`](crate::Connection::set_compression).
    #[cfg(feature = "deflate")]
    pub fn set_compression(&mut self, on: bool) {
        if let Phase::Open(half) = &mut self.phase {
            half.compression.set(on, &self.config);
        }
    }

    /// Releases the memory of the outbound compression, like
    /// [`Connection::shrink_to_fit`](crate::Connection::shrink_to_fit).
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        if let Phase::Open(half) = &mut self.phase {
            half.compression.shrink_to_fit();
        }
    }

    /// The phase of the connection, as far as the signals said: [`State::Transmission`] or [`State::End`].
    #[must_use]
    pub fn state(&self) -> State {
        if let Phase::Open(_) = self.phase { State::Transmission } else { State::End }
    }

    /// Whether messages can be sent: no Close was sent (§5.5.1), and the connection has not ended.
    #[must_use]
    pub fn can_send(&self) -> bool {
        matches!(&self.phase, Phase::Open(half) if !half.closing.sent())
    }

    /// What to do with the transport, once `out` is written. When it says to close it, that is for the task
    /// that reads, too.
    #[must_use]
    pub fn transport_action(&self) -> TransportAction {
        if let Phase::End(end) = &self.phase { end.transport_action() } else { TransportAction::KeepOpen }
    }

    /// The Close frames that were sent, and those received as far as the signals said.
    #[must_use]
    pub fn close_status(&self) -> CloseStatus {
        match &self.phase {
            Phase::Open(half) => half.close_status(),
            Phase::End(end) => end.close_status,
        }
    }

    /// The half that writes, if the connection has not ended, and its writer.
    #[inline]
    fn sending<'a, O: SendBuffer>(
        &'a mut self,
        out: &'a mut O,
    ) -> Result<(&'a mut SendHalf, Writer<'a, R, O>), SendError> {
        match &mut self.phase {
            Phase::Open(half) => Ok((half, Writer { role: &mut self.role, config: &self.config, out })),
            Phase::End(_) => Err(SendError::Closed),
        }
    }

    /// The half that writes, if the connection has not ended, and its role.
    fn send_half(&mut self) -> Result<(&mut SendHalf, &mut R), SendError> {
        match &mut self.phase {
            Phase::Open(half) => Ok((half, &mut self.role)),
            Phase::End(_) => Err(SendError::Closed),
        }
    }
}

impl<R: Role> fmt::Debug for ReadHalf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf")
            .field("role", &if R::IS_SERVER { "Server" } else { "Client" })
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl<R: Role> fmt::Debug for WriteHalf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf")
            .field("role", &if R::IS_SERVER { "Server" } else { "Client" })
            .field("state", &self.state())
            .field("close_status", &self.close_status())
            .finish_non_exhaustive()
    }
}
