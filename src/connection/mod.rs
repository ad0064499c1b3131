//! The connection: composes the handshake, the rules and the wire, and owns the state.
//!
//! ```text
//!                        mod.rs  Connection         split.rs  ReadHalf, WriteHalf
//!            ┌──────────────┬──────┴────────┬──────────────────┘
//!      handshake.rs     receive.rs        end.rs ── tick.rs
//!                           │               │
//!                    receive_state.rs    send.rs
//!                       message.rs          │
//!                      decompress.rs        │
//!                                       pending.rs  compress.rs  prepared.rs
//!                                           │
//!                                     frame_writer.rs
//! ```

#[cfg_attr(not(feature = "deflate"), path = "compress_off.rs")]
mod compress;
#[cfg_attr(not(feature = "deflate"), path = "decompress_off.rs")]
mod decompress;
mod end;
mod event;
mod frame_writer;
mod handshake;
mod message;
mod pending;
mod phase;
#[cfg(feature = "alloc")]
mod prepared;
mod receive;
mod receive_state;
mod send;
mod sending;
mod signal;
mod split;
mod tick;

use core::fmt;
use core::time::Duration;

use end::End;
pub use end::{State, TransportAction};
pub use event::Event;
use event::message_event;
use frame_writer::Writer;
use handshake::{Opening, Turn};
use phase::{Phase, Transmission};
#[cfg(feature = "alloc")]
pub use prepared::PreparedMessage;
use receive::Fast;
use send::SendHalf;
use sending::sending_methods;
use signal::Content;
pub use signal::Signal;
pub use split::{ReadHalf, WriteHalf};
use tick::OutOfTime;

use crate::buffer::{ReceiveBuffer, SendBuffer, Storage};
use crate::config::{Config, Settings};
use crate::error::{AcceptError, Error, HandshakeError, ProtocolError, RequestError, SendError, Timeout};
use crate::handshake::{Accept, ClientRequest, Negotiated, Reject};
use crate::role::{Client, Entropy, Role, Server};
use crate::rules::{CloseStatus, Due, Timer, Wait};
use crate::wire::{CloseCode, CloseFrame, HeaderBytes, MessageKind, Opcode, mask};

/// A WebSocket connection without a transport: bytes in, events and bytes out.
///
/// It has no heap (except for compression, with feature `deflate`), no buffer, no clock and no source of
/// random numbers. Its methods are of four kinds:
///
/// * **Input**: [`receive`](Self::receive) reads the bytes of a [`ReceiveBuffer`] and returns an [`Event`].
///   Call it until it returns `None`, which means that more bytes are needed.
///   [`receive_eof`](Self::receive_eof) says that the transport has ended, and [`tick`](Self::tick) what time
///   it is.
/// * **Answers** to the request that a server received: [`accept`](Connection::accept) or
///   [`reject`](Connection::reject), once.
/// * **Sending**: [`send_text`](Self::send_text), [`send_binary`](Self::send_binary),
///   [`send_fragment`](Self::send_fragment), `send_prepared` (feature `alloc`),
///   [`encode_header`](Connection::encode_header), [`mask_and_encode_header`](Self::mask_and_encode_header),
///   [`ping`](Self::ping), [`pong`](Self::pong), [`close`](Self::close).
/// * **Queries**: [`state`](Self::state), [`can_send`](Self::can_send),
///   [`transport_action`](Self::transport_action), [`close_status`](Self::close_status),
///   [`has_pending_reply`](Self::has_pending_reply). Only the other methods change their answers.
///
/// The methods that take `out` append to it. **After each of them, write `out` to the transport, in order and
/// whole, also if it returned an error**; then ask [`transport_action`](Self::transport_action).
///
/// `receive` itself replies to a Ping, a Close, a violation and a bad request. If `out` has no room, the
/// reply waits in the connection: one Close, or the newest of several Pongs.
/// [`has_pending_reply`](Self::has_pending_reply) says so; [`flush_reply`](Self::flush_reply), or any other
/// call that takes `out`, writes it once there is room.
///
/// To read in one task and to write in another, [`split`](Self::split) it.
///
/// An [`Error`] is final, except for [`Error::WrongBuffer`]: the connection has failed, `out` has what the
/// peer must be told, and every later `receive` returns the same error. Misuse is a [`SendError`] or an
/// [`AcceptError`]: nothing was written, and nothing has changed.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Config, Connection, Event, Negotiated, ReceiveBuffer, Server};
///
/// let mut connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
/// let count = inbound.feed(b"\x81\x85\0\0\0\0Hello\x89\x80\0\0\0\0"); // what the transport received
/// assert_eq!(count, 17);
/// while let Some(event) = connection.receive(&mut inbound, &mut out)? {
///     if let Event::Text(text) = event {
///         connection.send_text(text, &mut out)?;
///     }
/// }
/// assert_eq!(out, b"\x81\x05Hello\x8a\0"); // the echo and a Pong, to be written to the transport
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "WebSocket")]
#[doc(alias = "WebSocketStream")]
#[doc(alias = "Protocol")]
#[derive(Clone)]
pub struct Connection<R: Role> {
    role: R,
    config: Settings,
    timer: Timer,
    phase: Phase,
}

