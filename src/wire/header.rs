//! The frame header (§5.2).
//!
//! ```text
//!  byte 1            byte 2          0, 2 or 8 bytes    0 or 4 bytes
//! +-+---+-------+   +-+-----------+ +---------------+  +-------------+
//! |F|RSV|opcode |   |M|  length   | | extended len. |  | masking key |
//! +-+---+-------+   +-+-----------+ +---------------+  +-------------+
//! ```

use core::fmt;

use super::length::{BITS_16, Length, MAX_7, MAX_64, MIN_16};
use super::{HeaderBytes, LengthForm, MAX_CONTROL_PAYLOAD, Opcode, RawFrameHeader, ReservedBits};

/// The header of a frame (§5.2). [`parse`](Self::parse) returns only headers that obey all rules for a single
/// header (§5.2, §5.5).
///
/// Other rules depend on the connection: which reserved bits an extension defines, which endpoint masks, how
/// fragments follow each other, and limits. [`Connection`](crate::Connection) checks those.
///
/// ```
/// use websocket_proto::wire::{FrameHeader, HeaderError, Opcode, Parsed};
///
/// // §5.7: a single-frame unmasked text message "Hello"
/// let (header, len) = FrameHeader::parse(b"\x81\x05Hello")?.complete().expect("all bytes of the header");
/// assert_eq!((header.opcode, header.fin, header.payload_len, len), (Opcode::Text, true, 5, 2));
/// assert_eq!(&header.encode()[..], b"\x81\x05");
///
/// // §5.5: a Ping must not be fragmented; its first byte shows that it is.
/// assert_eq!(FrameHeader::parse(b"\x09"), Err(HeaderError::ControlFragmented));
/// # Ok::<(), HeaderError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of §5.2, all of them")]
pub struct FrameHeader {
    /// Whether the frame is the last fragment of its message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3.
    pub reserved: ReservedBits,
    /// The type of the frame.
    pub opcode: Opcode,
    /// The key that masks the payload; `None` if the payload is not masked.
    pub masking_key: Option<[u8; 4]>,
    /// The number of bytes of payload after the header. It must be below 2^63.
    pub payload_len: u64,
}

impl FrameHeader {
    /// Reads the header at the start of `bytes`. The rest of `bytes` is not read.
    ///
    /// # Errors
    /// The header is illegal. The error comes with the first byte that shows it: the first byte of the header
    /// shows a reserved opcode or a fragmented control frame; the second byte shows a control frame that is
    /// too long; the last byte of the length shows that the length is not minimal or not below 2^63.
    #[doc(alias("decode", "parse_frame_header"))]
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Parsed, HeaderError> {
        match HeaderStart::parse(bytes)? {
            Some(start) => start.parse_rest(bytes),
            None => Ok(Parsed::Partial { start: None, payload_len: None }),
        }
    }

    /// The bytes of the header, with the length in its minimal form. The fields are not checked.
    #[doc(alias = "format")]
    #[must_use]
    #[inline]
    pub fn encode(&self) -> HeaderBytes {
        RawFrameHeader::from(*self).encode()
    }

