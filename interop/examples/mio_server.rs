//! A chat server on one thread with mio: each message that a client sends goes to all clients.
//!
//! `cargo run -p interop --example mio_server -- 127.0.0.1:9001`
//!
//! * All connections read into one `SharedBuffer`. An idle connection has no memory on the heap.
//! * `PreparedMessage` encodes a message once for all clients.
//! * A client that reads too slowly is closed with 1008, so that its queue does not grow without limit. A
//!   public server also limits how much each client sends, because a flood of messages makes all others slow.
//! * Ctrl-C closes all connections with 1001.

use core::error::Error;
use core::time::Duration;
use std::collections::HashSet;
use std::io::ErrorKind::{Interrupted, UnexpectedEof, WouldBlock};
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::time::Instant;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use slab::Slab;
use websocket_proto::{
    Accept, BufferSlot, CloseCode, Config, Connection, Event, PreparedMessage, SendError, Server,
    SharedBuffer, TransportAction,
};

/// If more output than this is queued after a write, the client reads too slowly.
const QUEUE: usize = 1024 * 1024;
/// Above `QUEUE`, there is room for one message, the replies to one read, and a Close.
const CONFIG: Config = Config::new().max_message_size(1024 * 1024).max_write_buffer(3 * QUEUE);
/// The length of a read. There is one such buffer, so it can be large.
const READ: usize = 64 * 1024;
/// The deadlines are many seconds long. To tick 10,000 connections takes less than a millisecond.
const TICK: Duration = Duration::from_secs(1);
/// How long a client may take to close TCP. Dropping the socket earlier could destroy a Close on its way.
const LINGER: Duration = Duration::from_secs(2);
const LISTENER: Token = Token(usize::MAX);
const CTRL_C: Token = Token(usize::MAX - 1);

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let (mut poll, mut listener) = (Poll::new()?, TcpListener::bind(address.parse()?)?);
    let registry = poll.registry().try_clone()?;
    registry.register(&mut listener, LISTENER, Interest::READABLE)?;
    let waker = Waker::new(&registry, CTRL_C)?;
    ctrlc::set_handler(move || _ = waker.wake())?;
    println!("listening on ws://{}", listener.local_addr()?);
    let (sessions, shared) = (Slab::new(), SharedBuffer::new());
    let mut room = Room { registry, listener: Some(listener), sessions, shared };

    let (started, mut next_tick, mut events) = (Instant::now(), Duration::ZERO, Events::with_capacity(1024));
    // mio reports once that a socket is readable, so its key stays here until a read would block. In each
    // turn it reads once: a client that sends without a pause does not delay the others.
    let mut ready = HashSet::new();
    while room.listener.is_some() || !room.sessions.is_empty() {
        let idle = next_tick.saturating_sub(started.elapsed());
        match poll.poll(&mut events, Some(if ready.is_empty() { idle } else { Duration::ZERO })) {
            Err(error) if error.kind() == Interrupted => continue,
            polled => polled?,
        }
        let now = started.elapsed();
        for event in &events {
            match event.token() {
                LISTENER => room.accept(),
                CTRL_C => room.stop(now),
                Token(key) => _ = ready.insert(key),
            }
        }
        ready.retain(|&key| room.read(key, now));
        if now >= next_tick {
            next_tick = now + TICK;
            room.for_all(now, |session| _ = session.ws.tick(now, &mut session.out));
            room.accept(); // after a failed `accept`, such as with too many open files, no event follows
        }
    }
    Ok(())
}

struct Room {
    registry: Registry,
    listener: Option<TcpListener>, // `None` after Ctrl-C
    sessions: Slab<Session>,       // the key of a session is its token
    shared: SharedBuffer,
}

impl Room {
    fn accept(&mut self) {
        while let Some(Ok((mut stream, _))) = self.listener.as_ref().map(TcpListener::accept) {
            let _ = stream.set_nodelay(true);
            let (entry, interest) = (self.sessions.vacant_entry(), Interest::READABLE);
            if self.registry.register(&mut stream, Token(entry.key()), interest).is_ok() {
                let (ws, slot, out) = (Connection::server(CONFIG), BufferSlot::new(), Vec::new());
                entry.insert(Session { stream, interest, ws, slot, out, deadline: None });
            }
        }
    }

