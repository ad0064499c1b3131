//! A connection as two halves, for two tasks or threads: one reads, one writes, and notes go from the first
//! to the second.
//!
//! ```text
//!   bytes ──▶ ReadHalf::receive ──▶ Event
//!                 │ note                     on any channel
//!                 ▼
//!             WriteHalf::handle_signal · send_* · close · … ──▶ bytes
//! ```

use core::marker::PhantomData;
use core::time::Duration;
use core::{fmt, mem};

#[cfg(feature = "alloc")]
use super::PreparedMessage;
use super::config::Settings;
use super::event::Event;
use super::note::{Content, Signal};
use super::transmission::{Extended, Inbound};
use super::{Connection, HeaderBytes, Phase, State, TransportAction};
use crate::buffer::{ReceiveBuffer, SendBuffer, Storage};
use crate::error::{Error, ProtocolError, SendError, Timeout};
use crate::role::{Role, Server};
use crate::rules::{CloseStatus, Due, Timer, Wait};
use crate::wire::{CloseCode, MessageKind};

/// The half of a [`Connection`] that reads. [`Connection::split`] makes it.
///
/// It writes nothing and takes no masking keys: what is to be answered, a [`note`](Self::signal) tells the
/// [`WriteHalf`].
#[derive(Clone)]
pub struct ReadHalf<R: Role> {
    config: Settings,
    timer: Timer,
    reading: Reading,
    /// What the sender is to be told. One is enough: a newer Pong will do for an older (§5.5.3), a Close for
    /// any.
    note: Option<Signal>,
    /// What `tick` has to tell the sender: that a Ping is due, or is due no more.
    keep_alive: Option<KeepAlive>,
    role: PhantomData<fn() -> R>,
}

/// What `tick` has noticed.
#[derive(Debug, Clone, Copy)]
enum KeepAlive {
    /// There was no input for the ping interval.
    Silence,
    /// There was input after that.
    Activity,
}

/// What comes.
#[derive(Debug, Clone)]
enum Reading {
    /// Nothing yet: the opening handshake is the whole connection's.
    Handshake,
    Transmission {
        half: Inbound,
        extended: Extended,
    },
    /// Nothing more; this is what `receive` says.
    End {
        outcome: Result<(), Error>,
    },
}

/// The half of a [`Connection`] that sends. [`Connection::split`] makes it.
///
/// Its methods are the connection's, and write to `out` as those do. It knows of the peer what the notes said
/// that it [took](Self::handle_signal).
#[derive(Clone)]
pub struct WriteHalf<R: Role> {
    /// Its inbound half is [`Inbound::Apart`].
    connection: Connection<R>,
}

