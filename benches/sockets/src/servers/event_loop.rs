//! The event loop of the servers on mio: one thread that waits for all connections.
//!
//! The sockets are edge-triggered: a connection must read until a read leaves space in the buffer.

use core::net::SocketAddr;
use std::io::ErrorKind;

use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);
/// As many as tokio takes at once.
const EVENTS: usize = 1024;

pub struct EventLoop {
    poll: Poll,
    events: Events,
    listener: TcpListener,
}

impl EventLoop {
    pub fn bind(address: SocketAddr) -> Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(EVENTS));
        let mut listener = TcpListener::bind(address)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { poll, events, listener })
    }

    /// Waits, and adds the new connections to `sessions`.
    pub fn wait<S>(&mut self, sessions: &mut Slab<S>, new: fn(TcpStream) -> S) -> Result<()> {
        match self.poll.poll(&mut self.events, None) {
            // A signal, for instance of a profiler.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => result?,
        }
        if self.events.iter().any(|event| event.token() == LISTENER) {
            self.accept(sessions, new)?;
        }
        Ok(())
    }

    /// The keys of the connections that are readable or writable.
    pub fn ready(&self) -> impl Iterator<Item = usize> {
        let tokens = self.events.iter().map(|event| event.token());
        tokens.filter(|token| *token != LISTENER).map(|token| token.0)
    }

    fn accept<S>(&self, sessions: &mut Slab<S>, new: fn(TcpStream) -> S) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let entry = sessions.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(entry.key()), interest)?;
            entry.insert(new(stream));
        }
    }
}
