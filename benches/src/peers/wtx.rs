//! wtx 0.46 (the newest version for rustc 1.95; 0.52 needs 1.96), over its async Stream trait. With
//! `WebSocketPayloadOrigin::Adaptive`, payloads are borrowed from its network buffer and unmasked in place.

use super::Cursor;
use crate::io::{MemIo, READ_CAP, block_on};
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};
use ::wtx::collection::Vector;
use ::wtx::rng::Xorshift64;
use ::wtx::stream::{StreamReader, StreamWriter};
use ::wtx::web_socket::{Frame, OpCode, WebSocket, WebSocketBuffer, WebSocketPayloadOrigin};

pub struct Wtx;

struct Io(MemIo);

impl StreamReader for Io {
    #[inline]
    async fn read(&mut self, bytes: &mut [u8]) -> ::wtx::Result<usize> {
        Ok(self.0.pull(bytes))
    }
}

impl StreamWriter for Io {
    #[inline]
    async fn write_all(&mut self, bytes: &[u8]) -> ::wtx::Result<()> {
        self.0.push(bytes);
        Ok(())
    }
    #[inline]
    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> ::wtx::Result<()> {
        let mut v = [std::io::IoSlice::new(&[]); 8];
        for (d, s) in v.iter_mut().zip(bytes) {
            *d = std::io::IoSlice::new(s);
        }
        std::io::Write::write_vectored(&mut self.0, &v[..bytes.len()]).unwrap();
        Ok(())
    }
}

type Server = WebSocket<(), Xorshift64, Io, WebSocketBuffer, false>;
type Client = WebSocket<(), Xorshift64, Io, WebSocketBuffer, true>;

struct Recv(Server, Vector<u8>, bool);
struct SendS(Server, Cursor);
struct SendC(Client, Cursor, Vec<u8>);

impl Job for Recv {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                self.1.clear();
                if self.2 {
                    let (mut common, mut reader, mut writer) = self.0.split_mut();
                    let mut f = reader
                        .read_frame(&mut self.1, &mut common, WebSocketPayloadOrigin::Adaptive)
                        .await
                        .unwrap();
                    eat.eat(f.op_code() == OpCode::Text, f.payload());
                    let mut r = Frame::<&mut [u8], false>::new_fin(f.op_code(), f.payload_mut());
                    writer.write_frame(&mut common, &mut r).await.unwrap();
                } else {
                    let f = self.0.read_frame(&mut self.1, WebSocketPayloadOrigin::Adaptive).await.unwrap();
                    eat.eat(f.op_code() == OpCode::Text, f.payload());
                }
            }
        })
    }
}

impl Job for SendS {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                // A server does not change the payload, but the API requires LeaseMut.
                let mut v = NoCopy(self.1.next());
                let mut f = Frame::<&mut NoCopy, false>::new_fin(OpCode::Binary, &mut v);
                self.0.write_frame(&mut f).await.unwrap();
            }
        })
    }
    fn counts(&self) -> bool {
        false
    }
}

/// A borrowed payload that is only read.
struct NoCopy(&'static [u8]);
impl ::wtx::misc::Lease<[u8]> for NoCopy {
    fn lease(&self) -> &[u8] {
        self.0
    }
}
impl ::wtx::misc::LeaseMut<[u8]> for NoCopy {
    fn lease_mut(&mut self) -> &mut [u8] {
        assert!(self.0.is_empty(), "a server's payload is not written to");
        &mut []
    }
}

impl Job for SendC {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                // It masks the caller's payload in place, so it gets a copy.
                self.2.clear();
                self.2.extend_from_slice(self.1.next());
                let mut f = Frame::<&mut [u8], true>::new_fin(OpCode::Binary, &mut self.2);
                self.0.write_frame(&mut f).await.unwrap();
            }
        })
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Peer for Wtx {
    fn name(&self) -> &'static str {
        "wtx"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let io = Io(MemIo::new(w.wire, w.cap, false, capture));
        let rng = Xorshift64::from(0x1234_5678_9ABC_DEF1);
        let wsb = WebSocketBuffer::with_capacity(READ_CAP, 0, 0).unwrap();
        Some(match w.kind {
            Kind::Recv | Kind::Echo => {
                let ws = Server::new((), false, rng, io, wsb);
                Box::new(Recv(ws, Vector::new(), w.kind == Kind::Echo))
            }
            Kind::SendServer => Box::new(SendS(Server::new((), false, rng, io, wsb), Cursor::new(w))),
            Kind::SendClient => {
                Box::new(SendC(Client::new((), false, rng, io, wsb), Cursor::new(w), Vec::new()))
            }
            _ => return None,
        })
    }
    fn note(&self) -> &'static str {
        "0.46.1, the newest version for rustc 1.95; handshake and deflate not measured; each frame is one write; client: the driver copies the payload, wtx masks it in place"
    }
}