impl<R: Role> Connection<R> {
    /// The connection in two halves, for two tasks or threads: one that reads and one that writes, without a
    /// lock between them.
    ///
    /// # Two tasks
    ///
    /// The reading task calls [`ReadHalf::receive`], and after each call sends what [`ReadHalf::note`] gives
    /// to the writing task, on any channel that keeps the order. The writing task calls
    /// [`WriteHalf::handle_signal`] for a note and the connection's methods for its own messages, writes
    /// `out`, and does with the transport what [`WriteHalf::transport_action`] says. Both halves together do
    /// what the connection would have done; where the notes are taken at once, byte for byte. A note that
    /// is late makes an answer late, no more: it becomes frames only in [`WriteHalf::handle_signal`],
    /// between two frames.
    ///
    /// The end of the transport is not in a note. The reading task hangs up, and the writing task calls
    /// [`WriteHalf::receive_eof`]. Where there are to be deadlines, both tick: [`ReadHalf::tick`],
    /// [`WriteHalf::tick`].
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use std::io::{Read, Write};
    /// use std::sync::mpsc;
    ///
    /// use websocket_proto::{TransportAction, Event, Signal, ReceiveBuffer, Role};
    ///
    /// enum Task {
    ///     Answer(Signal),
    ///     Send(String),
    /// }
    ///
    /// fn read<R: Role>(
    ///     mut receiver: websocket_proto::ReadHalf<R>,
    ///     mut transport: impl Read,
    ///     tasks: mpsc::Sender<Task>,
    /// ) -> Result<(), Box<dyn std::error::Error>> {
    ///     let mut inbound = ReceiveBuffer::new();
    ///     loop {
    ///         let count = transport.read(inbound.spare_mut(16 * 1024))?;
    ///         if count == 0 {
    ///             return Ok(()); // `tasks` hangs up
    ///         }
    ///         inbound.advance(count);
    ///         loop {
    ///             let event = receiver.receive(&mut inbound);
    ///             if let Some(note) = receiver.signal() {
    ///                 tasks.send(Task::Answer(note))?;
    ///             }
    ///             match event? {
    ///                 Some(Event::Text(text)) => tasks.send(Task::Send(text.to_uppercase()))?,
    ///                 Some(_) => {}
    ///                 None => break,
    ///             }
    ///         }
    ///     }
    /// }
    ///
    /// fn write<R: Role>(
    ///     mut sender: websocket_proto::WriteHalf<R>,
    ///     mut transport: impl Write,
    ///     tasks: mpsc::Receiver<Task>,
    /// ) -> Result<websocket_proto::CloseStatus, Box<dyn std::error::Error>> {
    ///     let mut out = Vec::new();
    ///     for task in tasks {
    ///         match task {
    ///             Task::Answer(note) => sender.handle_signal(note, &mut out),
    ///             Task::Send(text) => sender.send_text(&text, &mut out)?,
    ///         }
    ///         transport.write_all(&out)?;
    ///         out.clear();
    ///         if sender.transport_action() == TransportAction::Close {
    ///             break; // close the transport, for the reading task too
    ///         }
    ///     }
    ///     Ok(sender.receive_eof())
    /// }
    ///
    /// # use websocket_proto::{Negotiated, Config, Connection, Server};
    /// let ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
    /// let (receiver, sender) = ws.split();
    /// let (tasks, queue) = mpsc::channel();
    /// let incoming: &[u8] = b"\x81\x82\0\0\0\0hi\x89\x81\0\0\0\0?\x88\x82\0\0\0\0\x03\xe8"; // "hi", a Ping, a Close
    /// let mut outgoing = Vec::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| read(receiver, incoming, tasks).unwrap());
    ///     assert!(write(sender, &mut outgoing, queue).unwrap().clean());
    /// });
    /// assert_eq!(outgoing, b"\x81\x02HI\x8a\x01?\x88\x02\x03\xe8");
    /// # }
    /// ```
    ///
    /// Frames are read and written after the opening handshake. Before, a receiver gives nothing and takes
    /// nothing, and a sender says [`SendError::NotOpen`]; join them to go on.
    #[must_use]
    pub fn split(mut self) -> (ReadHalf<R>, WriteHalf<R>) {
        let reading = match &mut self.phase {
            Phase::Handshake(_) => Reading::Handshake,
            Phase::Transmission(transmission) => {
                let half = mem::replace(&mut transmission.inbound, Inbound::Apart);
                // What was agreed on, both halves know; who reads inflates.
                let Extended { agreed, fast, .. } = transmission.extended;
                let extended = mem::replace(&mut transmission.extended, Extended::new(agreed, fast));
                Reading::Transmission { half, extended }
            }
            Phase::End(end) => Reading::End { outcome: end.outcome },
        };
        let timer = self.timer.of_reader();
        (
            ReadHalf { config: self.config, timer, reading, note: None, keep_alive: None, role: PhantomData },
            WriteHalf { connection: self },
        )
    }
}

