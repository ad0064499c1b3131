//! The clients among the examples, over TCP: every way in which a connection ends (§7.1).
#![cfg(feature = "std")]
#![allow(clippy::duplicate_mod, reason = "each example has its own `common`")]

mod support;

#[expect(dead_code, reason = "it is a program")]
#[path = "../examples/autobahn_client.rs"]
mod autobahn_client;

#[expect(dead_code, reason = "it is a program")]
#[path = "../examples/client.rs"]
mod client;

use core::error::Error;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread;
use std::time::Instant;

use support::{Keys, frames_of};
use websocket_proto::{Accept, Client, Config, Connection, Event, ReceiveBuffer, SendError};

/// Longer than any connection of these tests lasts. A client that hangs fails the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// A frame with RSV1 set, which no extension defines (§5.2).
const VIOLATION: &[u8] = b"\xc1\x00";
/// A Ping with the payload "?", and a text message.
const PING_AND_TEXT: &[u8] = b"\x89\x01?\x81\x02Hi";
/// More than a client reads at once.
static MORE: [u8; 200_000] = [0; 200_000];

/// A client's life as a function of the URI. Errors of the client's as texts.
type Run = Box<dyn FnOnce(&str) -> Result<(), String> + Send>;

/// A server's end of a connection, and what the client returns at its end.
struct Server {
    stream: TcpStream,
    outcome: Receiver<Result<(), String>>,
}

impl Server {
    fn accept(run: Run) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let uri = format!("ws://{}/", listener.local_addr().expect("its address"));
        let (tell, outcome) = mpsc::channel();
        thread::spawn(move || tell.send(run(&uri)));
        let (stream, _) = listener.accept().expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream, outcome }
    }

    /// Reads the request, and accepts it in one write with `after`.
    fn open(run: Run, after: &[u8]) -> Self {
        let mut server = Self::accept(run);
        let mut connection = Connection::server(Config::default());
        let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
        while !matches!(connection.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))) {
            let count = server.stream.read(inbound.spare_mut(1024)).expect("a request");
            assert_ne!(count, 0, "the request is whole");
            inbound.advance(count);
        }
        connection.accept(Accept::new(), &mut out).expect("the request is fine");
        server.stream.write_all(&[&out, after].concat()).expect("the client reads");
        server
    }

    /// The frames of the client up to its end.
    fn read_to_end(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).expect("a clean end");
        frames_of::<Client<Keys>>(&bytes)
    }

    /// What the client returns when this end is closed too. It has read all input: if not, it would reset the
    /// connection.
    fn close(self) -> Result<(), String> {
        self.stream.shutdown(Shutdown::Write).expect("no reset before");
        let outcome = self.outcome.recv_timeout(PATIENCE).expect("the client returns");
        assert!(self.stream.take_error().expect("a socket").is_none(), "no reset after");
        outcome
    }
}

/// An input of the terminal client, as long as its sender lives.
struct Terminal(Receiver<&'static [u8]>);

impl Read for Terminal {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv().map_or(Ok(0), |bytes| {
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        })
    }
}

/// An output that was closed.
struct CloseStatus;

impl Write for CloseStatus {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal client, and its input.
fn terminal(mut output: impl Write + Send + 'static) -> (Sender<&'static [u8]>, Run) {
    let (type_in, typed) = mpsc::channel();
    let run = move |uri: &str| {
        let arguments = [uri.to_owned()];
        let options = client::Options::parse(&arguments).expect("a URI");
        client::run(&options, BufReader::new(Terminal(typed)), &mut output).map_err(text)
    };
    (type_in, Box::new(run))
}

/// The driver for Autobahn; its answer to the first message fails with `error`.
fn autobahn(error: SendError) -> Run {
    Box::new(move |uri| {
        let on_event = |event: Event<'_>, _: &mut _, _: &mut _| {
            if let Event::Text(_) = event { Err(error) } else { Ok(()) }
        };
        autobahn_client::talk(uri, on_event).map_err(text)
    })
}

fn text(error: Box<dyn Error>) -> String {
    error.to_string()
}

