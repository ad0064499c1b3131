//! The connection: composes the handshake, the rules and the wire, and owns the state.

mod config;
#[cfg(feature = "deflate")]
mod deflating;
mod event;
mod handshake;
#[cfg(feature = "deflate")]
mod inflating;
mod note;
#[cfg(feature = "alloc")]
mod prepared;
mod send;
mod split;
mod tick;
mod transmission;

use core::fmt;

#[cfg(feature = "deflate")]
pub use config::DeflateConfig;
use config::Settings;
pub use config::{Config, Delivery};
pub use event::Event;
use handshake::Opening;
use note::Content;
pub use note::Signal;
#[cfg(feature = "alloc")]
pub use prepared::PreparedMessage;
pub use send::HeaderBytes;
use send::{Outbound, Owed};
pub use split::{ReadHalf, WriteHalf};
use transmission::{Extended, FastLimit, Inbound};

use crate::buffer::{ReceiveBuffer, SendBuffer, Storage};
use crate::error::{Error, HandshakeError, ProtocolError, SendError, Timeout};
use crate::handshake::Negotiated;
use crate::role::{Role, Server};
use crate::rules::{CloseFrameStatus, CloseStatus, Timer};
use crate::wire::{CloseCode, CloseFrame, MessageKind, Opcode, mask};

/// A WebSocket connection without a transport: bytes in, events and bytes out.
///
/// It has no heap (but for compression, with the feature `deflate`) and no buffer of its own, keeps no time
/// and knows no randomness but its owner's. Its methods are of four kinds:
///
/// * **Bytes in**: [`receive`](Self::receive) takes what is in a [`ReceiveBuffer`] and returns an [`Event`];
///   call it until it returns `None`, which means that more bytes are needed.
///   [`receive_eof`](Self::receive_eof) says that there are no more.
/// * **Answers**: [`accept`](Connection::accept) and [`reject`](Connection::reject), once, for the request
///   that a server received.
/// * **Sending**: [`send_text`](Self::send_text), [`send_binary`](Self::send_binary),
///   [`send_fragment`](Self::send_fragment), [`mask_and_encode_header`](Self::mask_and_encode_header),
///   [`encode_header`](Connection::encode_header), [`ping`](Self::ping), [`pong`](Self::pong),
///   [`close`](Self::close); with feature `alloc`, `send_prepared`.
/// * **Looking**: [`state`](Self::state), [`transport_action`](Self::transport_action),
///   [`close_status`](Self::close_status), [`has_pending_reply`](Self::has_pending_reply). Their answers
///   change only by the methods above.
///
/// Those that take `out` write to it. **After each of them, write `out` to the transport, in order and
/// whole**; then ask [`transport_action`](Self::transport_action). `receive` answers a Ping, a Close, a
/// violation and a bad request by itself. Where `out` has no room, the answer waits in the connection — one
/// Close, or of several Pongs the newest — and goes out with the next call that has
/// room; [`has_pending_reply`](Self::has_pending_reply) says that such a call (`receive`, with or without new
/// bytes) is due once `out` was written.
///
/// Where one task reads and another writes, [`split`](Self::split) it.
///
/// An [`Error`] is final: the connection has failed, `out` has what the peer is to be told, and every later
/// `receive` gives the same error. Misuse is a [`SendError`] or an [`AcceptError`](crate::AcceptError):
/// nothing was written, nothing has changed.
#[derive(Clone)]
pub struct Connection<R: Role> {
    role: R,
    config: Settings,
    timer: Timer,
    phase: Phase,
}

/// Without a heap, a connection is as large as its largest phase.
#[derive(Debug, Clone)]
enum Phase {
    Handshake(Opening),
    Transmission(Transmission),
    End(End),
}

/// An open connection: its two halves.
#[derive(Debug, Clone)]
struct Transmission {
    inbound: Inbound,
    extended: Extended,
    outbound: Outbound,
}

/// A connection that is over.
#[derive(Debug, Clone)]
struct End {
    /// What `receive` says from now on.
    outcome: Result<(), Error>,
    closed: CloseStatus,
    owed: Owed,
    transport_action: TransportAction,
    /// What `tick` says from now on.
    timeout: Option<Timeout>,
}

