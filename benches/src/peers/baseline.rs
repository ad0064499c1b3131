//! The floors: the least work that an implementation must do, measured in the same run and with the same
//! driver as the peers. All are safe Rust.
//!
//! * `=memcpy`: only the copy of the transport, which every peer makes first.
//! * `=xor-inplace`: the copy of the transport, then XOR of each payload in place, with frame bounds known in
//!   advance. It is the floor for decoders that unmask in place.
//! * `=xor-copy`: one XOR pass from the wire to the destination, without the copy of the transport. A decoder
//!   could be this fast only if the transport unmasked.
//! * `=zlib-rs` (received compressed messages): `=xor-inplace`, then zlib-rs into memory of the right size.
//! * `=utf8-core`, `=utf8-simd` (text): `=xor-inplace`, then `core::str::from_utf8` or `simdutf8::basic`.

use super::Cursor;
use crate::io::MemIo;
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};
use std::hint::black_box;

pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(Base(What::Memcpy)),
        Box::new(Base(What::XorInPlace)),
        Box::new(Base(What::XorCopy)),
        Box::new(Base(What::Utf8Core)),
        Box::new(Base(What::Utf8Simd)),
        Box::new(Zlib),
        Box::new(Mock),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Memcpy,
    XorInPlace,
    XorCopy,
    Utf8Core,
    Utf8Simd,
}

struct Base(What);

fn k8(key: [u8; 4]) -> u64 {
    let k = u64::from(u32::from_ne_bytes(key));
    k << 32 | k
}

/// XOR in place, with one loop over u64 words, which the compiler vectorises well for SSE2, AVX2 and AVX-512.
/// The last word overlaps the one before it, so there is no loop over single bytes.
#[inline]
pub fn xor_in_place(buf: &mut [u8], key: [u8; 4]) {
    let n = buf.len();
    let Some(last) = buf.last_chunk::<8>() else {
        for (i, b) in buf.iter_mut().enumerate() {
            *b ^= key[i & 3];
        }
        return;
    };
    let turned = u32::from_le_bytes(key).rotate_right(8 * (n as u32 & 3)).to_le_bytes();
    let last = (u64::from_ne_bytes(*last) ^ k8(turned)).to_ne_bytes();
    for w in buf.as_chunks_mut::<8>().0 {
        *w = (u64::from_ne_bytes(*w) ^ k8(key)).to_ne_bytes();
    }
    *buf.last_chunk_mut::<8>().unwrap() = last;
}

/// The same from `src` to `dst`.
#[inline]
pub fn xor_copy(dst: &mut [u8], src: &[u8], key: [u8; 4]) {
    let n = src.len();
    let dst = &mut dst[..n];
    for (d, s) in dst.as_chunks_mut::<8>().0.iter_mut().zip(src.as_chunks::<8>().0) {
        *d = (u64::from_ne_bytes(*s) ^ k8(key)).to_ne_bytes();
    }
    if let (Some(d), Some(s)) = (dst.last_chunk_mut::<8>(), src.last_chunk::<8>()) {
        let turned = u32::from_le_bytes(key).rotate_right(8 * (n as u32 & 3)).to_le_bytes();
        *d = (u64::from_ne_bytes(*s) ^ k8(turned)).to_ne_bytes();
    } else {
        for (i, (d, s)) in dst.iter_mut().zip(src).enumerate() {
            *d = s ^ key[i & 3];
        }
    }
}

struct J {
    what: What,
    io: MemIo,
    wire: &'static [u8],
    kind: Kind,
    text: bool,
    size: usize,
    head: usize,
    at: usize,
    from: usize,
    to: usize,
    buf: Vec<u8>,
    out: Vec<u8>,
    cur: Cursor,
}

