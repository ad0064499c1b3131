//! Runs a case against an endpoint in memory, with a virtual clock: deadlines cost nothing, and nothing
//! depends on the machine.

use core::time::Duration;

use crate::case::Case;
use crate::context::Context;
use crate::driver::{Driver, End, Want};
use crate::report::Report;

/// An endpoint as a function of bytes.
pub trait Endpoint {
    /// The endpoint reads `bytes`, and appends the bytes that it writes to `out`.
    ///
    /// A client is called with no bytes at first, and writes its request.
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>);

    /// The other side of the connection ended.
    fn end(&mut self, out: &mut Vec<u8>);

    /// The time since the connection began.
    fn tick(&mut self, _now: Duration, _out: &mut Vec<u8>) {}

    /// Whether the endpoint has ended its side of the connection, after the bytes that it wrote.
    fn closed(&self) -> bool;

    /// Whether the endpoint has reset the connection, after the bytes that it wrote.
    fn reset(&self) -> bool {
        false
    }
}

/// Runs a case against endpoints of this function, one for each connection.
///
/// A case with parallel connections runs them one after another; the worst verdict counts.
pub fn run<E: Endpoint>(case: &Case, context: &Context, mut endpoint: impl FnMut() -> E) -> Report {
    let reports = (0..case.parallel.max(1)).map(|index| {
        let mut run = Run { driver: Driver::new(case, context, index), now: Duration::ZERO, link: None };
        while run.step(&mut endpoint) {}
        run.driver.report()
    });
    // At least one: the range is not empty.
    reports.max_by_key(|report| report.verdict).unwrap_or_else(|| Report::empty(case, Duration::ZERO))
}

struct Run<E> {
    driver: Driver,
    now: Duration,
    link: Option<Link<E>>,
}

/// A connection in memory.
struct Link<E> {
    endpoint: E,
    since: Duration,
    /// Bytes of the endpoint that the driver has not read.
    unread: Vec<u8>,
    is_deaf: bool,
    is_ended: bool,
}

/// A peer that does not read takes in so many bytes, as the buffers of a TCP connection do.
const CREDIT: usize = 64 * 1024;

impl<E: Endpoint> Run<E> {
    /// Does what the driver wants. Returns whether it wants more.
    fn step(&mut self, endpoint: &mut impl FnMut() -> E) -> bool {
        match self.driver.next(self.now) {
            Want::Connect => self.connect(endpoint()),
            Want::Write { bytes, until } => {
                let bytes = bytes.to_vec();
                self.write(&bytes, until);
            }
            Want::HalfClose => self.with(|endpoint, out, _| endpoint.end(out)),
            Want::Reset => self.link = None,
            Want::StopReading => self.hear(true),
            Want::Read => self.hear(false),
            Want::Wait { until } => {
                self.now = self.now.max(until);
                let now = self.now;
                self.with(|endpoint, out, since| endpoint.tick(now.saturating_sub(since), out));
            }
            Want::Release => {}
            Want::Done => return false,
        }
        true
    }

    fn connect(&mut self, endpoint: E) {
        let (since, unread) = (self.now, Vec::new());
        self.link = Some(Link { endpoint, since, unread, is_deaf: false, is_ended: false });
        self.driver.connected(self.now);
        self.with(|endpoint, out, _| endpoint.receive(b"", out));
    }

    fn write(&mut self, bytes: &[u8], until: Duration) {
        match &self.link {
            Some(link) if link.is_ended => self.driver.write_failed(),
            Some(link) if link.unread.len() >= CREDIT => self.now = self.now.max(until),
            Some(link) => {
                // Pieces, so that a deaf driver stops an endpoint in time.
                let count = if link.is_deaf { bytes.len().min(4096) } else { bytes.len() };
                self.driver.wrote(self.now, count);
                let bytes = bytes.get(..count).unwrap_or_default().to_vec();
                self.with(|endpoint, out, _| endpoint.receive(&bytes, out));
            }
            None => self.driver.write_failed(),
        }
    }

    fn hear(&mut self, is_deaf: bool) {
        if let Some(link) = &mut self.link {
            link.is_deaf = is_deaf;
        }
        self.deliver();
    }

    /// Calls the endpoint, and passes on the bytes that it writes.
    fn with(&mut self, call: impl FnOnce(&mut E, &mut Vec<u8>, Duration)) {
        if let Some(link) = &mut self.link {
            if !link.is_ended {
                call(&mut link.endpoint, &mut link.unread, link.since);
            }
        }
        self.deliver();
    }

    fn deliver(&mut self) {
        let Some(link) = &mut self.link else { return };
        if link.is_deaf || link.is_ended {
            return;
        }
        let bytes = core::mem::take(&mut link.unread);
        let (is_closed, is_reset) = (link.endpoint.closed(), link.endpoint.reset());
        link.is_ended = is_closed || is_reset;
        if !bytes.is_empty() {
            self.driver.received(self.now, &bytes);
        }
        if is_reset {
            self.driver.ended(self.now, End::Reset);
        } else if is_closed {
            self.driver.ended(self.now, End::Eof);
        }
    }
}