impl<R: Role> ReadHalf<R> {
    /// The next event out of `inbound`, as from [`Connection::receive`]; `None` where more bytes are needed.
    /// Ask for the [`note`](Self::signal) after each call, whether it gave an event, `None` or an error.
    ///
    /// # Errors
    /// A violation by the peer, after all events that came before it; the connection has failed then
    /// (§7.1.7).
    #[inline]
    pub fn receive<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
    ) -> Result<Option<Event<'b>>, Error> {
        if let Reading::Transmission { half, extended } = &self.reading {
            if let Some((kind, len)) = half.small::<R, S>(inbound, extended.fast) {
                self.timer.heard();
                return match Inbound::whole(kind, inbound.take(len), self.config.delivery) {
                    Ok(event) => Ok(Some(event)),
                    Err(payload) => self.invalid_text(payload),
                };
            }
            if half.waits(inbound, self.config.delivery) {
                self.timer.saw(inbound.kept());
                return Ok(None);
            }
        }
        self.receive_any(inbound)
    }

    #[inline(never)]
    fn receive_any<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
    ) -> Result<Option<Event<'b>>, Error> {
        match &mut self.reading {
            Reading::Handshake => Ok(None),
            Reading::Transmission { half, extended, .. } => {
                match half.next::<R, S>(inbound, &self.config, extended, &mut self.timer) {
                    Ok(event) => {
                        if let Some(note) = Signal::of(&event, &self.config) {
                            self.note = Some(note);
                        }
                        Ok(event)
                    }
                    Err(error) => Err(self.fail(error)),
                }
            }
            Reading::End { outcome } => {
                inbound.clear();
                outcome.map(|()| None)
            }
        }
    }

    /// A text in one frame that is not UTF-8.
    #[cold]
    #[inline(never)]
    fn invalid_text<'b>(&mut self, payload: &'b [u8]) -> Result<Option<Event<'b>>, Error> {
        let Reading::Transmission { half, .. } = &mut self.reading else { return Ok(None) };
        half.invalid_text(payload, self.config.delivery).map(Some).map_err(|error| self.fail(error))
    }

    /// §7.1.7: _Fail the WebSocket Connection_.
    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: ProtocolError) -> Error {
        self.note = Some(Signal(Content::Failed(error)));
        self.reading = Reading::End { outcome: Err(error.into()) };
        error.into()
    }

    /// What the sender is to be told since the last call: give it to [`WriteHalf::handle_signal`], in order.
    ///
    /// At most one note waits: a Ping takes the place of an older one that was not asked for (§5.5.3), a
    /// Close or a violation that of any Ping. All Pings are answered where this follows each
    /// [`receive`](Self::receive).
    #[must_use = "the sender is to take it"]
    pub fn signal(&mut self) -> Option<Signal> {
        self.note.take().or_else(|| {
            self.keep_alive.take().map(|keep_alive| match keep_alive {
                KeepAlive::Silence => Signal(Content::Silence),
                KeepAlive::Activity => Signal(Content::Activity),
            })
        })
    }

    /// Tells what time it is, as [`Connection::tick`] does; returns when to call it again. This half notices
    /// a silence, and that it ends, and tells the sender in a [`note`](Self::signal): ask for it after
    /// each call. The sender sends the Ping and waits for the Pong, so it must [tick](WriteHalf::tick),
    /// too.
    pub fn tick(&mut self, now: Duration) -> Option<Duration> {
        let wait = match self.state() {
            State::Transmission => Wait::Idle,
            State::Handshake | State::End => Wait::Nothing,
        };
        let was_asking = self.timer.is_asking();
        match self.timer.tick(now, wait, &self.config.timeouts) {
            Due::Ping(_) => {
                self.timer.ping_signalled(now, &self.config.timeouts);
                self.keep_alive = Some(KeepAlive::Silence);
            }
            Due::Later(_) if was_asking && !self.timer.is_asking() => {
                self.keep_alive = Some(KeepAlive::Activity)
            }
            Due::Later(_) => {}
            // What this half waits for has no end.
            Due::OutOfTime => debug_assert!(false, "{:?}", self.timer),
        }
        self.timer.deadline(&self.config.timeouts)
    }

    /// Gives back the memory that no message needs now, of the inbound compression, as
    /// [`Connection::shrink_to_fit`].
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        if let Reading::Transmission { half: Inbound::Between, extended, .. } = &mut self.reading {
            extended.inflater.shrink_to_fit();
        }
    }

    /// What comes: nothing yet, messages, or nothing more. In the [`End`](State::End) there is no more to
    /// read than the transport's end.
    #[must_use]
    pub fn state(&self) -> State {
        match self.reading {
            Reading::Handshake => State::Handshake,
            Reading::Transmission { half: Inbound::Closed, .. } | Reading::End { .. } => State::End,
            Reading::Transmission { .. } => State::Transmission,
        }
    }

    /// The connection again, out of its two halves; at any moment. The sender must have
    /// [taken](WriteHalf::handle_signal) all notes that were fetched: a note that is lost on its way is
    /// an answer, or a Close, that the connection never sends. A note that was not
    /// [fetched](Self::signal) is not lost: the answer waits in the connection
    /// ([`has_pending_reply`](Connection::has_pending_reply)).
    ///
    /// The halves must be of one connection, which nothing checks. A receiver joined with the sender of
    /// another connection goes on with that one's closing handshake, keys and `Config`: its peer may see
    /// a protocol error, but nothing panics.
    #[must_use]
    pub fn join(self, sender: WriteHalf<R>) -> Connection<R> {
        let mut connection = sender.connection;
        if let Phase::Transmission(transmission) = &mut connection.phase {
            transmission.inbound = match self.reading {
                Reading::Transmission { half, extended, .. } => {
                    transmission.extended = extended;
                    half
                }
                Reading::End { outcome: Err(Error::Protocol(error)) } => Inbound::Failing(error),
                // Halves of two connections.
                Reading::Handshake | Reading::End { .. } => Inbound::Apart,
            };
            if connection.wait() == Wait::Idle {
                connection.timer = self.timer.join(&connection.timer);
            }
        }
        if let Some(note) = self.note {
            connection.owe(note);
        }
        connection
    }
}