impl J {
    /// `W` is `self.what`, and `ECHO` says whether to reply. They are constants so that the loop has no
    /// branches on them.
    fn recv<const W: u8, const ECHO: bool>(&mut self, msgs: u64, eat: &mut Eat) {
        let total = self.head + self.size;
        for _ in 0..msgs {
            let p: &[u8];
            if W == What::XorCopy as u8 {
                let key = self.wire[self.at + self.head - 4..][..4].try_into().unwrap();
                let s = &self.wire[self.at + self.head..][..self.size];
                xor_copy(&mut self.buf[..self.size], s, key);
                p = &self.buf[..self.size];
                self.at += total;
                if self.at == self.wire.len() {
                    self.at = 0;
                }
            } else {
                // Reads of 64 KiB; an incomplete frame moves to the front, as in most peers.
                if self.to - self.from < total {
                    self.buf.copy_within(self.from..self.to, 0);
                    self.to -= self.from;
                    self.from = 0;
                    while self.to < total {
                        self.to += self.io.pull(&mut self.buf[self.to..]);
                    }
                }
                let frame = &mut self.buf[self.from..self.from + total];
                let (head, payload) = frame.split_at_mut(self.head);
                if W != What::Memcpy as u8 {
                    let key = head[self.head - 4..].try_into().unwrap();
                    xor_in_place(payload, key);
                }
                p = payload;
                self.from += total;
            }
            if W == What::Utf8Core as u8 {
                black_box(std::str::from_utf8(p).unwrap());
            }
            if W == What::Utf8Simd as u8 {
                black_box(simdutf8::basic::from_utf8(p).unwrap());
            }
            eat.eat(self.text, p);
            if ECHO {
                let h = reply_head(self.size);
                self.out.extend_from_slice(&h.0[..h.1]);
                self.out.extend_from_slice(p);
                if self.out.len() >= 65536 {
                    self.io.push(&self.out);
                    self.out.clear();
                }
            }
        }
        self.flush();
    }

    fn send(&mut self, msgs: u64) {
        for _ in 0..msgs {
            let p = self.cur.next();
            let mut h = reply_head(p.len());
            if self.kind == Kind::SendClient {
                h.0[1] |= 0x80;
            }
            self.out.extend_from_slice(&h.0[..h.1]);
            if self.kind == Kind::SendClient && self.what == What::XorCopy {
                let key = fastrand::u32(..).to_ne_bytes();
                self.out.extend_from_slice(&key);
                let at = self.out.len();
                self.out.resize(at + p.len(), 0);
                xor_copy(&mut self.out[at..], p, key);
            } else {
                self.out.extend_from_slice(p);
            }
            if self.out.len() >= 65536 {
                self.io.push(&self.out);
                self.out.clear();
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        if !self.out.is_empty() {
            self.io.push(&self.out);
            self.out.clear();
        }
    }
}

fn reply_head(n: usize) -> ([u8; 10], usize) {
    let mut h = [0; 10];
    h[0] = 0x82;
    let len = match n {
        0..=125 => {
            h[1] = n as u8;
            2
        }
        126..=0xFFFF => {
            h[1] = 126;
            h[2..4].copy_from_slice(&(n as u16).to_be_bytes());
            4
        }
        _ => {
            h[1] = 127;
            h[2..].copy_from_slice(&(n as u64).to_be_bytes());
            10
        }
    };
    (h, len)
}

impl Job for J {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        match self.kind {
            Kind::Recv => match self.what {
                What::Memcpy => self.recv::<{ What::Memcpy as u8 }, false>(msgs, eat),
                What::XorInPlace => self.recv::<{ What::XorInPlace as u8 }, false>(msgs, eat),
                What::XorCopy => self.recv::<{ What::XorCopy as u8 }, false>(msgs, eat),
                What::Utf8Core => self.recv::<{ What::Utf8Core as u8 }, false>(msgs, eat),
                What::Utf8Simd => self.recv::<{ What::Utf8Simd as u8 }, false>(msgs, eat),
            },
            Kind::Echo if self.what == What::Memcpy => self.recv::<{ What::Memcpy as u8 }, true>(msgs, eat),
            Kind::Echo => self.recv::<{ What::XorInPlace as u8 }, true>(msgs, eat),
            _ => self.send(msgs),
        }
    }
    fn counts(&self) -> bool {
        matches!(self.kind, Kind::Recv | Kind::Echo)
    }
}

impl Peer for Base {
    fn name(&self) -> &'static str {
        match self.0 {
            What::Memcpy => "=memcpy",
            What::XorInPlace => "=xor-inplace",
            What::XorCopy => "=xor-copy",
            What::Utf8Core => "=utf8-core",
            What::Utf8Simd => "=utf8-simd",
        }
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let utf8 = matches!(self.0, What::Utf8Core | What::Utf8Simd);
        let fits = !w.mix
            && match w.kind {
                Kind::Recv => w.frames_per_msg == 1 && w.cap == crate::io::READ_CAP && (w.text || !utf8),
                Kind::Echo => matches!(self.0, What::Memcpy | What::XorInPlace),
                Kind::SendServer => self.0 == What::Memcpy,
                Kind::SendClient => matches!(self.0, What::Memcpy | What::XorCopy),
                _ => false,
            };
        // The payloads of a floor that does not unmask cannot be checked.
        if !fits || (capture && self.0 == What::Memcpy) {
            return None;
        }
        Some(Box::new(J {
            what: self.0,
            io: MemIo::new(w.wire, w.cap, false, capture),
            wire: w.wire,
            kind: w.kind,
            text: w.text,
            size: w.size,
            head: reply_head(w.size).1 + 4,
            at: 0,
            from: 0,
            to: 0,
            buf: vec![0; crate::io::READ_CAP + w.size + 64],
            out: Vec::with_capacity(2 * 65536 + w.size),
            cur: Cursor::new(w),
        }))
    }
    fn note(&self) -> &'static str {
        match self.0 {
            What::Memcpy => "floor: only the copy of the transport; to send, a header and one copy",
            What::XorInPlace => "floor: copy of the transport, then XOR in place, with known frame bounds",
            What::XorCopy => {
                "floor: one XOR pass from the wire to its destination, without the copy of the transport"
            }
            What::Utf8Core => "floor: =xor-inplace + core::str::from_utf8",
            What::Utf8Simd => "floor: =xor-inplace + simdutf8::basic (AVX2 at run time)",
        }
    }
}

