//! Violations by the peer in the open connection (§5, §7.1.7).

use core::fmt;

use super::text::display;
use crate::wire::{CloseBodyError, CloseCode, HeaderError};

/// A violation by the peer in an established connection. The connection has failed (§7.1.7).
#[doc(alias = "TransportError")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit that no extension in use defines (§5.2).
    ReservedBits,
    /// A reserved opcode (§5.2).
    ReservedOpcode,
    /// A client's frame without a mask (§5.1).
    UnmaskedFrame,
    /// A server's frame with a mask (§5.1).
    MaskedFrame,
    /// A control frame without FIN (§5.5).
    ControlFragmented,
    /// A control frame of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A payload length that is not in its shortest form (§5.2).
    LengthNotMinimal,
    /// A payload length of 2^63 or more (§5.2).
    LengthTooLarge,
    /// A continuation frame while no message is open (§5.4).
    UnexpectedContinuation,
    /// A new message while another one is open (§5.4).
    ExpectedContinuation,
    /// Text that is not UTF-8 (§8.1).
    InvalidUtf8,
    /// A compressed message that is not DEFLATE, or ends inside a block (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// A Close frame with a body of one byte (§5.5.1).
    CloseBodyTooShort,
    /// A Close frame with a code that is not allowed in one (§7.4).
    InvalidCloseCode,
    /// A Close frame with a reason that is not UTF-8 (§5.5.1).
    CloseReasonNotUtf8,
    /// A frame over [`Config::max_frame_size`](crate::Config::max_frame_size) (§10.4).
    #[doc(alias = "FrameTooLarge")]
    FrameTooBig,
    /// A message over [`Config::max_message_size`](crate::Config::max_message_size), or larger than a fixed
    /// receive buffer (§10.4).
    #[doc(alias = "CapacityError")]
    #[doc(alias = "MessageTooLong")]
    #[doc(alias = "PayloadTooBig")]
    MessageTooBig,
    /// A message of more than [`Config::max_fragments`](crate::Config::max_fragments) frames (§10.4).
    TooManyFragments,
}

impl ProtocolError {
    /// The code of the Close frame that responds to the violation (§7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::ReservedBits
            | Self::ReservedOpcode
            | Self::UnmaskedFrame
            | Self::MaskedFrame
            | Self::ControlFragmented
            | Self::ControlTooLong
            | Self::LengthNotMinimal
            | Self::LengthTooLarge
            | Self::UnexpectedContinuation
            | Self::ExpectedContinuation
            | Self::CloseBodyTooShort
            | Self::InvalidCloseCode => CloseCode::PROTOCOL_ERROR,
            Self::InvalidUtf8 | Self::InvalidDeflate | Self::CloseReasonNotUtf8 => {
                CloseCode::INVALID_FRAME_PAYLOAD_DATA
            }
            Self::FrameTooBig | Self::MessageTooBig => CloseCode::MESSAGE_TOO_BIG,
            Self::TooManyFragments => CloseCode::POLICY_VIOLATION,
        }
    }
}

impl From<HeaderError> for ProtocolError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::ReservedOpcode => Self::ReservedOpcode,
            HeaderError::ControlFragmented => Self::ControlFragmented,
            HeaderError::ControlTooLong => Self::ControlTooLong,
            HeaderError::LengthNotMinimal => Self::LengthNotMinimal,
            HeaderError::LengthTooLarge => Self::LengthTooLarge,
        }
    }
}

impl From<CloseBodyError> for ProtocolError {
    fn from(error: CloseBodyError) -> Self {
        match error {
            CloseBodyError::TooShort => Self::CloseBodyTooShort,
            CloseBodyError::InvalidCode => Self::InvalidCloseCode,
            CloseBodyError::ReasonNotUtf8 => Self::CloseReasonNotUtf8,
        }
    }
}

display! {
    ProtocolError {
        ReservedBits => "reserved bit set without an extension that defines it",
        ReservedOpcode => "reserved opcode",
        UnmaskedFrame => "unmasked frame from a client",
        MaskedFrame => "masked frame from a server",
        ControlFragmented => "fragmented control frame",
        ControlTooLong => "control frame longer than 125 bytes",
        LengthNotMinimal => "payload length not in its minimal form",
        LengthTooLarge => "payload length with its most significant bit set",
        UnexpectedContinuation => "continuation frame without an open message",
        ExpectedContinuation => "new message inside an open one",
        InvalidUtf8 => "text that is not UTF-8",
        InvalidDeflate => "compressed message that is not DEFLATE",
        CloseBodyTooShort => "close body of one byte",
        InvalidCloseCode => "close code that is not allowed in a Close frame",
        CloseReasonNotUtf8 => "close reason that is not UTF-8",
        FrameTooBig => "frame over the limit",
        MessageTooBig => "message over the limit",
        TooManyFragments => "message of too many fragments",
    }
}
