//! The frame header (§5.2).
//!
//! ```text
//!  byte 1            byte 2          0, 2 or 8 bytes    0 or 4 bytes
//! +-+---+-------+   +-+-----------+ +---------------+  +-------------+
//! |F|RSV|opcode |   |M|  length   | | extended len. |  | masking key |
//! +-+---+-------+   +-+-----------+ +---------------+  +-------------+
//! ```

use core::fmt;

use arrayvec::ArrayVec;

use super::{MAX_CONTROL_PAYLOAD, MAX_HEADER, Opcode};

/// The three reserved bits (§5.2). Which of them may be set depends on the extensions agreed on; without one,
/// none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ReservedBits(u8);

impl ReservedBits {
    /// None set.
    pub const NONE: Self = Self(0);
    /// RSV1 alone.
    pub const RSV1: Self = Self(0b100);
    /// RSV2 alone.
    pub const RSV2: Self = Self(0b010);
    /// RSV3 alone.
    pub const RSV3: Self = Self(0b001);

    /// The reserved bits of a frame's first byte.
    #[must_use]
    pub const fn of_first_byte(byte: u8) -> Self {
        Self((byte & 0b0111_0000) >> 4)
    }

    /// Both sets of bits together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every bit set here is set in `allowed` too.
    #[must_use]
    pub const fn within(self, allowed: Self) -> bool {
        self.0 & !allowed.0 == 0
    }

    const fn on_the_wire(self) -> u8 {
        self.0 << 4
    }
}

/// A frame header, legal by itself where [`parse`](Self::parse) returned it (§5.2, §5.5).
///
/// What depends on more than the frame — reserved bits, the direction of masking, fragmentation, limits — is
/// for whoever knows the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of §5.2, all of them")]
pub struct FrameHeader {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// RSV1–RSV3.
    pub reserved: ReservedBits,
    /// What the frame is.
    pub opcode: Opcode,
    /// The key its payload is masked with, if it is.
    pub masking_key: Option<[u8; 4]>,
    /// Bytes of payload that follow the header; below 2^63.
    pub payload_len: u64,
}