impl WriteHalf<Server> {
    /// Makes a message of `payload` without copying or changing it, as [`Connection::encode_header`]. Send
    /// `out`, the head and the payload before the next call, as with
    /// [`mask_and_encode_header`](Self::mask_and_encode_header).
    ///
    /// # Errors
    /// As there.
    pub fn encode_header(&mut self, kind: MessageKind, payload: &[u8]) -> Result<HeaderBytes, SendError> {
        self.connection.encode_header(kind, payload)
    }
}

impl<R: Role> WriteHalf<R> {
    /// Answers what the receiver read: writes the Pong that is due, the Close that answers the peer's, or the
    /// one that tells it of its violation; or the Ping that breaks a silence. Where `out` has no room,
    /// the answer waits (see [`has_pending_reply`](Self::has_pending_reply)), of several Pongs
    /// the newest.
    ///
    /// Between any two other calls, also inside a message that is sent in parts. After the end nothing is
    /// written, but [`close_status`](Self::close_status) is completed.
    ///
    /// Notes must be taken in the order in which the receiver gave them. Out of order, a Pong can follow a
    /// later one, and what was noted after a Close is lost; a Ping that was due can be sent after the
    /// silence has ended. Each frame that is written is legal all the same.
    pub fn handle_signal(&mut self, note: Signal, out: &mut impl SendBuffer) {
        self.connection.pay(out);
        match note.0 {
            Content::Silence => self.connection.break_silence(out),
            Content::Activity => self.connection.timer.stop_asking(),
            _ => self.connection.handle_signal(note, out),
        }
    }

    /// Writes the answer that waits, if `out` has room for it.
    pub fn flush_reply(&mut self, out: &mut impl SendBuffer) {
        self.connection.pay(out);
    }

    /// Whether an answer waits for room in `out`: call [`flush_reply`](Self::flush_reply) once `out` was
    /// written.
    #[must_use]
    pub fn has_pending_reply(&self) -> bool {
        self.connection.has_pending_reply()
    }

