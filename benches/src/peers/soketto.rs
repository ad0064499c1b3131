//! soketto 0.8 over AsyncRead/AsyncWrite of futures, in a BufReader and a BufWriter of 64 KiB, as its
//! documentation recommends.

use super::Cursor;
use crate::io::{MemIo, MockServer, READ_CAP, block_on};
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};
use ::soketto::connection::{Builder, Receiver, Sender};
use ::soketto::extension::{Extension, Param, deflate::Deflate};
use ::soketto::handshake::server::Response;
use ::soketto::handshake::{Client, Server, ServerResponse};
use ::soketto::{Data, Mode};
use futures::io::{BufReader, BufWriter};
use std::hint::black_box;

pub struct Soketto;

type Io = BufReader<BufWriter<MemIo>>;

struct Recv(Receiver<Io>, Sender<Io>, Vec<u8>);
struct Echo(Receiver<Io>, Sender<Io>, Vec<u8>, usize);
struct Send(Sender<Io>, Receiver<Io>, Cursor, usize);
struct HsServer(&'static [u8], bool);
struct HsClient;

impl Job for Recv {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        let _ = &self.1;
        block_on(async {
            for _ in 0..msgs {
                self.2.clear();
                match self.0.receive_data(&mut self.2).await.unwrap() {
                    Data::Binary(_) => eat.eat(false, &self.2),
                    Data::Text(_) => {
                        // soketto does not validate UTF-8; its users must.
                        eat.eat(true, std::str::from_utf8(&self.2).unwrap().as_bytes())
                    }
                }
            }
        })
    }
}

impl Job for Echo {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        block_on(async {
            for i in 1..=msgs {
                self.2.clear();
                let d = self.0.receive_data(&mut self.2).await.unwrap();
                eat.eat(d.is_text(), &self.2);
                if d.is_text() {
                    self.1.send_text(std::str::from_utf8(&self.2).unwrap()).await.unwrap();
                } else {
                    self.1.send_binary(&self.2).await.unwrap();
                }
                if i % self.3 as u64 == 0 || i == msgs {
                    self.1.flush().await.unwrap();
                }
            }
        })
    }
}

impl Job for Send {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        let _ = &self.1;
        block_on(async {
            for i in 1..=msgs {
                self.0.send_binary(self.2.next()).await.unwrap();
                if i % self.3 as u64 == 0 || i == msgs {
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
        block_on(async {
            for _ in 0..msgs {
                let mut s = Server::new(MemIo::new(self.0, READ_CAP, false, self.1));
                let key = s.receive_request().await.unwrap().key();
                s.send_response(&Response::Accept { key, protocol: None }).await.unwrap();
                black_box(s.into_builder().finish());
            }
        })
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Job for HsClient {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        block_on(async {
            for _ in 0..msgs {
                let mut c = Client::new(MockServer::new(), "realtime.example.com", "/realtime/v2/socket");
                assert!(matches!(c.handshake().await.unwrap(), ServerResponse::Accepted { .. }));
                black_box(c.into_builder().finish());
            }
        })
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Peer for Soketto {
    fn name(&self) -> &'static str {
        "soketto"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let make = |mode, deflate| {
            let io = MemIo::new(w.wire, w.cap, w.pend, capture);
            let io = BufReader::with_capacity(READ_CAP, BufWriter::with_capacity(READ_CAP, io));
            let mut b = Builder::new(io, mode);
            if deflate {
                let mut d = Deflate::new(Mode::Server);
                d.configure(&[
                    Param::new("client_no_context_takeover"),
                    Param::new("server_no_context_takeover"),
                ])
                .unwrap();
                b.add_extensions([Box::new(d) as Box<dyn Extension + std::marker::Send>]);
            }
            b.finish()
        };
        Some(match w.kind {
            Kind::Recv => {
                let (s, r) = make(Mode::Server, false);
                Box::new(Recv(r, s, Vec::new()))
            }
            Kind::Echo | Kind::DeflateNct => {
                let (s, r) = make(Mode::Server, w.kind == Kind::DeflateNct);
                Box::new(Echo(r, s, Vec::new(), w.batch))
            }
            Kind::SendServer | Kind::SendClient => {
                let mode = if w.kind == Kind::SendServer { Mode::Server } else { Mode::Client };
                let (s, r) = make(mode, false);
                Box::new(Send(s, r, Cursor::new(w), w.batch))
            }
            Kind::HsServer => Box::new(HsServer(w.wire, capture)),
            Kind::HsClient => Box::new(HsClient),
            Kind::Deflate | Kind::Inflate => return None,
        })
    }
    fn note(&self) -> &'static str {
        "text: does not validate UTF-8, the driver calls core::str::from_utf8; deflate: no context takeover, always level 1, so W9-nct is not comparable"
    }
}