impl Connection<Server> {
    /// A server that waits for a request.
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(Server::new(), config.into(), Phase::Handshake(Opening::server()))
    }

    /// Accepts the request that [`Event::Request`] reported: writes the 101, and the connection is open
    /// (§4.2.2).
    ///
    /// # Errors
    /// If there is no such request, the subprotocol is of another one, a header cannot be written, or `out`
    /// has no room; nothing is written then.
    pub fn accept(&mut self, accept: Accept<'_>, out: &mut impl SendBuffer) -> Result<(), AcceptError> {
        let Phase::Handshake(opening) = &mut self.phase else { return Err(AcceptError::NoRequest) };
        let negotiated = opening.accept(accept, &self.config, out)?;
        let transmission = Transmission::new::<Server>(negotiated, &self.config, *opening.retained());
        self.phase = Phase::Transmission(transmission);
        Ok(())
    }

    /// Answers the request that [`Event::Request`] or [`Event::PlainRequest`] reported without opening a
    /// connection, and ends it (§4.2.2).
    ///
    /// # Errors
    /// If there is no such request, the response cannot be written, or `out` has no room; nothing is written
    /// then.
    pub fn reject(&mut self, reject: Reject<'_>, out: &mut impl SendBuffer) -> Result<(), AcceptError> {
        let Phase::Handshake(opening) = &self.phase else { return Err(AcceptError::NoRequest) };
        opening.reject(reject, &self.config, out)?;
        self.phase = Phase::End(End::of_handshake(Ok(())));
        Ok(())
    }

    /// Makes a message of `payload` without copying or changing it: returns the header of its frame. A server
    /// does not mask (§5.1), so the payload can be that of an event, or one that is sent to many. Write
    /// `out` first, whole; then the header, then the payload, for instance with one vectored write, and
    /// all of it before the next call.
    ///
    /// ```
    /// use std::io::{IoSlice, Write as _};
    ///
    /// use websocket_proto::{Config, Connection, MessageKind, Negotiated, Server};
    ///
    /// # let mut transport = Vec::new();
    /// let mut connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
    /// let payload = b"Hello";
    /// let header = connection.encode_header(MessageKind::Text, payload)?;
    /// transport.write_vectored(&[IoSlice::new(&header), IoSlice::new(payload)])?;
    /// # assert_eq!(transport, b"\x81\x05Hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a Close was sent, a fragmented message is open, or the payload of a text is not UTF-8.
    pub fn encode_header(&mut self, kind: MessageKind, payload: &[u8]) -> Result<HeaderBytes, SendError> {
        let (half, role) = self.send_half()?;
        Ok(half.message_header(kind, payload, role)?.encode())
    }
}