    /// Sends a text message, as [`Connection::send_text`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn send_text(&mut self, text: &str, out: &mut impl SendBuffer) -> Result<(), SendError> {
        self.connection.send_text(text, out)
    }

    /// Sends a binary message, as [`Connection::send_binary`].
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
        self.connection.send_binary(bytes, out)
    }

    /// Sends a message that was encoded before, as [`Connection::send_prepared`].
    ///
    /// # Errors
    /// As there.
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn send_prepared(
        &mut self,
        message: &PreparedMessage,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        self.connection.send_prepared(message, out)
    }

    /// Sends the next part of a message, as [`Connection::send_fragment`]. Notes can be taken between parts.
    ///
    /// # Errors
    /// As there.
    pub fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        self.connection.send_fragment(kind, payload, last, out)
    }

    /// Makes a message of `payload` without copying it, as [`Connection::mask_and_encode_header`]. Send
    /// `out`, the head and the payload before the next call: a note taken in between could bring a Close,
    /// after which no message may come.
    ///
    /// # Errors
    /// As there.
    pub fn mask_and_encode_header(
        &mut self,
        kind: MessageKind,
        payload: &mut [u8],
    ) -> Result<HeaderBytes, SendError> {
        self.connection.mask_and_encode_header(kind, payload)
    }

    /// Sends a Ping, as [`Connection::ping`].
    ///
    /// # Errors
    /// As there.
    pub fn ping(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
        self.connection.ping(payload, out)
    }

    /// Sends a Pong, as [`Connection::pong`].
    ///
    /// # Errors
    /// As there.
    pub fn pong(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
        self.connection.pong(payload, out)
    }

    /// Begins the closing handshake, or answers the peer's Close, as [`Connection::close`].
    ///
    /// # Errors
    /// As there.
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        out: &mut impl SendBuffer,
    ) -> Result<(), SendError> {
        self.connection.close(code, reason, out)
    }

    /// The same with an empty Close, as [`Connection::close_empty`].
    ///
    /// # Errors
    /// As there.
    pub fn close_empty(&mut self, out: &mut impl SendBuffer) -> Result<(), SendError> {
        self.connection.close_empty(out)
    }

    /// The transport has ended, as with [`Connection::receive_eof`]: the receiving task has come to its end,
    /// or writing failed.
    pub fn receive_eof(&mut self) -> CloseStatus {
        self.connection.receive_eof()
    }

    /// Tells what time it is, as [`Connection::tick`]: by the same clock as [`ReadHalf::tick`], which notices
    /// a silence. This half waits for the Pong after the Ping that it wrote, for the peer's Close, and
    /// for the end of the transport.
    ///
    /// # Errors
    /// As there.
    pub fn tick(&mut self, now: Duration, out: &mut impl SendBuffer) -> Result<Option<Duration>, Timeout> {
        self.connection.tick(now, out)
    }

    /// Whether messages that begin from now on are compressed, as [`Connection::compress`].
    #[cfg(feature = "deflate")]
    pub fn compress(&mut self, on: bool) {
        self.connection.compress(on);
    }

    /// Gives back the memory of the outbound compression, as [`Connection::shrink_to_fit`].
    #[cfg(feature = "deflate")]
    pub fn shrink_to_fit(&mut self) {
        self.connection.shrink_to_fit();
    }

    /// The phase of the connection, as far as the notes told of it.
    #[must_use]
    pub fn state(&self) -> State {
        self.connection.state()
    }

    /// What to do with the transport, once `out` is written.
    #[must_use]
    pub fn transport_action(&self) -> TransportAction {
        self.connection.transport_action()
    }

    /// The Close frames sent, and received as far as the notes told of it.
    #[must_use]
    pub fn close_status(&self) -> CloseStatus {
        self.connection.close_status()
    }
}

impl<R: Role> fmt::Debug for ReadHalf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if R::IS_SERVER { "Server" } else { "Client" };
        let mut out = f.debug_struct("ReadHalf");
        out.field("role", &side).field("state", &self.state()).field("note", &self.note);
        out.finish_non_exhaustive()
    }
}

impl<R: Role> fmt::Debug for WriteHalf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if R::IS_SERVER { "Server" } else { "Client" };
        let mut out = f.debug_struct("WriteHalf");
        out.field("role", &side).field("state", &self.state()).field("close_status", &self.close_status());
        out.finish_non_exhaustive()
    }
}
