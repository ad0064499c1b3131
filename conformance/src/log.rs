//! The wire log of a case.

use core::time::Duration;

use alloc::collections::VecDeque;

use crate::judge::{FrameReader, FrameSeen, Next};

/// The wire log of a case: what each side wrote, shortened.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: Vec<Entry>,
    /// Reads the bytes of the suite, for the descriptions of its frames.
    own_frames: FrameReader,
    sent: Side,
    received: Side,
    frames: usize,
    is_whole: bool,
}

/// An entry of a wire log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// When, since the start of the case.
    pub at: Duration,
    /// Who did it.
    pub direction: Direction,
    /// The bytes, as far as the log keeps them.
    pub bytes: Vec<u8>,
    /// The frames that these bytes complete, or the event of the transport.
    pub text: String,
}

/// Who wrote an entry of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two directions, and events of the transport")]
pub enum Direction {
    /// The suite wrote.
    Out,
    /// The endpoint wrote.
    In,
    /// The transport began, or ended.
    Transport,
}

/// The log of one direction: the first bytes, and the last.
#[derive(Debug, Clone, Default)]
struct Side {
    kept: usize,
    total: usize,
    tail: VecDeque<u8>,
}

/// Enough for the frames of all light cases.
const HEAD: usize = 4096;
const TAIL: usize = 256;
const DESCRIBED_FRAMES: usize = 64;

impl Side {
    /// The bytes that the log keeps in an entry: those before `most` in the direction.
    fn keep<'a>(&mut self, bytes: &'a [u8], most: usize) -> &'a [u8] {
        let (head, rest) = bytes.split_at(bytes.len().min(most.saturating_sub(self.kept)));
        self.kept = self.kept.saturating_add(head.len());
        self.total = self.total.saturating_add(bytes.len());
        let last = rest.get(rest.len().saturating_sub(TAIL)..).unwrap_or_default();
        self.tail.extend(last);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        head
    }
}

impl Log {
    /// A log that keeps all bytes if `is_whole`.
    pub(crate) fn new(is_whole: bool) -> Self {
        Self { is_whole, ..Self::default() }
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The number of bytes of a direction, and the last of them that are in no entry.
    #[must_use]
    pub fn totals(&self, direction: Direction) -> (usize, Vec<u8>) {
        match direction {
            Direction::Out => (self.sent.total, self.sent.tail.iter().copied().collect()),
            Direction::In => (self.received.total, self.received.tail.iter().copied().collect()),
            Direction::Transport => (0, Vec::new()),
        }
    }

    /// The suite wrote bytes; `is_open` tells whether they are frames.
    pub(crate) fn wrote(&mut self, at: Duration, bytes: &[u8], is_open: bool) {
        let mut text = Text::default();
        if is_open && self.describes_more() {
            self.own_frames.push(bytes);
            while let Next::Frame(frame) = self.own_frames.next_frame() {
                self.describe(&mut text, &frame);
            }
        }
        let bytes = self.sent.keep(bytes, self.head()).to_vec();
        self.add(Entry { at, direction: Direction::Out, bytes, text: text.0 });
    }

    /// The endpoint wrote bytes, which complete these frames.
    pub(crate) fn received(&mut self, at: Duration, bytes: &[u8], frames: Text) {
        let bytes = self.received.keep(bytes, self.head()).to_vec();
        self.add(Entry { at, direction: Direction::In, bytes, text: frames.0 });
    }

    /// The transport began, or ended.
    pub(crate) fn transport(&mut self, at: Duration, text: &str) {
        self.own_frames = FrameReader::new();
        let text = text.to_owned();
        self.entries.push(Entry { at, direction: Direction::Transport, bytes: Vec::new(), text });
    }

    /// Adds the description of a frame, unless the log has enough of them.
    pub(crate) fn describe(&mut self, text: &mut Text, frame: &FrameSeen) {
        if self.describes_more() {
            self.frames = self.frames.saturating_add(1);
            text.add(frame);
        }
    }

    const fn describes_more(&self) -> bool {
        self.is_whole || self.frames < DESCRIBED_FRAMES
    }

    /// The number of the first bytes of each direction that the log keeps.
    const fn head(&self) -> usize {
        if self.is_whole { usize::MAX } else { HEAD }
    }

    fn add(&mut self, entry: Entry) {
        if !entry.bytes.is_empty() {
            self.entries.push(entry);
        }
    }
}

/// The descriptions of the frames of an entry.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    fn add(&mut self, frame: &FrameSeen) {
        let name = match frame.opcode {
            0x0 => "Continuation",
            0x1 => "Text",
            0x2 => "Binary",
            0x8 => "Close",
            0x9 => "Ping",
            0xA => "Pong",
            _ => "Opcode",
        };
        let separator = if self.0.is_empty() { "" } else { "; " };
        self.0.push_str(&format!("{separator}{name}"));
        if name == "Opcode" {
            self.0.push_str(&format!(" {:x}", frame.opcode));
        }
        self.0.push_str(if frame.fin { " FIN" } else { "" });
        if frame.reserved != 0 {
            self.0.push_str(&format!(" RSV={:03b}", frame.reserved));
        }
        self.0.push_str(&format!(" len={}", frame.payload.len()));
        if !frame.minimal {
            self.0.push_str(" (not minimal)");
        }
        if let (0x8, [upper, lower, ..]) = (frame.opcode, frame.payload.as_slice()) {
            self.0.push_str(&format!(" code={}", u16::from_be_bytes([*upper, *lower])));
        }
        if let Some([a, b, c, d]) = frame.key {
            self.0.push_str(&format!(" key={a:02x}{b:02x}{c:02x}{d:02x}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Direction, Log};

    #[test]
    fn the_log_describes_frames_and_keeps_both_ends() {
        let mut log = Log::default();
        log.wrote(Duration::ZERO, b"\x81\x05Hel", true);
        log.wrote(Duration::ZERO, b"lo\x08\x02\x10\xe1", true);
        let texts: Vec<_> = log.entries().iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(texts, ["", "Text FIN len=5; Close len=2 code=4321"]);
        log.wrote(Duration::ZERO, &[7; 5000], false);
        log.wrote(Duration::ZERO, &[8; 1000], false);
        let kept: usize = log.entries().iter().map(|entry| entry.bytes.len()).sum();
        assert_eq!((kept, log.totals(Direction::Out)), (4096, (6011, vec![8; 256])));
    }

    #[test]
    fn a_whole_log_keeps_all_bytes_and_describes_all_frames() {
        let mut log = Log::new(true);
        for _ in 0..5000 {
            log.wrote(Duration::ZERO, b"\x81\x00", true);
        }
        let kept: usize = log.entries().iter().map(|entry| entry.bytes.len()).sum();
        assert_eq!((kept, log.totals(Direction::Out)), (10_000, (10_000, vec![])));
        assert!(log.entries().iter().all(|entry| entry.text == "Text FIN len=0"));
    }
}