impl FrameHeader {
    /// Reads the header at the start of `bytes`: the header and how many bytes it takes, or `None` while it
    /// is incomplete.
    ///
    /// # Errors
    /// As soon as the bytes that show it are there: a reserved opcode or a fragmented control frame at the
    /// first, a control frame too long at the second, a length not minimal or of 64 bits at its last
    /// byte.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let [first, rest @ ..] = bytes else { return Ok(None) };
        let (fin, opcode) = Self::parse_first_byte(*first)?;
        let [second, rest @ ..] = rest else { return Ok(None) };
        let Some((payload_len, rest)) = Self::parse_len(opcode, second & 0x7F, rest)? else {
            return Ok(None);
        };
        let (masking_key, rest) = if second & 0x80 != 0 {
            let Some((key, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            (Some(*key), rest)
        } else {
            (None, rest)
        };
        let taken = bytes.len().saturating_sub(rest.len());
        let reserved = ReservedBits::of_first_byte(*first);
        Ok(Some((Self { fin, reserved, opcode, masking_key, payload_len }, taken)))
    }

    /// The payload length and what follows it; `None` while it is incomplete.
    #[inline]
    fn parse_len(opcode: Opcode, short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, HeaderError> {
        // §5.5: "All control frames MUST have a payload length of 125 bytes or less"
        if opcode.is_control() && usize::from(short) > MAX_CONTROL_PAYLOAD {
            return Err(HeaderError::ControlTooLong);
        }
        match short {
            126 => {
                let Some((extended, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                let len = u16::from_be_bytes(*extended);
                // §5.2: "the minimal number of bytes MUST be used to encode the length"
                if len < 126 {
                    return Err(HeaderError::LengthNotMinimal);
                }
                Ok(Some((u64::from(len), rest)))
            }
            127 => {
                let Some((extended, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                let len = u64::from_be_bytes(*extended);
                // §5.2: "the most significant bit MUST be 0"
                if len >> 63 != 0 {
                    return Err(HeaderError::LengthTooLarge);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(HeaderError::LengthNotMinimal);
                }
                Ok(Some((len, rest)))
            }
            _ => Ok(Some((u64::from(short), rest))),
        }
    }

    /// The payload length of an incomplete header, where that is there already and all before it is legal.
    pub(crate) fn declared_len(bytes: &[u8]) -> Option<u64> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (_, opcode) = Self::parse_first_byte(*first).ok()?;
        let (payload_len, _) = Self::parse_len(opcode, second & 0x7F, rest).ok()??;
        Some(payload_len)
    }

    /// The bytes on the wire, the length in its minimal form.
    #[must_use]
    #[inline]
    pub fn encode(&self) -> ArrayVec<u8, MAX_HEADER> {
        RawFrameHeader::from(*self).encode()
    }

    /// The bytes on the wire, the length in its minimal form, piece by piece.
    #[inline(always)]
    pub(crate) fn write(&self, put: impl FnMut(&[u8])) {
        RawFrameHeader::from(*self).write(put);
    }

    /// The FIN bit and the opcode of a frame's first byte, where they are legal together.
    pub(crate) const fn parse_first_byte(byte: u8) -> Result<(bool, Opcode), HeaderError> {
        let fin = byte & 0x80 != 0;
        let Some(opcode) = Opcode::from_bits(byte & 0x0F) else { return Err(HeaderError::ReservedOpcode) };
        // §5.5: control frames "MUST NOT be fragmented"
        if opcode.is_control() && !fin {
            return Err(HeaderError::ControlFragmented);
        }
        Ok((fin, opcode))
    }
}

/// The form of the payload length (§5.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the three forms of §5.2, and the choice among them")]
pub enum LengthForm {
    /// The shortest of the three that holds the length: the only legal one.
    #[default]
    Minimal,
    /// Seven bits; a longer length loses its upper bits.
    Bits7,
    /// 126 and sixteen bits; a longer length loses its upper bits.
    Bits16,
    /// 127 and sixty-four bits.
    Bits64,
}

/// A frame header of any content, legal or not, for testing other endpoints. It can only be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of §5.2, all of them")]
pub struct RawFrameHeader {
    /// FIN.
    pub fin: bool,
    /// RSV1–RSV3.
    pub reserved: ReservedBits,
    /// The lower four bits are the opcode, the upper four are left out.
    pub opcode: u8,
    /// MASK is set where there is a key.
    pub masking_key: Option<[u8; 4]>,
    /// The payload length to declare.
    pub payload_len: u64,
    /// How to declare it.
    pub length_form: LengthForm,
}

impl RawFrameHeader {
    /// The bytes on the wire.
    #[must_use]
    #[inline]
    pub fn encode(&self) -> ArrayVec<u8, MAX_HEADER> {
        let mut bytes = ArrayVec::new();
        self.write(|piece| {
            let fits = bytes.try_extend_from_slice(piece);
            debug_assert!(fits.is_ok(), "2 + 8 + 4 bytes at the most");
        });
        bytes
    }

    /// The bytes on the wire, piece by piece.
    #[inline(always)]
    fn write(&self, mut put: impl FnMut(&[u8])) {
        let fin = if self.fin { 0x80 } else { 0 };
        let first = fin | self.reserved.on_the_wire() | (self.opcode & 0x0F);
        let form = match (self.length_form, self.payload_len) {
            (LengthForm::Minimal, 0..=125) => LengthForm::Bits7,
            (LengthForm::Minimal, 126..=0xFFFF) => LengthForm::Bits16,
            (LengthForm::Minimal, _) => LengthForm::Bits64,
            (form, _) => form,
        };
        let [.., upper, lower] = self.payload_len.to_be_bytes();
        // As few pieces as there can be: each costs a sender a check for room.
        match (form, self.masking_key) {
            (LengthForm::Minimal | LengthForm::Bits7, None) => put(&[first, lower & 0x7F]),
            (LengthForm::Minimal | LengthForm::Bits7, Some([a, b, c, d])) => {
                put(&[first, 0x80 | lower, a, b, c, d])
            }
            (LengthForm::Bits16, None) => put(&[first, 126, upper, lower]),
            (LengthForm::Bits16, Some([a, b, c, d])) => put(&[first, 0x80 | 126, upper, lower, a, b, c, d]),
            (LengthForm::Bits64, key) => {
                put(&[first, if key.is_some() { 0x80 | 127 } else { 127 }]);
                put(&self.payload_len.to_be_bytes());
                if let Some(key) = key {
                    put(&key);
                }
            }
        }
    }
}

impl From<FrameHeader> for RawFrameHeader {
    #[inline]
    fn from(header: FrameHeader) -> Self {
        Self {
            fin: header.fin,
            reserved: header.reserved,
            opcode: header.opcode.bits(),
            masking_key: header.masking_key,
            payload_len: header.payload_len,
            length_form: LengthForm::Minimal,
        }
    }
}

/// What makes a frame header illegal whatever the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the rules of §5.2 and §5.5 for one header, all of them")]
pub enum HeaderError {
    /// An opcode of `0x3`–`0x7` or `0xB`–`0xF` (§5.2).
    ReservedOpcode,
    /// A control frame without FIN (§5.5).
    ControlFragmented,
    /// A control frame of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A length in more bytes than it takes (§5.2).
    LengthNotMinimal,
    /// A length of 2^63 or more (§5.2).
    LengthTooLarge,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReservedOpcode => "reserved opcode",
            Self::ControlFragmented => "fragmented control frame",
            Self::ControlTooLong => "control frame longer than 125 bytes",
            Self::LengthNotMinimal => "payload length not in its minimal form",
            Self::LengthTooLarge => "payload length with its most significant bit set",
        })
    }
}

impl core::error::Error for HeaderError {}
