//! yawc 0.5 (features simd + zlib): Stream/Sink over tokio's AsyncRead/AsyncWrite, with UTF-8 validation.

use super::Cursor;
use crate::io::{MemIo, READ_CAP, block_on};
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};
use ::yawc::{CompressionLevel, Frame, OpCode, Options, Role, WebSocket};
use futures::SinkExt;
use std::convert::Infallible;
use std::hint::black_box;

pub struct Yawc;

fn options() -> Options {
    Options::default()
        .with_utf8()
        .without_compression()
        .with_limits(64 << 20, 128 << 20)
        .with_read_buffer_capacity(READ_CAP)
        .with_write_buffer_capacity(2 * READ_CAP)
        .with_backpressure_boundary(READ_CAP)
}

struct Recv(WebSocket<MemIo>);
struct Echo(WebSocket<MemIo>, usize);
struct Send(WebSocket<MemIo>, Cursor, usize);
struct HsServer(&'static [u8], bool);

#[inline]
fn eat_frame(f: &Frame, eat: &mut Eat) {
    eat.eat(f.opcode() == OpCode::Text, f.payload());
}

impl Job for Recv {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                let f = self.0.next_frame().await.unwrap();
                eat_frame(&f, eat);
            }
        })
    }
}

impl Job for Echo {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            for i in 1..=msgs {
                let f = self.0.next_frame().await.unwrap();
                eat_frame(&f, eat);
                // A received frame keeps its masking key, but the reply of a server must not be masked.
                let reply = match f.opcode() {
                    OpCode::Text => Frame::text(f.into_payload()),
                    _ => Frame::binary(f.into_payload()),
                };
                self.0.feed(reply).await.unwrap();
                if i % self.1 as u64 == 0 || i == msgs {
                    self.0.flush().await.unwrap();
                }
            }
        })
    }
}

impl Job for Send {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        block_on(async {
            for i in 1..=msgs {
                self.0.feed(Frame::binary(self.1.next())).await.unwrap();
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

impl Job for HsServer {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        use hyper::service::service_fn;
        use hyper_util::rt::TokioIo;
        for _ in 0..msgs {
            let io = TokioIo::new(MemIo::new(self.0, READ_CAP, false, self.1));
            let fut = std::cell::RefCell::new(None);
            let service = service_fn(|mut req: hyper::Request<hyper::body::Incoming>| {
                let (resp, f) =
                    WebSocket::upgrade_with_options(&mut req, Options::default().without_compression())
                        .unwrap();
                *fut.borrow_mut() = Some(f);
                async move { Ok::<_, Infallible>(resp) }
            });
            block_on(async {
                let c = hyper::server::conn::http1::Builder::new().serve_connection(io, service);
                let parts = c.without_shutdown().await.unwrap();
                black_box(
                    WebSocket::from_stream(parts.io.into_inner(), Role::Server, Options::default()).unwrap(),
                );
            });
            black_box(fut.into_inner());
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Peer for Yawc {
    fn name(&self) -> &'static str {
        "yawc"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let io = || MemIo::new(w.wire, w.cap, w.pend, capture);
        let ws = |role| WebSocket::from_stream(io(), role, options()).unwrap();
        Some(match w.kind {
            Kind::Recv => Box::new(Recv(ws(Role::Server))),
            Kind::Echo => Box::new(Echo(ws(Role::Server), w.batch)),
            Kind::SendServer => Box::new(Send(ws(Role::Server), Cursor::new(w), w.batch)),
            Kind::SendClient => Box::new(Send(ws(Role::Client), Cursor::new(w), w.batch)),
            Kind::HsServer => Box::new(HsServer(w.wire, capture)),
            // Its client needs a spawned connection task of hyper.
            Kind::HsClient | Kind::Inflate => return None,
            Kind::Deflate | Kind::DeflateNct => {
                let ext = if w.kind == Kind::Deflate {
                    "permessage-deflate"
                } else {
                    "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
                };
                let mut o = options().with_compression_level(CompressionLevel::new(6));
                if w.kind == Kind::DeflateNct {
                    o = o.server_no_context_takeover().client_no_context_takeover();
                }
                let ws = WebSocket::from_stream_with_extensions(io(), Role::Server, Some(ext), o).unwrap();
                Box::new(Echo(ws, w.batch))
            }
        })
    }
    fn note(&self) -> &'static str {
        "read buffer 64 KiB, write buffer and boundary 64 KiB (defaults 8 KiB); UTF-8 validation on (default off); handshake: the server of hyper"
    }
}
