//! The firmware of `embedded/` without its hardware: its echo server, with tungstenite as the client at the
//! other end of a line in memory.

#[path = "../embedded/src/echo.rs"]
mod echo;

use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};

use echo::{Echo, Ended, INPUT, OUTPUT, Transport};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Error, Message, WebSocket};

/// A line between the two. The server reads and writes at most `step` bytes at a time.
#[derive(Debug)]
struct Line {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    step: usize,
    is_shut_down: bool,
    is_cut: bool,
}

impl Line {
    fn new(step: usize) -> Self {
        Self { to_server: Vec::new(), to_client: Vec::new(), step, is_shut_down: false, is_cut: false }
    }
}

impl Transport for Line {
    fn read(&mut self, space: &mut [u8]) -> Result<usize, Ended> {
        let count = space.len().min(self.to_server.len()).min(self.step);
        space[..count].copy_from_slice(&self.to_server[..count]);
        self.to_server.drain(..count);
        if count == 0 && self.is_cut { Err(Ended) } else { Ok(count) }
    }

    /// Has room for `step` bytes until the client reads.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Ended> {
        assert!(!self.is_shut_down);
        let count = bytes.len().min(self.step.saturating_sub(self.to_client.len()));
        self.to_client.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn shutdown(&mut self) {
        self.is_shut_down = true;
    }
}

/// The client's end of the line: the server runs whenever the client waits for it.
struct Peer<'m> {
    line: Line,
    server: Echo<'m>,
}

impl<'m> Peer<'m> {
    fn new(memory: &'m mut ([u8; INPUT], [u8; OUTPUT]), step: usize) -> Self {
        Self { line: Line::new(step), server: Echo::new(&mut memory.0, &mut memory.1) }
    }

    fn poll(&mut self, seconds: u64) -> Result<(), Ended> {
        self.server.poll(&mut self.line, Duration::from_secs(seconds))
    }
}

