//! sockudo-ws 3, in two forms: `sockudo` is its `Protocol` without a stream, which is its fastest form;
//! `sockudo-stream` is its `WebSocketStream` over tokio's AsyncRead/AsyncWrite.

use super::Cursor;
use crate::io::{MemIo, MockServer, READ_CAP, block_on};
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};
use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use sockudo_ws::deflate::DeflateConfig;
use sockudo_ws::protocol::{CompressedProtocol, Protocol};
use sockudo_ws::{Config, Message, Role, WebSocketStream, handshake};
use std::hint::black_box;

pub struct Sockudo;
pub struct SockudoStream;

const MAX: usize = 64 << 20;

/// The two kinds of its protocol object.
trait Proto {
    fn process(&mut self, buf: &mut BytesMut, into: &mut Vec<Message>);
    fn encode(&mut self, m: &Message, out: &mut BytesMut);
}
impl Proto for Protocol {
    #[inline(always)]
    fn process(&mut self, buf: &mut BytesMut, into: &mut Vec<Message>) {
        self.process_into(buf, into).unwrap()
    }
    #[inline(always)]
    fn encode(&mut self, m: &Message, out: &mut BytesMut) {
        self.encode_message(m, out).unwrap()
    }
}
impl Proto for CompressedProtocol {
    #[inline(always)]
    fn process(&mut self, buf: &mut BytesMut, into: &mut Vec<Message>) {
        self.process_into(buf, into).unwrap()
    }
    #[inline(always)]
    fn encode(&mut self, m: &Message, out: &mut BytesMut) {
        self.encode_message(m, out).unwrap()
    }
}

struct Recv<P> {
    io: MemIo,
    p: P,
    buf: BytesMut,
    msgs: Vec<Message>,
    echo: bool,
    out: BytesMut,
}

impl<P: Proto> Job for Recv<P> {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        let target = eat.msgs + msgs;
        while eat.msgs < target {
            // As its stream does: room for a full receive window, reclaimed if possible.
            if !self.buf.try_reclaim(READ_CAP) {
                self.buf.reserve(READ_CAP);
            }
            self.buf.extend_from_slice(self.io.peek(READ_CAP));
            self.p.process(&mut self.buf, &mut self.msgs);
            for m in &self.msgs {
                match m {
                    Message::Binary(b) => eat.eat(false, b),
                    Message::Text(b) => eat.eat(true, b),
                    m => panic!("{m:?}"),
                }
                if self.echo {
                    self.p.encode(m, &mut self.out);
                }
            }
            self.msgs.clear();
            if !self.out.is_empty() {
                self.io.push(&self.out);
                self.out.clear();
            }
        }
    }
}

struct Send(MemIo, Protocol, Cursor, BytesMut);

impl Job for Send {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            let m = Message::Binary(Bytes::from_static(self.2.next()));
            self.1.encode(&m, &mut self.3);
            if self.3.len() >= READ_CAP {
                self.0.push(&self.3);
                self.3.clear();
            }
        }
        self.0.push(&self.3);
        self.3.clear();
    }
    fn counts(&self) -> bool {
        false
    }
}

struct HsServer(&'static [u8], bool);

impl Job for HsServer {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            let mut io = MemIo::new(self.0, READ_CAP, false, self.1);
            let mut buf = [0; 2048];
            let n = io.pull(&mut buf);
            let (req, _) = handshake::parse_request(&buf[..n]).unwrap().unwrap();
            let accept = handshake::generate_accept_key(req.key);
            io.push(&handshake::build_response(&accept, None, None));
            black_box((io, Protocol::new(Role::Server, MAX, MAX)));
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

struct HsClient;

impl Job for HsClient {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                let mut io = MockServer::new();
                let r =
                    handshake::client_handshake(&mut io, "realtime.example.com", "/realtime/v2/socket", None);
                black_box(r.await.unwrap());
                black_box(Protocol::new(Role::Client, MAX, MAX));
            }
        })
    }
    fn counts(&self) -> bool {
        false
    }
}

fn deflate_config(takeover: bool) -> DeflateConfig {
    DeflateConfig {
        compression_level: 6,
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        ..DeflateConfig::default()
    }
}