    /// Reads from a session, and sends its messages to all. Returns whether it can have more input.
    fn read(&mut self, key: usize, now: Duration) -> bool {
        // The session can have ended. If a new one has its key, reading from that one does no harm.
        let Some(session) = self.sessions.get_mut(key) else { return false };
        let mut news = Vec::new();
        let has_more = session.read(&mut self.shared, &mut news);
        if !news.is_empty() {
            self.for_all(now, |Session { ws, out, .. }| {
                news.iter().for_each(|message| _ = ws.send_prepared(message, out)); // unless it is not open
            });
        } else if has_more.is_err() || !session.settle(&self.registry, key, now).unwrap_or(false) {
            self.sessions.remove(key);
        }
        has_more.unwrap_or(false)
    }

    /// §7.4.1: 1001 says that a server goes down.
    fn stop(&mut self, now: Duration) {
        self.listener = None;
        self.for_all(now, |Session { ws, out, .. }| {
            if ws.close(CloseCode::GOING_AWAY, "", out) == Err(SendError::NotOpen) {
                ws.receive_eof(); // drops a connection in its opening handshake
            }
        });
    }

    /// Does something with each session, writes its output, and drops it at its end.
    fn for_all(&mut self, now: Duration, act: impl Fn(&mut Session)) {
        self.sessions.retain(|key, session| {
            act(session);
            session.settle(&self.registry, key, now).unwrap_or(false)
        });
    }
}

struct Session {
    stream: TcpStream,
    interest: Interest,
    ws: Connection<Server>,
    /// Input of an incomplete frame or message. If there is none, it has no memory.
    slot: BufferSlot,
    /// Output that the socket has not accepted. If there is none, it has no memory.
    out: Vec<u8>,
    /// When the server drops the socket, after the end of the WebSocket connection.
    deadline: Option<Duration>,
}

impl Session {
    /// Reads once, and collects the messages. Returns whether there can be more input.
    fn read(&mut self, shared: &mut SharedBuffer, news: &mut Vec<PreparedMessage>) -> io::Result<bool> {
        let mut inbound = shared.attach(&mut self.slot);
        match self.stream.read(inbound.spare_mut(READ)) {
            Ok(0) => return Err(UnexpectedEof.into()),
            Err(error) if error.kind() == WouldBlock => return Ok(false),
            count => inbound.advance(count?),
        }
        // After an error, `out` has a Close or a response, the transport action is `Close`, and `receive`
        // discards later input. `tick` does the same.
        while let Ok(Some(event)) = self.ws.receive(&mut inbound, &mut self.out) {
            match event {
                Event::Request(_) => self.ws.accept(Accept::new(), &mut self.out)?, // or check its Origin
                Event::Text(text) => news.push(PreparedMessage::text(text)),
                Event::Binary(bytes) => news.push(PreparedMessage::binary(bytes)),
                _ => {} // `receive` has replied to a Ping or a Close
            }
        }
        Ok(true)
    }

    /// Writes the output, and closes the transport at the end. Returns whether the session continues.
    fn settle(&mut self, registry: &Registry, key: usize, now: Duration) -> io::Result<bool> {
        while !self.out.is_empty() || self.ws.has_pending_reply() {
            self.ws.flush_reply(&mut self.out); // if there was no room before
            match self.stream.write(&self.out) {
                Err(error) if error.kind() == WouldBlock => break,
                count => _ = self.out.drain(..count?),
            }
        }
        if self.out.len() > QUEUE {
            // The Close follows the queue: a client that is only slow reads both. If it takes longer than
            // `close_timeout`, `tick` ends the connection. After a Close, only Pongs follow.
            let _ = self.ws.close(CloseCode::POLICY_VIOLATION, "too slow", &mut self.out);
        }
        let mut interest = Interest::READABLE | Interest::WRITABLE;
        if self.out.is_empty() {
            interest = Interest::READABLE;
            self.out = Vec::new(); // releases the memory
        }
        if interest != self.interest {
            self.interest = interest;
            registry.reregister(&mut self.stream, Token(key), interest)?;
        }
        if self.ws.transport_action() != TransportAction::Close {
            return Ok(true);
        }
        if self.out.is_empty() {
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        // The session reads until the peer closes, because unread input would reset the connection.
        Ok(now < *self.deadline.get_or_insert(now + LINGER))
    }
}
