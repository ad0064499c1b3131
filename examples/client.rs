//! A client for the terminal: sends each line of standard input as a message, prints each message that comes.
//!
//! ```text
//! cargo run --release --example client -- URI [--subprotocol NAME]... [--header 'Name: value']... [--binary]
//! ```
//!
//! It closes the connection at the end of its input, once the answers to it have come. Exit status: 0 after a
//! clean close, 2 where the server broke the protocol, 1 for everything else.
//!
//! Two threads wait, one for the socket and one for standard input. The main thread owns the connection and
//! takes from both.

mod common;

use core::error::Error;
use core::str;
use core::time::Duration;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;
use std::{env, thread};

use common::RandomPool;
use websocket_proto::{
    ClientRequest, CloseCode, CloseFrameStatus, Config, Connection, Event, ReceiveBuffer, State,
    TransportAction, Uri,
};

const USAGE: &str = "usage: client URI [--subprotocol NAME]... [--header 'Name: value']... [--binary]";

/// How long the server is to be silent after the end of the input before the connection is closed: once it
/// has received a Close, it need not send the answers that are due.
const SILENCE: Duration = Duration::from_millis(500);
/// How long the server may put that off by not being silent; and how long it may then be silent before its
/// own Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may then take to close the transport.
const END_TIMEOUT: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match Options::parse(&arguments).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(if error.is::<websocket_proto::Error>() { 2 } else { 1 })
        }
    }
}

struct Options<'a> {
    uri: Uri<'a>,
    subprotocols: Vec<&'a str>,
    headers: Vec<(&'a str, &'a str)>,
    binary: bool,
}

impl<'a> Options<'a> {
    fn parse(arguments: &'a [String]) -> Result<Self, Box<dyn Error>> {
        let mut uri = None;
        let (mut subprotocols, mut headers, mut binary) = (Vec::new(), Vec::new(), false);
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            match argument {
                "--subprotocol" => subprotocols.push(arguments.next().ok_or(USAGE)?),
                "--header" => {
                    let (name, value) =
                        arguments.next().and_then(|field| field.split_once(':')).ok_or(USAGE)?;
                    headers.push((name, value.trim()));
                }
                "--binary" => binary = true,
                _ if argument.starts_with('-') || uri.is_some() => return Err(USAGE.into()),
                _ => uri = Some(argument),
            }
        }
        let uri = Uri::parse(uri.ok_or(USAGE)?)?;
        if uri.is_secure() {
            return Err("wss is not supported by this example: it has no TLS".into());
        }
        Ok(Self { uri, subprotocols, headers, binary })
    }
}

/// What the main thread waits for.
enum Input {
    /// Bytes from the server; empty at the end.
    Socket(io::Result<Vec<u8>>),
    /// A line of standard input; `None` at the end.
    Line(Option<io::Result<Vec<u8>>>),
}

