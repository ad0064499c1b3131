//! The decoder of a raw DEFLATE stream (RFC 1951), block by block.

use alloc::boxed::Box;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress_with_limit};

use super::fixed::{Bits, FixedBlock, next_byte};
use super::output::{Output, Stop};

/// Decodes the blocks of a stream.
///
/// `fixed.rs` decodes the blocks with fixed codes, miniz all other blocks. miniz builds the tables of the
/// fixed codes again for each such block, which takes 5 µs. Such a block can be as short as 10 bits, and a
/// peer may send any number of them: with miniz, a frame of 64 MiB of them takes minutes, at 2 to 3.5 µs a
/// byte instead of 8 ns. Other blocks have longer headers, which bounds their cost for each byte.
#[derive(Clone, Default)]
pub(super) struct Blocks {
    position: Position,
    miniz: Option<Box<DecompressorOxide>>,
}

#[derive(Clone)]
enum Position {
    /// Before the header of a block. `bits` are the unused bits of the last byte, fewer than eight;
    /// `in_miniz` says whether miniz holds them too, and stands at the same position.
    Header { bits: Bits, in_miniz: bool },
    /// In a block with fixed codes; `is_final` is its BFINAL.
    Fixed { block: FixedBlock, is_final: bool },
    /// In a block that miniz decodes.
    Miniz,
}

impl Blocks {
    /// Decodes input until the output is full, the block with BFINAL ends, or all input is consumed. Returns
    /// the number of bytes of input consumed. After [`Stop::FinalBlock`] the next call begins a new
    /// stream with the same window.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut Output<'_>) -> (Stop, usize) {
        let mut rest = input;
        let stop = loop {
            if let Err(stop) = self.step(&mut rest, output) {
                break stop;
            }
        };
        // `rest` is a suffix of `input`.
        (stop, input.len().saturating_sub(rest.len()))
    }

    /// Whether a block has ended at the end of a byte, and the next one has not begun.
    pub(super) const fn is_between(&self) -> bool {
        matches!(self.position, Position::Header { bits: Bits { count: 0, .. }, .. })
    }

    /// The bytes of memory that miniz uses.
    pub(super) fn memory(&self) -> usize {
        self.miniz.as_ref().map_or(0, |miniz| size_of_val(&**miniz))
    }

    /// Decodes one header, or the rest of one block.
    fn step(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
        self.position = match &mut self.position {
            Position::Header { bits, in_miniz } => {
                let (bits, in_miniz) = (*bits, *in_miniz);
                self.read_header(bits, in_miniz, input)?
            }
            Position::Fixed { block, is_final } => {
                let bits = block.decode(input, output)?;
                if *is_final {
                    self.position = Position::default();
                    return Err(Stop::FinalBlock);
                }
                Position::Header { bits, in_miniz: false }
            }
            Position::Miniz => self.decode_with_miniz(input, output)?,
        };
        Ok(())
    }

    fn read_header(&mut self, bits: Bits, in_miniz: bool, input: &mut &[u8]) -> Result<Position, Stop> {
        let (mut header, mut rest) = (bits, *input);
        // RFC 1951 §3.2.3: BFINAL is one bit, BTYPE two
        if header.count < 3 {
            header.push(next_byte(&mut rest)?);
        }
        if let (Some(is_final), Some(0b01)) = (header.read(1), header.read(2)) {
            *input = rest;
            return Ok(Position::Fixed { block: FixedBlock::new(header), is_final: is_final == 1 });
        }
        // miniz reads the header of any other block itself: no input is consumed here.
        let miniz = self.miniz.get_or_insert_default();
        if !in_miniz && bits.count == 0 {
            // `init` resets a few fields; the other branch writes all 10 KiB of the decoder.
            miniz.init();
        } else if !in_miniz {
            // Fewer than eight bits: both values fit.
            let (num_bits, bit_buf) = (bits.count as u8, bits.value as u8);
            **miniz = DecompressorOxide::from_block_boundary_state(&BlockBoundaryState {
                num_bits,
                bit_buf,
                ..BlockBoundaryState::default()
            });
        }
        Ok(Position::Miniz)
    }

    fn decode_with_miniz(&mut self, input: &mut &[u8], output: &mut Output<'_>) -> Result<Position, Stop> {
        let miniz = self.miniz.get_or_insert_default();
        // Until the window is full, the bytes after its end are no output, so miniz must reject distances
        // that reach them: this flag makes it do so.
        let non_wrapping = if output.wrapped { 0 } else { TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF };
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY | non_wrapping;
        let room = output.limit.saturating_sub(output.end);
        let (status, consumed, produced) =
            decompress_with_limit(miniz, input, output.window, output.end, room, flags);
        debug_assert!(consumed <= input.len() && produced <= room, "{consumed} {produced}");
        *input = input.get(consumed..).unwrap_or_default();
        // `produced <= room`, so this is at most `output.limit`.
        output.end = output.end.saturating_add(produced);
        match status {
            TINFLStatus::BlockBoundary => {
                let state = miniz.block_boundary_state().ok_or(Stop::Corrupt)?;
                let bits = Bits { value: u64::from(state.bit_buf), count: u32::from(state.num_bits) };
                Ok(Position::Header { bits, in_miniz: true })
            }
            TINFLStatus::Done => {
                self.position = Position::default();
                Err(Stop::FinalBlock)
            }
            TINFLStatus::NeedsMoreInput => Err(Stop::NeedsInput),
            TINFLStatus::HasMoreOutput => Err(Stop::OutputFull),
            _ => Err(Stop::Corrupt),
        }
    }
}

impl Default for Position {
    fn default() -> Self {
        Self::Header { bits: Bits::default(), in_miniz: false }
    }
}
