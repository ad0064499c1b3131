//! What the tests of permessage-deflate share: connections that have agreed on it, and an inflater of their
//! own.
#![allow(dead_code, unreachable_pub, reason = "each test file uses some of it")]

use websocket_proto::handshake::DeflateParams;
use websocket_proto::{
    Client, Config, Connection, DeflateConfig, Delivery, Negotiated, ReceiveBuffer, Server,
};
use zlib_rs::{DeflateFlush, Status};

use crate::support::{Keys, Outcome, Side, feed, frames_of, random_cuts};

/// RFC 7692 §7.2.3.1: "Hello" in one block with fixed codes.
pub const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

/// These parameters.
pub fn deflate(
    server_bits: u8,
    client_bits: u8,
    server_takeover: bool,
    client_takeover: bool,
) -> DeflateParams {
    let mut deflate = DeflateParams::new();
    (deflate.server_window_bits, deflate.client_window_bits) = (server_bits, client_bits);
    (deflate.server_context_takeover, deflate.client_context_takeover) = (server_takeover, client_takeover);
    deflate
}

/// A configuration that is ready for this.
pub fn config(most: Option<DeflateParams>) -> Config {
    let mut config = Config::default();
    config.deflate = most.map(|most| {
        let mut deflate = DeflateConfig::default();
        deflate.limits = most;
        deflate
    });
    config
}

/// A role that permessage-deflate was agreed for.
pub trait Deflating: Side {
    /// The parameters for the messages of its peer: window bits, and context takeover.
    fn peer(deflate: &mut DeflateParams) -> (&mut u8, &mut bool);
    /// The parameters for its own messages.
    fn own(deflate: &mut DeflateParams) -> (&mut u8, &mut bool);
}

impl Deflating for Server {
    fn peer(deflate: &mut DeflateParams) -> (&mut u8, &mut bool) {
        (&mut deflate.client_window_bits, &mut deflate.client_context_takeover)
    }
    fn own(deflate: &mut DeflateParams) -> (&mut u8, &mut bool) {
        (&mut deflate.server_window_bits, &mut deflate.server_context_takeover)
    }
}

impl Deflating for Client<Keys> {
    fn peer(deflate: &mut DeflateParams) -> (&mut u8, &mut bool) {
        Server::own(deflate)
    }
    fn own(deflate: &mut DeflateParams) -> (&mut u8, &mut bool) {
        Server::peer(deflate)
    }
}

/// The parameters with these for what the peer of `R` sends.
pub fn peer<R: Deflating>(window_bits: u8, takeover: bool) -> DeflateParams {
    let mut deflate = DeflateParams::new();
    (*R::peer(&mut deflate).0, *R::peer(&mut deflate).1) = (window_bits, takeover);
    deflate
}

/// The parameters with these for what `R` sends.
pub fn own<R: Deflating>(window_bits: u8, takeover: bool) -> DeflateParams {
    let mut deflate = DeflateParams::new();
    (*R::own(&mut deflate).0, *R::own(&mut deflate).1) = (window_bits, takeover);
    deflate
}

/// A connection that has agreed on this, and compresses each message that it sends.
pub fn open<R: Side>(deflate: DeflateParams, mut config: Config) -> Connection<R> {
    if config.deflate.is_none() {
        let mut all = DeflateConfig::default();
        all.min_len = 0;
        config.deflate = Some(all);
    }
    Connection::established(R::role(), Negotiated::new().with_deflate(deflate), config)
}

/// Feeds bytes in every way to a connection that has agreed on this: whole messages and parts; whole, byte by
/// byte, cut at every place and at random; into growing buffers, and into a fixed one of `memory` bytes. All
/// must have the same outcome, in parts also for a message that does not end.
pub fn every_way<R: Deflating>(
    deflate: DeflateParams,
    mut config: Config,
    wire: &[u8],
    memory: usize,
) -> Outcome {
    let mut memory = vec![0xA5; memory];
    let mut whole: Option<Outcome> = None;
    for delivery in [Delivery::Messages, Delivery::Parts] {
        config.delivery = delivery;
        let connection = open::<R>(deflate, config);
        let mut first: Option<Outcome> = None;
        let mut same = |outcome: Outcome, what: &str| match &first {
            None => first = Some(outcome),
            Some(first) => assert_eq!(&outcome, first, "ST-03: {delivery:?}, {what}"),
        };
        let run = |chunks: &[&[u8]]| {
            feed(connection.clone(), ReceiveBuffer::new(), chunks.iter().copied(), |_, _| panic!("a request"))
        };
        same(run(&[wire]), "whole");
        same(run(&wire.chunks(1).collect::<Vec<_>>()), "byte by byte");
        for cut in (0..=wire.len()).step_by((wire.len() / 200).max(1)) {
            let (left, right) = wire.split_at(cut);
            same(run(&[left, right]), &format!("cut at {cut}"));
        }
        let mut random = fastrand::Rng::with_seed(wire.len() as u64);
        for round in 0..10 {
            same(run(&random_cuts(&mut random, wire)), &format!("random cuts {round}"));
        }
        for chunk in [1, 7, usize::MAX] {
            let chunks = wire.chunks(chunk.min(wire.len().max(1)));
            let outcome = feed(connection.clone(), ReceiveBuffer::fixed(&mut memory), chunks, |_, _| {
                panic!("a request")
            });
            same(outcome, &format!("fixed buffer, by {chunk}"));
        }
        #[cfg(feature = "bytes")]
        for chunk in [1, 7, usize::MAX] {
            let chunks = wire.chunks(chunk.min(wire.len().max(1)));
            let outcome =
                feed(connection.clone(), ReceiveBuffer::for_bytes(), chunks, |_, _| panic!("a request"));
            same(outcome, &format!("BytesMut, by {chunk}"));
        }
        let outcome = first.expect("there were runs").of_whole_messages();
        assert_eq!(&outcome, whole.get_or_insert(outcome.clone()), "ST-03: in parts");
    }
    whole.expect("there were runs")
}