fn recv<P: Proto>(w: &Workload, p: P, capture: bool) -> Recv<P> {
    Recv {
        io: MemIo::new(w.wire, w.cap, false, capture),
        p,
        buf: BytesMut::with_capacity(READ_CAP),
        msgs: Vec::new(),
        echo: !matches!(w.kind, Kind::Recv | Kind::Inflate),
        out: BytesMut::with_capacity(2 * READ_CAP),
    }
}

impl Peer for Sockudo {
    fn name(&self) -> &'static str {
        "sockudo"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let io = || MemIo::new(w.wire, w.cap, false, capture);
        let proto = |r| Protocol::new(r, MAX, MAX);
        let out = || BytesMut::with_capacity(2 * READ_CAP);
        Some(match w.kind {
            Kind::Recv | Kind::Echo => Box::new(recv(w, proto(Role::Server), capture)),
            Kind::SendServer => Box::new(Send(io(), proto(Role::Server), Cursor::new(w), out())),
            Kind::SendClient => Box::new(Send(io(), proto(Role::Client), Cursor::new(w), out())),
            Kind::HsServer => Box::new(HsServer(w.wire, capture)),
            Kind::HsClient => Box::new(HsClient),
            Kind::Deflate | Kind::DeflateNct | Kind::Inflate => {
                let c = deflate_config(w.kind == Kind::Deflate);
                Box::new(recv(w, CompressedProtocol::server(MAX, MAX, c), capture))
            }
        })
    }
    fn note(&self) -> &'static str {
        "Protocol without a stream; parses a whole read into a Vec<Message>"
    }
}

// --- over its stream ---------------------------------------------------------

struct SRecv(WebSocketStream<MemIo>);
struct SEcho(WebSocketStream<MemIo>, usize);
struct SSend(WebSocketStream<MemIo>, Cursor, usize);

#[inline]
fn eat_message(m: &Message, eat: &mut Eat) {
    match m {
        Message::Binary(b) => eat.eat(false, b),
        Message::Text(b) => eat.eat(true, b),
        m => panic!("{m:?}"),
    }
}

impl Job for SRecv {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                let m = self.0.next().await.unwrap().unwrap();
                eat_message(&m, eat);
            }
        })
    }
}
impl Job for SEcho {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            for i in 1..=msgs {
                let m = self.0.next().await.unwrap().unwrap();
                eat_message(&m, eat);
                self.0.feed(m).await.unwrap();
                if i % self.1 as u64 == 0 || i == msgs {
                    self.0.flush().await.unwrap();
                }
            }
        })
    }
}
impl Job for SSend {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        block_on(async {
            for i in 1..=msgs {
                let m = Message::Binary(Bytes::from_static(self.1.next()));
                self.0.feed(m).await.unwrap();
                if i % self.2 as u64 == 0 || i == msgs {
                    self.0.flush().await.unwrap();
                }
            }
        })
    }
    fn counts(&self) -> bool {
        false
    }
}

pub fn stream_config() -> Config {
    Config::builder()
        .max_message_size(MAX)
        .max_frame_size(MAX)
        .max_backpressure(4 * MAX)
        .auto_ping(false)
        .idle_timeout(0)
        .build()
}

impl Peer for SockudoStream {
    fn name(&self) -> &'static str {
        "sockudo-stream"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let io = || MemIo::new(w.wire, w.cap, w.pend, capture);
        let server = || {
            let mut s = WebSocketStream::server(io(), stream_config());
            s.set_high_water_mark(4 * MAX);
            s
        };
        let client = || {
            let mut s = WebSocketStream::client(io(), stream_config());
            s.set_high_water_mark(4 * MAX);
            s
        };
        Some(match w.kind {
            Kind::Recv => Box::new(SRecv(server())),
            Kind::Echo => Box::new(SEcho(server(), w.batch)),
            Kind::SendServer => Box::new(SSend(server(), Cursor::new(w), w.batch)),
            Kind::SendClient => Box::new(SSend(client(), Cursor::new(w), w.batch)),
            _ => return None, // `sockudo` measures them
        })
    }
    fn note(&self) -> &'static str {
        "timers (auto ping, idle) off, because there is no runtime"
    }
}