/// §7.1.7: the Close is not lost to unread input.
#[test]
fn a_server_that_violates_the_protocol_reads_the_close_and_a_clean_end() {
    for _ in 0..20 {
        let (_type_in, run) = terminal(io::sink());
        let mut server = Server::open(run, &[VIOLATION, &MORE].concat());
        assert_eq!(server.read_to_end(), [(0x88, b"\x03\xea".to_vec())]);
        assert_eq!(server.close(), Err("reserved bit set without an extension that defines it".to_owned()));

        let mut server = Server::open(autobahn(SendError::NotOpen), &[VIOLATION, &MORE].concat());
        assert_eq!(server.read_to_end(), [(0x88, b"\x03\xea".to_vec())]);
        assert_eq!(server.close(), Ok(()), "the suite violates the protocol on purpose");
    }
}

#[test]
fn a_server_that_never_stops_sending_does_not_keep_the_client() {
    let (_type_in, client) = terminal(io::sink());
    for run in [client, autobahn(SendError::NotOpen)] {
        let mut server = Server::open(run, VIOLATION);
        let start = Instant::now();
        while server.outcome.try_recv() == Err(TryRecvError::Empty) {
            assert!(start.elapsed() < PATIENCE, "the client returns");
            // Slowly: the client must look at the time while bytes arrive, not only after a backlog.
            let _ = server.stream.write_all(b"more");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_server_that_rejects_the_request_reads_a_clean_end() {
    let (_type_in, client) = terminal(io::sink());
    for (run, error) in
        [(client, "refused: 404 Not Found"), (autobahn(SendError::NotOpen), "refused with status 404")]
    {
        let mut server = Server::accept(run);
        server
            .stream
            .write_all(&[b"HTTP/1.1 404 Not Found\r\n\r\n", &MORE[..]].concat())
            .expect("the client reads");
        let mut request = Vec::new();
        server.stream.read_to_end(&mut request).expect("a clean end");
        assert!(request.ends_with(b"\r\n\r\n"));
        assert_eq!(server.close(), Err(error.to_owned()));
    }
}

/// §5.5.2: the Pong is not lost to the error. §7.4.1: the client stops for its own reasons.
#[test]
fn a_client_that_cannot_print_a_message_sends_the_pong_and_a_close() {
    let (_type_in, run) = terminal(CloseStatus);
    let mut server = Server::open(run, PING_AND_TEXT);
    assert_eq!(server.read_to_end(), [(0x8A, b"?".to_vec()), (0x88, b"\x03\xe9".to_vec())]);
    assert_eq!(server.close(), Err("broken pipe".to_owned()));
}

#[test]
fn a_client_with_a_line_that_is_not_utf8_sends_a_close() {
    let (type_in, run) = terminal(io::sink());
    type_in.send(b"first\nsecond \xff\n").expect("the client reads");
    let mut server = Server::open(run, b"");
    assert_eq!(server.read_to_end(), [(0x81, b"first".to_vec()), (0x88, b"\x03\xe9".to_vec())]);
    assert_eq!(server.close(), Err("a line that is not UTF-8; --binary sends it".to_owned()));
}

/// §5.5.2: the Pong is not lost to the error.
#[test]
fn a_send_that_fails_loses_no_pong() {
    let mut server = Server::open(autobahn(SendError::Full), PING_AND_TEXT);
    assert_eq!(server.read_to_end(), [(0x8A, b"?".to_vec())]);
    assert_eq!(server.close(), Err(SendError::Full.to_string()));
}

/// §5.5.1: messages arrive between the two Close frames, and nothing can answer them.
#[test]
fn a_message_that_is_too_late_to_be_answered_ends_nothing() {
    let mut server =
        Server::open(autobahn(SendError::Closed), &[PING_AND_TEXT, b"\x88\x02\x03\xe8"].concat());
    let mut frames = vec![0; 7 + 8];
    server.stream.read_exact(&mut frames).expect("a Pong and a Close");
    assert_eq!(frames_of::<Client<Keys>>(&frames), [(0x8A, b"?".to_vec()), (0x88, b"\x03\xe8".to_vec())]);
    assert_eq!(server.close(), Ok(()));
}

/// §7.1.1: the client waits for the server to close the transport.
#[test]
fn a_client_at_the_end_of_its_input_closes_after_the_server() {
    let (type_in, run) = terminal(io::sink());
    drop(type_in);
    let mut server = Server::open(run, b"");
    let mut close = [0; 8];
    server.stream.read_exact(&mut close).expect("a Close");
    assert_eq!(frames_of::<Client<Keys>>(&close), [(0x88, b"\x03\xe8".to_vec())]);
    server.stream.write_all(b"\x81\x04late\x88\x02\x03\xe8").expect("the client reads");
    assert_eq!(server.close(), Ok(()));
}
