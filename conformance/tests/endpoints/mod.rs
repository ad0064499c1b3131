//! Endpoints on the loopback interface, a thread for each connection.

use alloc::sync::Arc;
use core::hash::BuildHasher as _;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::hash::RandomState;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::{process, thread};

use wsconform::{Endpoint, Role};

use crate::reference::{Fault, Limits, Reference};

const UNLIMITED: Limits = Limits { message: 1 << 30, fragments: 1 << 20 };

/// A server on the loopback interface.
#[derive(Debug)]
pub struct Server {
    pub uri: String,
    address: String,
    connections: Receiver<()>,
}

impl Server {
    pub fn correct() -> Self {
        Self::start(|stream, _| converse(stream, Reference::new(Role::Server, None, UNLIMITED), None))
    }

    pub fn faulty(fault: Fault) -> Self {
        Self::start(move |stream, _| {
            converse(stream, Reference::new(Role::Server, Some(fault), UNLIMITED), None)
        })
    }

    /// Accepts connections, and never writes.
    pub fn silent() -> Self {
        Self::start(|mut stream, _| while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {})
    }

    /// Answers each request with bytes that are no response.
    pub fn garbage() -> Self {
        Self::start(|mut stream, _| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(&[0xFF, 0, b'\r', b'\n', b'\r', b'\n', 7, 0x81, 0xFF]);
            end(stream);
        })
    }

    /// Ends each connection with unread input, which resets it.
    pub fn ending() -> Self {
        Self::start(|stream, _| {
            let _ = stream.peek(&mut [0; 1]);
        })
    }

    /// Falls silent when it must fail the connection.
    pub fn hanging() -> Self {
        Self::start(|stream, _| {
            let reference = Reference::new(Role::Server, None, UNLIMITED);
            converse(stream, &mut Hanging { reference, is_mute: false, exits: false }, None);
        })
    }

    /// Accepts no connection any more when it must fail one.
    pub fn dying() -> Self {
        Self::start(|stream, is_ended| {
            // The connection ends after the server, because the runner connects again when it notices the end.
            let (Ok(own), Ok(_connection)) = (stream.local_addr(), stream.try_clone()) else { return };
            let reference = Reference::new(Role::Server, None, UNLIMITED);
            let mut hanging = Hanging { reference, is_mute: false, exits: false };
            converse(stream, &mut hanging, Some(is_ended));
            if hanging.is_mute {
                stop(is_ended, &own.to_string());
            }
        })
    }

    /// Answers the first connection, and then never anything.
    pub fn correct_then_silent() -> Self {
        Self::correct_once(|mut stream| while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {})
    }

    /// Answers the first connection, and then each request with bytes that are no response.
    pub fn correct_then_garbage() -> Self {
        Self::correct_once(|mut stream| {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"\0\xFF\r\n\r\n\x07\x81\xFF");
            end(stream);
        })
    }

    /// Answers the first connection, and then ends each one with unread input, which resets it.
    pub fn correct_then_resetting() -> Self {
        Self::correct_once(|stream| {
            let _ = stream.peek(&mut [0; 1]);
        })
    }

    /// Answers the first connection, and then ends each one before it reads.
    pub fn correct_then_ending() -> Self {
        Self::correct_once(end)
    }

    /// Answers the first connection, and then opening requests only.
    pub fn correct_then_mute() -> Self {
        Self::correct_once(|stream| {
            let reference = Reference::new(Role::Server, None, UNLIMITED);
            converse(stream, &mut Mute { reference, is_open: false }, None);
        })
    }

    /// Answers two connections, and then ends each one before it reads.
    pub fn correct_twice() -> Self {
        Self::correct_at_first(2, end)
    }

    fn correct_once(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        Self::correct_at_first(1, serve)
    }

    fn correct_at_first(count: usize, serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        Self::start(move |stream, _| {
            if answered.fetch_add(1, Ordering::SeqCst) < count {
                converse(stream, Reference::new(Role::Server, None, UNLIMITED), None);
            } else {
                serve(stream);
            }
        })
    }

    /// A proxy before this server, which writes one byte at a time in both directions.
    pub fn byte_by_byte(&self) -> Self {
        let server = self.address.clone();
        Self::start(move |client, _| {
            let Ok(backend) = TcpStream::connect(&server) else { return };
            let (Ok(requests), Ok(replies)) = (client.try_clone(), backend.try_clone()) else { return };
            thread::spawn(move || forward(requests, backend));
            forward(replies, client);
        })
    }

    fn start(serve: impl Fn(TcpStream, &AtomicBool) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let is_ended = Arc::new(AtomicBool::new(false));
        let (sender, connections) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_ended.load(Ordering::SeqCst) {
                    break;
                }
                // The test may be over.
                let _ = sender.send(());
                let (serve, ended) = (serve.clone(), Arc::clone(&is_ended));
                thread::spawn(move || serve(stream, &ended));
            }
        });
        Self { uri: format!("ws://{address}/"), address, connections }
    }

    pub fn wait_for_connections(&self, count: usize) {
        for _ in 0..count {
            self.connections.recv().expect("a connection");
        }
    }
}

