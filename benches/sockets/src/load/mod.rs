//! The load generator: on each of many connections, a fixed number of messages is in flight. Each reply is
//! checked and answered with the next message. Or, for fan-out: one connection sends a message when all have
//! received the one before.
//!
//! It takes one thread, and for each wake-up of a connection one read and one write. All messages are equal,
//! so that sending them takes no work.

mod exchange;
mod latencies;
mod peer;

use core::net::SocketAddr;
use core::time::Duration;
use std::io::ErrorKind;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use mio::{Events, Interest, Poll, Token};

use self::exchange::Exchange;
use self::latencies::Latencies;
use self::peer::Peer;

/// A server that sends nothing for so long has stopped.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the time is looked at if nothing arrives.
const TICK: Duration = Duration::from_millis(10);
/// What one read takes at most.
const READ: usize = 256 * 1024;
const EVENTS: usize = 1024;

/// Connections to one server.
pub struct Load {
    poll: Poll,
    events: Events,
    peers: Vec<Peer>,
    exchange: Exchange,
    buffer: Vec<u8>,
    latencies: Latencies,
    /// Messages sent whose reply has not arrived.
    in_flight: usize,
}

/// What was received during one [`Load::run`].
pub struct Received {
    pub messages: usize,
    pub elapsed: Duration,
    pub p50: Duration,
    pub p99: Duration,
}

impl Load {
    /// Opens the connections one after the other, and checks the response to each.
    pub fn open(address: SocketAddr, connections: usize, size: usize, in_flight: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let mut peers = Vec::with_capacity(connections);
        for index in 0..connections {
            let mut peer =
                Peer::open(address, in_flight).with_context(|| format!("opening connection {index}"))?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(peer.stream(), Token(index), interest)?;
            peers.push(peer);
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS),
            peers,
            exchange: Exchange::new(size, in_flight),
            buffer: vec![0; READ],
            latencies: Latencies::default(),
            in_flight: 0,
        })
    }

    /// Sends the first messages on every connection.
    pub fn start(&mut self) -> Result<()> {
        for peer in &mut self.peers {
            self.in_flight += self.exchange.in_flight();
            peer.send(self.exchange.in_flight(), Instant::now(), &self.exchange)?;
        }
        Ok(())
    }

    /// Answers each reply with the next message, for so long.
    pub fn run(&mut self, duration: Duration) -> Result<Received> {
        self.latencies.clear();
        let start = Instant::now();
        let mut last = start;
        while start.elapsed() < duration {
            self.step(true, &mut last)?;
        }
        let elapsed = start.elapsed();
        let [p50, p99] = self.latencies.percentiles([50, 99]);
        Ok(Received { messages: self.latencies.count(), elapsed, p50, p99 })
    }

    /// Sends one message after the other on the first connection, for so long. Each one must arrive on all
    /// connections before the next is sent.
    pub fn run_fanout(&mut self, duration: Duration) -> Result<Received> {
        self.latencies.clear();
        let start = Instant::now();
        while start.elapsed() < duration {
            let now = Instant::now();
            let [sender, others @ ..] = &mut self.peers[..] else { break };
            others.iter_mut().for_each(|peer| peer.expect(now));
            self.in_flight = 1 + others.len();
            sender.send(1, now, &self.exchange)?;
            self.finish()?;
        }
        let elapsed = start.elapsed();
        let [p50, p99] = self.latencies.percentiles([50, 99]);
        Ok(Received { messages: self.latencies.count(), elapsed, p50, p99 })
    }

    /// Waits for the replies to all messages, and sends no more.
    pub fn finish(&mut self) -> Result<()> {
        let mut last = Instant::now();
        while self.in_flight > 0 {
            self.step(false, &mut last)?;
        }
        ensure!(self.peers.iter().all(Peer::is_idle), "bytes after the last reply");
        Ok(())
    }

    /// Waits once. `last` is when a reply arrived last.
    fn step(&mut self, refill: bool, last: &mut Instant) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(TICK)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in &self.events {
            let peer = &mut self.peers[event.token().0];
            if event.is_writable() {
                peer.write(&self.exchange)?;
            }
            if event.is_readable() {
                let count = peer.read(&self.exchange, &mut self.buffer)?;
                let now = Instant::now();
                self.latencies.record(peer.take_sent(count), now);
                self.in_flight -= count;
                if count > 0 {
                    *last = now;
                    if refill {
                        self.in_flight += count;
                        peer.send(count, now, &self.exchange)?;
                    }
                }
            }
        }
        ensure!(
            last.elapsed() < PATIENCE,
            "no reply for {PATIENCE:?}, {} messages in flight",
            self.in_flight
        );
        Ok(())
    }
}
