//! The workloads W1 to W9. W8 (memory) is a separate program: src/bin/wsmem.rs.

use crate::wire::{self, Script};
use fastrand::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As a server, receive masked messages, each as a whole.
    Recv,
    /// As a server, send unmasked messages.
    SendServer,
    /// As a client, send masked messages.
    SendClient,
    /// As a server, receive a masked message and send it back unmasked.
    Echo,
    /// As a server, read the request of the opening handshake and respond 101.
    HsServer,
    /// As a client, send the request of the opening handshake, read the response and check it.
    HsClient,
    /// Echo with permessage-deflate: context takeover in both directions, window bits 15, level 6.
    Deflate,
    /// The same without context takeover.
    DeflateNct,
    /// Server role: receive messages of one block with fixed codes, without context takeover.
    Inflate,
}

pub struct Workload {
    pub id: &'static str,
    pub name: String,
    pub kind: Kind,
    /// The payload size of a message in bytes; in a mix, the mean.
    pub size: usize,
    /// Whether sizes vary (uniform from 1 to 2 * size - 1), so that the branch predictor cannot learn the
    /// lengths.
    pub mix: bool,
    pub text: bool,
    pub frames_per_msg: usize,
    /// The input, which is read again and again.
    pub wire: &'static [u8],
    pub msgs_in_wire: usize,
    /// The payloads of the messages to receive or to send, in order.
    pub payloads: Vec<&'static [u8]>,
    /// The most bytes in one read.
    pub cap: usize,
    /// Whether each read is followed by `Pending` or `WouldBlock`.
    pub pend: bool,
    /// The number of messages between two flushes (about 64 KiB).
    pub batch: usize,
}

const K: usize = 1024;
pub const SIZES: [usize; 6] = [8, 64, 125, K, 16 * K, 1024 * K];
pub const ECHO_SIZES: [usize; 5] = [8, 125, K, 16 * K, 1024 * K];

/// The number of messages on the wire. They have about 256 KiB, which fits into the L2 cache. There are at
/// least two, and never so many that building the wire dominates an instruction count.
fn count(size: usize) -> usize {
    (256 * K / (size + 8)).clamp(2, 4096)
}

fn batch(size: usize) -> usize {
    (64 * K / (size + 8)).max(1)
}

fn label(n: usize) -> String {
    match n {
        n if n >= K * K && n.is_multiple_of(K * K) => format!("{}M", n / K / K),
        n if n >= K && n.is_multiple_of(K) => format!("{}K", n / K),
        n => n.to_string(),
    }
}

fn base(id: &'static str, name: String, kind: Kind, size: usize) -> Workload {
    Workload {
        id,
        name,
        kind,
        size,
        mix: false,
        text: false,
        frames_per_msg: 1,
        wire: &[],
        msgs_in_wire: 0,
        payloads: Vec::new(),
        cap: crate::io::READ_CAP,
        pend: false,
        batch: batch(size),
    }
}

fn with_wire(
    mut w: Workload,
    rng: &mut Rng,
    gens: &mut dyn FnMut(&mut Rng) -> Vec<u8>,
    frag: usize,
) -> Workload {
    let n = count(w.size);
    let op = if w.text { 1 } else { 2 };
    let mut out = Vec::new();
    for _ in 0..n {
        let p = wire::leak(gens(rng));
        w.payloads.push(p);
        let chunks: Vec<&[u8]> = if frag == 0 { vec![p] } else { p.chunks(frag).collect() };
        w.frames_per_msg = chunks.len();
        for (i, c) in chunks.iter().enumerate() {
            let fin = if i + 1 == chunks.len() { 0x80 } else { 0 };
            let op = if i == 0 { op } else { 0 };
            wire::frame(&mut out, fin | op, Some(rng.u32(..).to_ne_bytes()), c);
        }
    }
    w.msgs_in_wire = n;
    w.wire = wire::leak(out);
    w
}

fn bin_wire(w: Workload, rng: &mut Rng, frag: usize) -> Workload {
    let size = w.size;
    with_wire(w, rng, &mut |r| wire::random_bytes(r, size), frag)
}

