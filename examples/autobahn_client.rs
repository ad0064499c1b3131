//! A driver for the fuzzing server of the Autobahn test suite: echoes what every case sends.
//!
//! ```text
//! cargo run --release --example autobahn_client -- [--deflate] ws://HOST:PORT
//! ```
//!
//! `--deflate` needs `--features deflate`.

mod common;

use core::error::Error;
use core::time::Duration;
use std::env;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::process::ExitCode;

use common::RandomPool;
use websocket_proto::{
    Client, ClientRequest, Config, Connection, Event, ReceiveBuffer, SendError, TransportAction, Uri,
};

const AGENT: &str = "websocket-proto";
/// Cases 9.3.1 and 9.4.1 send 65,537, one more than the default allows.
const MAX_FRAGMENTS: u32 = 131_072;
/// What waits in `out` before it is written in the middle of a read's events. Far below
/// [`Config::max_write_buffer`].
const FLUSH: usize = 64 * 1024;
/// How long the server may be silent, and accept no input.
const TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let mut arguments =
        env::args().skip(1).filter(|argument| !cfg!(feature = "deflate") || argument != "--deflate");
    let (Some(server), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: autobahn_client [--deflate] ws://HOST:PORT");
        return ExitCode::from(2);
    };
    match run(server.trim_end_matches('/')) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(server: &str) -> Result<(), Box<dyn Error>> {
    let mut cases = None;
    talk(&format!("{server}/getCaseCount"), |event, _, _| {
        if let Event::Text(text) = event {
            cases = text.parse::<u32>().ok();
        }
        Ok(())
    })?;
    for case in 1..=cases.ok_or("the server did not say how many cases there are")? {
        if let Err(error) = talk(&format!("{server}/runCase?case={case}&agent={AGENT}"), echo) {
            eprintln!("case {case}: {error}");
        }
    }
    talk(&format!("{server}/updateReports?agent={AGENT}"), |_, _, _| Ok(()))
}

type Session = Connection<Client<RandomPool>>;

fn echo(event: Event<'_>, connection: &mut Session, out: &mut Vec<u8>) -> Result<(), SendError> {
    match event {
        Event::Text(text) => connection.send_text(text, out),
        Event::Binary(bytes) => connection.send_binary(bytes, out),
        _ => Ok(()),
    }
}

/// One connection from its beginning to its end.
pub(crate) fn talk(
    uri: &str,
    on_event: impl FnMut(Event<'_>, &mut Session, &mut Vec<u8>) -> Result<(), SendError>,
) -> Result<(), Box<dyn Error>> {
    let uri = Uri::parse(uri)?;
    let config = Config::new().max_fragments(MAX_FRAGMENTS);
    #[cfg(feature = "deflate")]
    let config = if env::args().any(|argument| argument == "--deflate") {
        config.deflate(Some(websocket_proto::DeflateConfig::new()))
    } else {
        config
    };
    let mut out = Vec::new();
    let connection = Connection::client(ClientRequest::new(uri), config, RandomPool::new(), &mut out)?;
    let mut stream = TcpStream::connect((uri.host(), uri.port()))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let result = converse(&mut stream, connection, &mut out, on_event);
    // After an error of the transport this fails too, and `result` has the reason.
    let _ = common::end(&mut stream, &out);
    result
}

/// Receives until the connection ends. Every `?` leaves the last reply in `out`, and the caller writes it.
fn converse(
    stream: &mut TcpStream,
    mut connection: Session,
    out: &mut Vec<u8>,
    mut on_event: impl FnMut(Event<'_>, &mut Session, &mut Vec<u8>) -> Result<(), SendError>,
) -> Result<(), Box<dyn Error>> {
    let mut inbound = ReceiveBuffer::new();
    loop {
        loop {
            match connection.receive(&mut inbound, out) {
                Ok(Some(Event::Rejected(response))) => {
                    return Err(format!("refused with status {}", response.status()).into());
                }
                Ok(Some(event)) => common::unless_closed(on_event(event, &mut connection, out))?,
                Ok(None) => break,
                // The suite breaks the protocol on purpose, and judges by the Close frame whether that was
                // seen.
                Err(websocket_proto::Error::Protocol(_)) => break,
                Err(error) => return Err(error.into()),
            }
            if out.len() >= FLUSH {
                common::write(stream, out)?;
            }
        }
        common::write(stream, out)?;
        if connection.has_pending_reply() {
            continue;
        }
        if connection.transport_action() == TransportAction::Close {
            return Ok(());
        }
        let count = match stream.read(inbound.spare_mut(64 * 1024)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // The suite's server resets the connection once both Close frames were exchanged.
            Err(_) if connection.close_status().clean() => 0,
            result => result?,
        };
        if count == 0 {
            return if connection.receive_eof().clean() {
                Ok(())
            } else {
                Err("connection lost without a Close".into())
            };
        }
        inbound.advance(count);
    }
}
