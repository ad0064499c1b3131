//! websocket-proto on mio with a room: one thread sends each message to all connections, and encodes it once.
//! A connection with too much unwritten output is too slow, and ends.

use core::net::SocketAddr;
use std::io::{ErrorKind, Read as _};

use anyhow::{Result, ensure};
use mio::net::TcpStream;
use slab::Slab;
use websocket_proto::{
    Accept, BufferSlot, Config, Connection, Event, PreparedMessage, Server, SharedBuffer, TransportAction,
};

use super::backlog::Backlog;
use super::event_loop::EventLoop;

/// What a read takes at least; there is only one such buffer.
const READ: usize = 64 * 1024;
/// A connection for which more bytes than that still wait when the next message arrives is too slow: as in
/// the example `chat`.
const MAX_UNWRITTEN: usize = 64 * 1024;

pub fn serve(address: SocketAddr) -> Result<()> {
    let mut events = EventLoop::bind(address)?;
    let mut sessions = Slab::new();
    let mut memory = Memory { inbound: SharedBuffer::new(), out: Vec::new(), news: Vec::new() };
    loop {
        events.wait(&mut sessions, Session::new)?;
        for key in events.ready() {
            // An error ends this connection only.
            let goes_on = sessions.get_mut(key).map(|session| session.drive(&mut memory).unwrap_or(false));
            if goes_on == Some(false) {
                sessions.remove(key);
            }
            for message in core::mem::take(&mut memory.news) {
                sessions.retain(|_, session| session.deliver(&message, &mut memory.out).is_ok());
            }
        }
    }
}

/// What all connections share.
struct Memory {
    inbound: SharedBuffer,
    /// Output of one connection, empty between two calls.
    out: Vec<u8>,
    /// Messages that no connection has received.
    news: Vec<PreparedMessage>,
}

struct Session {
    stream: TcpStream,
    ws: Connection<Server>,
    slot: BufferSlot,
    backlog: Backlog,
    is_open: bool,
}

impl Session {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            ws: Connection::server(Config::default()),
            slot: BufferSlot::new(),
            backlog: Backlog::default(),
            is_open: false,
        }
    }

    /// Sends a message of the room.
    fn deliver(&mut self, message: &PreparedMessage, out: &mut Vec<u8>) -> Result<()> {
        if !self.is_open {
            return Ok(());
        }
        ensure!(self.backlog.len() <= MAX_UNWRITTEN, "too slow");
        let sent = self.ws.send_prepared(message, out);
        let written = self.backlog.send(&mut self.stream, &[out]);
        out.clear();
        sent?;
        written?;
        Ok(())
    }

    /// The socket is readable or writable. Returns whether the connection continues.
    fn drive(&mut self, memory: &mut Memory) -> Result<bool> {
        // Input is read also while output waits, because its messages are for others.
        self.backlog.write(&mut self.stream)?;
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
                    Event::Request(_) => {
                        self.ws.accept(Accept::new(), &mut memory.out)?;
                        self.is_open = true;
                    }
                    Event::Text(text) => memory.news.push(PreparedMessage::text(text)),
                    Event::Binary(bytes) => memory.news.push(PreparedMessage::binary(bytes)),
                    _ => {}
                }
            }
            if self.ws.transport_action() != TransportAction::KeepOpen {
                return Ok(false);
            }
            if count < len {
                return Ok(true);
            }
        }
    }
}