fn stop(is_ended: &AtomicBool, address: &str) {
    is_ended.store(true, Ordering::SeqCst);
    // Wakes the thread that accepts.
    let _ = TcpStream::connect(address);
}

/// Ends the process when it must fail a connection. Accepts connections until then.
pub fn die_at_each_offence(port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    for stream in listener.incoming().map_while(Result::ok) {
        thread::spawn(move || {
            let reference = Reference::new(Role::Server, None, UNLIMITED);
            converse(stream, &mut Hanging { reference, is_mute: false, exits: true }, None);
        });
    }
}

/// A port that no program uses now. A socket that asks for any port gets one from 32768 on, never this one.
pub fn free_port() -> u16 {
    loop {
        let port = 20_000 + (RandomState::new().hash_one(()) % 10_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Copies a direction of a connection, a write for each byte.
fn forward(mut from: TcpStream, mut to: TcpStream) {
    let _ = to.set_nodelay(true);
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if buffer[..count].iter().any(|byte| to.write_all(&[*byte]).is_err()) {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// The reference endpoint that writes nothing after its opening.
struct Mute {
    reference: Reference,
    is_open: bool,
}

impl Endpoint for &mut Mute {
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if !self.is_open {
            self.reference.receive(bytes, out);
            self.is_open = !out.is_empty();
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) {}

    fn closed(&self) -> bool {
        false
    }
}

/// The reference endpoint that writes nothing from its first Close on.
struct Hanging {
    reference: Reference,
    is_mute: bool,
    /// The process ends instead.
    exits: bool,
}

impl Endpoint for &mut Hanging {
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.reference.receive(bytes, out);
        // The first frame of an answer to an offence is a Close; 1000 answers a Close of the suite.
        let fails = out.first() == Some(&0x88) && !out.ends_with(&1000_u16.to_be_bytes());
        if fails && self.exits {
            process::exit(1);
        }
        if self.is_mute || fails {
            self.is_mute = true;
            out.clear();
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) {}

    fn closed(&self) -> bool {
        false
    }
}

/// Connects an endpoint with a stream until one of them ends; with `is_ended`, until the server dies.
fn converse(mut stream: TcpStream, mut endpoint: impl Endpoint, dies: Option<&AtomicBool>) {
    let mut out = Vec::new();
    endpoint.receive(b"", &mut out);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if stream.write_all(&out).is_err() || endpoint.reset() {
            return;
        }
        out.clear();
        if endpoint.closed() {
            return end(stream);
        }
        let Ok(count) = stream.read(&mut buffer) else { return };
        match buffer.get(..count) {
            Some([]) | None => {
                endpoint.end(&mut out);
                let _ = stream.write_all(&out);
                return end(stream);
            }
            Some(bytes) => endpoint.receive(bytes, &mut out),
        }
        if dies.is_some() && out.is_empty() {
            return;
        }
    }
}

/// Ends our side, and reads to the end of the other: unread input would reset the connection.
fn end(mut stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Write);
    while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
}

/// One connection of a driver with the reference client. Returns the last text message.
pub fn talk(server: &str, resource: &str) -> Option<String> {
    talk_as(Kind::Correct, server, resource)
}

/// The kind of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Correct,
    /// Accepts no message of 100,000 bytes.
    Limited,
    /// Offers no extension.
    Plain,
    /// Offers permessage-deflate without client_max_window_bits.
    Parameterless,
    /// Refuses server_max_window_bits, which it does not offer.
    Strict,
    /// Offers windows of the server of at most 2^10 bytes, and refuses larger ones.
    Bounded,
    /// Writes its request, and nothing more.
    Silent,
    /// Ends the connection with unread input, which resets it.
    Resetting,
    /// Answers with bytes that are no frame.
    Garbage,
    /// Asks for the resource of a redirect on another connection, and keeps the first one.
    Redirected,
}

pub fn talk_as(kind: Kind, server: &str, resource: &str) -> Option<String> {
    let stream = TcpStream::connect(server).ok()?;
    let limits = Limits { message: 99_999, ..UNLIMITED };
    let limits = if kind == Kind::Limited { limits } else { UNLIMITED };
    let fault = (kind == Kind::Strict).then_some(Fault::SmwbRefused);
    let client = Reference::new(Role::Client, fault, limits);
    let mut driver =
        Driver { kind, client, server: server.to_owned(), resource: resource.to_owned(), seen: Vec::new() };
    converse(stream, &mut driver, None);
    // The head, then an unmasked text frame of at most 125 bytes, then a Close.
    let at = driver.seen.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    match driver.seen.get(at..)? {
        [0x81, len, rest @ ..] => Some(String::from_utf8_lossy(rest.get(..usize::from(*len))?).into_owned()),
        _ => None,
    }
}

/// The reference client with another resource.
struct Driver {
    kind: Kind,
    client: Reference,
    server: String,
    resource: String,
    seen: Vec<u8>,
}

impl Endpoint for &mut Driver {
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.seen.len() < 4096 {
            self.seen.extend_from_slice(bytes);
        }
        if self.is_request_next(bytes) {
            self.client.receive(bytes, out);
            let mut request =
                String::from_utf8_lossy(out).replacen("GET / ", &format!("GET {} ", self.resource), 1);
            if self.kind == Kind::Plain {
                request = request
                    .replace("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", "");
            }
            if self.kind == Kind::Bounded {
                let offer = "permessage-deflate; server_max_window_bits=10";
                request = request.replace("permessage-deflate", offer);
            }
            if self.kind == Kind::Parameterless {
                request = request.replace("; client_max_window_bits", "");
            }
            *out = request.into_bytes();
            return;
        }
        match self.kind {
            Kind::Silent | Kind::Resetting => {}
            Kind::Garbage => out.extend_from_slice(&[0xFF; 40]),
            Kind::Redirected if bytes.starts_with(b"HTTP/1.1 30") => self.follow(bytes),
            Kind::Bounded if exceeds_offer(bytes) => self.client.end(out),
            Kind::Correct
            | Kind::Limited
            | Kind::Plain
            | Kind::Parameterless
            | Kind::Strict
            | Kind::Bounded
            | Kind::Redirected => self.client.receive(bytes, out),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.client.end(out);
    }

    fn closed(&self) -> bool {
        self.client.closed()
    }

    fn reset(&self) -> bool {
        self.kind == Kind::Resetting && !self.seen.is_empty()
    }
}

/// Whether bytes are an answer with a window above 2^10 bytes.
fn exceeds_offer(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    (11..=15).any(|bits| text.contains(&format!("server_max_window_bits={bits}")))
}

impl Driver {
    /// The first call of an endpoint has no bytes.
    fn is_request_next(&self, bytes: &[u8]) -> bool {
        bytes.is_empty() && self.seen.is_empty()
    }

    fn follow(&self, head: &[u8]) {
        let head = String::from_utf8_lossy(head).into_owned();
        let location = head.lines().find_map(|line| line.strip_prefix("Location: ")).expect("a location");
        talk(&self.server, location);
        // This connection stays open until the other side resets it.
        thread::park();
    }
}
