//! The frame reader (§5.2): a buffer, and the whole frame at its start. It reads illegal frames as well, and
//! judges nothing.

/// A frame that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of §5.2, all of them")]
pub struct FrameSeen {
    /// The FIN bit.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3 as a number: RSV1 is 4.
    pub reserved: u8,
    /// The opcode.
    pub opcode: u8,
    /// The masking key, if the MASK bit is set.
    pub key: Option<[u8; 4]>,
    /// The length is in its shortest form.
    pub minimal: bool,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
}

/// The result of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a frame, a part of one, or none that can be read")]
pub enum Next {
    /// A whole frame.
    Frame(FrameSeen),
    /// Bytes are missing.
    More,
    /// A length with its most significant bit set, or of 1 GiB and more: no frame boundary is known any more.
    Lost(u64),
}

/// Reads frames out of bytes that arrive in pieces.
#[derive(Debug, Clone, Default)]
pub struct FrameReader {
    /// The bytes received.
    buffer: Vec<u8>,
    /// The bytes at the start of the buffer that were read already.
    done: usize,
}

/// No case needs a longer frame.
const MAX_PAYLOAD: u64 = 1 << 30;

impl FrameReader {
    /// A reader without bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        // Removing the bytes that were read costs a move, so it waits until they are half of the buffer.
        if self.done > self.buffer.len() / 2 {
            self.buffer.drain(..self.done);
            self.done = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The number of bytes that belong to an unfinished frame.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.buffer.len().saturating_sub(self.done)
    }

    /// Reads the next frame.
    #[must_use]
    pub fn next_frame(&mut self) -> Next {
        let bytes = self.buffer.get(self.done..).unwrap_or_default();
        let [first, second, rest @ ..] = bytes else { return Next::More };
        let (len, minimal, rest) = match (second & 0x7F, rest) {
            (len @ 0..=125, rest) => (u64::from(len), true, rest),
            (126, [a, b, rest @ ..]) => {
                let len = u64::from(u16::from_be_bytes([*a, *b]));
                (len, len > 125, rest)
            }
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                let len = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                (len, len > 0xFFFF, rest)
            }
            _ => return Next::More,
        };
        if len >= MAX_PAYLOAD {
            return Next::Lost(len);
        }
        let (key, rest) = match (second & 0x80, rest) {
            (0, rest) => (None, rest),
            (_, [a, b, c, d, rest @ ..]) => (Some([*a, *b, *c, *d]), rest),
            _ => return Next::More,
        };
        let Some((payload, rest)) = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len))
        else {
            return Next::More;
        };
        let mut payload = payload.to_vec();
        // §5.3: octet i is XORed with octet i MOD 4 of the key.
        for (byte, key) in payload.iter_mut().zip(key.iter().flatten().cycle()) {
            *byte ^= key;
        }
        let (fin, reserved, opcode) = (first & 0x80 != 0, first >> 4 & 0b111, first & 0xF);
        self.done = self.buffer.len().saturating_sub(rest.len());
        Next::Frame(FrameSeen { fin, reserved, opcode, key, minimal, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameReader, FrameSeen, Next};

    fn read(bytes: &[u8]) -> Next {
        let mut reader = FrameReader::new();
        reader.push(bytes);
        reader.next_frame()
    }

    fn plain(opcode: u8, payload: &[u8]) -> FrameSeen {
        FrameSeen { fin: true, reserved: 0, opcode, key: None, minimal: true, payload: payload.to_vec() }
    }

    /// The examples of §5.7.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        assert_eq!(read(b"\x81\x05Hello"), Next::Frame(plain(1, b"Hello")));
        let masked = FrameSeen { key: Some([0x37, 0xfa, 0x21, 0x3d]), ..plain(1, b"Hello") };
        assert_eq!(read(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), Next::Frame(masked));
        assert_eq!(read(b"\x01\x03Hel"), Next::Frame(FrameSeen { fin: false, ..plain(1, b"Hel") }));
        assert_eq!(read(b"\x80\x02lo"), Next::Frame(plain(0, b"lo")));
        assert_eq!(read(b"\x89\x05Hello"), Next::Frame(plain(9, b"Hello")));
        let (medium, large) = (vec![7; 256], vec![7; 65536]);
        assert_eq!(read(&[b"\x82\x7E\x01\x00", &medium[..]].concat()), Next::Frame(plain(2, &medium)));
        let large_bytes = [b"\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", &large[..]].concat();
        assert_eq!(read(&large_bytes), Next::Frame(plain(2, &large)));
    }

    #[test]
    fn illegal_frames_are_read_too() {
        let frame = FrameSeen { fin: false, reserved: 0b101, minimal: false, ..plain(0xB, b"x") };
        assert_eq!(read(b"\x5B\x7E\x00\x01x"), Next::Frame(frame));
        assert_eq!(read(b"\x82\x7F\x80\x00\x00\x00\x00\x00\x00\x01"), Next::Lost(0x8000_0000_0000_0001));
    }

    #[test]
    fn pieces_give_the_same_frames() {
        let bytes =
            [&b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x00"[..], b"\x82\x7E\x00\x80", &[1; 128]]
                .concat();
        let mut reader = FrameReader::new();
        let mut seen = Vec::new();
        for byte in &bytes {
            reader.push(&[*byte]);
            while let Next::Frame(frame) = reader.next_frame() {
                seen.push((frame.opcode, frame.payload));
            }
        }
        assert_eq!(seen, [(1, b"Hello".to_vec()), (9, vec![]), (2, vec![1; 128])]);
        assert_eq!((reader.next_frame(), reader.unread()), (Next::More, 0));
    }
}
