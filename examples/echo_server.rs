//! An echo server: every text and binary message comes back.
//!
//! ```text
//! cargo run --release --example echo_server -- [ADDR] [--max-message BYTES] [--deflate]
//! ```
//!
//! ADDR is 127.0.0.1:9001 and BYTES is 64 MiB unless given; `--deflate` (with `--features deflate`) agrees to
//! compress messages. A browser that opens `http://ADDR/` gets a page to try it with.
//!
//! One thread a connection, blocking reads and writes. It accepts connections from every origin, and idle
//! ones stay as long as they answer Pings; a server that is open to the world would limit both.

mod common;

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::time::Instant;
use std::{env, thread};

use common::unless_closed;
use websocket_proto::{
    Accept, Config, Connection, Event, ReceiveBuffer, Reject, Server, State, TransportAction,
};

const USAGE: &str = "usage: echo_server [ADDR] [--max-message BYTES] [--deflate]";
const PAGE: &[u8] = include_bytes!("echo_server.html");

/// The Autobahn test suite sends 65,537 (cases 9.3.1 and 9.4.1), one more than the default allows.
const MAX_FRAGMENTS: u32 = 131_072;
/// What is read at once.
const READ: usize = 64 * 1024;
/// `out` is written at this length, before the next event of a read. Far below [`Config::max_write_buffer`],
/// so that no send and no reply is refused for lack of room.
const FLUSH: usize = 64 * 1024;
/// How often `tick` sees the time at least: the deadlines are many seconds long, and no message waits for it.
const TICK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let Some((address, config)) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match listen(&address, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<(String, Config)> {
    let mut address = None;
    let mut config = Config::new().max_fragments(MAX_FRAGMENTS).allow_plain_http(true);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--max-message" => {
                let bytes = arguments.next()?.parse().ok()?;
                config = config.max_message_size(bytes).max_frame_size(bytes);
            }
            #[cfg(feature = "deflate")]
            "--deflate" => config = config.deflate(Some(websocket_proto::DeflateConfig::new())),
            _ if argument.starts_with('-') || address.is_some() => return None,
            _ => address = Some(argument),
        }
    }
    Some((address.unwrap_or_else(|| "127.0.0.1:9001".to_owned()), config))
}

fn listen(address: &str, config: Config) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on ws://{}", listener.local_addr()?)?;
    stdout.flush()?;
    loop {
        match listener.accept() {
            Ok((stream, peer)) => {
                let serve = move || serve(stream, config).unwrap_or_else(|error| report(peer, &error));
                if let Err(error) = thread::Builder::new().spawn(serve) {
                    report(peer, &error);
                }
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "accept: {error}");
                // Out of file descriptors or memory: it fails again until a connection has ended.
                thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Not `eprintln!`, which panics if standard error is closed.
fn report(peer: SocketAddr, error: &io::Error) {
    let _ = writeln!(io::stderr(), "{peer}: {error}");
}

/// Serves a connection to its end.
pub(crate) fn serve(mut stream: TcpStream, config: Config) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TICK))?;
    // A peer that reads nothing for as long as it may leave a Ping unanswered is gone.
    stream.set_write_timeout(config.pong_timeout)?;
    let mut out = Vec::new();
    let result = converse(&mut stream, config, &mut out);
    // After an error of the transport this fails too, and `result` has the reason.
    let _ = common::end(&mut stream, &out);
    result
}

/// Echoes until the connection ends. Every `?` leaves the last reply in `out`, and the caller writes it.
fn converse(stream: &mut TcpStream, config: Config, out: &mut Vec<u8>) -> io::Result<()> {
    let mut connection = Connection::server(config);
    let mut inbound = ReceiveBuffer::new();
    let started = Instant::now();
    loop {
        while let Some(event) = connection.receive(&mut inbound, out)? {
            answer(event, &mut connection, out)?;
            if out.len() >= FLUSH {
                common::write(stream, out)?;
            }
        }
        connection.tick(started.elapsed(), out)?;
        common::write(stream, out)?;
        // Release the memory of a large message.
        out.shrink_to(2 * FLUSH);
        if connection.has_pending_reply() {
            continue;
        }
        if connection.transport_action() == TransportAction::Close {
            return Ok(());
        }
        match common::read(stream, inbound.spare_mut(READ))? {
            Some(0) => {
                // Browsers open connections in advance and drop them unused.
                let unused = connection.state() == State::Handshake;
                let closed = connection.receive_eof();
                return if unused || closed.clean() { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
            Some(count) => inbound.advance(count),
            None => {}
        }
    }
}

pub(crate) fn answer(
    event: Event<'_>,
    connection: &mut Connection<Server>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    match event {
        Event::Request(request) => {
            let accept = match request.subprotocols().find(|offered| offered.name() == "echo") {
                Some(echo) => Accept::new().subprotocol(echo),
                None => Accept::new(),
            };
            connection.accept(accept, out)?;
        }
        Event::PlainRequest(request) => {
            let reject = match request.target().split('?').next() {
                Some("/") => {
                    Reject::new(200).headers(&[("Content-Type", "text/html; charset=utf-8")]).body(PAGE)
                }
                _ => Reject::new(404).headers(&[("Content-Type", "text/plain")]).body(b"not found\n"),
            };
            connection.reject(reject, out)?;
        }
        Event::Text(text) => unless_closed(connection.send_text(text, out))?,
        Event::Binary(bytes) => unless_closed(connection.send_binary(bytes, out))?,
        _ => {}
    }
    Ok(())
}
