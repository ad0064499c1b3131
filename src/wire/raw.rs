//! Frame headers of any content, legal or not, to test other endpoints with.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::length::{BITS_16, BITS_64, Length};
use super::{HeaderBytes, LengthForm, ReservedBits};

/// A frame header of any content, legal or not, for tests of other endpoints.
///
/// [`encode`](Self::encode) and [`parse`](Self::parse) check nothing. [`FrameHeader`](super::FrameHeader) is
/// the type for legal headers.
///
/// ```
/// use websocket_proto::wire::{LengthForm, RawFrameHeader, ReservedBits};
///
/// // Opcode 3 is reserved, RSV1 needs an extension, and the length is not in its minimal form (§5.2).
/// let header = RawFrameHeader {
///     reserved: ReservedBits::RSV1,
///     length_form: LengthForm::Bits16,
///     ..RawFrameHeader::new(0x3, 5)
/// };
/// let bytes = header.encode();
/// assert_eq!(&bytes[..], [0b1100_0011, 126, 0, 5]);
/// assert_eq!(RawFrameHeader::parse(&bytes), Some((header, 4)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of §5.2, all of them")]
pub struct RawFrameHeader {
    /// Whether the FIN bit is set.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3.
    pub reserved: ReservedBits,
    /// The opcode: the lower four bits are written, the upper four bits are ignored.
    pub opcode: u8,
    /// The masking key. The MASK bit is set if there is one.
    pub masking_key: Option<[u8; 4]>,
    /// The payload length that the header declares.
    pub payload_len: u64,
    /// The form in which the header declares it.
    pub length_form: LengthForm,
}

impl RawFrameHeader {
    /// A header with FIN, without reserved bits and masking key, with the length in its minimal form.
    #[must_use]
    pub const fn new(opcode: u8, payload_len: u64) -> Self {
        Self {
            fin: true,
            reserved: ReservedBits::NONE,
            opcode,
            masking_key: None,
            payload_len,
            length_form: LengthForm::Minimal,
        }
    }

    /// Reads the header at the start of `bytes` without any check. Returns the header and its length in
    /// bytes; `None` if some of its bytes are missing.
    ///
    /// `length_form` is the form that was read, so [`encode`](Self::encode) writes the same bytes again.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (Length { form: length_form, value: payload_len }, rest) = Length::parse(*second, rest)?;
        let (masking_key, rest) = if second & 0x80 != 0 {
            let (key, rest) = rest.split_first_chunk::<4>()?;
            (Some(*key), rest)
        } else {
            (None, rest)
        };
        let (fin, reserved) = (first & 0x80 != 0, ReservedBits::from_first_byte(*first));
        let header = Self { fin, reserved, opcode: first & 0x0F, masking_key, payload_len, length_form };
        // `rest` is a suffix of `bytes`.
        Some((header, bytes.len().saturating_sub(rest.len())))
    }

    /// The bytes of the header. The fields are not checked.
    #[must_use]
    #[inline]
    pub fn encode(&self) -> HeaderBytes {
        let mut bytes = HeaderBytes::default();
        self.write(|piece| bytes.push(piece));
        bytes
    }

    /// Passes the bytes of the header to `put`, piece by piece.
    // Inlined: the caller knows the opcode, and whether there is a key. With `#[inline]`, an echo of 125
    // bytes takes 310 instructions instead of 275.
    #[inline(always)]
    pub(super) fn write(&self, mut put: impl FnMut(&[u8])) {
        let fin = if self.fin { 0x80 } else { 0 };
        let first = fin | self.reserved.to_first_byte() | (self.opcode & 0x0F);
        let form = match self.length_form {
            LengthForm::Minimal => LengthForm::minimal_for(self.payload_len),
            form => form,
        };
        let [.., upper, lower] = self.payload_len.to_be_bytes();
        // One piece for most headers, because `out` checks its capacity for each piece.
        match (form, self.masking_key) {
            (LengthForm::Minimal | LengthForm::Bits7, None) => put(&[first, lower & 0x7F]),
            (LengthForm::Minimal | LengthForm::Bits7, Some([a, b, c, d])) => {
                put(&[first, 0x80 | lower & 0x7F, a, b, c, d])
            }
            (LengthForm::Bits16, None) => put(&[first, BITS_16, upper, lower]),
            (LengthForm::Bits16, Some([a, b, c, d])) => {
                put(&[first, 0x80 | BITS_16, upper, lower, a, b, c, d])
            }
            (LengthForm::Bits64, key) => {
                put(&[first, if key.is_some() { 0x80 | BITS_64 } else { BITS_64 }]);
                put(&self.payload_len.to_be_bytes());
                if let Some(key) = key {
                    put(&key);
                }
            }
        }
    }
}

