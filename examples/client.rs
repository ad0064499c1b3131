//! A client for the terminal: sends each line of standard input as a message, prints each that it receives.
//!
//! ```text
//! cargo run --release --example client -- URI [--subprotocol NAME]... [--header 'Name: value']... [--binary]
//! ```
//!
//! It closes the connection at the end of its input, after it has received the answers. Exit status: 0 after a
//! clean close, 2 if the server broke the protocol, 1 for everything else.
//!
//! Two threads wait, one for the socket and one for standard input. The main thread owns the connection and
//! takes from both.

mod common;

use core::error::Error;
use core::str;
use core::time::Duration;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;
use std::{env, thread};

use common::{LINGER, RandomPool};
use websocket_proto::{
    Client, ClientRequest, CloseCode, CloseFrameStatus, Config, Connection, Event, ReceiveBuffer, SendError,
    State, TransportAction, Uri,
};

const USAGE: &str = "usage: client URI [--subprotocol NAME]... [--header 'Name: value']... [--binary]";

/// How long the server must be silent after the end of the input before the connection is closed: once it
/// has received a Close, it need not send the answers that are due.
const SILENCE: Duration = Duration::from_millis(500);
/// How long the server may put that off by not being silent; and how long it may then be silent before its
/// own Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may then take to close the transport.
const END_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the server may accept no input while a write waits: as long as a Ping may go unanswered by
/// default.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match Options::parse(&arguments)
        .and_then(|options| run(&options, BufReader::new(io::stdin()), &mut io::stdout().lock()))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(if error.is::<websocket_proto::Error>() { 2 } else { 1 })
        }
    }
}

pub(crate) struct Options<'a> {
    uri: Uri<'a>,
    subprotocols: Vec<&'a str>,
    headers: Vec<(&'a str, &'a str)>,
    binary: bool,
}

