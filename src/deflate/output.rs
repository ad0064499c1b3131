//! The output of the decoder: the window that it writes to, and why it stops.

/// The part of the window that a call of the decoder can write to.
///
/// ```text
///   0             end            limit      window.len()
///   | decoded     | free         | older output, or zeros |
/// ```
pub(super) struct Output<'w> {
    pub(super) window: &'w mut [u8],
    /// The position of the next byte of output.
    pub(super) end: usize,
    /// The position at which the decoder must stop. `end <= limit <= window.len()`.
    pub(super) limit: usize,
    /// Whether the bytes from `end` on hold older output. If not, they are zeros and no distance may reach
    /// them.
    pub(super) wrapped: bool,
}

/// Why the decoder stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// All input is consumed.
    NeedsInput,
    /// The output is full.
    OutputFull,
    /// The block with BFINAL has ended, and the rest of its last byte was skipped.
    FinalBlock,
    Corrupt,
}

/// The message is not DEFLATE, or it ends inside a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Corrupt;

impl Output<'_> {
    pub(super) fn is_full(&self) -> bool {
        self.end == self.limit
    }

    /// Writes a byte, if the window has room.
    pub(super) fn push(&mut self, byte: u8) {
        debug_assert!(self.end < self.window.len(), "{} of {}", self.end, self.window.len());
        if let Some(slot) = self.window.get_mut(self.end) {
            *slot = byte;
            // `end` is an index of the window here, so it cannot overflow.
            self.end = self.end.saturating_add(1);
        }
    }

    /// Writes a back-reference: copies `length` bytes from `distance` bytes before the end, byte by byte,
    /// because the two ranges may overlap. Stops when the output is full. Returns the number of bytes
    /// copied.
    pub(super) fn copy_back(&mut self, length: u16, distance: u16) -> Result<u16, Corrupt> {
        // RFC 1951 §3.2: a distance reaches neither before the first byte of output nor beyond the window.
        if usize::from(distance) > if self.wrapped { self.window.len() } else { self.end } {
            return Err(Corrupt);
        }
        let mut copied = 0u16;
        while copied < length && !self.is_full() {
            let from = match self.end.checked_sub(usize::from(distance)) {
                Some(from) => from,
                // The distance is at most the window's length, so the difference is an index of the window.
                None => self.end.saturating_add(self.window.len()).saturating_sub(usize::from(distance)),
            };
            self.push(self.window.get(from).copied().ok_or(Corrupt)?);
            // Below `length`, so it cannot overflow.
            copied = copied.saturating_add(1);
        }
        Ok(copied)
    }
}

impl From<Corrupt> for Stop {
    fn from(Corrupt: Corrupt) -> Self {
        Self::Corrupt
    }
}
