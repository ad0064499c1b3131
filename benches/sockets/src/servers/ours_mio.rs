//! websocket-proto on mio: one thread, and one receive buffer for all connections. A connection has heap
//! memory only while a message is incomplete or a reply is not written.
//!
//! A connection reads until a read leaves space in the buffer, and then waits for the next event. It does not
//! read while a reply waits.

use core::net::SocketAddr;
use std::io::{ErrorKind, Read as _};

use anyhow::Result;
use mio::net::TcpStream;
use slab::Slab;
use websocket_proto::{
    Accept, BufferSlot, Config, Connection, Event, MessageKind, Server, SharedBuffer, TransportAction,
};

use super::backlog::Backlog;
use super::event_loop::EventLoop;

/// 8 MiB: the memory of eight incomplete messages of 1 MiB, as in the row `8x1MiBx1`, which takes 7.7 MB.
const RETAINED_CAPACITY: usize = 8 << 20;
/// What a read takes at least; there is only one such buffer.
const READ: usize = 64 * 1024;

pub fn serve(address: SocketAddr) -> Result<()> {
    let mut events = EventLoop::bind(address)?;
    let mut sessions = Slab::new();
    let mut memory =
        Memory { inbound: SharedBuffer::with_retained_capacity(RETAINED_CAPACITY), out: Vec::new() };
    loop {
        events.wait(&mut sessions, Session::new)?;
        for key in events.ready() {
            // An error ends this connection only.
            let goes_on = sessions.get_mut(key).map(|session| session.drive(&mut memory).unwrap_or(false));
            if goes_on == Some(false) {
                sessions.remove(key);
            }
        }
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