impl<'a> Options<'a> {
    pub(crate) fn parse(arguments: &'a [String]) -> Result<Self, Box<dyn Error>> {
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

/// A connection from its beginning to its end: sends the lines of `input`, writes the messages of the server
/// to `output`.
pub(crate) fn run(
    options: &Options<'_>,
    input: impl BufRead + Send + 'static,
    output: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let mut out = Vec::new();
    let request =
        ClientRequest::new(options.uri).subprotocols(&options.subprotocols).headers(&options.headers);
    let connection = Connection::client(request, Config::default(), RandomPool::new(), &mut out)?;

    let stream = TcpStream::connect((options.uri.host(), options.uri.port()))?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    // Unbounded: the client must read while it writes, or a server that does not read while it writes blocks
    // it.
    let (to_main, inputs) = mpsc::channel();
    let (next_line, wanted) = mpsc::channel();
    let (reader, from_socket) = (stream.try_clone()?, to_main.clone());
    thread::spawn(move || read_socket(reader, &from_socket));
    thread::spawn(move || read_lines(input, &wanted, &to_main));

    let inbound = ReceiveBuffer::new();
    let mut session = Session {
        connection,
        inbound,
        out,
        stream,
        inputs,
        next_line,
        input_ended: None,
        over: None,
        socket_ended: false,
    };
    let result = session.talk(options.binary, output);
    session.end();
    result
}

/// A connection, and the state of the main thread.
struct Session {
    connection: Connection<Client<RandomPool>>,
    inbound: ReceiveBuffer<Vec<u8>>,
    out: Vec<u8>,
    stream: TcpStream,
    inputs: Receiver<Input>,
    /// Asks for a line of the input.
    next_line: Sender<()>,
    input_ended: Option<Instant>,
    /// Since when the client only reads: both Close frames were exchanged, or a write failed.
    over: Option<Instant>,
    /// Whether the socket was read to its end.
    socket_ended: bool,
}

impl Session {
    /// Sends and receives until the connection ends. Every `?` leaves the last reply in `out`, and
    /// [`end`](Self::end) writes it.
    fn talk(&mut self, binary: bool, output: &mut impl Write) -> Result<(), Box<dyn Error>> {
        loop {
            while let Some(event) = self.connection.receive(&mut self.inbound, &mut self.out)? {
                show(event, output, &self.next_line)?;
            }
            self.write();
            if self.connection.has_pending_reply() {
                continue;
            }
            if self.connection.transport_action() == TransportAction::Close {
                return Ok(());
            }
            let closing = self.connection.close_status().sent != CloseFrameStatus::None;
            let end: Box<dyn Error> = match self.next_input() {
                Some(Input::Socket(Ok(bytes))) if !bytes.is_empty() => {
                    let _all = self.inbound.feed(&bytes);
                    continue;
                }
                Some(Input::Line(line)) => {
                    self.send(line, binary)?;
                    continue;
                }
                None if self.over.is_none() && !closing => {
                    self.connection.close(CloseCode::NORMAL_CLOSURE, "", &mut self.out)?;
                    continue;
                }
                Some(Input::Socket(result)) => {
                    self.socket_ended = true;
                    result.err().map_or_else(|| "connection lost without a Close".into(), Into::into)
                }
                None => "no Close from the server in time".into(),
            };
            return if self.connection.receive_eof().clean() { Ok(()) } else { Err(end) };
        }
    }

    /// Writes `out`. A server that accepts no more input may have sent the reason: its output is still read,
    /// to the end.
    fn write(&mut self) {
        if common::write(&mut self.stream, &mut self.out).is_err() {
            // Nothing can follow half a frame.
            let _ = self.stream.shutdown(Shutdown::Write);
            self.over.get_or_insert_with(Instant::now);
        }
    }

    /// The next input; `None` when the time for it is over.
    fn next_input(&mut self) -> Option<Input> {
        let left = |start: Instant, timeout: Duration| timeout.saturating_sub(start.elapsed());
        if self.connection.state() == State::End {
            self.over.get_or_insert_with(Instant::now);
        }
        let patience = match (self.over, self.input_ended) {
            (Some(over), _) => left(over, END_TIMEOUT),
            _ if self.connection.close_status().sent != CloseFrameStatus::None => CLOSE_TIMEOUT,
            (None, Some(ended)) => SILENCE.min(left(ended, CLOSE_TIMEOUT)),
            (None, None) => Duration::MAX,
        };
        // At zero, do not look: a flood of input would end no wait.
        if patience.is_zero() { None } else { self.inputs.recv_timeout(patience).ok() }
    }

    /// Sends a line of the input, and asks for the next one. At the end of the input, records the time.
    fn send(&mut self, line: Option<io::Result<Vec<u8>>>, binary: bool) -> Result<(), Box<dyn Error>> {
        let Some(line) = line.transpose()? else {
            self.input_ended = Some(Instant::now());
            return Ok(());
        };
        let sent = if binary {
            self.connection.send_binary(&line, &mut self.out)
        } else {
            let text = str::from_utf8(&line).map_err(|_| "a line that is not UTF-8; --binary sends it")?;
            self.connection.send_text(text.strip_suffix('\r').unwrap_or(text), &mut self.out)
        };
        match sent {
            Ok(()) => Ok(self.next_line.send(())?),
            // No error: the line was read before the connection was closed.
            Err(SendError::Closed) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the connection for any reason, as [`common::end`] does; here, another thread reads the socket.
    fn end(&mut self) {
        // The client stops for its own reasons: the server reads a Close.
        let _ = self.connection.close(CloseCode::GOING_AWAY, "", &mut self.out);
        self.write();
        let _ = self.stream.shutdown(Shutdown::Write);
        let start = Instant::now();
        while !self.socket_ended && start.elapsed() < LINGER {
            match self.inputs.recv_timeout(LINGER.saturating_sub(start.elapsed())) {
                Ok(Input::Socket(bytes)) => self.socket_ended = !bytes.is_ok_and(|bytes| !bytes.is_empty()),
                Ok(Input::Line(_)) => {}
                Err(_) => return,
            }
        }
    }
}

/// Writes a message to `output`, and other events to standard error.
fn show(event: Event<'_>, output: &mut impl Write, next_line: &Sender<()>) -> Result<(), Box<dyn Error>> {
    match event {
        Event::Open(response) => {
            if let Some(subprotocol) = response.subprotocol() {
                eprintln!("subprotocol: {subprotocol}");
            }
            next_line.send(())?;
        }
        Event::Rejected(response) => {
            return Err(format!("refused: {} {}", response.status(), response.reason().escape_ascii()).into());
        }
        Event::Text(text) => print(output, text.as_bytes())?,
        Event::Binary(bytes) => print(output, bytes)?,
        Event::Close(Some(frame)) if frame.code != CloseCode::NORMAL_CLOSURE => {
            eprintln!("closed: {} {}", frame.code, frame.reason);
        }
        _ => {}
    }
    Ok(())
}

fn print(output: &mut impl Write, message: &[u8]) -> io::Result<()> {
    output.write_all(message)?;
    output.write_all(b"\n")?;
    output.flush()
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
fn read_lines(input: impl BufRead, wanted: &Receiver<()>, to_main: &Sender<Input>) {
    let mut lines = input.split(b'\n');
    while wanted.recv().is_ok() && to_main.send(Input::Line(lines.next())).is_ok() {}
}
