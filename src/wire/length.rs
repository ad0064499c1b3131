//! The payload length of a frame (§5.2): its three forms and their boundaries.

/// The largest length in 7 bits.
pub(super) const MAX_7: u8 = 125;
/// The seven bits that announce a length in the next 16 bits.
pub(super) const BITS_16: u8 = 126;
/// The seven bits that announce a length in the next 64 bits.
pub(super) const BITS_64: u8 = 127;
/// The smallest length in 16 bits.
pub(super) const MIN_16: u16 = MAX_7 as u16 + 1;
/// The largest length in 16 bits.
const MAX_16: u64 = 0xFFFF;
/// The largest length in 64 bits (§5.2: "the most significant bit MUST be 0").
pub(super) const MAX_64: u64 = u64::MAX >> 1;

/// How a frame header writes its payload length (§5.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the three forms of §5.2, and the choice among them")]
pub enum LengthForm {
    /// The shortest of the three forms that can hold the length: the only legal one.
    #[default]
    Minimal,
    /// 7 bits. If the length needs more, only its lower 7 bits are written; 126 and 127 announce another
    /// form.
    Bits7,
    /// 126, then 16 bits. If the length needs more, only its lower 16 bits are written.
    Bits16,
    /// 127, then 64 bits.
    Bits64,
}

impl LengthForm {
    /// The shortest form that can hold this length: never [`LengthForm::Minimal`].
    ///
    /// ```
    /// use websocket_proto::wire::LengthForm;
    ///
    /// assert_eq!(LengthForm::minimal_for(125), LengthForm::Bits7);
    /// assert_eq!(LengthForm::minimal_for(126), LengthForm::Bits16);
    /// assert_eq!(LengthForm::minimal_for(65_536), LengthForm::Bits64);
    /// ```
    #[must_use]
    #[inline]
    pub const fn minimal_for(payload_len: u64) -> Self {
        if payload_len <= MAX_7 as u64 {
            Self::Bits7
        } else if payload_len <= MAX_16 {
            Self::Bits16
        } else {
            Self::Bits64
        }
    }
}

/// How many bytes the header of a frame has, with the length in its minimal form.
#[inline]
pub(crate) const fn header_len(payload_len: u64, masked: bool) -> usize {
    match (LengthForm::minimal_for(payload_len), masked) {
        (LengthForm::Minimal | LengthForm::Bits7, false) => 2,
        (LengthForm::Minimal | LengthForm::Bits7, true) => 6,
        (LengthForm::Bits16, false) => 4,
        (LengthForm::Bits16, true) => 8,
        (LengthForm::Bits64, false) => 10,
        (LengthForm::Bits64, true) => 14,
    }
}

/// A payload length as it was read, legal or not.
#[derive(Clone, Copy)]
pub(super) struct Length {
    pub(super) form: LengthForm,
    pub(super) value: u64,
}

impl Length {
    /// Reads the length from the lower seven bits of a header's second byte and the bytes after it. Returns
    /// the length and the bytes after the length; `None` if some bytes of the length are missing.
    #[inline]
    pub(super) fn parse(second: u8, rest: &[u8]) -> Option<(Self, &[u8])> {
        match second & 0x7F {
            BITS_16 => {
                let (extended, rest) = rest.split_first_chunk::<2>()?;
                let value = u64::from(u16::from_be_bytes(*extended));
                Some((Self { form: LengthForm::Bits16, value }, rest))
            }
            BITS_64 => {
                let (extended, rest) = rest.split_first_chunk::<8>()?;
                Some((Self { form: LengthForm::Bits64, value: u64::from_be_bytes(*extended) }, rest))
            }
            short => Some((Self { form: LengthForm::Bits7, value: u64::from(short) }, rest)),
        }
    }
}
