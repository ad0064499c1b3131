//! Bytes ⇄ values: frame headers, masking, opcodes, close codes and bodies (§5.2, §5.3, §5.5.1, §7.4).
//!
//! Pure functions. This module knows no role, no configuration and no previous frame, and it never panics on
//! input. Whatever [`FrameHeader::parse`] returns is legal by itself; [`RawFrameHeader`] encodes anything
//! that fits the fields, legal or not, so that other endpoints can be tested with it.
//!
//! ```
//! use websocket_proto::wire::{FrameHeader, Opcode, RawFrameHeader, LengthForm};
//!
//! // §5.7: a single-frame unmasked text message "Hello"
//! let (header, len) = FrameHeader::parse(b"\x81\x05Hello")?.expect("a whole header");
//! assert_eq!((header.opcode, header.fin, header.payload_len, len), (Opcode::Text, true, 5, 2));
//! assert_eq!(header.encode().as_slice(), b"\x81\x05");
//!
//! // §5.2: the length must take the fewest bytes; here is one that does not
//! let raw = RawFrameHeader { length_form: LengthForm::Bits64, ..RawFrameHeader::from(header) };
//! assert!(FrameHeader::parse(&raw.encode()).is_err());
//! # Ok::<(), websocket_proto::wire::HeaderError>(())
//! ```

mod close;
mod header;
mod mask;
mod opcode;

pub use close::{CloseBodyError, CloseCode, CloseFrame, MAX_CLOSE_REASON};
pub use header::{FrameHeader, HeaderError, LengthForm, RawFrameHeader, ReservedBits};
pub use mask::mask;
pub(crate) use mask::mask_into;
#[cfg(feature = "alloc")]
pub(crate) use mask::masked;
pub use opcode::{MessageKind, Opcode};

/// The most bytes a frame header takes: 2, 8 of extended length, 4 of masking key (§5.2).
pub const MAX_HEADER: usize = 14;

/// The most bytes of payload a control frame can have (§5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;
