//! tungstenite 0.30: blocking `Read + Write`, driven directly. Its read and write buffers are
//! set to 64 KiB (default 128 KiB each).

use super::Cursor;
use crate::io::{MemIo, MockServer, READ_CAP};
use crate::workload::{MessageKind, Workload};
use crate::{Eat, Job, Peer};
use std::hint::black_box;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Bytes, Error, Message, WebSocket};

pub struct Tungstenite;

fn config() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(READ_CAP).write_buffer_size(READ_CAP)
}

struct Recv(WebSocket<MemIo>);
struct Echo(WebSocket<MemIo>, usize);
struct Send(WebSocket<MemIo>, Cursor, usize);
struct HsServer(&'static [u8], bool);
struct HsClient;

#[inline]
fn next(ws: &mut WebSocket<MemIo>) -> Message {
    loop {
        match ws.read() {
            Ok(m) => return m,
            Err(Error::Io(e)) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(e) => panic!("{e}"),
        }
    }
}

#[inline]
fn eat_message(m: &Message, eat: &mut Eat) {
    match m {
        Message::Binary(b) => eat.eat(false, b),
        Message::Text(t) => eat.eat(true, t.as_bytes()),
        m => panic!("{m:?}"),
    }
}

impl Job for Recv {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        for _ in 0..msgs {
            eat_message(&next(&mut self.0), eat);
        }
    }
}

impl Job for Echo {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        for i in 1..=msgs {
            let m = next(&mut self.0);
            eat_message(&m, eat);
            self.0.write(m).unwrap();
            if i % self.1 as u64 == 0 || i == msgs {
                self.0.flush().unwrap();
            }
        }
    }
}

impl Job for Send {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for i in 1..=msgs {
            self.0.write(Message::Binary(Bytes::from_static(self.1.next()))).unwrap();
            if i % self.2 as u64 == 0 || i == msgs {
                self.0.flush().unwrap();
            }
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Job for HsServer {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            let io = MemIo::new(self.0, READ_CAP, false, self.1);
            black_box(tungstenite::accept(io).unwrap());
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Job for HsClient {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            black_box(
                tungstenite::client("ws://realtime.example.com/realtime/v2/socket", MockServer::new())
                    .unwrap(),
            );
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Peer for Tungstenite {
    fn name(&self) -> &'static str {
        "tungstenite"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let ws = |role| {
            WebSocket::from_raw_socket(MemIo::new(w.wire, w.cap, w.pend, capture), role, Some(config()))
        };
        Some(match w.kind {
            MessageKind::Recv => Box::new(Recv(ws(Role::Server))),
            MessageKind::Echo => Box::new(Echo(ws(Role::Server), w.batch)),
            MessageKind::SendServer => Box::new(Send(ws(Role::Server), Cursor::new(w), w.batch)),
            MessageKind::SendClient => Box::new(Send(ws(Role::Client), Cursor::new(w), w.batch)),
            MessageKind::HsServer => Box::new(HsServer(w.wire, capture)),
            MessageKind::HsClient => Box::new(HsClient),
            MessageKind::DeflateParams | MessageKind::DeflateNct => return None,
        })
    }
    fn note(&self) -> &'static str {
        "read/write buffers 64 KiB (its default is 128 KiB); no permessage-deflate"
    }
}
