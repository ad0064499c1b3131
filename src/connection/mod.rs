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

/// A WebSocket connection without a transport: it turns input bytes into events, and messages into output
/// bytes.
///
/// It has no heap (except for compression, with feature `deflate`), no buffer and no clock. Its methods are
/// of four kinds:
///
/// * **Input**: [`receive`](Self::receive) reads the bytes of a [`ReceiveBuffer`] and returns an [`Event`].
///   Call it until it returns `None`: then it needs more input. Call [`receive_eof`](Self::receive_eof) when
///   the transport has ended, and [`tick`](Self::tick) to report the time.
/// * **Answers** to the request that a server received: [`accept`](Connection::accept) or
///   [`reject`](Connection::reject), once.
/// * **Sending**: [`send_text`](Self::send_text), [`send_binary`](Self::send_binary),
///   [`send_fragment`](Self::send_fragment), `send_prepared` (feature `alloc`),
///   [`encode_header`](Connection::encode_header), [`mask_and_encode_header`](Self::mask_and_encode_header),
///   [`ping`](Self::ping), [`pong`](Self::pong), [`close`](Self::close).
/// * **Queries**: [`state`](Self::state), [`can_send`](Self::can_send),
///   [`transport_action`](Self::transport_action), [`close_status`](Self::close_status),
///   [`has_pending_reply`](Self::has_pending_reply), [`negotiated`](Self::negotiated). Only calls of the
///   other methods change their results.
///
/// The methods that take `out` append to it. **After each of them, write all bytes of `out` to the transport,
/// in order, also if the method returned an error**; then call [`transport_action`](Self::transport_action).
///
/// `receive` itself replies to a Ping, a Close, a violation and an invalid request. If `out` has no room, the
/// reply is pending: the connection keeps one Close or HTTP response, or the newest of several Pongs, and
/// [`has_pending_reply`](Self::has_pending_reply) returns `true`. [`flush_reply`](Self::flush_reply),
/// `receive` and `tick` write the reply once there is room. A send writes a pending Pong before its own
/// frame, if there is room for both.
///
/// To read in one task and write in another, [`split`](Self::split) the connection.
///
/// An [`Error`] is final, except for [`Error::WrongBuffer`]: the connection has failed, `out` has the Close
/// frame or the HTTP response for the peer, if there is one, and every later `receive` returns the same
/// error. If a method returns a [`SendError`] or an [`AcceptError`], it has written nothing and changed
/// nothing.
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
    /// A server that waits for a request (§4.2).
    #[doc(alias("accept_async", "ServerBuilder"))]
    #[must_use]
    #[inline]
    pub fn server(config: Config) -> Self {
        Self::new(Server::new(), config.into(), Phase::Handshake(Opening::server()))
    }

    /// Accepts the request that [`Event::Request`] reported: writes the 101 response, and opens the
    /// connection (§4.2.2).
    ///
    /// # Errors
    /// If no upgrade request waits for its response, the subprotocol is of another request, a field cannot be
    /// written, or `out` has no room. Nothing is written then, and the request still waits.
    pub fn accept(&mut self, accept: Accept<'_>, out: &mut impl SendBuffer) -> Result<(), AcceptError> {
        let Phase::Handshake(opening) = &mut self.phase else { return Err(AcceptError::NoRequest) };
        let negotiated = opening.accept(accept, &self.config, out)?;
        let transmission = Transmission::new::<Server>(negotiated, &self.config, *opening.retained());
        self.phase = Phase::Transmission(transmission);
        Ok(())
    }

    /// Answers the request that [`Event::Request`] or [`Event::PlainRequest`] reported with a response that
    /// opens no connection (§4.2.2). The state is [`State::End`] then.
    ///
    /// # Errors
    /// If no request waits for its response, the status or a field cannot be written, the status allows no
    /// content, or `out` has no room. Nothing is written then, and the request still waits.
    pub fn reject(&mut self, reject: Reject<'_>, out: &mut impl SendBuffer) -> Result<(), AcceptError> {
        let Phase::Handshake(opening) = &self.phase else { return Err(AcceptError::NoRequest) };
        opening.reject(reject, &self.config, out)?;
        self.phase = Phase::End(End::of_handshake(Ok(())));
        Ok(())
    }

    /// Returns the header of a frame with `payload` as a whole message, which then counts as sent. The caller
    /// writes both to the transport, so `payload` is not copied. A server does not mask (§5.1), so it need
    /// not be mutable: it can be the payload of an event. The message is not compressed.
    ///
    /// Write to the transport, in this order: all bytes of `out`, the header, the payload. One vectored write
    /// can do that. Write all of them before the next call that takes `out`.
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
    /// If the connection is not open, a Close was sent, a fragmented message is open, or the payload of a
    /// text is not UTF-8.
    #[doc(alias("writev", "vectored", "zero-copy"))]
    pub fn encode_header(&mut self, kind: MessageKind, payload: &[u8]) -> Result<HeaderBytes, SendError> {
        let (half, role) = self.send_half()?;
        Ok(half.message_header(kind, payload, role)?.encode())
    }
}

