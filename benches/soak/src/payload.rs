//! Payloads that say which connection sent them, and in which order.

use core::ops::RangeInclusive;

use fastrand::Rng;
use websocket_proto_tokio::Message;

/// Four numbers of eight hexadecimal digits: slot, generation, sequence number, checksum of the rest.
pub const STAMP: usize = 32;

/// The sizes of a soak, as shares of 1000. Most messages are small; the mean is 4 KiB.
const SIZES: [(u32, RangeInclusive<usize>); 5] = [
    (750, 0..=125), // the lengths that fit the first two bytes of a header
    (200, 126..=4096),
    (40, 4097..=64 * 1024),
    (9, 64 * 1024 + 1..=256 * 1024),
    (1, 256 * 1024 + 1..=1024 * 1024),
];

/// The largest size of the ranges that a room uses: mio_server keeps at most 1 MiB for a client that reads
/// slowly.
const ROOM: usize = 64 * 1024;

/// A connection, and a message of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Connections in one slot follow each other.
    pub slot: u32,
    pub generation: u32,
    pub sequence: u32,
}

/// A random size for an echo, or for a message to a room.
pub fn size(rng: &mut Rng, is_room: bool) -> usize {
    loop {
        let mut ticket = rng.u32(0..1000);
        for (share, range) in SIZES {
            if ticket < share {
                let size = rng.usize(range);
                if !is_room {
                    return size;
                } else if size <= ROOM {
                    // A receiver that does not know the message needs the whole stamp.
                    return size.max(STAMP);
                }
                break;
            }
            ticket -= share;
        }
    }
}

/// Where payloads come from: two parts, one of which can be compressed.
pub struct Pool {
    text: String,
    binary: Vec<u8>,
}

/// Twice the largest message, so that bodies differ.
const POOL: usize = 2 * 1024 * 1024;

impl Pool {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        // Characters of one to four bytes, in words that repeat.
        let words: Vec<String> = (0..512)
            .map(|_| {
                (0..rng.usize(1..9))
                    .map(|_| *rng.choice(&['a', 'e', 'n', 'ß', 'κ', '水', '🦀']).unwrap_or(&' '))
                    .collect()
            })
            .collect();
        let mut text = String::new();
        while text.len() < POOL {
            text.push_str(&words[rng.usize(..words.len())]);
            text.push(' ');
        }
        let mut binary = vec![0; POOL];
        rng.fill(&mut binary);
        // Every second block of 256 bytes is compressible.
        binary.chunks_mut(256).step_by(2).for_each(|block| block.fill(block[0]));
        Self { text, binary }
    }

    /// A message with this many bytes. A text can be up to three bytes shorter. If a stamp does not fit, the
    /// payload is the beginning of one.
    pub fn message(&self, rng: &mut Rng, stamp: Stamp, size: usize) -> Message {
        let Stamp { slot, generation, sequence } = stamp;
        let numbers = format!("{slot:08x}{generation:08x}{sequence:08x}");
        let len = size.saturating_sub(STAMP);
        if rng.bool() {
            let start = floor_boundary(&self.text, rng.usize(..POOL - len));
            let body = &self.text[start..floor_boundary(&self.text, start + len)];
            let mut payload = String::with_capacity(STAMP + body.len());
            payload.push_str(&numbers);
            payload.push_str(&checksum(&numbers, body.as_bytes()));
            payload.push_str(body);
            payload.truncate(size);
            payload.into()
        } else {
            let start = rng.usize(..POOL - len);
            let body = &self.binary[start..start + len];
            let mut payload = Vec::with_capacity(STAMP + body.len());
            payload.extend_from_slice(numbers.as_bytes());
            payload.extend_from_slice(checksum(&numbers, body).as_bytes());
            payload.extend_from_slice(body);
            payload.truncate(size);
            payload.into()
        }
    }
}

/// The last boundary of characters up to there.
fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default()
}

fn checksum(numbers: &str, body: &[u8]) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(numbers.as_bytes());
    hasher.update(body);
    format!("{:08x}", hasher.finalize())
}

/// The stamp of a payload; `None` if the payload has none, or another checksum.
pub fn stamp(payload: &[u8]) -> Option<Stamp> {
    let (head, body) = payload.split_at_checked(STAMP)?;
    let head = core::str::from_utf8(head).ok()?;
    let (numbers, sum) = head.split_at_checked(24)?;
    if checksum(numbers, body) != sum {
        return None;
    }
    let number = |at: usize| u32::from_str_radix(numbers.get(at..at + 8)?, 16).ok();
    Some(Stamp { slot: number(0)?, generation: number(8)?, sequence: number(16)? })
}

/// The payload without a copy.
pub fn bytes(message: &Message) -> &[u8] {
    match message {
        Message::Text(text) => text.as_str().as_bytes(),
        Message::Binary(bytes) => bytes,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_returns_unless_a_byte_is_altered() {
        let (pool, mut rng) = (Pool::new(7), Rng::with_seed(7));
        for size in [STAMP, 33, 125, 126, 4096, 70_000] {
            let sent = Stamp { slot: 3, generation: u32::MAX, sequence: 9 };
            let mut payload = pool.message(&mut rng, sent, size).into_payload().to_vec();
            assert_eq!(stamp(&payload), Some(sent));
            let at = rng.usize(..payload.len());
            payload[at] ^= 1;
            assert_eq!(stamp(&payload), None);
        }
    }

    #[test]
    fn the_sizes_of_a_soak_are_mostly_small_and_reach_their_limits() {
        let mut rng = Rng::with_seed(7);
        assert_eq!(SIZES.iter().map(|(share, _)| share).sum::<u32>(), 1000);
        let echo: Vec<usize> = (0..100_000).map(|_| size(&mut rng, false)).collect();
        assert!(echo.contains(&0) && echo.iter().any(|&size| size > 512 * 1024));
        assert!((2048..6144).contains(&(echo.iter().sum::<usize>() / echo.len())));
        assert!((0..100_000).all(|_| (STAMP..=ROOM).contains(&size(&mut rng, true))));
    }
}
