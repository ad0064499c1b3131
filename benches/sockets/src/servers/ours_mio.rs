//! websocket-proto on mio: one thread, and one receive buffer for all connections. A connection has heap
//! memory only while a message is incomplete or a reply is not written.
//!
//! The sockets are edge-triggered: a connection reads until a read leaves space in the buffer, and then waits
//! for the next event. It does not read while a reply waits.

use core::net::SocketAddr;
use std::io::{ErrorKind, IoSlice, Read as _, Write as _};

use anyhow::{Result, bail};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;
use websocket_proto::{
    Accept, BufferSlot, Config, Connection, Event, MessageKind, Server, SharedBuffer, TransportAction,
};

/// From this length on, a reply is written from the receive buffer instead of copied to the output.
const LARGE: usize = 16 * 1024;
/// 8 MiB: the memory of eight incomplete messages of 1 MiB, as in the row `8x1MiBx1`, which takes 7.7 MB.
const RETAINED_CAPACITY: usize = 8 << 20;
/// What a read takes at least; there is only one such buffer.
const READ: usize = 64 * 1024;
const LISTENER: Token = Token(usize::MAX);
/// As many as tokio takes at once.
const EVENTS: usize = 1024;

pub fn serve(address: SocketAddr) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(EVENTS);
    let mut listener = TcpListener::bind(address)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut sessions = Slab::new();
    let mut memory =
        Memory { inbound: SharedBuffer::with_retained_capacity(RETAINED_CAPACITY), out: Vec::new() };
    loop {
        match poll.poll(&mut events, None) {
            // A signal, for instance of a profiler.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, poll.registry(), &mut sessions)?;
            } else if let Some(session) = sessions.get_mut(event.token().0) {
                // An error ends this connection only.
                if !session.drive(&mut memory).unwrap_or(false) {
                    sessions.remove(event.token().0);
                }
            }
        }
    }
}

fn accept(listener: &TcpListener, registry: &Registry, sessions: &mut Slab<Session>) -> Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        stream.set_nodelay(true)?;
        let entry = sessions.vacant_entry();
        registry.register(&mut stream, Token(entry.key()), Interest::READABLE | Interest::WRITABLE)?;
        entry.insert(Session::new(stream));
    }
}

/// What all connections of the thread share.
struct Memory {
    inbound: SharedBuffer,
    /// Output of one connection, empty between two events of the poll.
    out: Vec<u8>,
}

struct Session {
    stream: TcpStream,
    ws: Connection<Server>,
    slot: BufferSlot,
    backlog: Backlog,
}

impl Session {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            ws: Connection::server(Config::default()),
            slot: BufferSlot::new(),
            backlog: Backlog::default(),
        }
    }

    /// The socket is readable or writable. Returns whether the connection continues.
    fn drive(&mut self, memory: &mut Memory) -> Result<bool> {
        if !self.backlog.write(&mut self.stream)? {
            return Ok(true);
        }
        let result = self.read(memory);
        // After an error: the Close, or the HTTP response.
        let sent = self.backlog.send(&mut self.stream, &[&memory.out]);
        // Also after an error: the next connection begins with an empty output.
        memory.out.clear();
        sent.and(result)
    }

    fn read(&mut self, memory: &mut Memory) -> Result<bool> {
        let mut inbound = memory.inbound.attach(&mut self.slot);
        loop {
            let space = inbound.spare_mut(READ);
            let len = space.len();
            let count = match self.stream.read(space) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error.into()),
            };
            inbound.advance(count);
            while let Some(event) = self.ws.receive(&mut inbound, &mut memory.out)? {
                match event {
                    Event::Request(_) => self.ws.accept(Accept::new(), &mut memory.out)?,
                    Event::Text(text) => {
                        let header = self.ws.encode_header(MessageKind::Text, text.as_bytes())?;
                        self.backlog.reply(&mut self.stream, &header, text.as_bytes(), &mut memory.out)?;
                    }
                    Event::Binary(bytes) => {
                        let header = self.ws.encode_header(MessageKind::Binary, bytes)?;
                        self.backlog.reply(&mut self.stream, &header, bytes, &mut memory.out)?;
                    }
                    _ => {}
                }
            }
            self.backlog.send(&mut self.stream, &[&memory.out])?;
            memory.out.clear();
            if self.ws.transport_action() != TransportAction::KeepOpen {
                return Ok(false);
            }
            if count < len || !self.backlog.is_empty() {
                return Ok(true);
            }
        }
    }
}

/// Output that the socket has not accepted.
#[derive(Default)]
struct Backlog {
    bytes: Vec<u8>,
    written: usize,
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The socket is writable. Returns whether nothing is left.
    fn write(&mut self, stream: &mut TcpStream) -> Result<bool> {
        while let Some(rest @ [_, ..]) = self.bytes.get(self.written..) {
            match stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        // Without memory, so that an idle connection has none.
        *self = Self::default();
        Ok(true)
    }

    /// Sends a message: a short one to `out`, for one write after all events of a read; a long one from the
    /// receive buffer, together with `out`.
    fn reply(
        &mut self,
        stream: &mut TcpStream,
        header: &[u8],
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if payload.len() < LARGE {
            out.extend_from_slice(header);
            out.extend_from_slice(payload);
        } else {
            self.send(stream, &[out, header, payload])?;
            out.clear();
        }
        Ok(())
    }

    /// Writes the pieces in one system call, and keeps a copy of what the socket does not accept.
    fn send(&mut self, stream: &mut TcpStream, pieces: &[&[u8]]) -> Result<()> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        if len == 0 {
            return Ok(());
        }
        let mut accepted = 0;
        if self.is_empty() {
            accepted = match write_pieces(stream, pieces) {
                Ok(0) => bail!("a write of no bytes"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error.into()),
            };
        }
        if accepted < len {
            self.bytes.reserve(len - accepted);
        }
        for piece in pieces {
            let skipped = accepted.min(piece.len());
            accepted -= skipped;
            self.bytes.extend_from_slice(&piece[skipped..]);
        }
        Ok(())
    }
}

fn write_pieces(stream: &mut TcpStream, pieces: &[&[u8]]) -> std::io::Result<usize> {
    match pieces {
        [piece] => stream.write(piece),
        pieces => {
            let mut slices = [IoSlice::new(&[]); 3];
            for (slice, piece) in slices.iter_mut().zip(pieces) {
                *slice = IoSlice::new(piece);
            }
            stream.write_vectored(&slices[..pieces.len()])
        }
    }
}
