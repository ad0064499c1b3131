//! The states of a connection, and the connection after its end (§7): its last reply and its close status.

use core::time::Duration;

use super::frame_writer::Writer;
use super::pending::PendingReply;
use super::send::SendHalf;
use super::signal::Content;
use crate::buffer::SendBuffer;
use crate::config::Settings;
use crate::error::{Error, HandshakeError, ProtocolError, SendError, Timeout};
use crate::role::Role;
use crate::rules::{CloseFrameStatus, CloseStatus, Due, Timeouts, Timer, Wait};
use crate::wire::CloseCode;

/// The phases of a connection, in this order.
///
/// ```
/// use websocket_proto::{Config, Connection, Negotiated, Server, State};
///
/// let mut connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// assert_eq!(connection.state(), State::Transmission);
/// connection.receive_eof();
/// assert_eq!(connection.state(), State::End);
/// ```
#[doc(alias("WebSocketState", "readyState"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are these three")]
pub enum State {
    /// The opening handshake (§4): CONNECTING.
    Handshake,
    /// The endpoints exchange messages (§6): OPEN, and CLOSING while one of the two Close frames is missing.
    Transmission,
    /// The closing handshake is complete, the connection has failed or was rejected, or the transport has
    /// ended (§7). No events follow, and no message can be sent.
    End,
}

/// What to do with the transport, after all bytes of `out` were written to it.
/// [`Connection::transport_action`](crate::Connection::transport_action) returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "§7.1.1 leaves these")]
pub enum TransportAction {
    /// Keep it open.
    KeepOpen,
    /// Wait until the peer closes it (§7.1.1: the server closes first).
    /// [`Config::close_timeout`](crate::Config::close_timeout) limits the wait: then
    /// [`tick`](crate::Connection::tick) returns an error, and the action is [`Close`](Self::Close).
    AwaitPeerClose,
    /// Close it: shut down its writing side, then read and discard input until its end or for a short time
    /// (§7.1.1). If a socket is closed with unread input, TCP can reset the connection, and the peer may
    /// never read the last frame (§1.4).
    Close,
}

/// A connection after its end.
#[derive(Clone)]
pub(super) struct End {
    /// What `receive` returns from now on.
    pub(super) outcome: Result<(), Error>,
    pub(super) close_status: CloseStatus,
    pub(super) pending: PendingReply,
    transport_action: TransportAction,
    /// What `tick` returns from now on.
    timeout: Option<Timeout>,
}

impl End {
    /// The opening handshake ended without a connection.
    pub(super) const fn of_handshake(outcome: Result<(), Error>) -> Self {
        let close_status = CloseStatus { sent: CloseFrameStatus::None, received: CloseFrameStatus::None };
        Self {
            outcome,
            close_status,
            pending: PendingReply::None,
            transport_action: TransportAction::Close,
            timeout: None,
        }
    }

    /// The opening handshake ended with an invalid request. A server answers it with the status of the error.
    pub(super) fn of_request(error: HandshakeError) -> Self {
        Self { pending: PendingReply::Rejection(error), ..Self::of_handshake(Err(error.into())) }
    }

    /// The transport ended.
    pub(super) fn of_transport(close_status: CloseStatus) -> Self {
        Self { close_status, ..Self::of_handshake(Ok(())) }
    }

    /// §7.1.7: the peer broke the protocol.
    pub(super) fn failed(half: &mut SendHalf, error: ProtocolError) -> Self {
        half.fail(error.close_code());
        Self::of_half(half, Err(error.into()), TransportAction::Close)
    }

    /// A deadline has passed. The Close has code 1011, as that of Python's websockets after a silence.
    pub(super) fn timed_out(half: &mut SendHalf) -> Self {
        half.fail(CloseCode::INTERNAL_ERROR);
        Self::of_half(half, Ok(()), TransportAction::Close)
    }

    /// The end of a connection whose closing handshake is complete (§7.1.4); `None` if it is not.
    pub(super) fn closed<R: Role>(half: &mut SendHalf) -> Option<Self> {
        // §7.1.1: the server closes the transport at once, and the client waits for that
        let action = if R::IS_SERVER { TransportAction::Close } else { TransportAction::AwaitPeerClose };
        half.is_closed().then(|| Self::of_half(half, Ok(()), action))
    }

    fn of_half(half: &mut SendHalf, outcome: Result<(), Error>, transport_action: TransportAction) -> Self {
        let close_status = half.close_status();
        Self { outcome, close_status, pending: half.take_pending(), transport_action, timeout: None }
    }

    /// Applies a signal to the write half. Returns the end of the connection, if the signal ends it.
    pub(super) fn by_signal<R: Role>(
        content: Content,
        half: &mut SendHalf,
        config: &Settings,
    ) -> Option<Self> {
        match content {
            Content::Pong(payload) => half.ping_received(payload),
            Content::Closed(code, payload) => half.close_received(code, payload, config.auto_close),
            Content::Failed(error) => return Some(Self::failed(half, error)),
            // The owner's timer handles them.
            Content::Silence | Content::Activity => {}
        }
        Self::closed::<R>(half)
    }

    /// Completes the outcome and the close status with a signal that is handled after the end.
    pub(super) fn late_signal(&mut self, content: &Content) {
        match content {
            Content::Closed(code, _) if self.close_status.received == CloseFrameStatus::None => {
                self.close_status.received = (*code).into();
            }
            Content::Failed(error) => self.outcome = self.outcome.and(Err((*error).into())),
            Content::Closed(..) | Content::Pong(_) | Content::Silence | Content::Activity => {}
        }
    }

    /// Writes the pending reply. Without room it stays pending. Without a masking key it is dropped, so that
    /// it does not keep the transport open.
    pub(super) fn flush_reply<R: Role, O: SendBuffer>(&mut self, writer: &mut Writer<'_, R, O>) {
        if self.pending.flush(writer) == Err(SendError::Entropy) {
            self.drop_reply();
        }
    }

    /// Drops the pending reply: it will not be written.
    fn drop_reply(&mut self) {
        if let PendingReply::Close(_) = self.pending {
            self.close_status.sent = CloseFrameStatus::None;
        }
        self.pending = PendingReply::None;
    }

    /// The transport ended.
    pub(super) fn transport_ended(&mut self) {
        self.drop_reply();
        self.transport_action = TransportAction::Close;
    }

    /// The timeout for the last reply, or for the peer to close the transport, has ended.
    pub(super) fn time_out(&mut self, timeout: Timeout) {
        self.transport_ended();
        self.timeout = Some(timeout);
    }

    /// What to do with the transport.
    pub(super) fn transport_action(&self) -> TransportAction {
        if self.pending.is_none() { self.transport_action } else { TransportAction::KeepOpen }
    }

    /// Advances the timer to `now`. Returns the next deadline, or the timeout that has ended.
    pub(super) fn tick(
        &mut self,
        timer: &mut Timer,
        now: Duration,
        timeouts: &Timeouts,
    ) -> Result<Option<Duration>, Timeout> {
        if let Some(timeout) = self.timeout {
            return Err(timeout);
        }
        let wait = match (self.pending.is_none(), self.transport_action) {
            (true, TransportAction::KeepOpen | TransportAction::Close) => Wait::Nothing,
            (false, _) => Wait::Close,
            (true, TransportAction::AwaitPeerClose) => Wait::Eof,
        };
        match timer.tick(now, wait, timeouts) {
            Due::Later(deadline) => Ok(deadline),
            Due::Ping(_) | Due::OutOfTime => {
                self.time_out(Timeout::Close);
                Err(Timeout::Close)
            }
        }
    }
}
