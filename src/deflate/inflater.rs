//! The inbound transformation (RFC 7692 §7.2.2): DEFLATE to payload, one chunk of input a call.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::blocks::Blocks;
use super::output::{Corrupt, Output, Stop};
use super::stream::{TAIL, Window};

/// The most bytes that one call of the decoder produces, as many as a usual read has: the largest part with
/// `Delivery::Parts`, and the step by which a whole message grows. The limit on message size is checked after
/// each step, so a message can be inflated beyond it by at most this many bytes.
pub(crate) const CHUNK_LEN: usize = 16 * 1024;

/// The first length of the window. The window doubles up to its size when output fills it, so a connection
/// with short messages does not allocate the whole window of up to 32 KiB. Below 2 KiB little would be saved:
/// the tables of a block with dynamic codes take 6,128 bytes, the rest of the decoder 120.
const FIRST_WINDOW_LEN: usize = 2 * 1024;

/// Inflates the messages of one direction. It uses no memory before the first message.
#[derive(Clone)]
pub(crate) struct Inflater {
    state: Option<Box<State>>,
}

/// How many of the unread bytes are unmasked payload of a compressed message, which the inflater has not
/// consumed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unmasked(pub(crate) u32);

impl Unmasked {
    /// The value for a new message; `None` if it is not compressed.
    pub(crate) fn of_message(is_compressed: bool) -> Option<Self> {
        is_compressed.then_some(Self(0))
    }
}

/// The state and memory of one direction.
///
/// ```text
///   0         delivered      end           window.len() <= size
///   | delivered | pending     | older output, or zeros |
/// ```
#[derive(Clone)]
struct State {
    /// The length that the window may reach: a power of two.
    size: usize,
    takeover: bool,
    /// The last output. The decoder writes messages to it, and the connection reads them from it.
    window: Vec<u8>,
    /// The position of the next byte of output.
    end: usize,
    /// The position of the first pending byte. `delivered <= end`.
    delivered: usize,
    /// Whether the window has reached its size and was full once, so that the bytes from `end` on hold older
    /// output.
    wrapped: bool,
    stream: Option<Box<Stream>>,
}

/// The DEFLATE stream of a message.
#[derive(Clone, Default)]
struct Stream {
    blocks: Blocks,
    position: Position,
    /// How many bytes of [`TAIL`] the decoder has consumed after the message.
    tail_consumed: u8,
}

/// The position of the decoder in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Position {
    /// Before the first block, or after a block with BFINAL.
    #[default]
    Start,
    /// After the first byte of a block; all input is consumed.
    Within,
    /// After the first byte of a block; consumed input yields more output once there is room.
    OutputFull,
    Corrupt,
}

impl Inflater {
    pub(crate) const fn new() -> Self {
        Self { state: None }
    }

    /// The pending output: inflated, and not yet [delivered](Self::deliver).
    pub(crate) fn pending(&self) -> &[u8] {
        self.state.as_ref().and_then(|state| state.window.get(state.delivered..state.end)).unwrap_or_default()
    }

    /// Removes the first `count` bytes of the pending output.
    pub(crate) fn deliver(&mut self, count: usize) {
        debug_assert!(count <= self.pending().len(), "{count} of {}", self.pending().len());
        if let Some(state) = &mut self.state {
            state.delivered = state.delivered.saturating_add(count).min(state.end);
        }
    }

    /// Inflates the next input of a message. Returns the number of bytes consumed: if it is 0, output is
    /// pending or `input` is empty. The caller delivers all pending output before the call, and passes
    /// the same `window` in each call.
    pub(crate) fn inflate(&mut self, input: &[u8], window: Window) -> Result<usize, Corrupt> {
        self.state.get_or_insert_with(|| Box::new(State::new(window))).inflate(input)
    }

    /// Ends a message whose input is all consumed: inflates the tail. The caller delivers all pending output
    /// before the call. Returns whether the message is over; if not, the caller delivers the pending output
    /// and calls this again.
    pub(crate) fn end(&mut self) -> Result<bool, Corrupt> {
        let state = self.state.as_mut().ok_or(Corrupt)?;
        if !state.inflate_tail()? {
            return Ok(false);
        }
        if !state.takeover {
            // RFC 7692 §7.2.1: the sender begins the next message with an empty window
            self.state = None;
        }
        Ok(true)
    }

