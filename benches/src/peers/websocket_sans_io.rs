//! websocket-sans-io 0.1: a push parser that unmasks the caller's buffer in place. Pure framing:
//! no validation of any kind, no message assembly.

use super::Cursor;
use crate::io::{MemIo, READ_CAP};
use crate::workload::{MessageKind, Workload};
use crate::{Eat, Job, Peer};
use ::websocket_sans_io::{
    FrameInfo, Opcode, WebsocketFrameDecoder, WebsocketFrameEncoder, WebsocketFrameEvent,
};

pub struct WebsocketSansIo;

struct Recv {
    io: MemIo,
    dec: WebsocketFrameDecoder,
    buf: Vec<u8>,
    /// unconsumed part of buf
    from: usize,
    to: usize,
    echo: bool,
    out: Vec<u8>,
    enc: WebsocketFrameEncoder,
}

struct Send {
    io: MemIo,
    enc: WebsocketFrameEncoder,
    cur: Cursor,
    client: bool,
    out: Vec<u8>,
}

impl Job for Recv {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        let target = eat.msgs + msgs;
        while eat.msgs < target {
            if self.from == self.to {
                self.from = 0;
                self.to = self.io.pull(&mut self.buf);
            }
            loop {
                let piece = &mut self.buf[self.from..self.to];
                let r = self.dec.add_data(piece).unwrap();
                let n = r.consumed_bytes;
                match r.event {
                    Some(WebsocketFrameEvent::PayloadChunk { .. }) => {
                        eat.part(&piece[..n]);
                        if self.echo {
                            self.out.extend_from_slice(&piece[..n]);
                        }
                    }
                    Some(WebsocketFrameEvent::Start { frame_info, .. }) if self.echo => {
                        let head = self.enc.start_frame(&FrameInfo { mask: None, ..frame_info });
                        self.out.extend_from_slice(&head);
                    }
                    Some(WebsocketFrameEvent::End { frame_info, original_opcode }) if frame_info.fin => {
                        eat.end(original_opcode == Opcode::Text);
                        if eat.msgs == target {
                            self.from += n;
                            break;
                        }
                    }
                    Some(_) => {}
                    None if n == 0 => break,
                    None => {}
                }
                self.from += n;
            }
            if self.out.len() >= READ_CAP {
                self.io.push(&self.out);
                self.out.clear();
            }
        }
        if !self.out.is_empty() {
            self.io.push(&self.out);
            self.out.clear();
        }
    }
}

impl Job for Send {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            let p = self.cur.next();
            let head = self.enc.start_frame(&FrameInfo {
                opcode: Opcode::Binary,
                payload_length: p.len() as u64,
                mask: self.client.then(|| fastrand::u32(..).to_ne_bytes()),
                fin: true,
                reserved: 0,
            });
            self.out.extend_from_slice(&head);
            let at = self.out.len();
            self.out.extend_from_slice(p);
            self.enc.transform_frame_payload(&mut self.out[at..]);
            if self.out.len() >= READ_CAP {
                self.io.push(&self.out);
                self.out.clear();
            }
        }
        if !self.out.is_empty() {
            self.io.push(&self.out);
            self.out.clear();
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Peer for WebsocketSansIo {
    fn name(&self) -> &'static str {
        "websocket-sans-io"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        if w.text {
            return None; // no UTF-8 validation
        }
        let io = MemIo::new(w.wire, w.cap, false, capture);
        Some(match w.kind {
            MessageKind::Recv | MessageKind::Echo => Box::new(Recv {
                io,
                dec: WebsocketFrameDecoder::new(),
                buf: vec![0; READ_CAP],
                from: 0,
                to: 0,
                echo: w.kind == MessageKind::Echo,
                out: Vec::with_capacity(2 * READ_CAP),
                enc: WebsocketFrameEncoder::new(),
            }),
            MessageKind::SendServer | MessageKind::SendClient => Box::new(Send {
                io,
                enc: WebsocketFrameEncoder::new(),
                cur: Cursor::new(w),
                client: w.kind == MessageKind::SendClient,
                out: Vec::with_capacity(2 * READ_CAP),
            }),
            _ => return None,
        })
    }
    fn note(&self) -> &'static str {
        "framing only: no protocol checks, no assembly (payload pieces are consumed as they come), no UTF-8 validation, no handshake"
    }
}