/// The decoder that most peers use.
struct Zlib;
struct ZlibJob {
    io: MemIo,
    wire: Vec<u8>,
    buf: Vec<u8>,
    z: zlib_rs::Inflate,
}

impl Job for ZlibJob {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        let lap = self.wire.len();
        let mut left = msgs;
        while left > 0 {
            let mut to = 0;
            while to < lap {
                to += self.io.pull(&mut self.wire[to..]);
            }
            let mut at = 0;
            while at < lap {
                let n = usize::from(u16::from_be_bytes([self.wire[at + 2], self.wire[at + 3]]));
                let key = self.wire[at + 4..at + 8].try_into().unwrap();
                let payload = &mut self.wire[at + 8..at + 8 + n];
                xor_in_place(payload, key);
                self.z.reset(false);
                self.z.decompress(payload, &mut self.buf, zlib_rs::InflateFlush::SyncFlush).unwrap();
                eat.eat(false, &self.buf[..self.z.total_out() as usize]);
                at += 8 + n;
                left = left.saturating_sub(1);
            }
        }
    }
}

impl Peer for Zlib {
    fn name(&self) -> &'static str {
        "=zlib-rs"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let largest = w.payloads.iter().map(|p| p.len()).max().unwrap_or(0);
        (w.kind == Kind::Inflate).then(|| {
            Box::new(ZlibJob {
                io: MemIo::new(w.wire, w.wire.len(), false, capture),
                wire: vec![0; w.wire.len()],
                buf: vec![0; largest + 64],
                z: zlib_rs::Inflate::new(false, 15),
            }) as Box<dyn Job>
        })
    }
    fn note(&self) -> &'static str {
        "floor: =xor-inplace + the decoder alone, frame bounds known beforehand"
    }
}

/// The cost of the mock server in the handshake of a client.
struct Mock;
struct MockJob;

impl Job for MockJob {
    fn run(&mut self, msgs: u64, _: &mut Eat) {
        for _ in 0..msgs {
            let mut m = crate::io::MockServer::new();
            m.feed(b"GET /realtime/v2/socket HTTP/1.1\r\nHost: realtime.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
            let mut b = [0; 512];
            black_box((m.read_into(&mut b), b));
        }
    }
    fn counts(&self) -> bool {
        false
    }
}

impl Peer for Mock {
    fn name(&self) -> &'static str {
        "=mock"
    }
    fn job(&self, w: &Workload, _: bool) -> Option<Box<dyn Job>> {
        (w.kind == Kind::HsClient).then(|| Box::new(MockJob) as Box<dyn Job>)
    }
    fn note(&self) -> &'static str {
        "the cost of the mock server in each handshake of a client"
    }
}