/// The phases of a connection, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are these three")]
pub enum State {
    /// The opening handshake (§4): CONNECTING.
    Handshake,
    /// Messages can come and go (§6): OPEN, and CLOSING while one of the two Close frames is missing.
    Transmission,
    /// The closing handshake is complete, or the connection has failed, was refused or was cut (§7): nothing
    /// more comes, nothing more can be sent.
    End,
}

/// What to do with the transport, once `out` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "§7.1.1 leaves these")]
pub enum TransportAction {
    /// Keep it.
    KeepOpen,
    /// Wait until the peer closes it, but not for ever (§7.1.1: a client leaves that to the server).
    AwaitPeerClose,
    /// Close it: shut down writing, and read to the end for a while. Whoever drops a socket in which bytes
    /// wait resets it, and the peer may never read the last frame (§7.1.1).
    Close,
}

impl Transmission {
    fn new(agreed: Negotiated, config: &Settings, is_server: bool) -> Self {
        let (extended, outbound) =
            (Extended::new(agreed, FastLimit::of(config)), Outbound::new(agreed, config, is_server));
        Self { inbound: Inbound::Between, extended, outbound }
    }
}

impl End {
    /// The opening handshake has come to nothing.
    const fn handshake(outcome: Result<(), Error>) -> Self {
        let closed = CloseStatus { sent: CloseFrameStatus::None, received: CloseFrameStatus::None };
        Self { outcome, closed, owed: Owed::Nothing, transport_action: TransportAction::Close, timeout: None }
    }

    fn refuse(&mut self, error: HandshakeError) {
        self.owed = Owed::RejectResponse(error);
    }

    /// What came before the end and is heard of after it: a note can be late.
    fn learn(&mut self, note: Signal) {
        match note.0 {
            Content::Pong(_) | Content::Silence | Content::Activity => {}
            Content::Closed(code, _) if self.closed.received == CloseFrameStatus::None => {
                self.closed.received = code.into()
            }
            Content::Closed(..) => {}
            Content::Failed(error) => self.outcome = self.outcome.and(Err(error.into())),
        }
    }

    /// Writes what is owed. What finds no room waits; what finds no masking key is given up, or the end would
    /// never come.
    fn pay<R: Role>(&mut self, role: &mut R, config: &Settings, out: &mut impl SendBuffer) {
        if self.owed.pay(role, config, out) == Err(SendError::Entropy) {
            self.unpaid();
        }
    }

    /// What is owed will not be written.
    fn unpaid(&mut self) {
        if let Owed::Close(_) = self.owed {
            self.closed.sent = CloseFrameStatus::None;
        }
        self.owed = Owed::Nothing;
    }

    /// The peer's time is over.
    fn time_out(&mut self, timeout: Timeout) {
        self.unpaid();
        self.transport_action = TransportAction::Close;
        self.timeout = Some(timeout);
    }
}

impl Connection<Server> {
    /// Makes a message of `payload` without copying or changing it: returns the frame's head. A server's
    /// payload is not masked (§5.1), so it can be what an event has brought, or what goes to many. Send
    /// `out` first, whole; then the head, then the payload, for instance with one vectored write, and all
    /// of it before the next call.
    ///
    /// ```
    /// use std::io::{IoSlice, Write as _};
    ///
    /// use websocket_proto::handshake::Negotiated;
    /// use websocket_proto::{Config, Connection, MessageKind, Server};
    ///
    /// # let mut transport = Vec::new();
    /// let mut connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
    /// let payload = b"Hello";
    /// let head = connection.encode_header(MessageKind::Text, payload)?;
    /// transport.write_vectored(&[IoSlice::new(&head), IoSlice::new(payload)])?;
    /// # assert_eq!(transport, b"\x81\x05Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where the connection is not open for it, or the payload of a text is not UTF-8.
    pub fn encode_header(&mut self, kind: MessageKind, payload: &[u8]) -> Result<HeaderBytes, SendError> {
        let (outbound, role, _) = self.sending()?;
        Ok(outbound.apart(role, kind, payload)?.encode())
    }
}