/// A compressor for tests: zlib with any window, any kind of flush.
pub struct Zlib {
    stream: zlib_rs::Deflate,
}

impl Zlib {
    pub fn new(level: i32, window_bits: u8) -> Self {
        Self { stream: zlib_rs::Deflate::new(level, false, window_bits.max(9)) }
    }

    pub fn flush(&mut self, payload: &[u8], flush: DeflateFlush) -> Vec<u8> {
        let mut out = vec![0; payload.len() * 2 + 1024];
        let before = self.stream.total_out();
        let status = self.stream.compress(payload, &mut out, flush).expect("zlib");
        out.truncate((self.stream.total_out() - before) as usize);
        if status == Status::StreamEnd {
            self.stream.reset();
        }
        out
    }

    /// RFC 7692 §7.2.1.
    pub fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut out = self.flush(payload, DeflateFlush::SyncFlush);
        if out.is_empty() {
            return vec![0];
        }
        assert!(out.ends_with(&[0, 0, 0xFF, 0xFF]));
        out.truncate(out.len() - 4);
        out
    }
}

/// RFC 1951 to the letter, without speed: an inflater that records the distances it meets.
#[derive(Debug, Default)]
pub struct Reference {
    /// All that was inflated, of all messages.
    pub out: Vec<u8>,
    /// The longest distance.
    pub farthest: usize,
    /// Blocks of each BTYPE.
    pub blocks: [usize; 3],
    /// The begin of the window: no distance reaches bytes before it.
    pub begin: usize,
    /// The size of the window, if it is limited.
    pub size: Option<usize>,
}