impl Read for Peer<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let _ = self.poll(0);
        let count = space.len().min(self.line.to_client.len());
        if count == 0 {
            return if self.line.is_shut_down { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        space[..count].copy_from_slice(&self.line.to_client[..count]);
        self.line.to_client.drain(..count);
        Ok(count)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.to_server.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const STEPS: [usize; 4] = [1, 7, 300, usize::MAX];

/// A client after its opening handshake. tungstenite rejects a response that it reads in small pieces, so
/// `step` begins later.
fn open(memory: &mut ([u8; INPUT], [u8; OUTPUT]), step: usize) -> WebSocket<Peer<'_>> {
    let request = "ws://device/".into_client_request().expect("a URI");
    let handshake =
        ClientHandshake::start(Peer::new(memory, usize::MAX), request, None).expect("a handshake");
    let (mut client, _) = handshake.handshake().expect("accepted");
    client.get_mut().line.step = step;
    client
}

/// The next message, however many reads it takes.
fn receive(client: &mut WebSocket<Peer<'_>>) -> Result<Message, Error> {
    loop {
        match client.read() {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

#[test]
fn messages_longer_than_the_memory_come_back() {
    for step in STEPS {
        let mut memory = ([0xa5; INPUT], [0xa5; OUTPUT]);
        let mut client = open(&mut memory, step);
        for message in [
            Message::text("κόσμε".repeat(INPUT)),
            Message::text(""),
            Message::binary(vec![0xff; INPUT - 8]),
            Message::binary(vec![]),
            Message::binary(vec![0x5a; 70_000]),
        ] {
            client.send(message.clone()).expect("an open connection");
            assert_eq!(receive(&mut client).expect("an open connection"), message, "{step} bytes at a time");
        }
    }
}

/// §5.4: a control frame can be between two fragments.
#[test]
fn a_ping_between_two_fragments_gets_its_pong() {
    for step in STEPS {
        let mut memory = ([0; INPUT], [0; OUTPUT]);
        let mut client = open(&mut memory, step);
        let ping = Message::Ping(vec![b'p'; 125].into());
        for frame in [
            Message::Frame(Frame::message("Hel", OpCode::Data(Data::Text), false)),
            ping.clone(),
            Message::Frame(Frame::message("lo", OpCode::Data(Data::Continue), true)),
            ping,
        ] {
            client.send(frame).expect("an open connection");
        }
        let pong = Message::Pong(vec![b'p'; 125].into());
        for message in [pong.clone(), Message::text("Hello"), pong] {
            assert_eq!(receive(&mut client).expect("an open connection"), message, "{step} bytes at a time");
        }
    }
}

/// §5.5.1, §7.1.1: the server echoes the Close, and closes the transport first.
#[test]
fn close_is_echoed_before_the_transport_ends() {
    for step in STEPS {
        let mut memory = ([0; INPUT], [0; OUTPUT]);
        let mut client = open(&mut memory, step);
        let close = CloseFrame { code: 4000.into(), reason: "bye".into() };
        client.close(Some(close.clone())).expect("an open connection");
        assert_eq!(receive(&mut client).expect("a reply"), Message::Close(Some(close)));
        assert!(matches!(receive(&mut client), Err(Error::ConnectionClosed)));
        let peer = client.get_mut();
        assert_eq!(peer.poll(1), Ok(()), "the client has not closed the transport");
        peer.line.is_cut = true;
        assert_eq!(peer.poll(1), Err(Ended));
    }
}

/// The last output of a server that received this.
fn output(input: &[u8], step: usize) -> Vec<u8> {
    let mut memory = ([0; INPUT], [0; OUTPUT]);
    let mut peer = Peer::new(&mut memory, step);
    peer.line.to_server = input.to_vec();
    let mut output = Vec::new();
    while !peer.line.is_shut_down {
        assert_eq!(peer.poll(0), Ok(()));
        output.append(&mut peer.line.to_client);
    }
    assert!(peer.line.to_server.is_empty(), "it discards the rest of the input");
    assert_eq!(peer.poll(1), Ok(()), "the client may still read");
    assert_eq!(peer.poll(2), Err(Ended), "not for ever");
    output
}

/// §7.1.7: a Close with the code of the error; in the opening handshake, a response.
#[test]
fn a_violation_gets_its_answer() {
    let request = b"GET / HTTP/1.1\r\nHost: device\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    for step in STEPS {
        let frame = [&request[..], b"\xc1\x80\0\0\0\0", &[0; 3000]].concat();
        assert!(output(&frame, step).ends_with(b"\r\n\r\n\x88\x02\x03\xea"));
        assert!(output(b"GET / HTTP/1.1\n", step).starts_with(b"HTTP/1.1 400 "));
        assert!(output(&[&request[..20], &[b'x'; 3000]].concat(), step).starts_with(b"HTTP/1.1 431 "));
    }
}

/// `Config::handshake_timeout`.
#[test]
fn half_a_request_and_silence_is_closed() {
    let mut memory = ([0; INPUT], [0; OUTPUT]);
    let mut peer = Peer::new(&mut memory, usize::MAX);
    peer.line.to_server = b"GET / HTTP/1.1\r\nHo".to_vec();
    assert_eq!(peer.poll(0), Ok(()));
    assert!(peer.line.to_client.is_empty());
    assert_eq!(peer.poll(10), Ok(()));
    assert!(peer.line.to_client.starts_with(b"HTTP/1.1 408 "));
    assert_eq!(peer.poll(12), Err(Ended));
}

/// A transport that ends takes the connection with it, also while output waits.
#[test]
fn the_end_of_the_transport_is_the_end() {
    let mut memory = ([0; INPUT], [0; OUTPUT]);
    let mut peer = Peer::new(&mut memory, usize::MAX);
    peer.line.is_cut = true;
    assert_eq!(peer.poll(0), Err(Ended));
}
