//! Compares WebSocket implementations in memory. See README.md.

pub mod io;
pub mod memory;
pub mod peers;
pub mod wire;
pub mod workload;

use std::hint::black_box;

/// Consumes the messages that a peer delivers. During a measurement, it only makes the payload observable.
/// During a check, it adds every byte, the message bounds and the message type to `sum`.
pub struct Eat {
    check: bool,
    pub msgs: u64,
    pub bytes: u64,
    pub sum: u64,
    cur: u64,
}

impl Eat {
    pub fn timing() -> Self {
        Eat { check: false, msgs: 0, bytes: 0, sum: 0, cur: 0 }
    }
    pub fn checking() -> Self {
        Eat { check: true, ..Self::timing() }
    }
    /// A piece of a message, from a peer that delivers messages in pieces.
    #[inline(always)]
    pub fn part(&mut self, p: &[u8]) {
        black_box((p.as_ptr(), p.len()));
        if self.check {
            self.bytes += p.len() as u64;
            for &b in p {
                self.cur = (self.cur ^ u64::from(b)).wrapping_mul(0x100_0000_01b3);
            }
        }
    }
    /// The end of a message.
    #[inline(always)]
    pub fn end(&mut self, text: bool) {
        self.msgs += 1;
        if self.check {
            self.sum = self
                .sum
                .rotate_left(5)
                .wrapping_add(self.cur ^ u64::from(text))
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            self.cur = 0;
        }
    }
    /// A whole message.
    #[inline(always)]
    pub fn eat(&mut self, text: bool, p: &[u8]) {
        self.part(p);
        self.end(text);
    }
}

/// A peer that is ready to run one workload.
pub trait Job {
    /// Processes at least `msgs` messages (or handshakes); a peer that works in batches may process more.
    /// Received messages go to `eat`. On return, the transport must have all output.
    fn run(&mut self, msgs: u64, eat: &mut Eat);

    /// Whether `eat.msgs` counts the messages (receive and echo). Jobs that send or do handshakes return
    /// false: they process exactly `msgs`.
    fn counts(&self) -> bool {
        true
    }
}

/// One implementation.
pub trait Peer {
    fn name(&self) -> &'static str;
    /// Prepares the peer for a workload; `capture` keeps the output for the check. `None` if the API of the
    /// peer does not support the workload.
    fn job(&self, w: &workload::Workload, capture: bool) -> Option<Box<dyn Job>>;
    /// Handicaps of the peer, and decisions of its driver. `wsbench list` prints them.
    fn note(&self) -> &'static str {
        ""
    }
}