impl Reference {
    /// RFC 7692 §7.2.2; panics if the payload is not DEFLATE.
    pub fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        let from = self.out.len();
        assert!(self.inflate(payload), "DEFLATE");
        self.out[from..].to_vec()
    }

    /// Whether the payload is DEFLATE. Bytes before a fault are inflated.
    pub fn inflate(&mut self, payload: &[u8]) -> bool {
        let bytes = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let mut bits = Bits { bytes: &bytes, at: 0 };
        // Alone, the appended bytes are no block; nothing need follow a block with BFINAL.
        let mut over = payload.is_empty();
        while !over {
            match self.block(&mut bits) {
                Some(last) => over = bits.at == bytes.len() * 8 || (last && bits.at == payload.len() * 8),
                None => return false,
            }
        }
        true
    }

    /// Whether it has BFINAL.
    fn block(&mut self, bits: &mut Bits<'_>) -> Option<bool> {
        let last = bits.take(1)? == 1;
        let kind = bits.take(2)?;
        *self.blocks.get_mut(kind)? += 1;
        match kind {
            0 => {
                bits.align();
                let (len, check) = (bits.take(16)?, bits.take(16)?);
                if len ^ check != 0xFFFF {
                    return None;
                }
                for _ in 0..len {
                    self.out.push(bits.take(8)? as u8);
                }
            }
            1 => {
                let lens: Vec<u8> = (0..288)
                    .map(|at| {
                        [8, 9, 7, 8][usize::from(at > 143) + usize::from(at > 255) + usize::from(at > 279)]
                    })
                    .collect();
                self.symbols(bits, &Codes::new(&lens)?, &Codes::new(&[5; 32])?)?;
            }
            _ => {
                let (literals, distances, count) =
                    (bits.take(5)? + 257, bits.take(5)? + 1, bits.take(4)? + 4);
                let mut lens = [0; 19];
                for &at in &[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15][..count] {
                    lens[at] = bits.take(3)? as u8;
                }
                let codes = Codes::new(&lens)?;
                let mut lens = vec![];
                while lens.len() < literals + distances {
                    match codes.next(bits)? {
                        16 => lens.extend(core::iter::repeat_n(*lens.last()?, 3 + bits.take(2)?)),
                        17 => lens.resize(lens.len() + 3 + bits.take(3)?, 0),
                        18 => lens.resize(lens.len() + 11 + bits.take(7)?, 0),
                        len => lens.push(len as u8),
                    }
                }
                if lens.len() > literals + distances {
                    return None;
                }
                self.symbols(bits, &Codes::new(&lens[..literals])?, &Codes::new(&lens[literals..])?)?;
            }
        }
        if last {
            bits.align();
        }
        Some(last)
    }

    fn symbols(&mut self, bits: &mut Bits<'_>, literals: &Codes, distances: &Codes) -> Option<()> {
        loop {
            match literals.next(bits)? {
                256 => return Some(()),
                literal @ 0..256 => self.out.push(literal as u8),
                285 => self.copy(bits, 258, distances)?,
                symbol @ 257..285 => {
                    let at = symbol - 257;
                    let extra = if at < 8 { 0 } else { at / 4 - 1 };
                    let base = if at < 8 { 3 + at } else { ((4 + at % 4) << extra) + 3 };
                    let len = base + bits.take(extra)?;
                    self.copy(bits, len, distances)?;
                }
                _ => return None,
            }
        }
    }

    fn copy(&mut self, bits: &mut Bits<'_>, len: usize, distances: &Codes) -> Option<()> {
        let at = distances.next(bits).filter(|&at| at < 30)?;
        let extra = if at < 4 { 0 } else { at / 2 - 1 };
        let base = if at < 4 { at + 1 } else { ((2 + at % 2) << extra) + 1 };
        let distance = base + bits.take(extra)?;
        if distance > (self.out.len() - self.begin).min(self.size.unwrap_or(usize::MAX)) {
            return None;
        }
        self.farthest = self.farthest.max(distance);
        for _ in 0..len {
            self.out.push(self.out[self.out.len() - distance]);
        }
        Some(())
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<usize> {
        let mut value = 0;
        for bit in 0..count {
            value |= usize::from(self.bytes.get(self.at / 8)? >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}

/// Huffman codes by length (RFC 1951 §3.2.2): of each length the first code, and the symbols in their order.
struct Codes([(usize, Vec<usize>); 16]);

impl Codes {
    /// `None` if the lengths are oversubscribed, or incomplete. §3.2.7 allows no code at all, or one of one bit.
    fn new(lens: &[u8]) -> Option<Self> {
        let (mut codes, mut code) = (Self(Default::default()), 0);
        for len in 1..16 {
            code <<= 1;
            let symbols: Vec<usize> = lens
                .iter()
                .enumerate()
                .filter(|(_, found)| usize::from(**found) == len)
                .map(|(at, _)| at)
                .collect();
            codes.0[len] = (code, symbols);
            code += codes.0[len].1.len();
            if code > 1 << len {
                return None;
            }
        }
        let longest = (1..16).rev().find(|len| !codes.0[*len].1.is_empty()).unwrap_or(0);
        (longest <= 1 || code == 1 << 15).then_some(codes)
    }

    fn next(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let mut code = 0;
        for (first, symbols) in &self.0[1..] {
            code = code << 1 | bits.take(1)?;
            if let Some(symbol) = code.checked_sub(*first).and_then(|at| symbols.get(at)) {
                return Some(*symbol);
            }
        }
        None
    }
}

/// The payloads of the data frames that a connection of this role wrote, joined to messages: whether
/// compressed, and the payload.
pub fn messages_of<R: Side>(wire: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let mut messages: Vec<(bool, Vec<u8>)> = vec![];
    for (first, payload) in frames_of::<R>(wire) {
        match first & 0x0F {
            1 | 2 => messages.push((first & 0x40 != 0, payload)),
            0 => {
                assert_eq!(first & 0x70, 0, "PMD-09");
                messages.last_mut().unwrap().1.extend(payload);
            }
            _ => assert_eq!(first & 0x70, 0, "PMD-09"),
        }
    }
    messages
}

/// Text that compresses as messages do: the same names again and again, with numbers between them.
pub fn json(random: &mut fastrand::Rng, len: usize) -> String {
    let mut text = String::from("[");
    while text.len() < len {
        text += &format!(
            "{{\"id\":{},\"name\":\"user-{}\",\"préis\":{}}},",
            random.u32(..100_000),
            random.u32(..999),
            random.u32(..)
        );
    }
    while text.len() > len || !text.is_char_boundary(text.len()) {
        text.pop();
    }
    text
}