impl<E: Entropy> Connection<Client<E>> {
    /// Writes the request to `out` and returns a client that waits for the response (§4.1). It takes 16 bytes
    /// of `entropy` for the nonce now, and 4 bytes for every frame that it sends.
    ///
    /// # Errors
    /// If a subprotocol or a field of the request cannot be written, `out` has no room, or `entropy` fails.
    /// Nothing is written then.
    #[doc(alias("connect", "connect_async", "ClientBuilder"))]
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

    /// An open connection whose opening handshake an HTTP library has completed: over HTTP/1.1 with an
    /// upgrade, or over HTTP/2 or HTTP/3 with an extended CONNECT (RFC 8441, RFC 9220). If the library has
    /// read bytes after the handshake, [`feed`](ReceiveBuffer::feed) them to the receive buffer first.
    ///
    /// [`UpgradeRequest`](crate::handshake::UpgradeRequest) and
    /// [`UpgradeOffer`](crate::handshake::UpgradeOffer) check such a handshake and return `negotiated`.
    #[doc(alias = "from_upgraded")]
    #[doc(alias("from_raw_socket", "from_partially_read"))]
    #[doc(alias("after_handshake", "take_over"))]
    #[must_use]
    pub fn established(role: R, negotiated: Negotiated, config: Config) -> Self {
        let config = Settings::from(config);
        let transmission = Transmission::new::<R>(negotiated, &config, 0);
        Self::new(role, config, Phase::Transmission(transmission))
    }

