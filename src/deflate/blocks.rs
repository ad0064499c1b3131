//! The decoder of a raw DEFLATE stream (RFC 1951), block by block.

use alloc::boxed::Box;

use super::alphabets::{FIXED_DISTANCES, FIXED_LITERALS};
use super::bits::{Bits, Reader};
use super::dynamic::DynamicCodes;
use super::output::{Corrupt, Output, Stop};
use super::symbols::{BackReference, Codes};

/// Decodes the blocks of a stream.
#[derive(Clone, Default)]
pub(super) struct Blocks {
    position: Position,
    /// BFINAL of the block.
    is_final: bool,
    /// Between two calls: fewer bits than the decoder needs to go on.
    bits: Bits,
    copy: BackReference,
    /// Allocated at the first block with dynamic codes.
    dynamic: Option<Box<DynamicCodes>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Position {
    /// Before the header of a block.
    #[default]
    Header,
    /// Before the length of a block without compression.
    StoredLength,
    /// In a block without compression, before this many bytes.
    Stored(u16),
    /// In a block with fixed codes.
    Fixed,
    /// In the codes of a block with dynamic codes.
    DynamicCodes,
    /// After them.
    Dynamic,
}

impl Blocks {
    /// Decodes input until the output is full or all input is consumed. Returns the number of bytes of input
    /// consumed. A new stream with the same window follows a block with BFINAL.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut Output<'_>) -> (Stop, usize) {
        let mut reader = Reader::new(self.bits, input);
        let stop = loop {
            match self.step(&mut reader, output) {
                Ok(()) => {}
                Err(Stop::FinalBlock) if reader.has_input() => {}
                Err(stop) => break stop,
            }
        };
        if stop != Stop::NeedsInput {
            reader.unread();
        }
        self.bits = reader.bits;
        (stop, reader.consumed())
    }

    /// Whether a block has ended at the end of a byte, and the next one has not begun.
    pub(super) fn is_between(&self) -> bool {
        self.position == Position::Header && self.bits.count() == 0
    }

    /// Decodes one header, or the rest of one block.
    fn step(&mut self, reader: &mut Reader<'_>, output: &mut Output<'_>) -> Result<(), Stop> {
        self.position = match self.position {
            Position::Header => self.read_header(reader)?,
            Position::StoredLength => {
                // §3.2.4: LEN, and NLEN, "the one's complement of LEN"
                let lengths = reader.read(32)?;
                let (len, complement) = (lengths as u16, (lengths >> 16) as u16);
                if len != !complement {
                    return Err(Stop::Corrupt);
                }
                Position::Stored(len)
            }
            Position::Stored(left) => {
                reader.unread();
                let bytes = reader.take_bytes(output.room().min(left.into()));
                output.write(bytes);
                // At most `left` bytes.
                let left = left.saturating_sub(bytes.len() as u16);
                self.position = Position::Stored(left);
                match left {
                    0 => self.end(reader)?,
                    _ if output.is_full() => return Err(Stop::OutputFull),
                    _ => return Err(Stop::NeedsInput),
                }
            }
            Position::Fixed => {
                let codes = Codes { literals: &FIXED_LITERALS, distances: &FIXED_DISTANCES };
                codes.decode(&mut self.copy, reader, output)?;
                self.end(reader)?
            }
            Position::DynamicCodes => {
                let codes = self.dynamic.get_or_insert_with(|| Box::new(DynamicCodes::new()));
                codes.read_header(reader)?;
                Position::Dynamic
            }
            Position::Dynamic => {
                let (literals, distances) = self.dynamic.as_ref().ok_or(Corrupt)?.tables();
                Codes { literals, distances }.decode(&mut self.copy, reader, output)?;
                self.end(reader)?
            }
        };
        Ok(())
    }

    /// RFC 1951 §3.2.3: BFINAL is one bit, BTYPE two.
    fn read_header(&mut self, reader: &mut Reader<'_>) -> Result<Position, Stop> {
        let header = reader.read(3)?;
        self.is_final = header & 1 == 1;
        match header >> 1 {
            0b00 => {
                reader.align();
                Ok(Position::StoredLength)
            }
            0b01 => Ok(Position::Fixed),
            0b10 => Ok(Position::DynamicCodes),
            _ => Err(Stop::Corrupt),
        }
    }

    /// Ends a block. After the last one, the rest of its last byte is skipped.
    fn end(&mut self, reader: &mut Reader<'_>) -> Result<Position, Stop> {
        if !self.is_final {
            return Ok(Position::Header);
        }
        reader.align();
        self.position = Position::Header;
        Err(Stop::FinalBlock)
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use miniz_oxide::inflate::TINFLStatus;
    use miniz_oxide::inflate::core::inflate_flags::{
        TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
    };
    use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
    use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Strategy};

    use super::{Blocks, Output, Stop};
    use crate::deflate::bits::tests::bytes_of;

    const MAX_LEN: usize = 20_000;