/// Compresses a message for permessage-deflate (RFC 7692 §7.2.1: without the final 00 00 FF FF).
pub fn deflate(c: &mut flate2::Compress, p: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(p.len() + 64);
    c.compress_vec(p, &mut out, flate2::FlushCompress::Sync).unwrap();
    assert!(out.ends_with(&[0, 0, 0xFF, 0xFF]));
    out.truncate(out.len() - 4);
    out
}

fn deflate_wire(mut w: Workload, rng: &mut Rng, takeover: bool) -> Workload {
    let mut c = flate2::Compress::new_with_window_bits(flate2::Compression::new(6), false, 15);
    let mut out = Vec::new();
    w.text = true;
    w.msgs_in_wire = 256;
    for _ in 0..w.msgs_in_wire {
        let p = wire::leak(wire::json(rng, w.size));
        w.payloads.push(p);
        if !takeover {
            c.reset();
        }
        let z = deflate(&mut c, p);
        wire::frame(&mut out, 0xC1, Some(rng.u32(..).to_ne_bytes()), &z);
    }
    w.wire = wire::leak(out);
    w
}

/// The length of the copies in `inflate-fixed-copies`, and their largest distance.
const COPY: usize = 258;
const MAX_DISTANCE: usize = 256;

/// Messages of one block with fixed codes (RFC 1951 §3.2.6), of `size` bytes on the wire: literals of eight
/// bits, or copies of the greatest length.
fn fixed_wire(mut w: Workload, rng: &mut Rng, copies: bool) -> Workload {
    let (mut out, on_the_wire) = (Vec::new(), w.size);
    w.msgs_in_wire = 16;
    for _ in 0..w.msgs_in_wire {
        let (mut z, mut p) = (Bits::default(), Vec::new());
        z.put(0b010, 3);
        while z.bytes.len() < on_the_wire - 8 {
            if copies && p.len() >= MAX_DISTANCE {
                // 285 has the code 1100_0101. From 5 on, there are two distance codes for each number of extra bits.
                let distance = rng.usize(1..=MAX_DISTANCE);
                z.code(0b1100_0101, 8);
                let extra = (usize::BITS - (distance.max(3) - 1).leading_zeros()).saturating_sub(2);
                let code =
                    if distance < 3 { distance - 1 } else { 2 * extra as usize + (distance - 1 >> extra) };
                z.code(code as u64, 5);
                z.put((distance - 1) as u64 & ((1 << extra) - 1), extra);
                (0..COPY).for_each(|_| p.push(p[p.len() - distance]));
            } else {
                let byte = rng.u8(..144);
                z.code(0x30 + u64::from(byte), 8);
                p.push(byte);
            }
        }
        // The end of the block, and the header of an empty one (RFC 7692 §7.2.1).
        z.put(0, 7 + 3);
        w.size = p.len();
        w.payloads.push(wire::leak(p));
        wire::frame(&mut out, 0xC2, Some(rng.u32(..).to_ne_bytes()), &z.bytes);
    }
    w.wire = wire::leak(out);
    w
}

/// Bits as DEFLATE packs them (RFC 1951 §3.1.1).
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u64, count: u32) {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A code: its highest bit first.
    fn code(&mut self, code: u64, count: u32) {
        (0..count).rev().for_each(|bit| self.put(code >> bit & 1, 1));
    }
}