    /// Passes the bytes of the header to `put`, piece by piece, with the length in its minimal form.
    #[inline]
    pub(crate) fn write(&self, put: impl FnMut(&[u8])) {
        RawFrameHeader::from(*self).write(put);
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

/// The result of [`FrameHeader::parse`]: a header, or as much of it as the input shows.
///
/// ```
/// use websocket_proto::wire::{FrameHeader, HeaderStart, Opcode, Parsed};
///
/// // A masked binary frame of 300 bytes, without the last byte of its masking key.
/// let Parsed::Partial { start: Some(HeaderStart { opcode, masked, .. }), payload_len } =
///     FrameHeader::parse(b"\x82\xfe\x01\x2c\x37\xfa\x21")?
/// else {
///     panic!("a byte is missing");
/// };
/// assert_eq!((opcode, masked, payload_len), (Opcode::Binary, Some(true), Some(300)));
/// # Ok::<(), websocket_proto::wire::HeaderError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "all of a header, or less")]
pub enum Parsed {
    /// The input ends before the header does.
    Partial {
        /// The fields of the first two bytes; `None` if the input is empty.
        start: Option<HeaderStart>,
        /// The payload length; `None` if some of its bytes are missing.
        payload_len: Option<u64>,
    },
    /// The input has all bytes of the header.
    Complete {
        /// The header.
        header: FrameHeader,
        /// The number of bytes of the header; the payload begins after them.
        len: usize,
    },
}

impl Parsed {
    /// The header and its length in bytes; `None` if some of its bytes are missing.
    #[must_use]
    #[inline]
    pub const fn complete(self) -> Option<(FrameHeader, usize)> {
        match self {
            Self::Partial { .. } => None,
            Self::Complete { header, len } => Some((header, len)),
        }
    }
}

/// The fields in the first two bytes of a frame header, except the payload length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the fields of the two bytes, but for the length")]
pub struct HeaderStart {
    /// Whether the frame is the last fragment of its message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3.
    pub reserved: ReservedBits,
    /// The type of the frame.
    pub opcode: Opcode,
    /// The MASK bit; `None` if the second byte is missing.
    pub masked: Option<bool>,
}

impl HeaderStart {
    /// Reads the first two bytes, or the first one alone; `None` if `bytes` is empty.
    ///
    /// [`parse_rest`](Self::parse_rest) reads and checks the bytes after these two. The caller first checks
    /// these two, so that the split of the bytes into reads never changes the error.
    #[inline]
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, HeaderError> {
        let [first, rest @ ..] = bytes else { return Ok(None) };
        let fin = first & 0x80 != 0;
        let opcode = Opcode::from_bits(first & 0x0F).ok_or(HeaderError::ReservedOpcode)?;
        // §5.5: control frames "MUST NOT be fragmented"
        if opcode.is_control() && !fin {
            return Err(HeaderError::ControlFragmented);
        }
        let masked = rest.first().map(|second| second & 0x80 != 0);
        Ok(Some(Self { fin, reserved: ReservedBits::from_first_byte(*first), opcode, masked }))
    }

    /// Reads the length and the masking key. `bytes` are those that `self` was read from.
    #[inline]
    pub(crate) fn parse_rest(self, bytes: &[u8]) -> Result<Parsed, HeaderError> {
        let partial = |payload_len| Ok(Parsed::Partial { start: Some(self), payload_len });
        let [_, second, rest @ ..] = bytes else { return partial(None) };
        // §5.5: "All control frames MUST have a payload length of 125 bytes or less"
        if self.opcode.is_control() && usize::from(second & 0x7F) > MAX_CONTROL_PAYLOAD {
            return Err(HeaderError::ControlTooLong);
        }
        let Some((length, rest)) = Length::parse(*second, rest) else { return partial(None) };
        let payload_len = legal_len(length)?;
        let (masking_key, rest) = if second & 0x80 != 0 {
            let Some((key, rest)) = rest.split_first_chunk::<4>() else { return partial(Some(payload_len)) };
            (Some(*key), rest)
        } else {
            (None, rest)
        };
        let Self { fin, reserved, opcode, .. } = self;
        Ok(Parsed::Complete {
            header: FrameHeader { fin, reserved, opcode, masking_key, payload_len },
            // `rest` is a suffix of `bytes`.
            len: bytes.len().saturating_sub(rest.len()),
        })
    }
}

/// The length as a number, if it is legal.
#[inline]
fn legal_len(length: Length) -> Result<u64, HeaderError> {
    if length.value > MAX_64 {
        return Err(HeaderError::LengthTooLarge);
    }
    // §5.2: "the minimal number of bytes MUST be used to encode the length"
    if length.form != LengthForm::minimal_for(length.value) {
        return Err(HeaderError::LengthNotMinimal);
    }
    Ok(length.value)
}

/// A frame of the most frequent form: all its bytes have arrived, its length has at most 16 bits and is
/// legal, and its MASK bit is right.
pub(crate) struct WholeFrame<'b> {
    pub(crate) header_len: usize,
    /// As received: not unmasked.
    pub(crate) payload: &'b mut [u8],
    pub(crate) key: Option<[u8; 4]>,
}

/// Reads a whole frame at the start of `bytes`, except its first byte, which the caller has checked. `masked`
/// says whether the frame must be masked. `None` for every other frame, legal or not: [`HeaderStart::parse`] and
/// [`HeaderStart::parse_rest`] read those.
#[inline]
pub(crate) fn parse_whole(bytes: &mut [u8], masked: bool) -> Option<WholeFrame<'_>> {
    let (&mut [_, second], rest) = bytes.split_first_chunk_mut::<2>()?;
    // A wrong MASK bit stays set, so no arm but the last matches.
    let (header_len, len, rest) = match if masked { second ^ 0x80 } else { second } {
        short @ 0..=MAX_7 => (2usize, usize::from(short), rest),
        BITS_16 => {
            let (extended, rest) = rest.split_first_chunk_mut::<2>()?;
            let len @ MIN_16.. = u16::from_be_bytes(*extended) else { return None };
            (4, usize::from(len), rest)
        }
        _ => return None,
    };
    if masked {
        let (key, rest) = rest.split_first_chunk_mut::<4>()?;
        // At most 4 + 4.
        let header_len = header_len.saturating_add(4);
        Some(WholeFrame { header_len, payload: rest.get_mut(..len)?, key: Some(*key) })
    } else {
        Some(WholeFrame { header_len, payload: rest.get_mut(..len)?, key: None })
    }
}

