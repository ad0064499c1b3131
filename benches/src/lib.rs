//! Side-by-side benchmark of WebSocket implementations, driven in memory. See README.md.

pub mod io;
pub mod memory;
pub mod peers;
pub mod wire;
pub mod workload;

use std::hint::black_box;

/// Consumes what a peer delivers. While timing it only makes the payload observable; while
/// checking it folds every byte, its message bounds and its type into `sum`.
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
    /// A piece of a message (peers that stream).
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

/// A peer set up for one workload.
pub trait Job {
    /// Processes at least `msgs` messages (or handshakes); a peer that works in batches may
    /// overshoot. Received messages go to `eat`. Everything written must have been handed to
    /// the transport on return.
    fn run(&mut self, msgs: u64, eat: &mut Eat);

    /// Whether `eat.msgs` counts what was done (receive and echo). Send and handshake jobs
    /// return false: they do exactly `msgs`.
    fn counts(&self) -> bool {
        true
    }
}

/// One implementation under test.
pub trait Peer {
    fn name(&self) -> &'static str;
    /// Sets the peer up for a workload; `capture` keeps what is written, for the check.
    /// `None`: the peer has no such function (or not in its API).
    fn job(&self, w: &workload::Workload, capture: bool) -> Option<Box<dyn Job>>;
    /// Handicaps and liberties of the driver, printed under the tables.
    fn note(&self) -> &'static str {
        ""
    }
}
