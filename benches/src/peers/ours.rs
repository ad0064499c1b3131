//! This crate, used as in its README: read into the buffer, call `receive` until it returns `None`, write
//! `out`.

use std::hint::black_box;
use std::io::{IoSlice, Write as _};

use websocket_proto::{
    Accept, Client, ClientRequest, Config, Connection, Entropy, Event, MessageKind, ReceiveBuffer, Role,
    Server, Storage, Uri,
};

use super::Cursor;
use crate::io::{MemIo, MockServer, READ_CAP};
use crate::memory;
use crate::wire::CHROME_REQUEST;
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};

pub struct Ours;

/// From this size up, a server writes header and payload with one vectored write, without a copy.
const APART: usize = 16 * 1024;

/// An open connection of a server.
pub fn server() -> Connection<Server> {
    open(&mut ReceiveBuffer::new(), &mut Vec::new())
}

/// The same, with the buffers of the caller.
pub fn open(inbound: &mut ReceiveBuffer<Vec<u8>>, out: &mut Vec<u8>) -> Connection<Server> {
    let read = |space: &mut [u8]| {
        space[..CHROME_REQUEST.len()].copy_from_slice(CHROME_REQUEST);
        CHROME_REQUEST.len()
    };
    let ws = accept(inbound, out, read);
    out.clear();
    ws
}

/// An open connection of a server that has negotiated permessage-deflate.
#[cfg(feature = "deflate")]
fn compressing(takeover: bool) -> Connection<Server> {
    use websocket_proto::{DeflateConfig, Negotiated, handshake::DeflateParams};
    let mut agreed = DeflateParams::new();
    (agreed.server_context_takeover, agreed.client_context_takeover) = (takeover, takeover);
    let config = Config::new().deflate(Some(DeflateConfig::new()));
    Connection::established(Server::new(), Negotiated::new().with_deflate(agreed), config)
}

/// An open connection of a client.
pub fn client() -> Connection<Client<impl Entropy>> {
    connect(&mut [0; 1024], &mut Vec::new())
}

/// The opening handshake of a server.
fn accept<S: Storage>(
    inbound: &mut ReceiveBuffer<S>,
    out: &mut Vec<u8>,
    read: impl FnOnce(&mut [u8]) -> usize,
) -> Connection<Server> {
    let mut ws = Connection::server(Config::default());
    let count = read(inbound.spare_mut(2048));
    inbound.advance(count);
    let Ok(Some(Event::Request(_))) = ws.receive(inbound, out) else { panic!("no request") };
    ws.accept(Accept::new(), out).unwrap();
    ws
}

/// The opening handshake of a client, with the mock server.
fn connect(memory: &mut [u8], out: &mut Vec<u8>) -> Connection<Client<impl Entropy + use<>>> {
    let mut random = fastrand::Rng::new();
    let entropy = move |bytes: &mut [u8]| random.fill(bytes);
    let mut peer = MockServer::new();
    let mut inbound = ReceiveBuffer::fixed(memory);
    let request = ClientRequest::new(Uri::parse("ws://realtime.example.com/realtime/v2/socket").unwrap());
    let mut ws = Connection::client(request, Config::default(), entropy, out).unwrap();
    peer.feed(out);
    let count = peer.read_into(inbound.spare_mut(1024));
    inbound.advance(count);
    let Ok(Some(Event::Open(_))) = ws.receive(&mut inbound, out) else { panic!("not open") };
    ws
}

/// Echoes the frame of the programs that measure memory, with reads of 4 KiB.
pub fn echo(ws: &mut Connection<Server>, inbound: &mut ReceiveBuffer<Vec<u8>>, out: &mut Vec<u8>) {
    let bytes = memory::take(4096);
    inbound.spare_mut(4096)[..bytes.len()].copy_from_slice(bytes);
    inbound.advance(bytes.len());
    while let Some(event) = ws.receive(inbound, out).unwrap() {
        let Event::Binary(bytes) = event else { panic!("{event:?}") };
        ws.send_binary(bytes, out).unwrap();
    }
    memory::sent(out.len());
    out.clear();
}

struct Recv<const ECHO: bool> {
    io: MemIo,
    ws: Connection<Server>,
    inbound: ReceiveBuffer<Vec<u8>>,
    out: Vec<u8>,
}