/// A frame: the header, then the payload. If the header has a masking key, the payload is masked with it.
///
/// The header is written as it is: a declared length other than that of `payload` is not corrected.
///
/// ```
/// use websocket_proto::wire::{self, Opcode, RawFrameHeader};
///
/// // §5.7: a single-frame masked text message "Hello"
/// let header = RawFrameHeader {
///     masking_key: Some([0x37, 0xfa, 0x21, 0x3d]),
///     ..RawFrameHeader::new(Opcode::Text.bits(), 5)
/// };
/// assert_eq!(wire::frame(header, b"Hello"), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
/// ```
#[cfg(feature = "alloc")]
#[must_use]
pub fn frame(header: impl Into<RawFrameHeader>, payload: &[u8]) -> Vec<u8> {
    let header = header.into();
    let mut bytes = header.encode().to_vec();
    let header_len = bytes.len();
    bytes.extend_from_slice(payload);
    if let (Some(key), Some(payload)) = (header.masking_key, bytes.get_mut(header_len..)) {
        super::mask(payload, key, 0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::RawFrameHeader;
    use crate::wire::{FrameHeader, LengthForm, Parsed, ReservedBits};

    const HELLO: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    /// Each header with its bytes: parse and encode are held against the same.
    fn twins() -> Vec<(RawFrameHeader, Vec<u8>)> {
        let (bits7, bits16, bits64) = (LengthForm::Bits7, LengthForm::Bits16, LengthForm::Bits64);
        let raw = |opcode, payload_len, length_form| RawFrameHeader {
            length_form,
            ..RawFrameHeader::new(opcode, payload_len)
        };
        let all_set = ReservedBits::RSV1.union(ReservedBits::RSV2).union(ReservedBits::RSV3);
        vec![
            (raw(0x1, 5, bits7), b"\x81\x05".to_vec()),
            (
                RawFrameHeader { masking_key: Some(HELLO), ..raw(0x1, 5, bits7) },
                b"\x81\x85\x37\xfa\x21\x3d".to_vec(),
            ),
            (RawFrameHeader { fin: false, ..raw(0x9, 125, bits7) }, b"\x09\x7d".to_vec()),
            (RawFrameHeader { reserved: all_set, ..raw(0xF, 0, bits7) }, b"\xff\x00".to_vec()),
            (
                RawFrameHeader { reserved: ReservedBits::RSV2, ..raw(0x3, 0, bits16) },
                b"\xa3\x7e\x00\x00".to_vec(),
            ),
            (raw(0x2, 0xFFFF, bits16), b"\x82\x7e\xff\xff".to_vec()),
            (raw(0x2, 0xFFFF, bits64), b"\x82\x7f\0\0\0\0\0\0\xff\xff".to_vec()),
            (
                RawFrameHeader { masking_key: Some([0; 4]), ..raw(0x8, u64::MAX, bits64) },
                b"\x88\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(),
            ),
        ]
    }

    #[test]
    fn s5_2_a_length_form_takes_the_lower_bits_of_a_longer_length() {
        let encoded = |payload_len, length_form, masking_key| {
            RawFrameHeader { length_form, masking_key, ..RawFrameHeader::new(0x2, payload_len) }
                .encode()
                .to_vec()
        };
        for (len, form, unmasked, masked) in [
            (200, LengthForm::Bits7, &b"\x82\x48"[..], &b"\x82\xc8\x37\xfa\x21\x3d"[..]),
            (0x12345, LengthForm::Bits16, b"\x82\x7e\x23\x45", b"\x82\xfe\x23\x45\x37\xfa\x21\x3d"),
        ] {
            assert_eq!(encoded(len, form, None), unmasked);
            assert_eq!(encoded(len, form, Some(HELLO)), masked);
        }
    }

    #[test]
    fn s5_2_raw_headers_parse_and_encode_are_twins() {
        for (header, bytes) in twins() {
            assert_eq!(header.encode()[..], bytes, "{header:?}");
            let longer = [&bytes[..], &[0xA5; 9]].concat();
            assert_eq!(RawFrameHeader::parse(&longer), Some((header, bytes.len())), "{bytes:02x?}");
            for cut in 0..bytes.len() {
                assert_eq!(RawFrameHeader::parse(&bytes[..cut]), None, "{bytes:02x?}: {cut} bytes");
            }
        }
    }

    #[test]
    fn s5_2_any_bytes_are_a_raw_header_that_encodes_to_them() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let bytes: [u8; 14] = core::array::from_fn(|_| random.u8(..));
            let (header, len) = RawFrameHeader::parse(&bytes).expect("14 bytes are enough for any header");
            assert_eq!(header.encode()[..], bytes[..len]);
        }
    }

    #[test]
    fn s5_2_the_minimal_form_is_the_only_one_that_a_legal_header_has() {
        for payload_len in [0, 125, 126, 0xFFFF, 0x1_0000, u64::MAX >> 1] {
            let minimal = LengthForm::minimal_for(payload_len);
            for length_form in [LengthForm::Minimal, LengthForm::Bits16, LengthForm::Bits64] {
                let raw = RawFrameHeader { length_form, ..RawFrameHeader::new(0x2, payload_len) };
                // A length that does not fit its form is another length.
                if RawFrameHeader::parse(&raw.encode()).map(|(raw, _)| raw.payload_len) != Some(payload_len) {
                    continue;
                }
                let legal = length_form == LengthForm::Minimal || length_form == minimal;
                let parsed = FrameHeader::parse(&raw.encode());
                assert_eq!(matches!(parsed, Ok(Parsed::Complete { .. })), legal, "{raw:?}");
            }
        }
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn s5_3_a_frame_is_the_header_and_the_masked_payload() {
        let header = RawFrameHeader { masking_key: Some(HELLO), ..RawFrameHeader::new(0x1, 5) };
        let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(super::frame(header, b"Hello"), masked, "§5.7");
        let Ok(Parsed::Complete { header, .. }) = FrameHeader::parse(masked) else { panic!("§5.7") };
        assert_eq!(super::frame(header, b"Hello"), masked, "the same from a legal header");
        let lying = RawFrameHeader::new(0x2, 9);
        assert_eq!(super::frame(lying, b"Hi"), b"\x82\x09Hi", "the declared length is written as it is");
    }
}