/// The reason why a frame header is illegal on every connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the rules of §5.2 and §5.5 for one header, all of them")]
pub enum HeaderError {
    /// An opcode of `0x3`–`0x7` or `0xB`–`0xF` (§5.2).
    ReservedOpcode,
    /// A control frame without FIN (§5.5).
    ControlFragmented,
    /// A control frame of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A length in more bytes than it needs (§5.2).
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

#[cfg(test)]
mod tests {
    use super::{FrameHeader, HeaderStart, Parsed, ReservedBits};
    use crate::wire::Opcode;

    /// §5.2: each fact is there with its last byte, for frames of a client and of a server.
    #[test]
    fn a_partial_header_shows_what_its_bytes_say() {
        let masked_header = b"\x42\xff\0\0\0\0\0\x01\0\0\x37\xfa\x21\x3d";
        let unmasked_header = b"\x42\x7f\0\0\0\0\0\x01\0\0";
        for (bytes, masked) in [(&masked_header[..], true), (&unmasked_header[..], false)] {
            for len in 0..bytes.len() {
                let start = HeaderStart {
                    fin: false,
                    reserved: ReservedBits::RSV1,
                    opcode: Opcode::Binary,
                    masked: (len >= 2).then_some(masked),
                };
                let expected = Parsed::Partial {
                    start: (len >= 1).then_some(start),
                    payload_len: (len >= 10).then_some(0x1_0000),
                };
                assert_eq!(FrameHeader::parse(&bytes[..len]), Ok(expected), "{len} bytes");
                assert_eq!(expected.complete(), None);
            }
            let (header, len) = FrameHeader::parse(bytes).unwrap().complete().unwrap();
            assert_eq!(
                (header.payload_len, header.masking_key.is_some(), len),
                (0x1_0000, masked, bytes.len())
            );
        }
    }
    /// §5.2, §5.5.
    #[test]
    fn each_error_names_its_violation() {
        for (header, text) in [
            (&b"\x83\0"[..], "reserved opcode"),
            (b"\x09\0", "fragmented control frame"),
            (b"\x89\x7e\0\x7e", "control frame longer than 125 bytes"),
            (b"\x82\x7e\0\x7d", "payload length not in its minimal form"),
            (b"\x82\x7f\x80\0\0\0\0\0\0\0", "payload length with its most significant bit set"),
        ] {
            assert_eq!(FrameHeader::parse(header).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn an_encoded_header_prints_as_its_bytes() {
        let (header, _) = FrameHeader::parse(b"\x82\x02").unwrap().complete().unwrap();
        let bytes = header.encode();
        assert_eq!((bytes.as_ref(), format!("{bytes:?}")), (&b"\x82\x02"[..], "[130, 2]".to_owned()));
    }
}