impl<E: Entropy> Connection<Client<E>> {
    /// A client that has written its request to `out` and waits for the response (§4.1). It takes 16 bytes of
    /// `entropy` now, and 4 for every frame that it sends.
    ///
    /// # Errors
    /// If the request cannot be written, `out` has no room, or there is no entropy.
    pub fn client(
        request: ClientRequest<'_>,
        config: Config,
        entropy: E,
        out: &mut impl SendBuffer,
    ) -> Result<Self, RequestError> {
        let (mut role, config) = (Client::new(entropy), Settings::from(config));
        let opening = Opening::client(request, role.nonce()?, &config, out)?;
        Ok(Self::new(role, config, Phase::Handshake(opening)))
    }
}

impl<R: Role> Connection<R> {
    fn new(role: R, config: Settings, phase: Phase) -> Self {
        Self { role, config, timer: Timer::NEW, phase }
    }

    /// A connection whose opening handshake was done elsewhere: by an HTTP server that upgrades, or with RFC
    /// 8441 or RFC 9220 over HTTP/2 or HTTP/3. Bytes received after the handshake go into the
    /// [`ReceiveBuffer`] first.
    #[doc(alias = "from_upgraded")]
    #[doc(alias = "from_raw_socket")]
    #[must_use]
    pub fn established(role: R, negotiated: Negotiated, config: Config) -> Self {
        let config = Settings::from(config);
        let transmission = Transmission::new::<R>(negotiated, &config, 0);
        Self::new(role, config, Phase::Transmission(transmission))
    }