fn run(options: &Options<'_>) -> Result<(), Box<dyn Error>> {
    let mut out = Vec::new();
    let request =
        ClientRequest::new(options.uri).subprotocols(&options.subprotocols).headers(&options.headers);
    let mut connection = Connection::client(request, Config::default(), RandomPool::new(), &mut out)?;
    let mut inbound = ReceiveBuffer::new();

    let mut stream = TcpStream::connect((options.uri.host(), options.uri.port()))?;
    stream.set_nodelay(true)?;
    // Without a bound: whoever writes to a server that writes must not stop reading.
    let (to_main, inputs) = mpsc::channel();
    let (next_line, wanted) = mpsc::channel();
    let (reader, from_socket) = (stream.try_clone()?, to_main.clone());
    thread::spawn(move || read_socket(reader, &from_socket));
    thread::spawn(move || read_lines(&wanted, &to_main));

    let mut stdout = io::stdout().lock();
    let (mut input_ended, mut over) = (None, None);
    loop {
        let failure = loop {
            match connection.receive(&mut inbound, &mut out) {
                Ok(Some(Event::Open(response))) => {
                    if let Some(subprotocol) = response.subprotocol() {
                        eprintln!("subprotocol: {subprotocol}");
                    }
                    next_line.send(())?;
                }
                Ok(Some(Event::Rejected(response))) => {
                    return Err(format!(
                        "refused: {} {}",
                        response.status(),
                        response.reason().escape_ascii()
                    )
                    .into());
                }
                Ok(Some(Event::Text(text))) => print(&mut stdout, text.as_bytes())?,
                Ok(Some(Event::Binary(bytes))) => print(&mut stdout, bytes)?,
                Ok(Some(Event::Close(Some(frame)))) if frame.code != CloseCode::NORMAL_CLOSURE => {
                    eprintln!("closed: {} {}", frame.code, frame.reason);
                }
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        // A server that takes nothing more may have said why: what it sent is still read, to the end.
        let _ = stream.write_all(&out);
        out.clear();
        if connection.has_pending_reply() {
            continue;
        }
        if connection.transport_action() == TransportAction::Close {
            // A socket that is dropped while bytes wait in it resets the connection; the server is to read
            // the Close frame first.
            let _ = stream.shutdown(Shutdown::Write);
        }
        let left = |start: Instant, timeout: Duration| timeout.saturating_sub(start.elapsed());
        let closing = connection.close_status().sent != CloseFrameStatus::None;
        let patience = match (connection.state(), input_ended) {
            (State::End, _) => left(*over.get_or_insert_with(Instant::now), END_TIMEOUT),
            _ if closing => CLOSE_TIMEOUT,
            (_, Some(ended)) => SILENCE.min(left(ended, CLOSE_TIMEOUT)),
            (_, None) => Duration::MAX,
        };
        // Not zero: what a flood has brought already would be taken without a look at the time.
        let input = if patience.is_zero() { None } else { inputs.recv_timeout(patience).ok() };
        let end: Box<dyn Error> = match input {
            None if connection.state() == State::Transmission && !closing => {
                connection.close(CloseCode::NORMAL_CLOSURE, "", &mut out)?;
                continue;
            }
            Some(Input::Socket(Ok(bytes))) if !bytes.is_empty() => {
                let _all = inbound.feed(&bytes);
                continue;
            }
            Some(Input::Line(line)) => {
                let open = connection.state() == State::Transmission;
                match line.transpose()? {
                    Some(line) if open => {
                        if options.binary {
                            connection.send_binary(&line, &mut out)?;
                        } else {
                            let text = str::from_utf8(&line)
                                .map_err(|_| "a line that is not UTF-8; --binary sends it")?;
                            connection.send_text(text.strip_suffix('\r').unwrap_or(text), &mut out)?;
                        }
                        next_line.send(())?;
                    }
                    Some(_) => {}
                    None => input_ended = Some(Instant::now()),
                }
                continue;
            }
            Some(Input::Socket(Ok(_))) => "connection lost without a Close".into(),
            Some(Input::Socket(Err(error))) => error.into(),
            None => "no Close from the server in time".into(),
        };
        return match failure {
            Some(error) => Err(error.into()),
            None if connection.receive_eof().clean() => Ok(()),
            None => Err(end),
        };
    }
}

fn print(stdout: &mut impl Write, message: &[u8]) -> io::Result<()> {
    stdout.write_all(message)?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

fn read_socket(mut stream: TcpStream, to_main: &Sender<Input>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let bytes = match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result.map(|count| buffer[..count].to_vec()),
        };
        let more = matches!(&bytes, Ok(bytes) if !bytes.is_empty());
        if to_main.send(Input::Socket(bytes)).is_err() || !more {
            return;
        }
    }
}

/// Reads a line whenever one is wanted, so that a long input waits in its file and not in memory.
fn read_lines(wanted: &Receiver<()>, to_main: &Sender<Input>) {
    let mut lines = io::stdin().lock().split(b'\n');
    while wanted.recv().is_ok() && to_main.send(Input::Line(lines.next())).is_ok() {}
}
