//! The two halves of an open connection, for two tasks or threads.
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

/// The half of a connection that reads. [`Connection::split`](crate::Connection::split) makes it.
///
/// It writes nothing and takes no masking keys. When a reply is due, it returns a [`Signal`] for the
/// [`WriteHalf`].
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Config, Connection, Event, Negotiated, ReceiveBuffer, Server};
///
/// let connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let Ok((mut reader, _)) = connection.split() else { panic!("it is open") };
/// let (signals, _receiver) = std::sync::mpsc::channel();
///
/// let mut inbound = ReceiveBuffer::new();
/// assert_eq!(inbound.feed(b"\x81\x82\0\0\0\0hi"), 8);
/// loop {
///     let (signal, event) = reader.receive(&mut inbound);
///     if let Some(signal) = signal {
///         signals.send(signal)?; // to the task that has the write half
///     }
///     match event? {
///         Some(event) => assert_eq!(event, Event::Text("hi")),
///         None => break, // read from the transport
///     }
/// }
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias("WebSocketRead", "SplitStream"))]
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

    /// Returns the next event in `inbound`, as [`Connection::receive`](crate::Connection::receive) does, or
    /// `None` if it needs more input. Send the signal to the [`WriteHalf`], also if there is an error.
    ///
    /// # Errors
    /// A violation by the peer: the connection has failed (§7.1.7), and all events before the violation were
    /// returned. Or [`Error::WrongBuffer`]: nothing was read, and the connection continues with the right
    /// buffer.
    #[doc(alias("read", "read_frame"))]
    #[inline]
    pub fn receive<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
    ) -> (Option<Signal>, Result<Option<Event<'b>>, Error>) {
        inbound.forget_payload();
        match self.half.fast::<R, S>(inbound) {
            Fast::Message(kind, len) => {
                // Cannot wrap: the unread bytes begin with the payload.
                self.timer.heard(inbound.unread_len().wrapping_sub(len));
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
                self.timer.saw(inbound.unread_len());
                (None, Ok(None))
            }
            Fast::Slow => self.receive_slow(inbound),
        }
    }

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

    /// Handles a text in one frame that is not UTF-8.
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

    /// Reports the time, as [`Connection::tick`](crate::Connection::tick) does, and returns the next
    /// deadline. This half notices the beginning and the end of a silence, and returns a signal for the
    /// [`WriteHalf`]. That half sends the Ping and waits for the Pong, so call [`WriteHalf::tick`], too.
    ///
    /// Call it after each read, also if the last call returned no deadline: only this call tells the
    /// `WriteHalf` that the silence has ended.
    #[doc(alias = "handle_timeout")]
    pub fn tick(&mut self, now: Duration) -> (Option<Signal>, Option<Duration>) {
        let wait = if self.half.is_over() { Wait::Nothing } else { Wait::Idle };
        let was_asking = self.timer.is_asking();
        let signal = match self.timer.tick(now, wait, &self.config.timeouts) {
            Due::Ping(_) => {
                self.timer.ping_signalled(now);
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

    /// Releases the memory of the inbound compression, as
    /// [`Connection::shrink_to_fit`](crate::Connection::shrink_to_fit) does.
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        self.half.shrink_to_fit();
    }

    /// [`State::Transmission`] while events can follow; [`State::End`] after the peer's Close or a violation.
    #[must_use]
    pub fn state(&self) -> State {
        if self.half.is_over() { State::End } else { State::Transmission }
    }
}

/// The half of a connection that writes. [`Connection::split`](crate::Connection::split) makes it.
///
/// Its methods write to `out` as those of the connection do. It learns from the peer's frames only through
/// the signals that it [handles](Self::handle_signal).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{CloseCode, Config, Connection, Negotiated, Server};
///
/// let connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let Ok((_, mut writer)) = connection.split() else { panic!("it is open") };
/// let mut out = Vec::new();
/// writer.send_text("last words", &mut out)?;
/// writer.close(CloseCode::NORMAL_CLOSURE, "", &mut out)?;
/// assert_eq!(out, b"\x81\x0alast words\x88\x02\x03\xe8"); // to be written to the transport
/// # }
/// # Ok::<(), websocket_proto::SendError>(())
/// ```
#[doc(alias("WebSocketWrite", "SplitSink"))]
#[derive(Clone)]
pub struct WriteHalf<R: Role> {
    role: R,
    config: Settings,
    timer: Timer,
    phase: Phase,
}

#[derive(Clone)]
enum Phase {
    Open(SendHalf),
    End(End),
}

impl WriteHalf<Server> {
    /// Returns the header of a frame with `payload` as a whole message, as
    /// [`Connection::encode_header`](crate::Connection::encode_header) does. Write all bytes of `out`, the
    /// header and the payload before the next call that takes `out`.
    ///
    /// # Errors
    /// If the connection has ended, a Close was sent, a fragmented message is open, or the payload of a text
    /// is not UTF-8.
    pub fn encode_header(&mut self, kind: MessageKind, payload: &[u8]) -> Result<HeaderBytes, SendError> {
        let (half, role) = self.send_half()?;
        Ok(half.message_header(kind, payload, role)?.encode())
    }
}

impl<R: Role> WriteHalf<R> {
    pub(super) fn new(role: R, config: Settings, timer: Timer, half: SendHalf) -> Self {
        Self { role, config, timer: timer.of_writer(), phase: Phase::Open(half) }
    }

    /// The role, the settings, the timer, and the inner write half or the end of the connection.
    pub(super) fn into_parts(self) -> (R, Settings, Timer, Result<SendHalf, End>) {
        let sending = match self.phase {
            Phase::Open(half) => Ok(half),
            Phase::End(end) => Err(end),
        };
        (self.role, self.config, self.timer, sending)
    }

    /// Handles a signal of the read half: writes the Pong for a Ping, the Close that answers the peer's
    /// Close or its violation, or the Ping after a silence. If `out` has no room, the reply is
    /// [pending](Self::has_pending_reply): one Close, or the newest of several Pongs.
    ///
    /// It can be called between any two other calls, also inside a fragmented message. After the end of the
    /// connection it writes only a pending reply, and completes [`close_status`](Self::close_status).
    ///
    /// Handle the signals in the order in which the read half returned them. Otherwise a Pong can follow a
    /// later one, the reply to a Ping can be lost after a Close, or a Ping can be sent after the silence has
    /// ended; but every frame is legal.
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

    /// Writes the pending reply, if there is one and `out` has room for it now. A client whose entropy source
    /// fails drops the reply.
    pub fn flush_reply(&mut self, out: &mut impl SendBuffer) {
        let Self { role, config, phase, .. } = self;
        let mut writer = Writer { role, config, out };
        match phase {
            Phase::Open(half) => half.flush_reply(&mut writer),
            Phase::End(end) => end.flush_reply(&mut writer),
        }
    }

    /// Whether a reply waits for room in `out`. If so, write `out` to the transport, then call
    /// [`flush_reply`](Self::flush_reply).
    #[must_use]
    pub fn has_pending_reply(&self) -> bool {
        match &self.phase {
            Phase::Open(half) => !half.pending.is_none(),
            Phase::End(end) => !end.pending.is_none(),
        }
    }

    sending_methods!();

    /// Ends the connection, because the transport has ended: the task that reads has finished, or a write has
    /// failed. Returns the Close frames that were sent, and that the handled signals report (§7.1.4–§7.1.6).
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

    /// Reports the time, as [`Connection::tick`](crate::Connection::tick) does, and returns the time of the
    /// next deadline. The clock must be that of [`ReadHalf::tick`], which notices a silence. This half waits
    /// for the Pong after its Ping, for the peer's Close, and for the end of the transport.
    ///
    /// # Errors
    /// A deadline has passed: the connection has ended, `out` has the Close frame for the peer, if there is
    /// one, and every later call returns the same error. Close the transport, so that the task that reads
    /// ends, too.
    #[doc(alias = "handle_timeout")]
    pub fn tick(&mut self, now: Duration, out: &mut impl SendBuffer) -> Result<Option<Duration>, Timeout> {
        self.flush_reply(out);
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
                        // No later call writes the reply, because the caller closes the transport now.
                        end.time_out(timeout);
                        self.phase = Phase::End(end);
                        Err(timeout)
                    }
                }
            }
            Phase::End(end) => end.tick(timer, now, &config.timeouts),
        }
    }

    /// Switches compression on or off for the messages that begin after this call, as
    /// [`Connection::set_compression`](crate::Connection::set_compression) does.
    #[cfg(feature = "deflate")]
    pub fn set_compression(&mut self, on: bool) {
        if let Phase::Open(half) = &mut self.phase {
            half.compression.set(on, &self.config);
        }
    }

    /// Releases the memory of the outbound compression, as
    /// [`Connection::shrink_to_fit`](crate::Connection::shrink_to_fit) does.
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        if let Phase::Open(half) = &mut self.phase {
            half.compression.shrink_to_fit();
        }
    }

    /// The phase of the connection, after the handled signals: [`State::Transmission`] or [`State::End`].
    #[must_use]
    pub fn state(&self) -> State {
        if let Phase::Open(_) = self.phase { State::Transmission } else { State::End }
    }

    /// Whether messages can be sent: no Close was sent (§5.5.1), and the connection has not ended.
    #[must_use]
    pub fn can_send(&self) -> bool {
        matches!(&self.phase, Phase::Open(half) if !half.closing.sent())
    }

    /// What to do with the transport, after all bytes of `out` were written to it. While a reply is pending,
    /// it is [`TransportAction::KeepOpen`]. When the transport is closed, the task that reads must end, too.
    #[must_use]
    pub fn transport_action(&self) -> TransportAction {
        if let Phase::End(end) = &self.phase { end.transport_action() } else { TransportAction::KeepOpen }
    }

    /// The Close frames that were sent, and that the handled signals report as received.
    #[must_use]
    pub fn close_status(&self) -> CloseStatus {
        match &self.phase {
            Phase::Open(half) => half.close_status(),
            Phase::End(end) => end.close_status,
        }
    }

    /// The inner write half, if the connection has not ended, and its writer.
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

    /// The inner write half, if the connection has not ended, and its role.
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
