//! A compressed message that is a thousand times as long when it is inflated.

use flate2::{Compress, Compression, FlushCompress};

/// A masked frame with more zeros than this. The masking key is zero.
pub fn frame(limit: usize) -> Vec<u8> {
    let mut deflater = Compress::new(Compression::best(), false);
    let zeros = vec![0; limit + 1];
    // Zeros become a thousandth of their length.
    let mut payload = Vec::with_capacity(limit / 256);
    let result = deflater.compress_vec(&zeros, &mut payload, FlushCompress::Sync);
    debug_assert!(result.is_ok() && deflater.total_in() == zeros.len() as u64, "the capacity is enough");
    // RFC 7692 §7.2.1: without the end of the empty block of a flush.
    debug_assert!(payload.ends_with(b"\0\0\xff\xff"));
    payload.truncate(payload.len().saturating_sub(4));
    // §5.2: the shortest form of the length. A thousandth of 64 MiB fits 16 bits.
    let len = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let mut frame = vec![0xc2, 0xfe];
    frame.extend_from_slice(&len.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.append(&mut payload);
    frame
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    #[test]
    fn a_bomb_is_a_thousand_times_as_long_when_it_is_inflated() {
        let bomb = frame(1 << 20);
        assert!(bomb.len() < 2048);
        let mut payload = bomb[8..].to_vec();
        payload.extend_from_slice(b"\0\0\xff\xff");
        let mut inflated = Vec::with_capacity(2 << 20);
        let result = Decompress::new(false).decompress_vec(&payload, &mut inflated, FlushDecompress::Sync);
        assert!(result.is_ok() && inflated == vec![0; (1 << 20) + 1]);
    }
}
