//! A client for `wss` with rustls and a blocking `TcpStream`. It sends the lines of standard input and prints
//! the texts that it receives.
//!
//! ```text
//! cargo run -p interop --example rustls_client -- wss://example.com/chat [--ca FILE]
//! ```
//!
//! It trusts the root certificates of the operating system, or with `--ca` the certificates in a PEM file.
//!
//! rustls has no I/O either: bytes go from TCP to rustls and from there to the connection, and back. Two
//! threads wait, one for the socket and one for standard input. The main thread owns both machines.

#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "as applications write it")]

mod inputs;

use std::error::Error;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{env, thread};

use inputs::{Input, read_lines, read_socket};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use websocket_proto::{
    Client, ClientRequest, CloseCode, Config, Connection, Event, OsEntropy, ReceiveBuffer, SendError,
    TransportAction, Uri,
};

type AnyResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The time that the server has to close the socket. It closes at once if it reads at all.
const LINGER: Duration = Duration::from_secs(2);

fn main() -> AnyResult<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [uri] => run(uri, tls_config(None)?),
        [uri, "--ca", file] => run(uri, tls_config(Some(file))?),
        _ => Err("usage: rustls_client URI [--ca FILE]".into()),
    }
}

fn tls_config(ca: Option<&str>) -> AnyResult<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = if let Some(file) = ca {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        builder.with_root_certificates(roots)
    } else {
        builder.with_platform_verifier()?
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()]; // a server that prefers HTTP/2 has no Upgrade there
    Ok(config)
}

/// Opens a connection and runs it to its end.
fn run(uri: &str, tls: ClientConfig) -> AnyResult<()> {
    let uri = Uri::parse(uri)?;
    if !uri.is_secure() {
        return Err("this example is for wss".into());
    }
    let mut out = Vec::new();
    let ws = Connection::client(ClientRequest::new(uri), Config::default(), OsEntropy::new(), &mut out)?;
    let tls = ClientConnection::new(Arc::new(tls), ServerName::try_from(uri.host().to_owned())?)?;
    let stream = TcpStream::connect((uri.host(), uri.port()))?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(20)))?; // for a server that does not read
    // Unbounded: this client reads while it writes, because a server that waits for it would not read either.
    let (to_main, inputs) = channel();
    let (socket, from_socket) = (stream.try_clone()?, to_main.clone());
    thread::spawn(move || read_socket(socket, &from_socket));
    let mut session = Session { ws, tls, stream, is_closed: false, inbound: ReceiveBuffer::new(), out };
    let result = session.exchange(&inputs, &to_main);
    let _ = session.end(&inputs); // after an error of the socket this fails too, and `result` has the reason
    result
}

struct Session {
    ws: Connection<Client<OsEntropy>>,
    tls: ClientConnection,
    stream: TcpStream,
    /// Whether the server has closed `stream`.
    is_closed: bool,
    inbound: ReceiveBuffer<Vec<u8>>,
    out: Vec<u8>,
}

impl Session {
    /// Every `?` leaves a Close in `out` or an alert in `tls`, and `end` writes them.
    fn exchange(&mut self, inputs: &Receiver<Input>, to_main: &Sender<Input>) -> AnyResult<()> {
        let started = Instant::now();
        let (mut next_line, mut ended): (Option<Sender<()>>, Option<AnyResult<()>>) = (None, None);
        loop {
            while let Some(event) = self.ws.receive(&mut self.inbound, &mut self.out)? {
                match event {
                    Event::Open(_) => next_line = Some(read_lines(to_main.clone())),
                    Event::Rejected(response) => return Err(format!("status {}", response.status()).into()),
                    Event::Text(text) => println!("{text}"),
                    Event::Close(close) => {
                        println!("closed with {}", close.map_or(1005, |close| close.code.get()));
                    }
                    _ => {} // `receive` has replied to a Ping
                }
            }
            let deadline = self.ws.tick(started.elapsed(), &mut self.out)?;
            self.write()?;
            if self.ws.has_pending_reply() {
                continue;
            }
            if self.ws.transport_action() == TransportAction::Close {
                return Ok(());
            }
            if let Some(end) = ended {
                // Two Close frames show that nothing is missing. Without them, the end is an error: `end` if
                // it came without close_notify, because anybody on the way can cause that.
                return if self.ws.receive_eof().clean() { Ok(()) } else { end.and(Err("no Close".into())) };
            }
            let wait = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_sub(started.elapsed()));
            match inputs.recv_timeout(wait) {
                Ok(Input::Socket(bytes)) => ended = self.decrypt(&bytes?)?,
                Ok(Input::Line(Some(line))) => match self.ws.send_text(&line, &mut self.out) {
                    Ok(()) => next_line.iter().try_for_each(|next| next.send(()))?,
                    Err(SendError::Closed) => {} // the server closes
                    Err(error) => return Err(error.into()),
                },
                Ok(Input::Line(None)) if self.ws.can_send() => {
                    self.ws.close(CloseCode::NORMAL_CLOSURE, "", &mut self.out)?;
                }
                Ok(Input::Line(None)) => {}
                Err(_) => {} // `tick` acts on the deadline
            }
        }
    }

    /// Adds the plaintext of `bytes` to the input. Returns how TLS has ended, if it has.
    fn decrypt(&mut self, mut bytes: &[u8]) -> AnyResult<Option<AnyResult<()>>> {
        self.is_closed = bytes.is_empty();
        loop {
            self.tls.read_tls(&mut bytes)?; // as much as its buffer holds; no bytes are the end of TCP
            self.tls.process_new_packets()?;
            loop {
                match self.tls.reader().read(self.inbound.spare_mut(16 * 1024)) {
                    Ok(0) => return Ok(Some(Ok(()))), // close_notify
                    Ok(count) => self.inbound.advance(count),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Ok(Some(Err(error.into()))), // TCP has ended without close_notify
                }
            }
            if bytes.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Writes what rustls has to send, such as an alert, then encrypts `out` and writes it.
    fn write(&mut self) -> io::Result<()> {
        loop {
            while self.tls.wants_write() {
                self.tls.write_tls(&mut self.stream)?;
            }
            if self.out.is_empty() || self.tls.is_handshaking() {
                return Ok(());
            }
            let count = self.tls.writer().write(&self.out)?; // at most 64 KiB at once
            self.out.drain(..count);
        }
    }

    /// Writes the rest of the output, close_notify and FIN, and waits until the server closes: closing a
    /// socket with unread input resets the connection, and the server may lose the Close.
    fn end(&mut self, inputs: &Receiver<Input>) -> io::Result<()> {
        self.write()?;
        self.ws.flush_reply(&mut self.out); // a Close for which `out` had no room
        self.write()?;
        self.tls.send_close_notify();
        self.write()?;
        self.stream.shutdown(Shutdown::Write)?;
        let deadline = Instant::now() + LINGER;
        while !self.is_closed {
            match inputs.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Input::Socket(bytes)) => self.is_closed = bytes?.is_empty(),
                Ok(Input::Line(_)) => {}
                Err(_) => break,
            }
        }
        Ok(())
    }
}
