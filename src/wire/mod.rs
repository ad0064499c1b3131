//! The bytes of one frame: headers, masking, opcodes, close codes and bodies (§5.2, §5.3, §5.5.1, §7.4).
//!
//! These are pure functions: their results depend on no role, no configuration and no previous frame. None of
//! them panics. [`FrameHeader::parse`] accepts legal headers only. [`RawFrameHeader`] reads and writes any
//! header, legal or not, for tests of other endpoints.
//!
//! ```
//! use websocket_proto::wire::{FrameHeader, LengthForm, Opcode, RawFrameHeader};
//!
//! // §5.7: a single-frame unmasked text message "Hello"
//! let (header, len) = FrameHeader::parse(b"\x81\x05Hello")?.complete().expect("all bytes of the header");
//! assert_eq!((header.opcode, header.fin, header.payload_len, len), (Opcode::Text, true, 5, 2));
//! assert_eq!(&header.encode()[..], b"\x81\x05");
//!
//! // §5.2: the length must take the fewest bytes; this one does not.
//! let raw = RawFrameHeader { length_form: LengthForm::Bits64, ..RawFrameHeader::from(header) };
//! assert!(FrameHeader::parse(&raw.encode()).is_err());
//! # Ok::<(), websocket_proto::wire::HeaderError>(())
//! ```

#[cfg(feature = "arbitrary")]
mod arbitrary;
mod bytes;
mod close;
mod header;
mod length;
mod mask;
mod opcode;
mod raw;
mod reserved;

pub use bytes::{ClosePayload, HeaderBytes, MAX_CONTROL_PAYLOAD, MAX_HEADER};
pub use close::{CloseBodyError, CloseCode, CloseFrame, MAX_CLOSE_REASON};
pub use header::{FrameHeader, HeaderError, HeaderStart, Parsed};
pub(crate) use header::{WholeFrame, parse_whole};
pub use length::LengthForm;
pub(crate) use length::header_len;
#[cfg(feature = "alloc")]
pub(crate) use mask::extend_masked;
pub use mask::mask;
pub(crate) use mask::mask_into;
pub use opcode::{MessageKind, Opcode};
pub use raw::RawFrameHeader;
#[cfg(feature = "alloc")]
pub use raw::frame;
pub use reserved::ReservedBits;
