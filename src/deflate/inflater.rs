//! The inbound transformation (RFC 7692 §7.2.2): DEFLATE to bytes, piece by piece.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::blocks::{Blocks, Output, Stop};
use super::{TAIL, Window};

/// What is inflated at once, at most: a part of a message, or the step by which a message grows.
pub(crate) const PIECE: usize = 16 * 1024;

/// What the window begins with; it grows to its size with what is inflated.
const FIRST_WINDOW: usize = 2 * 1024;

/// Inflates the messages of one direction. Without memory until the first of them.
#[derive(Clone)]
pub(crate) struct Inflater {
    state: Option<Box<State>>,
}

/// How many of the unread bytes are payload of a compressed message that is unmasked, and waits for the
/// inflater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unmasked(pub(crate) u32);

impl Unmasked {
    /// That of a message that begins, if it is compressed.
    pub(crate) fn of_message(is_compressed: bool) -> Option<Self> {
        is_compressed.then_some(Self(0))
    }
}

/// The message is not DEFLATE, or does not end where a block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Corrupt;

/// The memory of a direction.
///
/// ```text
///   0        given      end                  len <= size
///   | window | pending  | window, or nothing yet |
/// ```
#[derive(Clone)]
struct State {
    /// How large the window gets: a power of two.
    size: usize,
    takeover: bool,
    /// How many bytes were taken in, as far as this counts.
    taken: usize,
    /// What was inflated last. Messages are inflated into it and given out of it.
    window: Vec<u8>,
    /// Where the next byte goes.
    end: usize,
    /// Where those bytes begin that have not been given out. `given <= end`.
    given: usize,
    /// Whether the window has been filled to its size, so that what follows `end` is older.
    full: bool,
    stream: Option<Box<Stream>>,
}

/// The DEFLATE stream of a message.
#[derive(Clone, Default)]
struct Stream {
    blocks: Blocks,
    at: At,
    /// How many bytes of [`TAIL`] were appended to the message.
    appended: u8,
}

/// Where in its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    /// Before the first block, or behind one with BFINAL.
    #[default]
    Start,
    /// Behind the first byte of a block.
    Within,
    /// The same; more comes of what was taken, and waits for room.
    Full,
    Corrupt,
}

impl Inflater {
    pub(crate) const fn new() -> Self {
        Self { state: None }
    }

    /// A number that changes with the bytes that are taken in.
    pub(crate) fn taken(&self) -> usize {
        self.state.as_ref().map_or(0, |state| state.taken)
    }

    /// What was inflated and not [given](Self::given) out.
    pub(crate) fn pending(&self) -> &[u8] {
        self.state.as_ref().and_then(|state| state.window.get(state.given..state.end)).unwrap_or_default()
    }

    /// The first `count` bytes that were pending are given out.
    pub(crate) fn given(&mut self, count: usize) {
        if let Some(state) = &mut self.state {
            state.given = state.given.saturating_add(count).min(state.end);
        }
    }

    /// Inflates on in a message; how many bytes of `input` were taken. To be called with nothing pending.
    /// Takes none only where there is something pending then, or nothing is given. The window is that of
    /// the connection.
    pub(crate) fn inflate(&mut self, input: &[u8], window: Window) -> Result<usize, Corrupt> {
        self.state.get_or_insert_with(|| Box::new(State::new(window))).inflate(input)
    }

    /// Inflates what is appended to a message, whose bytes were all taken; whether the message is over. To be
    /// called with nothing pending.
    pub(crate) fn end(&mut self) -> Result<bool, Corrupt> {
        let state = self.state.as_mut().ok_or(Corrupt)?;
        if !state.inflate_appended()? {
            return Ok(false);
        }
        if !state.takeover {
            // RFC 7692 §7.2.1: the sender begins the next message with an empty window
            self.state = None;
        }
        Ok(true)
    }

    /// Gives back the memory that the next message does not need, where none is open: all but the window.
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
            taken: 0,
            window: Vec::new(),
            end: 0,
            given: 0,
            full: false,
            stream: None,
        }
    }

    fn inflate(&mut self, mut input: &[u8]) -> Result<usize, Corrupt> {
        let before = input.len();
        while self.given == self.end {
            match self.stream.get_or_insert_default().at {
                At::Corrupt => return Err(Corrupt),
                // A last block can end in what was taken; and nothing is held back that the peer has sent.
                At::Full => {}
                At::Start | At::Within if input.is_empty() => break,
                At::Start | At::Within => {}
            }
            let taken = self.step(input)?;
            input = input.get(taken..).unwrap_or_default();
        }
        let taken = before.saturating_sub(input.len());
        self.taken = self.taken.wrapping_add(taken);
        Ok(taken)
    }

    fn inflate_appended(&mut self) -> Result<bool, Corrupt> {
        loop {
            let stream = self.stream.as_mut().ok_or(Corrupt)?;
            // §7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end"
            let rest = TAIL.get(stream.appended.into()..).unwrap_or_default();
            let over = match stream.at {
                // §7.2.3.4, and a message of no bytes at all: the stream has ended already
                At::Start => stream.appended == 0 || rest.is_empty(),
                At::Within if rest.is_empty() && !stream.blocks.is_between() => return Err(Corrupt),
                At::Within => rest.is_empty(),
                At::Full => false,
                At::Corrupt => return Err(Corrupt),
            };
            if over {
                (stream.at, stream.appended) = (At::Start, 0);
                return Ok(true);
            }
            let taken = self.step(rest)?;
            if let Some(stream) = &mut self.stream {
                stream.appended = stream.appended.saturating_add(taken as u8);
            }
            if self.given != self.end {
                return Ok(false);
            }
        }
    }

    /// One call of the decoder; how many bytes of `input` it took.
    fn step(&mut self, input: &[u8]) -> Result<usize, Corrupt> {
        self.make_room();
        let stream = self.stream.as_mut().ok_or(Corrupt)?;
        let until = self.end.saturating_add(PIECE).min(self.window.len());
        let mut output = Output { window: &mut self.window, end: self.end, until, wrapped: self.full };
        let (stop, taken) = stream.blocks.decode(input, &mut output);
        let made = output.end.saturating_sub(self.end);
        self.end = output.end;
        stream.at = match stop {
            // RFC 7692 §7.2.1: blocks with BFINAL and blocks without can follow each other; the window stays
            Stop::Last => At::Start,
            Stop::Taken => At::Within,
            Stop::Full => At::Full,
            Stop::Corrupt => At::Corrupt,
        };
        // What came before it is given out first.
        if stream.at == At::Corrupt && made == 0 { Err(Corrupt) } else { Ok(taken) }
    }

    /// Makes room in the window, nothing being pending: goes on at its front, or lets it grow.
    fn make_room(&mut self) {
        if self.end < self.window.len() {
            return;
        }
        if self.window.len() < self.size {
            let len = self.window.len().saturating_mul(2).max(FIRST_WINDOW).min(self.size);
            self.window.reserve_exact(len.saturating_sub(self.window.len()));
            self.window.resize(len, 0);
        } else {
            self.full = true;
            self.end = 0;
            self.given = 0;
        }
    }
}

/// Sizes alone: the content is the peer's.
impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.state.as_ref().map_or(0, |state| {
            let stream = state
                .stream
                .as_ref()
                .map_or(0, |stream| size_of::<Stream>().saturating_add(stream.blocks.memory()));
            size_of::<State>().saturating_add(state.window.len()).saturating_add(stream)
        });
        f.debug_struct("Inflater").field("memory", &memory).finish_non_exhaustive()
    }
}
