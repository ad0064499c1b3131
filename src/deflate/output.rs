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
    /// The block with BFINAL has ended with the last byte of input.
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

    /// The number of bytes that fit.
    pub(super) const fn room(&self) -> usize {
        self.limit.saturating_sub(self.end)
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

    /// Writes the bytes that fit.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let free = self.window.get_mut(self.end..self.limit).unwrap_or_default();
        let count = free.len().min(bytes.len());
        if let (Some(target), Some(bytes)) = (free.get_mut(..count), bytes.get(..count)) {
            target.copy_from_slice(bytes);
            // At most `limit`.
            self.end = self.end.saturating_add(count);
        }
    }

    /// Writes a back-reference: copies `length` bytes from `distance` bytes before the end. Stops when the
    /// output is full. Returns the number of bytes copied.
    pub(super) fn copy_back(&mut self, length: u16, distance: u16) -> Result<u16, Corrupt> {
        let count = self.room().min(length.into());
        copy_back(self.window, self.end, count, distance.into(), self.wrapped).ok_or(Corrupt)?;
        // `count` is at most `room` and at most `length`.
        self.end = self.end.saturating_add(count);
        Ok(count as u16)
    }
}

/// Copies `length` bytes to `end` from `distance` bytes before it, through the start of a window that is
/// `wrapped`. `None` if the distance or the length is too long.
#[inline(always)]
pub(super) fn copy_back(
    window: &mut [u8],
    end: usize,
    length: usize,
    distance: usize,
    wrapped: bool,
) -> Option<()> {
    let (before, free) = window.split_at_mut_checked(end)?;
    // RFC 1951 §3.2: a distance reaches neither before the first byte of output nor beyond the window.
    let Some(start) = end.checked_sub(distance) else {
        return if wrapped { copy_wrapped(window, end, length, distance) } else { None };
    };
    let (source, target) = (before.get(start..)?, free.get_mut(..length)?);
    match source.get(..length) {
        Some(source) if length <= 16 => copy_short(source, target),
        Some(source) => target.copy_from_slice(source),
        None => repeat(source, target),
    }
    Some(())
}

/// Copies up to 16 bytes without a call: the first half and the last half, which overlap.
#[inline(always)]
fn copy_short(source: &[u8], target: &mut [u8]) {
    if let (Some(first), Some(last)) = (source.first_chunk::<8>(), source.last_chunk::<8>()) {
        let (first, last) = (*first, *last);
        target.first_chunk_mut().into_iter().for_each(|target| *target = first);
        target.last_chunk_mut().into_iter().for_each(|target| *target = last);
    } else if let (Some(first), Some(last)) = (source.first_chunk::<4>(), source.last_chunk::<4>()) {
        let (first, last) = (*first, *last);
        target.first_chunk_mut().into_iter().for_each(|target| *target = first);
        target.last_chunk_mut().into_iter().for_each(|target| *target = last);
    } else {
        for (target, byte) in target.iter_mut().zip(source) {
            *target = *byte;
        }
    }
}

/// Repeats `source`, which is shorter than `target`: each round writes all bytes written before, so
/// that a long run of a short distance takes few copies.
fn repeat(source: &[u8], target: &mut [u8]) {
    if let [byte] = source {
        target.fill(*byte);
        return;
    }
    let mut written = source.len();
    if let Some(first) = target.get_mut(..written) {
        first.copy_from_slice(source);
    }
    while let Some((done, free)) = target.split_at_mut_checked(written) {
        let count = done.len().min(free.len());
        let (Some(done), Some(free)) = (done.get(..count), free.get_mut(..count)) else { return };
        if count == 0 {
            return;
        }
        free.copy_from_slice(done);
        written = written.saturating_add(count);
    }
}

/// The same when the source begins before the start of the window, which is near its end.
#[cold]
fn copy_wrapped(window: &mut [u8], end: usize, length: usize, distance: usize) -> Option<()> {
    if distance > window.len() || end.checked_add(length)? > window.len() {
        return None;
    }
    // The source is after the target, or equal to it.
    let before_start = distance.checked_sub(end)?;
    let start = window.len().checked_sub(before_start)?;
    let count = before_start.min(length);
    window.copy_within(start..start.checked_add(count)?, end);
    let (end, length) = (end.checked_add(count)?, length.checked_sub(count)?);
    if length == 0 { Some(()) } else { copy_back(window, end, length, distance, false) }
}

impl From<Corrupt> for Stop {
    fn from(Corrupt: Corrupt) -> Self {
        Self::Corrupt
    }
}