    /// Reads the next event from `inbound`; `None` if more bytes are needed, or the application's answer to a
    /// request. Writes the reply that is due to `out`.
    ///
    /// An empty `inbound` is not the end of the transport: that is [`receive_eof`](Self::receive_eof). After
    /// the end of the connection all input is discarded.
    ///
    /// # Errors
    /// A violation by the peer, after all events before it; the connection has failed then (§7.1.7). Or
    /// [`Error::WrongBuffer`]: nothing was read, and the connection goes on with the right buffer.
    #[doc(alias = "read")]
    #[doc(alias = "read_message")]
    #[doc(alias = "poll")]
    // Inlined into the caller's loop, so that the match on the event and the fast path become one.
    #[inline(always)]
    pub fn receive<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        inbound.forget_payload();
        if let Phase::Transmission(Transmission { receive, send }) = &self.phase {
            if send.pending.is_none() {
                match receive.fast::<R, S>(inbound, self.config.delivery) {
                    Fast::Message(kind, len) => {
                        self.timer.heard();
                        let (payload, delivered) = inbound.deliver(len);
                        return match message_event(kind, payload, self.config.delivery) {
                            Ok(event) => {
                                delivered.all();
                                Ok(Some(event))
                            }
                            Err(payload) => {
                                let event = self.invalid_text(payload, out);
                                if let Ok(Some(Event::TextPart { text, .. })) = event {
                                    delivered.first(text.len());
                                }
                                event
                            }
                        };
                    }
                    Fast::NeedMore => {
                        self.timer.saw(inbound.held_len());
                        return Ok(None);
                    }
                    Fast::Slow => {}
                }
            }
        }
        self.receive_slow(inbound, out)
    }

    // Out of line, so that `receive` stays small in its callers.
    #[inline(never)]
    fn receive_slow<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        self.flush_reply(out);
        match &mut self.phase {
            Phase::Handshake(_) => self.receive_head(inbound, out),
            Phase::Transmission(transmission) => {
                match transmission.receive.next::<R, S>(inbound, &self.config, &mut self.timer) {
                    Ok(event) => {
                        if let Some(content) = Content::of(&event, &self.config) {
                            self.handle(content, out);
                        }
                        Ok(event)
                    }
                    Err(Error::Protocol(error)) => Err(self.fail(error, out)),
                    Err(error) => Err(error),
                }
            }
            Phase::End(end) => {
                inbound.clear();
                end.outcome.map(|()| None)
            }
        }
    }

    fn receive_head<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        let Phase::Handshake(opening) = &mut self.phase else { return Ok(None) };
        match opening.turn(inbound, &self.config) {
            Ok(Turn::Wait) => Ok(None),
            Ok(Turn::Received(event)) => Ok(Some(event)),
            Ok(Turn::Open(event, negotiated)) => {
                self.phase = Phase::Transmission(Transmission::new::<R>(negotiated, &self.config, 0));
                Ok(Some(event))
            }
            Ok(Turn::Rejected(event)) => {
                self.phase = Phase::End(End::of_handshake(Ok(())));
                Ok(Some(event))
            }
            Err(Error::Handshake(error)) => {
                let failed = End::of_handshake(Err(error.into()));
                self.end(if R::IS_SERVER { End::of_request(error) } else { failed }, out);
                Err(error.into())
            }
            Err(error) => Err(error),
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
        let event = transmission.receive.invalid_text(payload, self.config.delivery);
        event.map(Some).map_err(|error| self.fail(error, out))
    }

    /// §7.1.7: _Fail the WebSocket Connection_.
    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: ProtocolError, out: &mut impl SendBuffer) -> Error {
        self.handle(Content::Failed(error), out);
        error.into()
    }

    /// Replies to what the half that reads has received.
    fn handle(&mut self, content: Content, out: &mut impl SendBuffer) {
        if let Phase::Transmission(transmission) = &mut self.phase {
            if let Some(end) = End::by_signal::<R>(content, &mut transmission.send, &self.config) {
                self.phase = Phase::End(end);
            }
        }
        self.flush_reply(out);
    }

    fn end(&mut self, end: End, out: &mut impl SendBuffer) {
        self.phase = Phase::End(end);
        self.flush_reply(out);
    }

    /// Writes the reply that waits for room in `out`, if there is room now; of a client also if a masking key
    /// was missing. Without a pending reply, nothing happens.
    pub fn flush_reply(&mut self, out: &mut impl SendBuffer) {
        let Self { role, config, phase, .. } = self;
        phase.flush_reply(&mut Writer { role, config, out });
    }

    /// Says that the transport has ended: no more bytes are received, and none can be sent. Returns how the
    /// closing handshake stood (§7.1.4–§7.1.6).
    #[doc(alias = "eof")]
    pub fn receive_eof(&mut self) -> CloseStatus {
        let status = self.close_status();
        match &mut self.phase {
            Phase::End(end) => {
                end.transport_ended();
                end.close_status
            }
            Phase::Handshake(_) | Phase::Transmission(_) => {
                self.phase = Phase::End(End::of_transport(status));
                status
            }
        }
    }

    /// Says what time it is: `now` since any fixed point of a monotonic clock. Returns when to call it again,
    /// if ever; that is later than `now`. A caller that never ticks has no deadlines, and no cost
    /// for them.
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
    /// # use std::io::Write;
    /// # use websocket_proto::{Config, Connection, Negotiated, SendSlice, Server};
    /// # let mut connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
    /// # let (mut memory, mut transport) = ([0; 200], std::io::sink());
    /// # let mut out = SendSlice::new(&mut memory);
    /// let started = std::time::Instant::now();
    /// // In the loop, before waiting for the transport:
    /// let deadline = connection.tick(started.elapsed(), &mut out);
    /// transport.write_all(out.as_slice())?; // also before an error: `out` has a Close or an HTTP response
    /// # out.consume(usize::MAX);
    /// let wait = deadline?.map(|deadline| deadline.saturating_sub(started.elapsed())); // a read timeout, a timer
    /// assert!(wait.is_some_and(|wait| wait <= Duration::from_secs(20)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The time for something is over: the connection has ended, `out` has what the peer must be told, and
    /// every later call returns the same error.
    #[doc(alias = "handle_timeout")]
    #[doc(alias = "poll_timeout")]
    pub fn tick(&mut self, now: Duration, out: &mut impl SendBuffer) -> Result<Option<Duration>, Timeout> {
        let Self { role, config, timer, phase } = self;
        match phase {
            Phase::Handshake(opening) => {
                // The application takes its time.
                let wait = if opening.awaits_answer() { Wait::Nothing } else { Wait::Handshake };
                if let Due::Later(deadline) = timer.tick(now, wait, &config.timeouts) {
                    return Ok(deadline);
                }
                let error = HandshakeError::TimedOut;
                let end = if opening.has_begun() {
                    End::of_request(error)
                } else {
                    End::of_handshake(Err(error.into()))
                };
                Err(self.time_out(end, Timeout::Handshake, out))
            }
            Phase::Transmission(Transmission { send, .. }) => {
                let mut writer = Writer { role, config, out };
                match tick::tick(timer, send, now, Wait::Idle, &mut writer) {
                    Ok(deadline) => Ok(deadline),
                    Err(OutOfTime) => {
                        let (timeout, end) = (send.timeout(), End::timed_out(send));
                        Err(self.time_out(end, timeout, out))
                    }
                }
            }
            Phase::End(end) => end.tick(timer, now, &config.timeouts),
        }
    }

    #[cold]
    fn time_out(&mut self, end: End, timeout: Timeout, out: &mut impl SendBuffer) -> Timeout {
        self.end(end, out);
        if let Phase::End(end) = &mut self.phase {
            // A reply that found no room by now never will.
            end.time_out(timeout);
        }
        timeout
    }

    /// Splits an open connection into two halves, for two tasks or threads: one reads, one writes, and no
    /// lock is between them. The half that reads returns [`Signal`]s, which go to the half that writes
    /// over any channel that keeps the order. Together they do what the connection would have done; a
    /// signal that is late makes a reply late, no more. `join` makes one connection of them again.
    ///
    /// ```
    /// # #[cfg(feature = "alloc")] {
    /// use websocket_proto::{Config, Connection, Event, Negotiated, ReceiveBuffer, Server};
    ///
    /// let connection = Connection::established(Server::new(), Negotiated::new(), Config::default());
    /// let Ok((mut reader, mut writer)) = connection.split() else { panic!("it is open") };
    /// let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
    ///
    /// // In the task that reads, until there is no event:
    /// assert_eq!(inbound.feed(b"\x89\x81\0\0\0\0?"), 7);
    /// let (signal, event) = reader.receive(&mut inbound);
    /// assert!(matches!(event, Ok(Some(Event::Ping(b"?")))));
    ///
    /// // In the task that writes:
    /// if let Some(signal) = signal {
    ///     writer.handle_signal(signal, &mut out);
    /// }
    /// writer.send_text("Hello", &mut out)?;
    /// assert_eq!(out, b"\x8a\x01?\x81\x05Hello"); // to be written to the transport
    /// # }
    /// # Ok::<(), websocket_proto::SendError>(())
    /// ```
    ///
    /// # Errors
    /// The connection itself, if it is not open: the opening handshake, and the end, are the whole
    /// connection's.
    #[doc(alias = "into_split")]
    #[expect(clippy::result_large_err, reason = "the connection comes back without a heap")]
    pub fn split(self) -> Result<(ReadHalf<R>, WriteHalf<R>), Self> {
        let Self { role, config, timer, phase } = self;
        match phase {
            Phase::Transmission(Transmission { receive, send }) => {
                let reader = ReadHalf::new(config, timer, receive);
                Ok((reader, WriteHalf::new(role, config, timer, send)))
            }
            Phase::Handshake(_) | Phase::End(_) => Err(Self { role, config, timer, phase }),
        }
    }

    /// Joins the two halves of one connection, at any moment. The write half must have handled all signals: a
    /// signal that is lost is a reply, or a Close, that the connection never sends.
    ///
    /// The halves must be of one connection, which nothing checks. A read half that is joined with the write
    /// half of another connection goes on with the closing handshake, the masking keys and the [`Config`]
    /// of that one: its peer may see a protocol error, but nothing panics.
    #[doc(alias = "unsplit")]
    #[doc(alias = "reunite")]
    #[must_use]
    pub fn join(reader: ReadHalf<R>, writer: WriteHalf<R>) -> Self {
        let (receive, reader_timer) = reader.into_parts();
        let (role, config, timer, sending) = writer.into_parts();
        let (timer, phase) = match sending {
            Ok(send) => {
                let timer = if tick::wait(&send, Wait::Idle) == Wait::Idle {
                    reader_timer.join(&timer)
                } else {
                    timer
                };
                (timer, Phase::Transmission(Transmission { receive, send }))
            }
            Err(end) => (timer, Phase::End(end)),
        };
        Self { role, config, timer, phase }
    }

    sending_methods!();

    /// What the opening handshake negotiated: known to a server from the request on, to a client from the
    /// response.
    #[must_use]
    pub fn negotiated(&self) -> Option<Negotiated> {
        match &self.phase {
            Phase::Handshake(opening) => opening.negotiated(),
            Phase::Transmission(transmission) => Some(transmission.receive.negotiated),
            Phase::End(_) => None,
        }
    }

    /// Whether messages that begin from now on are compressed, if permessage-deflate was negotiated and
    /// [`Config::deflate`] allows it. On, unless it was switched off. To switch it off for a message with a
    /// secret in it is a way to meet RFC 7692 §8.
    #[cfg(feature = "deflate")]
    pub fn set_compression(&mut self, on: bool) {
        if let Phase::Transmission(transmission) = &mut self.phase {
            transmission.send.compression.set(on, &self.config);
        }
    }

    /// Releases the memory that no message needs now, for a connection that is idle: of the outbound
    /// compression all of it, of the inbound all but the window. The next message is compressed like the
    /// first one, no worse than without context takeover.
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        if let Phase::Transmission(transmission) = &mut self.phase {
            transmission.send.compression.shrink_to_fit();
            transmission.receive.shrink_to_fit();
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

    /// Whether messages can be sent: the connection is open, and no Close was sent (§5.5.1).
    #[must_use]
    pub fn can_send(&self) -> bool {
        matches!(&self.phase, Phase::Transmission(transmission) if !transmission.send.closing.sent())
    }

    /// What to do with the transport, once `out` is written.
    #[must_use]
    pub fn transport_action(&self) -> TransportAction {
        if let Phase::End(end) = &self.phase { end.transport_action() } else { TransportAction::KeepOpen }
    }

    /// The Close frames that were sent and received.
    #[must_use]
    pub fn close_status(&self) -> CloseStatus {
        self.phase.close_status()
    }

    /// Whether a reply waits for room in `out`: call [`flush_reply`](Self::flush_reply), or
    /// [`receive`](Self::receive) again, once `out` was written and before waiting for input.
    #[must_use]
    pub fn has_pending_reply(&self) -> bool {
        self.phase.has_pending_reply()
    }

    /// The half that writes, if the connection is open, and its writer.
    #[inline]
    fn sending<'a, O: SendBuffer>(
        &'a mut self,
        out: &'a mut O,
    ) -> Result<(&'a mut SendHalf, Writer<'a, R, O>), SendError> {
        match &mut self.phase {
            Phase::Handshake(_) => Err(SendError::NotOpen),
            Phase::Transmission(transmission) => {
                Ok((&mut transmission.send, Writer { role: &mut self.role, config: &self.config, out }))
            }
            Phase::End(_) => Err(SendError::Closed),
        }
    }

    /// The half that writes, if the connection is open, and its role.
    fn send_half(&mut self) -> Result<(&mut SendHalf, &mut R), SendError> {
        match &mut self.phase {
            Phase::Handshake(_) => Err(SendError::NotOpen),
            Phase::Transmission(transmission) => Ok((&mut transmission.send, &mut self.role)),
            Phase::End(_) => Err(SendError::Closed),
        }
    }
}

impl<R: Role> fmt::Debug for Connection<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &if R::IS_SERVER { "Server" } else { "Client" })
            .field("state", &self.state())
            .field("close_status", &self.close_status())
            .finish_non_exhaustive()
    }
}
