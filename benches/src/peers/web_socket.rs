//! web-socket 0.7 over tokio's AsyncRead in a BufReader of 64 KiB, as its README recommends.

use super::Cursor;
use crate::io::{MemIo, READ_CAP, block_on};
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};
use ::web_socket::{DataType, Event, Frame, MessageType, Stream, WebSocket};
use tokio::io::BufReader;

pub struct WebSocketCrate;

type Ws = WebSocket<BufReader<MemIo>>;

struct Recv(Ws);
struct Echo(Ws);
struct Send(Ws, Cursor);

impl Job for Recv {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            let target = eat.msgs + msgs;
            while eat.msgs < target {
                match self.0.recv().await.unwrap() {
                    Event::Data { ty, data } => match ty {
                        DataType::Complete(MessageType::Binary) => eat.eat(false, &data),
                        DataType::Complete(MessageType::Text) => {
                            // It does not validate UTF-8; its users must.
                            eat.eat(true, std::str::from_utf8(&data).unwrap().as_bytes())
                        }
                        DataType::Stream(s) => {
                            // It does not join fragments either; each is consumed as it arrives.
                            eat.part(&data);
                            if let Stream::End(t) = s {
                                eat.end(t == MessageType::Text);
                            }
                        }
                    },
                    e => panic!("{e:?}"),
                }
            }
        })
    }
}

impl Job for Echo {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                let Event::Data { data, .. } = self.0.recv().await.unwrap() else { panic!() };
                eat.eat(false, &data);
                self.0.send(Frame { fin: true, opcode: 2, data: &data }).await.unwrap();
            }
        })
    }
}

impl Job for Send {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                self.0.send(self.1.next()).await.unwrap();
            }
            self.0.flash().await.unwrap();
        })
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Peer for WebSocketCrate {
    fn name(&self) -> &'static str {
        "web-socket"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let io = || BufReader::with_capacity(READ_CAP, MemIo::new(w.wire, w.cap, w.pend, capture));
        Some(match w.kind {
            Kind::Recv => Box::new(Recv(WebSocket::server(io()))),
            Kind::Echo => Box::new(Echo(WebSocket::server(io()))),
            Kind::SendServer => Box::new(Send(WebSocket::server(io()), Cursor::new(w))),
            Kind::SendClient => Box::new(Send(WebSocket::client(io()), Cursor::new(w))),
            _ => return None, // no handshake, no deflate
        })
    }
    fn note(&self) -> &'static str {
        "text: does not validate UTF-8, the driver calls core::str::from_utf8; W3: does not join fragments, they are consumed one by one; each frame is one write"
    }
}