impl<R: Role> Connection<R> {
    /// A connection whose opening handshake was done elsewhere: by an HTTP server that upgrades, or with RFC
    /// 8441 or RFC 9220 over HTTP/2 or HTTP/3. What came after the handshake goes into the
    /// [`ReceiveBuffer`] first.
    #[must_use]
    pub fn established(role: R, agreed: Negotiated, config: Config) -> Self {
        let config = Settings::from(config);
        Self {
            role,
            config,
            timer: Timer::NEW,
            phase: Phase::Transmission(Transmission::new(agreed, &config, R::IS_SERVER)),
        }
    }

    /// The next event out of `inbound`; `None` where more bytes are needed, or the application's answer to a
    /// request. What is to be answered at once is written to `out`.
    ///
    /// An empty `inbound` is not the end of the transport: that is [`receive_eof`](Self::receive_eof). After
    /// the connection's end all input is discarded.
    ///
    /// # Errors
    /// A violation by the peer, after all events that came before it; the connection has failed then
    /// (§7.1.7).
    #[inline(always)]
    pub fn receive<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        if let Phase::Transmission(Transmission {
            inbound: half,
            outbound: Outbound { owed: Owed::Nothing, .. },
            extended,
        }) = &self.phase
        {
            if let Some((kind, len)) = half.small::<R, S>(inbound, extended.fast) {
                self.timer.heard();
                return match Inbound::whole(kind, inbound.take(len), self.config.delivery) {
                    Ok(event) => Ok(Some(event)),
                    Err(payload) => self.invalid_text(payload, out),
                };
            }
            if half.waits(inbound, self.config.delivery) {
                self.timer.saw(inbound.kept());
                return Ok(None);
            }
        }
        self.receive_any(inbound, out)
    }

    #[inline(never)]
    fn receive_any<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        self.pay(out);
        match &mut self.phase {
            Phase::Handshake(_) => self.receive_head(inbound, out),
            Phase::Transmission(transmission) => {
                match transmission.inbound.next::<R, S>(
                    inbound,
                    &self.config,
                    &mut transmission.extended,
                    &mut self.timer,
                ) {
                    Ok(event) => {
                        if let Some(note) = Signal::of(&event, &self.config) {
                            self.handle_signal(note, out);
                        }
                        Ok(event)
                    }
                    Err(error) => Err(self.fail(error, out)),
                }
            }
            Phase::End(end) => {
                inbound.clear();
                end.outcome.map(|()| None)
            }
        }
    }

    /// A text in one frame that is not UTF-8.
    #[cold]
    #[inline(never)]
    fn invalid_text<'b>(
        &mut self,
        payload: &'b [u8],
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        let Phase::Transmission(transmission) = &mut self.phase else { return Ok(None) };
        transmission
            .inbound
            .invalid_text(payload, self.config.delivery)
            .map(Some)
            .map_err(|error| self.fail(error, out))
    }

    /// Writes what is owed; what cannot be written waits.
    fn pay(&mut self, out: &mut impl SendBuffer) {
        match &mut self.phase {
            Phase::Handshake(_) => {}
            Phase::Transmission(transmission) => transmission.outbound.pay(&mut self.role, &self.config, out),
            Phase::End(end) => end.pay(&mut self.role, &self.config, out),
        }
    }

    /// Owes what a note asks for.
    fn owe(&mut self, note: Signal) {
        match &mut self.phase {
            Phase::Handshake(_) => {}
            Phase::Transmission(transmission) => {
                if let Some(end) = transmission.outbound.owe::<R>(note, &self.config) {
                    self.phase = Phase::End(end);
                }
            }
            Phase::End(end) => end.learn(note),
        }
    }

    /// The inbound half tells the outbound half: has_pending_reply what the note asks for, and pays if there
    /// is room.
    fn handle_signal(&mut self, note: Signal, out: &mut impl SendBuffer) {
        self.owe(note);
        self.pay(out);
    }

    fn end(&mut self, end: End, out: &mut impl SendBuffer) {
        self.phase = Phase::End(end);
        self.pay(out);
    }

    /// §7.1.7: _Fail the WebSocket Connection_.
    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: ProtocolError, out: &mut impl SendBuffer) -> Error {
        self.handle_signal(Signal(Content::Failed(error)), out);
        error.into()
    }

    /// The transport has ended: no more bytes will come, and none can be sent. How the closing handshake
    /// stood (§7.1.4–§7.1.6).
    pub fn receive_eof(&mut self) -> CloseStatus {
        match &mut self.phase {
            Phase::End(end) => {
                end.unpaid();
                end.transport_action = TransportAction::Close;
                end.closed
            }
            Phase::Handshake(_) | Phase::Transmission(_) => {
                let closed = self.close_status();
                self.phase = Phase::End(End { closed, ..End::handshake(Ok(())) });
                closed
            }
        }
    }

    /// Sends a text message, in one frame.
    ///
    /// # Errors
    /// Where the connection is not open for it or `out` has no room; nothing is written then.
    #[inline]
    pub fn send_text(&mut self, text: &str, out: &mut impl SendBuffer) -> Result<(), SendError> {
        let (outbound, role, config) = self.sending()?;
        outbound.message(role, config, MessageKind::Text, text.as_bytes(), out)
    }

    /// Sends a binary message, in one frame.
    ///
    /// # Errors
    /// Where the connection is not open for it or `out` has no room; nothing is written then.
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
        let (outbound, role, config) = self.sending()?;
        outbound.message(role, config, MessageKind::Binary, bytes, out)
    }

    /// Sends a message that was encoded before, in one frame: what [`send_text`](Self::send_text) and
    /// [`send_binary`](Self::send_binary) write, for messages that go to many.
    ///
    /// # Errors
    /// Where the connection is not open for it or `out` has no room; nothing is written then.
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn send_prepared(
        &mut self,
        message: &PreparedMessage,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        let (outbound, role, config) = self.sending()?;
        outbound.prepared(role, config, message, out)
    }

    /// Sends the next part of a message, a frame each (§5.4). The first begins it; `last` ends it. Between
    /// them only control frames can be sent. A part of text can end inside a code point.
    ///
    /// # Errors
    /// Where the connection is not open for it, the part does not fit the message, or `out` has no room;
    /// nothing is written then.
    pub fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        let (outbound, role, config) = self.sending()?;
        outbound.part(role, config, kind, payload, last, out)
    }

    /// Makes a message of `payload` without copying it: returns the frame's head, and leaves `payload` as it
    /// has to go on the wire: a client's is masked in place, and a server needs no more than
    /// [`encode_header`](Connection::encode_header). Send `out` first, whole; then the head, then the
    /// payload, for instance with one vectored write.
    ///
    /// # Errors
    /// Where the connection is not open for it, or the payload of a text is not UTF-8; it is as before then.
    pub fn mask_and_encode_header(
        &mut self,
        kind: MessageKind,
        payload: &mut [u8],
    ) -> Result<HeaderBytes, SendError> {
        let (outbound, role, _) = self.sending()?;
        let header = outbound.apart(role, kind, payload)?;
        if let Some(key) = header.masking_key {
            mask(payload, key, 0);
        }
        Ok(header.encode())
    }

    /// Sends a Ping with at most 125 bytes (§5.5.2). The Pong that answers it has the same.
    ///
    /// # Errors
    /// Where the connection is not open for it, the payload is too long, or `out` has no room; nothing is
    /// written then.
    pub fn ping(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
        let (outbound, role, config) = self.sending()?;
        outbound.control(role, config, Opcode::Ping, payload, out)
    }

    /// Sends a Pong with at most 125 bytes that no Ping asked for (§5.5.3), or that [`Config::auto_pong`]
    /// leaves to the application.
    ///
    /// # Errors
    /// Where the connection is not open for it, the payload is too long, or `out` has no room; nothing is
    /// written then.
    pub fn pong(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
        let (outbound, role, config) = self.sending()?;
        outbound.control(role, config, Opcode::Pong, payload, out)
    }

    /// Begins the closing handshake, or answers the peer's Close (§7.1.2). Nothing can be sent after it;
    /// messages still come until the peer's Close does. The reason has at most 123 bytes.
    ///
    /// # Errors
    /// Where a Close was sent already, the reason is too long, or `out` has no room; nothing is written then.
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        self.send_close(Some(CloseFrame { code, reason }), out)
    }

    /// The same with an empty Close, which has no code (§7.1.5: the peer reports 1005); for instance to
    /// answer one where [`Config::auto_close`] is off.
    ///
    /// # Errors
    /// Where a Close was sent already, or `out` has no room; nothing is written then.
    pub fn close_empty(&mut self, out: &mut impl SendBuffer) -> Result<(), SendError> {
        self.send_close(None, out)
    }

    fn send_close(
        &mut self,
        frame: Option<CloseFrame<'_>>,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        let (outbound, role, config) = self.sending()?;
        outbound.close(role, config, frame, out)?;
        if let Some(end) = outbound.end::<R>() {
            self.phase = Phase::End(end);
        }
        Ok(())
    }

    /// What was agreed on in the opening handshake: to a server from its request on, to a client from the
    /// response.
    #[must_use]
    pub fn negotiated(&self) -> Option<Negotiated> {
        match &self.phase {
            Phase::Handshake(opening) => opening.negotiated(),
            Phase::Transmission(transmission) => Some(transmission.extended.agreed),
            Phase::End(_) => None,
        }
    }

    /// Whether messages that begin from now on are compressed, where that was agreed on and
    /// [`Config::deflate`] has it so. On, unless it was switched off. To switch it off for a message with
    /// a secret in it is a way to meet RFC 7692 §8.
    #[cfg(feature = "deflate")]
    pub fn compress(&mut self, on: bool) {
        if let Phase::Transmission(transmission) = &mut self.phase {
            transmission.outbound.compress(on, &self.config);
        }
    }

    /// Gives back the memory that no message needs now: of the outbound compression all of it, of the inbound
    /// all but the window. For a connection that is idle. The next message compresses as the first did,
    /// no worse than without context takeover.
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        if let Phase::Transmission(transmission) = &mut self.phase {
            transmission.outbound.shrink_to_fit();
            if transmission.inbound == Inbound::Between {
                transmission.extended.inflater.shrink_to_fit();
            }
        }
    }

    /// The phase of the connection.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Handshake(_) => State::Handshake,
            Phase::Transmission(_) => State::Transmission,
            Phase::End(_) => State::End,
        }
    }

    /// What to do with the transport, once `out` is written.
    #[must_use]
    pub fn transport_action(&self) -> TransportAction {
        match &self.phase {
            Phase::End(end) if end.owed == Owed::Nothing => end.transport_action,
            Phase::Handshake(_) | Phase::Transmission(_) | Phase::End(_) => TransportAction::KeepOpen,
        }
    }

    /// The Close frames sent and received.
    #[must_use]
    pub fn close_status(&self) -> CloseStatus {
        match &self.phase {
            Phase::Handshake(_) => CloseStatus::default(),
            Phase::Transmission(transmission) => transmission.outbound.closing.facts(),
            Phase::End(end) => end.closed,
        }
    }

    /// Whether an answer waits for room in `out`: call [`receive`](Self::receive) again once `out` was
    /// written, before waiting for bytes.
    #[must_use]
    pub fn has_pending_reply(&self) -> bool {
        match &self.phase {
            Phase::Handshake(_) => false,
            Phase::Transmission(transmission) => transmission.outbound.owed != Owed::Nothing,
            Phase::End(end) => end.owed != Owed::Nothing,
        }
    }

    #[inline]
    fn sending(&mut self) -> Result<(&mut Outbound, &mut R, &Settings), SendError> {
        match &mut self.phase {
            Phase::Handshake(_) => Err(SendError::NotOpen),
            Phase::Transmission(transmission) => {
                Ok((&mut transmission.outbound, &mut self.role, &self.config))
            }
            Phase::End(_) => Err(SendError::Closed),
        }
    }
}

impl<R: Role> fmt::Debug for Connection<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if R::IS_SERVER { "Server" } else { "Client" };
        let mut out = f.debug_struct("Connection");
        out.field("role", &side).field("state", &self.state()).field("close_status", &self.close_status());
        out.finish_non_exhaustive()
    }
}
