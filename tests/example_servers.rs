//! The servers among the examples, over TCP: every way in which a connection ends (§7.1).
#![cfg(feature = "std")]

mod support;

#[expect(dead_code, unreachable_pub, reason = "it is a program")]
#[path = "../examples/echo.rs"]
mod echo;

#[expect(dead_code, reason = "it is a program")]
#[path = "../examples/echo_server.rs"]
mod echo_server;

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::Instant;

use support::{REQUEST, RESPONSE, frame, open_server};
use websocket_proto::{CloseCode, Config, Event, Server};

/// Serves a connection to its end.
type Serve = fn(TcpStream, Config) -> io::Result<()>;

const SERVERS: [(&str, Serve); 2] = [("echo", echo::serve), ("echo_server", echo_server::serve)];

/// Longer than any connection of these tests lasts. A server that hangs fails the test.
const PATIENCE: Duration = Duration::from_secs(60);
/// As long a silence as a server of these tests accepts, if a test is about silence.
const SHORT: Duration = Duration::from_millis(100);

/// A frame with RSV1 set, which no extension defines (§5.2).
const VIOLATION: &[u8] = b"\xc1\x80\0\0\0\0";
/// Close 1002, without a reason.
const PROTOCOL_ERROR: &[u8] = b"\x88\x02\x03\xea";
/// More than a server reads at once.
static MORE: [u8; 200_000] = [0; 200_000];

/// A client's end of a connection, and what the server returns at its end.
struct Client {
    stream: TcpStream,
    outcome: Receiver<io::Result<()>>,
}

impl Client {
    fn connect(serve: Serve, config: Config) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("its address")).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let (accepted, _) = listener.accept().expect("the same connection");
        let (tell, outcome) = mpsc::channel();
        thread::spawn(move || tell.send(serve(accepted, config)));
        Self { stream, outcome }
    }

    /// A connection after the opening handshake.
    fn open(serve: Serve, config: Config) -> Self {
        let mut client = Self::connect(serve, config);
        client.write(REQUEST);
        let mut response = [0; RESPONSE.len()];
        client.stream.read_exact(&mut response).expect("a response");
        assert_eq!(response, RESPONSE);
        client
    }

    /// Writes as much as the server accepts.
    fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).map(|_| bytes)
    }

    /// What the server returns when this end is closed too. It has read all input: if not, it would reset the
    /// connection.
    fn close(self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write).expect("no reset before");
        let outcome = self.outcome.recv_timeout(PATIENCE).expect("the server returns");
        assert!(self.stream.take_error().expect("a socket").is_none(), "no reset after");
        outcome
    }
}

/// A masked text message.
fn text(payload: &str) -> Vec<u8> {
    frame::<Server>(0x81, payload.as_bytes())
}

#[test]
fn readme_shows_the_echo_example() {
    let example = include_str!("../examples/echo.rs");
    assert!(include_str!("../README.md").contains(&format!("```rust,no_run\n{example}```")));
}

/// §7.1.1, §7.1.7: the Close is not lost to unread input.
#[test]
fn a_client_that_violates_the_protocol_reads_the_close_and_a_clean_end() {
    for (name, serve) in SERVERS {
        for _ in 0..20 {
            let mut client = Client::open(serve, Config::default());
            client.write(&[&text("Hello"), VIOLATION, &MORE].concat());
            let came = client.read_to_end();
            assert_eq!(came.expect(name), [b"\x81\x05Hello", PROTOCOL_ERROR].concat(), "{name}");
            let error = client.close().expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{name}");
        }
    }
}

/// §4.2.1: the response is not lost to unread input.
#[test]
fn a_client_that_sends_a_bad_request_reads_the_response_and_a_clean_end() {
    for (name, serve) in SERVERS {
        let mut client = Client::connect(serve, Config::default());
        client.write(&[b"GET / HTTP/1.1\r\nHost : example.com\r\n\r\n", &MORE[..]].concat());
        let came = client.read_to_end().expect(name);
        assert!(came.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), "{name}: {}", came.escape_ascii());
        assert_eq!(client.close().expect_err(name).kind(), ErrorKind::InvalidData, "{name}");
    }
}

#[test]
fn a_client_that_closes_in_its_request_reads_a_clean_end() {
    for (name, serve) in SERVERS {
        let mut client = Client::connect(serve, Config::default());
        client.write(&REQUEST[..REQUEST.len() / 2]);
        client.stream.shutdown(Shutdown::Write).expect(name);
        assert_eq!(client.read_to_end().expect(name), b"", "{name}");
        client.outcome.recv_timeout(PATIENCE).expect(name).expect(name);
    }
}

