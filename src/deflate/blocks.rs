//! A raw DEFLATE stream (RFC 1951), block by block.

use alloc::boxed::Box;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress_with_limit};

use super::Corrupt;
use super::fixed::{Bits, Fixed};

/// Decodes the blocks of a stream.
///
/// miniz builds the tables of the fixed codes for each block that has them: 5 µs, where such a block can be
/// 10 bits, and a peer may send any number of them. So those are not for miniz; the others are, whose headers
/// are longer.
#[derive(Clone, Default)]
pub(super) struct Blocks {
    place: Place,
    miniz: Option<Box<DecompressorOxide>>,
}

#[derive(Clone)]
enum Place {
    /// Before the header of a block, with these bits of the last byte, fewer than eight. Whether miniz is
    /// there too.
    Header(Bits, bool),
    /// In a block with fixed codes; whether it has BFINAL.
    Fixed(Fixed, bool),
    /// In a block that miniz decodes.
    Other,
}

/// Why no more was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// All of the input was taken.
    Taken,
    /// There is no more room.
    Full,
    /// The block with BFINAL is over, and the byte that it ends in.
    Last,
    Corrupt,
}

/// What is decoded into: the window.
pub(super) struct Output<'w> {
    pub(super) window: &'w mut [u8],
    /// Where the next byte goes.
    pub(super) end: usize,
    /// How far. `end <= until <= window.len()`.
    pub(super) until: usize,
    /// Whether what follows `end` is older, and no byte has yet to be written for the first time.
    pub(super) wrapped: bool,
}

impl Blocks {
    /// Decodes on; how many bytes of `input` were taken. Behind [`Stop::Last`] with the next stream, and the
    /// same window.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut Output<'_>) -> (Stop, usize) {
        let mut rest = input;
        let stop = loop {
            if let Err(stop) = self.step(&mut rest, output) {
                break stop;
            }
        };
        (stop, input.len().saturating_sub(rest.len()))
    }

    /// Whether a block has ended, and with it a byte, and none has begun.
    pub(super) const fn is_between(&self) -> bool {
        matches!(self.place, Place::Header(Bits { count: 0, .. }, _))
    }

    /// What miniz has allocated.
    pub(super) fn memory(&self) -> usize {
        self.miniz.as_ref().map_or(0, |miniz| size_of_val(&**miniz))
    }

    /// One header, or the rest of a block.
    fn step(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
        self.place = match &mut self.place {
            Place::Header(bits, with_miniz) => {
                let (bits, with_miniz) = (*bits, *with_miniz);
                self.header(bits, with_miniz, input)?
            }
            Place::Fixed(fixed, last) => {
                let bits = fixed.decode(input, output)?;
                if *last {
                    self.place = Place::default();
                    return Err(Stop::Last);
                }
                Place::Header(bits, false)
            }
            Place::Other => self.miniz(input, output)?,
        };
        Ok(())
    }

    fn header(&mut self, bits: Bits, with_miniz: bool, input: &mut &[u8]) -> Result<Place, Stop> {
        let (mut ahead, mut rest) = (bits, *input);
        if ahead.count < 3 {
            ahead.push(first(&mut rest)?);
        }
        if let (Some(last), Some(0b01)) = (ahead.take(1), ahead.take(2)) {
            *input = rest;
            return Ok(Place::Fixed(Fixed::new(ahead), last == 1));
        }
        // The header of any other miniz reads itself.
        let miniz = self.miniz.get_or_insert_default();
        if !with_miniz && bits.count == 0 {
            // Nothing of its 10 KiB is written.
            miniz.init();
        } else if !with_miniz {
            let (num_bits, bit_buf) = (bits.count as u8, bits.value as u8);
            **miniz = DecompressorOxide::from_block_boundary_state(&BlockBoundaryState {
                num_bits,
                bit_buf,
                ..BlockBoundaryState::default()
            });
        }
        Ok(Place::Other)
    }

    fn miniz(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<Place, Stop> {
        let miniz = self.miniz.get_or_insert_default();
        // Before the window is full there is nothing behind its end, and no distance may reach there.
        let flags = TINFL_FLAG_HAS_MORE_INPUT
            | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY
            | if output.wrapped { 0 } else { TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF };
        let room = output.until.saturating_sub(output.end);
        let (status, taken, made) =
            decompress_with_limit(miniz, input, output.window, output.end, room, flags);
        *input = input.get(taken..).unwrap_or_default();
        output.end = output.end.saturating_add(made);
        match status {
            TINFLStatus::BlockBoundary => {
                let state = miniz.block_boundary_state().ok_or(Stop::Corrupt)?;
                Ok(Place::Header(
                    Bits { value: u64::from(state.bit_buf), count: u32::from(state.num_bits) },
                    true,
                ))
            }
            TINFLStatus::Done => {
                self.place = Place::default();
                Err(Stop::Last)
            }
            TINFLStatus::NeedsMoreInput => Err(Stop::Taken),
            TINFLStatus::HasMoreOutput => Err(Stop::Full),
            _ => Err(Stop::Corrupt),
        }
    }
}

/// Takes a byte.
pub(super) fn first(input: &mut &[u8]) -> Result<u8, Stop> {
    let (byte, rest) = input.split_first().ok_or(Stop::Taken)?;
    *input = rest;
    Ok(*byte)
}

impl Default for Place {
    fn default() -> Self {
        Self::Header(Bits::default(), false)
    }
}

impl From<Corrupt> for Stop {
    fn from(Corrupt: Corrupt) -> Self {
        Self::Corrupt
    }
}

impl Output<'_> {
    pub(super) fn is_full(&self) -> bool {
        self.end == self.until
    }

    /// Where there is room.
    pub(super) fn put(&mut self, byte: u8) {
        if let Some(place) = self.window.get_mut(self.end) {
            *place = byte;
            self.end = self.end.saturating_add(1);
        }
    }

    /// Repeats what was written `distance` before, byte after byte; how much there was room for.
    pub(super) fn repeat(&mut self, length: u16, distance: u16) -> Result<u16, Corrupt> {
        // RFC 1951 §3.2: a distance does not reach before the window, nor beyond its size.
        if usize::from(distance) > if self.wrapped { self.window.len() } else { self.end } {
            return Err(Corrupt);
        }
        let mut repeated = 0u16;
        while repeated < length && !self.is_full() {
            let from = match self.end.checked_sub(usize::from(distance)) {
                Some(from) => from,
                None => self.end.saturating_add(self.window.len()).saturating_sub(usize::from(distance)),
            };
            self.put(self.window.get(from).copied().ok_or(Corrupt)?);
            repeated = repeated.saturating_add(1);
        }
        Ok(repeated)
    }
}
