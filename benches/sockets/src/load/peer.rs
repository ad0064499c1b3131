//! One connection of the load generator.

use core::net::SocketAddr;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use mio::net::TcpStream;

use super::exchange::{Exchange, check_response, request};

pub struct Peer {
    stream: TcpStream,
    /// Bytes of messages that are not written yet.
    unwritten: usize,
    /// Where in the frame of a message they begin.
    write_position: usize,
    /// Where in the frame of a reply the next byte belongs.
    read_position: usize,
    /// Whether one whole reply was compared.
    is_checked: bool,
    /// When each message without a reply was sent.
    sent: VecDeque<Instant>,
}

impl Peer {
    /// Opens a connection and its WebSocket.
    pub fn open(address: SocketAddr, in_flight: usize) -> Result<Self> {
        let mut stream = net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.write_all(request(address).as_bytes())?;
        let mut head = Vec::new();
        let mut buffer = [0; 1024];
        while !head.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut buffer)?;
            ensure!(count > 0 && head.len() < 16 * 1024, "no response: {:?}", String::from_utf8_lossy(&head));
            head.extend_from_slice(&buffer[..count]);
        }
        check_response(&head)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            unwritten: 0,
            write_position: 0,
            read_position: 0,
            is_checked: false,
            sent: VecDeque::with_capacity(in_flight),
        })
    }

    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Whether nothing is in flight.
    pub fn is_idle(&self) -> bool {
        self.sent.is_empty() && self.unwritten == 0 && self.read_position == 0
    }

    /// Sends so many messages.
    pub fn send(&mut self, count: usize, now: Instant, exchange: &Exchange) -> Result<()> {
        self.sent.extend(core::iter::repeat_n(now, count));
        self.unwritten += count * exchange.message_len();
        self.write(exchange)
    }

    /// A message of another connection will arrive. It is compared byte by byte.
    pub fn expect(&mut self, now: Instant) {
        self.sent.push_back(now);
        self.is_checked = false;
    }

    /// Writes as much as the socket accepts.
    pub fn write(&mut self, exchange: &Exchange) -> Result<()> {
        while self.unwritten > 0 {
            match self.stream.write(exchange.messages(self.write_position, self.unwritten)) {
                Ok(count) => {
                    self.unwritten -= count;
                    self.write_position = (self.write_position + count) % exchange.message_len();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads until the socket has no more, and returns the number of complete replies.
    pub fn read(&mut self, exchange: &Exchange, buffer: &mut [u8]) -> Result<usize> {
        let mut complete = 0;
        loop {
            match self.stream.read(buffer) {
                Ok(0) => bail!("the server has closed a connection"),
                Ok(count) => {
                    complete += self.check(exchange, &buffer[..count])?;
                    ensure!(complete <= self.sent.len(), "a reply without a message");
                    if count < buffer.len() {
                        return Ok(complete);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(complete),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// When the first `count` messages in flight were sent. They have arrived.
    pub fn take_sent(&mut self, count: usize) -> impl Iterator<Item = Instant> {
        self.sent.drain(..count)
    }

    /// Compares the first reply byte by byte, and each one after [`expect`](Self::expect). Of the others, it
    /// compares the first byte: that is enough to see a reply that is too long or too short, and costs
    /// nothing. Returns the number of complete replies.
    fn check(&mut self, exchange: &Exchange, mut bytes: &[u8]) -> Result<usize> {
        let reply = exchange.reply();
        let mut complete = 0;
        while let Some(first) = bytes.first() {
            let rest = &reply[self.read_position..];
            let (piece, after) = bytes.split_at(rest.len().min(bytes.len()));
            if self.is_checked {
                ensure!(self.read_position > 0 || *first == reply[0], "a reply begins with {first:#04x}");
            } else {
                ensure!(rest.starts_with(piece), "the reply differs from the message");
            }
            bytes = after;
            self.read_position += piece.len();
            if self.read_position == reply.len() {
                self.read_position = 0;
                self.is_checked = true;
                complete += 1;
            }
        }
        Ok(complete)
    }
}