    /// Returns the next event in `inbound`, and writes the reply to it, if there is one, to `out`. Returns
    /// `None` if it needs more input, or the application's answer to a request.
    ///
    /// An empty `inbound` is not the end of the transport; report that with
    /// [`receive_eof`](Self::receive_eof). When the connection has ended, `receive` discards all input.
    ///
    /// # Errors
    /// A violation by the peer: the connection has failed (§7.1.7), and all events before the violation were
    /// returned. Or [`Error::WrongBuffer`]: nothing was read, and the connection continues with the right
    /// buffer.
    #[doc(alias = "read")]
    #[doc(alias("read_message", "read_frame", "next"))]
    #[doc(alias = "poll")]
    // Inlined into the caller's loop, so that the match on the event and the fast path become one. With
    // `#[inline]`, an echo of 125 bytes takes 285 instructions instead of 275.
    #[inline(always)]
    pub fn receive<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        inbound.forget_payload();
        if let Phase::Transmission(Transmission { receive, send }) = &self.phase {
            if send.pending.is_none() {
                match receive.fast::<R, S>(inbound) {
                    Fast::Message(kind, len) => {
                        // Cannot wrap: the unread bytes begin with the payload.
                        self.timer.heard(inbound.unread_len().wrapping_sub(len));
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
                        self.timer.saw(inbound.unread_len());
                        return Ok(None);
                    }
                    Fast::Slow => {}
                }
            }
        }
        self.receive_slow(inbound, out)
    }

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
        match opening.turn(inbound, &self.config, &mut self.timer) {
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

    /// Handles a text in one frame that is not UTF-8.
    // Without `cold`, a message of 8 bytes takes 153 instructions instead of 148 if the program calls
    // `receive` in one place.
    #[cold]
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
    fn fail(&mut self, error: ProtocolError, out: &mut impl SendBuffer) -> Error {
        self.handle(Content::Failed(error), out);
        error.into()
    }

    /// Applies a signal of the read half, and writes the reply that it asks for.
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

    /// Writes the pending reply, if there is one and `out` has room for it now. A client whose entropy source
    /// fails drops the reply, because the connection could not continue or end otherwise.
    #[doc(alias = "flush")]
    pub fn flush_reply(&mut self, out: &mut impl SendBuffer) {
        let Self { role, config, phase, .. } = self;
        phase.flush_reply(&mut Writer { role, config, out });
    }

    /// Ends the connection, because the transport has ended: no more bytes can be received or sent. Returns
    /// the Close frames that were sent and received (§7.1.4–§7.1.6).
    ///
    /// Call `receive` before it until it returns `None`: after it, `receive` discards the input.
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

    /// Reports the time: `now` is the time since any fixed point, by a monotonic clock. Returns the next
    /// deadline, as the time since the same point; it is later than `now`. `None` means that there is no
    /// deadline. A connection that is never ticked has none.
    ///
    /// `tick` ends an opening or closing handshake that takes longer than [`Config`] allows. If the peer is
    /// silent, it sends a Ping; if the peer stays silent, it ends the connection. Any input ends the silence,
    /// not only a Pong. Each wait begins with the first call after its cause, so call `tick` after every read
    /// and write, and at the deadline.
    ///
    /// `tick` first writes the pending reply, if `out` has room for it now. If `out` has no room for a Ping,
    /// or a client has no masking key, a later call writes the Ping, and the wait for the Pong begins then.
    /// `tick` does not limit the time that the transport takes to accept `out`.
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
    /// A deadline has passed: the connection has ended, `out` has the Close frame or the HTTP response for
    /// the peer, if there is one, and every later call returns the same error.
    #[doc(alias = "handle_timeout")]
    #[doc(alias = "poll_timeout")]
    pub fn tick(&mut self, now: Duration, out: &mut impl SendBuffer) -> Result<Option<Duration>, Timeout> {
        self.flush_reply(out);
        let Self { role, config, timer, phase } = self;
        match phase {
            Phase::Handshake(opening) => {
                // The timeout is for the peer: the application can take any time to answer.
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

    fn time_out(&mut self, end: End, timeout: Timeout, out: &mut impl SendBuffer) -> Timeout {
        self.end(end, out);
        if let Phase::End(end) = &mut self.phase {
            // No later call writes the reply, because the caller closes the transport now.
            end.time_out(timeout);
        }
        timeout
    }

    /// Splits an open connection into two halves, for two tasks or threads that share no lock: one reads, the
    /// other writes. The read half returns [`Signal`]s; send them to the write half over any channel that
    /// keeps their order. Together, the halves behave as the connection; if a signal arrives late, only the
    /// reply is late. [`join`](Self::join) makes one connection of them again.
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
    /// Returns the connection unchanged if it is not open.
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

    /// Joins the two halves of one connection, at any time. The write half must first handle all signals: if
    /// a signal is lost, the connection never sends the Pong or the Close that the signal asks for.
    ///
    /// The caller must pass the halves of one connection: `join` does not check that. If the halves are of
    /// two connections, the result has the closing handshake, the masking keys and the [`Config`] of the
    /// write half; the peers may see a protocol error, but nothing panics.
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

    /// The extensions that the opening handshake negotiated. `None` before a server has received the upgrade
    /// request, before a client has received the response, and after the end of the connection.
    #[must_use]
    pub fn negotiated(&self) -> Option<Negotiated> {
        match &self.phase {
            Phase::Handshake(opening) => opening.negotiated(),
            Phase::Transmission(transmission) => Some(transmission.receive.negotiated),
            Phase::End(_) => None,
        }
    }

    /// Switches compression on or off for the messages that begin after this call, on an open connection. It
    /// is on at first if permessage-deflate was negotiated and [`Config::deflate`] is set; otherwise this
    /// call has no effect. Switch it off for a message that contains a secret (RFC 7692 §8).
    #[cfg(feature = "deflate")]
    pub fn set_compression(&mut self, on: bool) {
        if let Phase::Transmission(transmission) = &mut self.phase {
            transmission.send.compression.set(on, &self.config);
        }
    }

    /// Releases the memory of compression that an idle connection does not need: all memory of the outbound
    /// direction, and all except the window of the inbound direction. The next message is compressed with an
    /// empty window, as without context takeover. Inside a message, the inbound direction keeps its memory.
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        if let Phase::Transmission(transmission) = &mut self.phase {
            transmission.send.compression.shrink_to_fit();
            transmission.receive.shrink_to_fit();
        }
    }

    /// The phase of the connection.
    #[doc(alias("can_read", "is_terminated"))]
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Handshake(_) => State::Handshake,
            Phase::Transmission(_) => State::Transmission,
            Phase::End(_) => State::End,
        }
    }

    /// Whether messages can be sent: the connection is open, and no Close was sent (§5.5.1).
    #[doc(alias = "can_write")]
    #[must_use]
    pub fn can_send(&self) -> bool {
        matches!(&self.phase, Phase::Transmission(transmission) if !transmission.send.closing.sent())
    }

    /// What to do with the transport, after all bytes of `out` were written to it. While a reply is pending,
    /// it is [`TransportAction::KeepOpen`].
    #[must_use]
    pub fn transport_action(&self) -> TransportAction {
        if let Phase::End(end) = &self.phase { end.transport_action() } else { TransportAction::KeepOpen }
    }

    /// The Close frames that were sent and received. The result stays after the end of the connection.
    #[must_use]
    pub fn close_status(&self) -> CloseStatus {
        self.phase.close_status()
    }

    /// Whether a reply waits for room in `out`. If so, write `out` to the transport, then call
    /// [`flush_reply`](Self::flush_reply) or [`receive`](Self::receive) before you wait for input.
    #[must_use]
    pub fn has_pending_reply(&self) -> bool {
        self.phase.has_pending_reply()
    }

    /// The write half, if the connection is open, and its writer.
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

    /// The write half, if the connection is open, and its role.
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