impl<const ECHO: bool> Job for Recv<ECHO> {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        let target = eat.msgs + msgs;
        while eat.msgs < target {
            let count = self.io.pull(self.inbound.spare_mut(READ_CAP));
            self.inbound.advance(count);
            while let Some(event) = self.ws.receive(&mut self.inbound, &mut self.out).unwrap() {
                match event {
                    Event::Text(text) => {
                        eat.eat(true, text.as_bytes());
                        if ECHO {
                            self.ws.send_text(text, &mut self.out).unwrap();
                        }
                    }
                    Event::Binary(bytes) => {
                        eat.eat(false, bytes);
                        if ECHO && bytes.len() >= APART {
                            flush(&mut self.io, &mut self.out);
                            send_apart(&mut self.ws, &mut self.io, bytes);
                        } else if ECHO {
                            self.ws.send_binary(bytes, &mut self.out).unwrap();
                        }
                    }
                    event => panic!("{event:?}"),
                }
            }
            flush(&mut self.io, &mut self.out);
        }
    }
}

struct Send<R: Role> {
    io: MemIo,
    ws: Connection<R>,
    cur: Cursor,
    out: Vec<u8>,
}

impl<R: Role> Job for Send<R> {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            self.ws.send_binary(self.cur.next(), &mut self.out).unwrap();
            if self.out.len() >= READ_CAP {
                flush(&mut self.io, &mut self.out);
            }
        }
        flush(&mut self.io, &mut self.out);
    }
    fn counts(&self) -> bool {
        false
    }
}

/// Sends the large messages of a server, with one vectored write of header and payload for each.
struct SendApart {
    io: MemIo,
    ws: Connection<Server>,
    cur: Cursor,
}

impl Job for SendApart {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            send_apart(&mut self.ws, &mut self.io, self.cur.next());
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

#[inline]
fn send_apart(ws: &mut Connection<Server>, io: &mut MemIo, payload: &[u8]) {
    let head = ws.encode_header(MessageKind::Binary, payload).unwrap();
    io.write_vectored(&[IoSlice::new(&head), IoSlice::new(payload)]).unwrap();
}

struct HsServer(&'static [u8], bool);

impl Job for HsServer {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        let mut out = Vec::new();
        for _ in 0..msgs {
            let mut io = MemIo::new(self.0, READ_CAP, false, self.1);
            let ws = accept(&mut ReceiveBuffer::fixed(&mut [0; 2048]), &mut out, |space| io.pull(space));
            flush(&mut io, &mut out);
            black_box((io, ws));
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

struct HsClient;

impl Job for HsClient {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        let mut out = Vec::new();
        for _ in 0..msgs {
            black_box(connect(&mut [0; 1024], &mut out));
            out.clear();
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

#[inline]
fn flush(io: &mut MemIo, out: &mut Vec<u8>) {
    if !out.is_empty() {
        io.push(out);
        out.clear();
    }
}

impl Peer for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let io = MemIo::new(w.wire, w.cap, false, capture);
        // It keeps the memory for a message of this size and a read, so that it does not allocate for each
        // message.
        let inbound = ReceiveBuffer::with_retained_capacity(4 * w.size.max(READ_CAP));
        let out = Vec::with_capacity(2 * READ_CAP);
        Some(match w.kind {
            Kind::Recv => Box::new(Recv::<false> { io, ws: server(), inbound, out }),
            Kind::Echo => Box::new(Recv::<true> { io, ws: server(), inbound, out }),
            Kind::SendServer if w.size >= APART => {
                Box::new(SendApart { io, ws: server(), cur: Cursor::new(w) })
            }
            Kind::SendServer => Box::new(Send { io, ws: server(), cur: Cursor::new(w), out }),
            Kind::SendClient => Box::new(Send { io, ws: client(), cur: Cursor::new(w), out }),
            Kind::HsServer => Box::new(HsServer(w.wire, capture)),
            Kind::HsClient => Box::new(HsClient),
            #[cfg(feature = "deflate")]
            Kind::Deflate | Kind::DeflateNct => {
                Box::new(Recv::<true> { io, ws: compressing(w.kind == Kind::Deflate), inbound, out })
            }
            #[cfg(feature = "deflate")]
            Kind::Inflate => Box::new(Recv::<false> { io, ws: compressing(false), inbound, out }),
            #[cfg(not(feature = "deflate"))]
            Kind::Deflate | Kind::DeflateNct | Kind::Inflate => return None,
        })
    }
    fn note(&self) -> &'static str {
        "sans-IO; permessage-deflate in a build with the feature; a server's messages of 16 KiB and more: one vectored write of header and payload"
    }
}