/// The identifiers and names of all workloads. [`build`] creates a workload.
pub fn all() -> Vec<(&'static str, String)> {
    let mut v: Vec<(&'static str, String)> = Vec::new();
    for s in SIZES {
        v.push(("W1", format!("W1/recv-bin/{}", label(s))));
    }
    v.push(("W1", "W1/recv-mix/200".into()));
    for sc in ["ascii", "cjk", "mixed"] {
        for s in [64, 4 * K, 256 * K] {
            v.push(("W2", format!("W2/recv-text-{sc}/{}", label(s))));
        }
    }
    v.push(("W3", "W3/recv-frag1K/1M".into()));
    v.push(("W3", "W3/recv-frag64/64K".into()));
    for s in SIZES {
        v.push(("W4", format!("W4/send-server/{}", label(s))));
    }
    for s in SIZES {
        v.push(("W4", format!("W4/send-client/{}", label(s))));
    }
    for s in ECHO_SIZES {
        v.push(("W5", format!("W5/echo/{}", label(s))));
    }
    v.push(("W5", "W5/echo-mix/200".into()));
    v.push(("W6", "W6/handshake-server/chrome".into()));
    v.push(("W6", "W6/handshake-client/mock".into()));
    for p in ["", "p"] {
        for s in [125, 16 * K] {
            for c in [1, 1460] {
                v.push(("W7", format!("W7{p}/recv-by{c}/{}", label(s))));
            }
        }
    }
    v.push(("W9", "W9/deflate-echo/1K".into()));
    v.push(("W9", "W9/deflate-echo-nct/1K".into()));
    v.push(("W9", "W9/inflate-fixed-literals/4K".into()));
    v.push(("W9", "W9/inflate-fixed-copies/4K".into()));
    v
}

fn unlabel(s: &str) -> usize {
    if let Some(n) = s.strip_suffix('M') {
        n.parse::<usize>().unwrap() * K * K
    } else if let Some(n) = s.strip_suffix('K') {
        n.parse::<usize>().unwrap() * K
    } else {
        s.parse().unwrap()
    }
}

/// Builds the workload with this name, always the same one.
pub fn build(id: &'static str, name: &str) -> Workload {
    let mut rng = Rng::with_seed(0x5EED);
    let mut it = name.split('/');
    let (head, what, size) = (it.next().unwrap(), it.next().unwrap(), it.next().unwrap());
    let name = name.to_string();
    match what {
        "recv-bin" => bin_wire(base(id, name, Kind::Recv, unlabel(size)), &mut rng, 0),
        "recv-frag1K" => bin_wire(base(id, name, Kind::Recv, unlabel(size)), &mut rng, K),
        "recv-frag64" => bin_wire(base(id, name, Kind::Recv, unlabel(size)), &mut rng, 64),
        "echo" => bin_wire(base(id, name, Kind::Echo, unlabel(size)), &mut rng, 0),
        "recv-mix" | "echo-mix" => {
            let kind = if what == "recv-mix" { Kind::Recv } else { Kind::Echo };
            let mut w = base(id, name, kind, unlabel(size));
            w.mix = true;
            let max = 2 * w.size - 1;
            with_wire(
                w,
                &mut rng,
                &mut |r| {
                    let n = r.usize(1..=max);
                    wire::random_bytes(r, n)
                },
                0,
            )
        }
        "send-server" | "send-client" => {
            let kind = if what == "send-server" { Kind::SendServer } else { Kind::SendClient };
            bin_wire(base(id, name, kind, unlabel(size)), &mut rng, 0)
        }
        "handshake-server" => {
            let mut w = base(id, name, Kind::HsServer, 0);
            w.wire = wire::CHROME_REQUEST;
            w
        }
        "handshake-client" => base(id, name, Kind::HsClient, 0),
        "deflate-echo" => deflate_wire(base(id, name, Kind::Deflate, unlabel(size)), &mut rng, true),
        "deflate-echo-nct" => deflate_wire(base(id, name, Kind::DeflateNct, unlabel(size)), &mut rng, false),
        "inflate-fixed-literals" => fixed_wire(base(id, name, Kind::Inflate, unlabel(size)), &mut rng, false),
        "inflate-fixed-copies" => fixed_wire(base(id, name, Kind::Inflate, unlabel(size)), &mut rng, true),
        _ if what.starts_with("recv-text-") => {
            let sc = match &what[10..] {
                "ascii" => Script::Ascii,
                "cjk" => Script::Cjk,
                _ => Script::Mixed,
            };
            let mut w = base(id, name, Kind::Recv, unlabel(size));
            w.text = true;
            let n = w.size;
            with_wire(w, &mut rng, &mut |r| wire::text(r, sc, n), 0)
        }
        _ if what.starts_with("recv-by") => {
            let mut w = base(id, name, Kind::Recv, unlabel(size));
            w.cap = what[7..].parse().unwrap();
            w.pend = head == "W7p";
            bin_wire(w, &mut rng, 0)
        }
        _ => panic!("unknown workload {name}"),
    }
}