    /// Releases all memory except the window, which the next message needs. Call it only between messages.
    pub(crate) fn shrink_to_fit(&mut self) {
        if let Some(state) = &mut self.state {
            state.stream = None;
        }
    }
}

impl State {
    const fn new(window: Window) -> Self {
        let size = 1 << (window.bits & 15);
        Self {
            size,
            takeover: window.takeover,
            window: Vec::new(),
            end: 0,
            delivered: 0,
            wrapped: false,
            stream: None,
        }
    }

    fn inflate(&mut self, mut input: &[u8]) -> Result<usize, Corrupt> {
        let len = input.len();
        while self.delivered == self.end {
            match self.stream.get_or_insert_default().position {
                Position::Corrupt => return Err(Corrupt),
                // Also without input: the output of consumed input must not wait for the peer's next bytes,
                // and the last block can end in it.
                Position::OutputFull => {}
                Position::Start | Position::Within if input.is_empty() => break,
                Position::Start | Position::Within => {}
            }
            let consumed = self.step(input)?;
            input = input.get(consumed..).unwrap_or_default();
        }
        // The loop only shortens `input`.
        Ok(len.saturating_sub(input.len()))
    }

    fn inflate_tail(&mut self) -> Result<bool, Corrupt> {
        loop {
            let stream = self.stream.as_mut().ok_or(Corrupt)?;
            // §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end"
            let rest = TAIL.get(stream.tail_consumed.into()..).unwrap_or_default();
            let is_over = match stream.position {
                // §7.2.3.4, and a message of no bytes at all: the stream has ended before the tail
                Position::Start => stream.tail_consumed == 0 || rest.is_empty(),
                Position::Within if rest.is_empty() && !stream.blocks.is_between() => return Err(Corrupt),
                Position::Within => rest.is_empty(),
                Position::OutputFull => false,
                Position::Corrupt => return Err(Corrupt),
            };
            if is_over {
                (stream.position, stream.tail_consumed) = (Position::Start, 0);
                return Ok(true);
            }
            let consumed = self.step(rest)?;
            if let Some(stream) = &mut self.stream {
                // At most the four bytes of TAIL in all.
                stream.tail_consumed = stream.tail_consumed.saturating_add(consumed as u8);
            }
            if self.delivered != self.end {
                return Ok(false);
            }
        }
    }

    /// Calls the decoder once. Returns the number of bytes of `input` consumed.
    fn step(&mut self, input: &[u8]) -> Result<usize, Corrupt> {
        self.make_room();
        let stream = self.stream.as_mut().ok_or(Corrupt)?;
        let limit = self.end.saturating_add(CHUNK_LEN).min(self.window.len());
        let mut output = Output { window: &mut self.window, end: self.end, limit, wrapped: self.wrapped };
        let (stop, consumed) = stream.blocks.decode(input, &mut output);
        let produced = output.end.saturating_sub(self.end);
        self.end = output.end;
        stream.position = match stop {
            // RFC 7692 §7.2.1: blocks with and without BFINAL may follow each other; the window stays
            Stop::FinalBlock => Position::Start,
            Stop::NeedsInput => Position::Within,
            Stop::OutputFull => Position::OutputFull,
            Stop::Corrupt => Position::Corrupt,
        };
        // The output before the corrupt block is delivered first; the next call returns the error.
        if stream.position == Position::Corrupt && produced == 0 { Err(Corrupt) } else { Ok(consumed) }
    }

    /// Makes room for output in a full window: lengthens the window, or continues at its start. No output is
    /// pending.
    fn make_room(&mut self) {
        if self.end < self.window.len() {
            return;
        }
        if self.window.len() < self.size {
            let len = self.window.len().saturating_mul(2).max(FIRST_WINDOW_LEN).min(self.size);
            // Exact: `reserve` could allocate more than the window's size.
            self.window.reserve_exact(len.saturating_sub(self.window.len()));
            self.window.resize(len, 0);
        } else {
            self.wrapped = true;
            self.end = 0;
            self.delivered = 0;
        }
    }
}