/// RFC 9110 §15.5.9.
#[test]
fn a_client_that_falls_silent_in_its_request_reads_the_response_and_a_clean_end() {
    for (name, serve) in SERVERS {
        let mut config = Config::default();
        // Half of the request must arrive in this time.
        config.handshake_timeout = Some(10 * SHORT);
        let mut client = Client::connect(serve, config);
        client.write(&REQUEST[..REQUEST.len() / 2]);
        let came = client.read_to_end().expect(name);
        assert!(came.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"), "{name}: {}", came.escape_ascii());
        let error = client.close().expect_err(name);
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{name}");
    }
}

/// §5.5.2, §7.4.1.
#[test]
fn a_client_that_answers_no_ping_reads_the_close_and_a_clean_end() {
    for (name, serve) in SERVERS {
        let mut config = Config::default();
        (config.ping_interval, config.pong_timeout) = (Some(SHORT), Some(SHORT));
        let mut client = Client::open(serve, config);
        let came = client.read_to_end().expect(name);
        assert!(
            came.starts_with(b"\x89") && came.ends_with(b"\x88\x02\x03\xf3"),
            "{name}: {}",
            came.escape_ascii()
        );
        assert_eq!(client.close().expect_err(name).kind(), ErrorKind::TimedOut, "{name}");
    }
}

/// §7.1.1: input after both Close frames resets nothing either.
#[test]
fn a_client_that_sends_on_after_its_close_reads_the_close_and_a_clean_end() {
    for (name, serve) in SERVERS {
        let mut client = Client::open(serve, Config::default());
        client.write(&[&frame::<Server>(0x88, b"\x03\xe8"), &MORE[..]].concat());
        assert_eq!(client.read_to_end().expect(name), b"\x88\x02\x03\xe8", "{name}");
        client.close().expect(name);
    }
}

/// §5.5.1: messages arrive between the two Close frames, and nothing can answer them.
#[test]
fn messages_after_the_close_of_the_server_end_nothing() {
    let mut client = Client::open(echo::serve, Config::default());
    client.write(&text("bye"));
    let mut close = [0; 7];
    client.stream.read_exact(&mut close).expect("a Close");
    assert_eq!(&close, b"\x88\x05\x03\xe8bye");
    client.write(
        &[text("late"), text("bye"), frame::<Server>(0x82, &MORE), frame::<Server>(0x88, b"\x03\xe8")]
            .concat(),
    );
    assert_eq!(client.read_to_end().expect("a clean end"), b"");
    client.close().expect("a clean end");
}

#[test]
fn echo_server_answers_no_message_after_its_close() {
    let mut connection = open_server(Config::default());
    let mut out = Vec::new();
    connection.close(CloseCode::GOING_AWAY, "", &mut out).expect("it is open");
    out.clear();
    for event in [Event::Text("late"), Event::Binary(b"late")] {
        echo_server::answer(event, &mut connection, &mut out).expect("no error");
    }
    assert_eq!(out, b"");
}

/// §7.1.1: the server does not wait for ever.
#[test]
fn a_client_that_never_answers_the_close_of_the_server_reads_a_clean_end() {
    let mut config = Config::default();
    config.close_timeout = Some(SHORT);
    let mut client = Client::open(echo::serve, config);
    client.write(&text("bye"));
    assert_eq!(client.read_to_end().expect("a clean end"), b"\x88\x05\x03\xe8bye");
    let error = client.close().expect_err("no Close");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// Writes `frame` again and again, without reading, until the server returns.
fn flood(mut client: Client, frame: &[u8]) -> io::Result<()> {
    client.stream.set_write_timeout(Some(SHORT)).expect("a timeout");
    let (start, mut rest) = (Instant::now(), frame);
    loop {
        assert!(start.elapsed() < PATIENCE, "the server returns");
        match client.outcome.try_recv() {
            Ok(outcome) => return outcome,
            Err(TryRecvError::Disconnected) => panic!("the server panicked"),
            Err(TryRecvError::Empty) => {}
        }
        match client.stream.write(rest) {
            Ok(count) if count < rest.len() => rest = &rest[count..],
            Ok(_) => rest = frame,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return client.outcome.recv_timeout(PATIENCE).expect("the server returns"),
        }
    }
}

#[test]
fn a_client_that_reads_nothing_does_not_keep_the_server() {
    for (name, serve) in SERVERS {
        let mut config = Config::default();
        config.pong_timeout = Some(SHORT);
        let error = flood(Client::open(serve, config), &frame::<Server>(0x82, &MORE)).expect_err(name);
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{name}: {error}");
    }
}

#[test]
fn a_client_that_never_stops_sending_does_not_keep_the_server() {
    for (name, serve) in SERVERS {
        let error = flood(Client::open(serve, Config::default()), VIOLATION).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{name}");
    }
}