    /// The stop and the output of miniz, and the number of bytes of input that it consumed.
    fn by_miniz(input: &[u8]) -> (Stop, Vec<u8>, usize) {
        let mut output = vec![0; MAX_LEN];
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, consumed, produced) =
            decompress(&mut DecompressorOxide::new(), input, &mut output, 0, flags);
        output.truncate(produced);
        let stop = match status {
            TINFLStatus::Done => Stop::FinalBlock,
            TINFLStatus::NeedsMoreInput => Stop::NeedsInput,
            TINFLStatus::HasMoreOutput => Stop::OutputFull,
            _ => Stop::Corrupt,
        };
        (stop, output, consumed)
    }

    /// The same of [`Blocks`], by at most `step` bytes of input and of output in a call.
    fn by_blocks(input: &[u8], step: usize) -> (Stop, Vec<u8>, usize) {
        let (mut blocks, mut output, mut end, mut consumed) = (Blocks::default(), vec![0; MAX_LEN], 0, 0);
        loop {
            let next = &input[consumed..input.len().min(consumed + step)];
            let limit = MAX_LEN.min(end + step);
            let mut window = Output { window: &mut output, end, limit, wrapped: false };
            let (stop, count) = blocks.decode(next, &mut window);
            (end, consumed) = (window.end, consumed + count);
            let goes_on = match stop {
                Stop::NeedsInput => consumed < input.len(),
                Stop::OutputFull => end < MAX_LEN,
                Stop::FinalBlock | Stop::Corrupt => false,
            };
            if !goes_on {
                output.truncate(end);
                return (stop, output, consumed);
            }
        }
    }

    /// Words of a few letters, runs, and random bytes.
    fn payload(random: &mut Rng) -> Vec<u8> {
        let mut payload = vec![];
        for _ in 0..random.usize(..40) {
            match random.u8(..4) {
                0 => payload.resize(payload.len() + random.usize(..600), random.u8(..)),
                1 => payload.extend((0..random.usize(..100)).map(|_| random.u8(..))),
                _ => payload.extend((0..random.usize(..200)).map(|_| random.u8(b'a'..b'a' + 9))),
            }
        }
        payload
    }

    fn compress(random: &mut Rng, payload: &[u8]) -> Vec<u8> {
        let strategies = [Strategy::Default, Strategy::Fixed, Strategy::HuffmanOnly, Strategy::Rle];
        let mut deflate = Deflate::new_with_config(DeflateConfig {
            level: random.i32(0..=9),
            window_bits: -random.i32(9..=15),
            mem_level: random.i32(1..=9),
            strategy: strategies[random.usize(..4)],
            ..DeflateConfig::default()
        });
        let mut bytes = vec![0; 2 * payload.len() + 1000];
        let (first, rest) = payload.split_at(random.usize(..=payload.len()));
        deflate.compress(first, &mut bytes, DeflateFlush::SyncFlush).expect("DEFLATE");
        let len = deflate.total_out() as usize;
        deflate.compress(rest, &mut bytes[len..], DeflateFlush::Finish).expect("DEFLATE");
        bytes.truncate(deflate.total_out() as usize);
        bytes
    }

    /// PMD-12, PMD-17 (RFC 7692 §7.2.2).
    #[test]
    fn any_stream_has_the_same_output_and_end_as_with_miniz() {
        let (mut random, mut seen) = (Rng::with_seed(1951), [0; 3]);
        for round in 0..2000 {
            let payload = payload(&mut random);
            let mut bytes = compress(&mut random, &payload);
            for _ in 0..[0, 1, 3][round % 3] {
                // Most often in the codes at the start.
                let end = if random.bool() { bytes.len() } else { bytes.len().min(100) };
                let at = random.u64(..end as u64) as usize;
                bytes[at] ^= 1 << random.u32(..8);
            }
            if round % 4 == 0 {
                bytes.truncate(random.u64(..bytes.len() as u64) as usize);
            }
            let expected = by_miniz(&bytes);
            // More input is another stream here, and nothing for miniz.
            let input = if expected.0 == Stop::FinalBlock { &bytes[..expected.2] } else { &bytes[..] };
            for step in [1, random.usize(2..300), MAX_LEN] {
                let (stop, output, consumed) = by_blocks(input, step);
                assert!(
                    (stop, &output) == (expected.0, &expected.1),
                    "{round} {step} {stop:?} {:?}",
                    expected.0
                );
                assert!(
                    stop == Stop::Corrupt || stop == Stop::OutputFull || consumed == input.len(),
                    "{round}"
                );
            }
            match expected.0 {
                Stop::FinalBlock => seen[0] += 1,
                Stop::Corrupt => seen[1] += 1,
                Stop::NeedsInput | Stop::OutputFull => seen[2] += 1,
            }
        }
        assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
    }

    /// PMD-17 (RFC 1951 §3.2.6): "Literal/length values 286-287 will never actually occur", nor "distance codes
    /// 30-31".
    #[test]
    fn fixed_codes_without_a_meaning_are_corrupt() {
        // BFINAL, BTYPE, the codes, and zeros: the first seven end the block.
        let stream = |codes: &str| bytes_of(&format!("1 10 {codes} {:0<16}", ""));
        let copy_of_3_at = |distance: &str| format!("00110001{}{distance}", "0000001");
        assert_eq!(by_blocks(&stream(&copy_of_3_at("00000")), 1).1, b"\x01\x01\x01\x01");
        for codes in ["11000110", "11000111", &copy_of_3_at("11110"), &copy_of_3_at("11111")] {
            for step in [1, MAX_LEN] {
                assert_eq!(by_blocks(&stream(codes), step).0, Stop::Corrupt, "{codes}");
            }
        }
    }
}
