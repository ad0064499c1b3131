//! Errors by fault: the peer's ([`Error`]: [`ProtocolError`], [`HandshakeError`]) and the caller's
//! ([`SendError`], [`AcceptError`], [`RequestError`]).
//!
//! All are `Copy` and hold no strings. An error of the peer's ends the connection and is given back by every
//! later [`receive`](crate::Connection::receive); an error of the caller's has written nothing and changed
//! nothing.

use core::fmt;

use crate::role::EntropyError;
use crate::wire::{CloseBodyError, CloseCode, HeaderError};

/// What the peer did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// In the opening handshake (§4).
    Handshake(HandshakeError),
    /// After it (§5).
    Protocol(ProtocolError),
    /// `receive` was given another buffer than the one with the rest of its message, or a buffer with the
    /// rest of another connection's. That is the caller's fault: nothing was read, and the connection
    /// goes on with the right buffer.
    WrongBuffer,
}

/// A violation by the peer in an established connection. The connection has failed (§7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit that no agreed extension defines (§5.2).
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
    /// A payload length in more bytes than it takes (§5.2).
    LengthNotMinimal,
    /// A payload length of 2^63 or more (§5.2).
    LengthTooLarge,
    /// A continuation frame where no message is open (§5.4).
    UnexpectedContinuation,
    /// A new message where one is open (§5.4).
    ExpectedContinuation,
    /// Text that is not UTF-8 (§8.1).
    InvalidUtf8,
    /// A compressed message that is not DEFLATE, or does not end where a block does (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// A Close frame with a body of one byte (§5.5.1).
    CloseBodyTooShort,
    /// A Close frame with a code that none can carry (§7.4).
    InvalidCloseCode,
    /// A Close frame with a reason that is not UTF-8 (§5.5.1).
    CloseReasonNotUtf8,
    /// A frame over [`Config::max_frame_size`](crate::Config::max_frame_size) (§10.4).
    FrameTooBig,
    /// A message over [`Config::max_message_size`](crate::Config::max_message_size), or more than a fixed
    /// receive buffer holds (§10.4).
    MessageTooBig,
    /// A message of more than [`Config::max_fragments`](crate::Config::max_fragments) frames (§10.4).
    TooManyFragments,
}

impl ProtocolError {
    /// The code of the Close frame that answers it (§7.4.1).
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

/// A violation by the peer in the opening handshake. A server has answered with
/// [`http_status`](Self::http_status); a client has nothing to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A line that ends in LF alone (RFC 9112 §2.2).
    BareLineFeed,
    /// CR that no LF follows (RFC 9112 §2.2).
    BareCarriageReturn,
    /// NUL, another control character, or in a start line a byte beyond ASCII (RFC 9110 §5.5, RFC 9112 §3).
    InvalidByte,
    /// The head was not whole in time (RFC 9110 §15.5.9). Only [`tick`](crate::Connection::tick) says so.
    TimedOut,
    /// More empty lines before the request than are ignored (RFC 9112 §2.2).
    TooManyEmptyLines,
    /// A field line without a colon, or whose name is not a token (RFC 9110 §5.1).
    InvalidFieldName,
    /// Whitespace between a field's name and the colon (RFC 9112 §5.1).
    SpaceBeforeColon,
    /// Whitespace before the first field (RFC 9112 §2.2).
    SpaceBeforeFields,
    /// A field over several lines, in a request (RFC 9112 §5.2).
    ObsoleteFold,
    /// A start line over [`Config::max_header_line`](crate::Config::max_header_line).
    StartLineTooLong,
    /// A field line over [`Config::max_header_line`](crate::Config::max_header_line).
    FieldLineTooLong,
    /// More fields than [`Config::max_headers`](crate::Config::max_headers).
    TooManyFields,
    /// A head over [`Config::max_head_size`](crate::Config::max_head_size), or more than a fixed receive
    /// buffer holds.
    HeadTooLong,
    /// A request line that is not method, target and version, one space between them (RFC 9112 §3).
    InvalidRequestLine,
    /// Another version than HTTP/1.1 (§4.1).
    UnsupportedHttpVersion,
    /// Another method than GET (§4.1), or than CONNECT in an extended CONNECT (RFC 8441 §4).
    MethodNotAllowed,
    /// A request target that is neither an absolute path nor an http(s) URI, or that has a fragment (§4.2.1,
    /// RFC 9112 §3.2).
    InvalidTarget,
    /// No Host field (RFC 9112 §3.2).
    MissingHost,
    /// More than one Host field (RFC 9112 §3.2).
    RepeatedHost,
    /// A Host field that names no host (RFC 9112 §3.2).
    InvalidHost,
    /// More than one Origin field (RFC 6454 §7.3).
    RepeatedOrigin,
    /// A Content-Length that is not one number (RFC 9112 §6.3).
    InvalidContentLength,
    /// A request with content (§4.1: an upgrade is a GET without).
    ContentNotAllowed,
    /// A Transfer-Encoding, in a request or in a 101 response (RFC 9112 §6.1).
    TransferEncodingNotAllowed,
    /// A request that does not ask for an upgrade to `websocket` (§4.2.1).
    NotAnUpgrade,
    /// An extended CONNECT whose `:protocol` is not `websocket` (RFC 8441 §5, RFC 9220 §3).
    UnsupportedProtocol,
    /// A Connection, Upgrade or Transfer-Encoding in HTTP/2 or HTTP/3 (RFC 8441 §5, RFC 9113 §8.2.2, RFC 9114
    /// §4.2).
    ConnectionSpecificField,
    /// A request in the form of the draft Hixie-76, which came before the RFC.
    Hixie76,
    /// No Sec-WebSocket-Version of 13 (§4.4).
    UnsupportedVersion,
    /// More than one Sec-WebSocket-Version (§11.3.5).
    RepeatedVersion,
    /// No Sec-WebSocket-Key (§4.2.1).
    MissingKey,
    /// More than one Sec-WebSocket-Key (§11.3.1).
    RepeatedKey,
    /// A Sec-WebSocket-Key that is not 16 bytes in base64 (§4.2.1).
    InvalidKey,
    /// A Sec-WebSocket-Protocol that is not a list of tokens (§4.1).
    InvalidSubprotocol,
    /// A Sec-WebSocket-Protocol that names one twice, or in a response more than one (§4.1, §11.3.4).
    RepeatedSubprotocol,
    /// A Sec-WebSocket-Protocol of more names than are compared.
    TooManySubprotocols,
    /// A Sec-WebSocket-Extensions outside its grammar (§9.1).
    InvalidExtensions,
    /// A status line that is not one (RFC 9112 §4).
    InvalidStatusLine,
    /// More interim responses (1xx) than are skipped (RFC 9110 §15.2).
    TooManyInterimResponses,
    /// A response that does not accept the request, by its status (§4.1, RFC 8441 §5): only
    /// [`UpgradeOffer::check`](crate::handshake::UpgradeOffer::check) says so. To a connection it is an
    /// [`Event::Rejected`](crate::Event::Rejected).
    NotAccepted,
    /// A 101 response whose Upgrade is not `websocket` (§4.1).
    InvalidUpgrade,
    /// A 101 response whose Connection has no `Upgrade` (§4.1).
    InvalidConnection,
    /// No Sec-WebSocket-Accept (§4.1).
    MissingAccept,
    /// More than one Sec-WebSocket-Accept (§11.3.3).
    RepeatedAccept,
    /// A Sec-WebSocket-Accept that does not prove that the key was read (§4.1).
    AcceptMismatch,
    /// A subprotocol that was not offered (§4.1).
    SubprotocolNotOffered,
    /// An extension that was not offered (§4.1).
    ExtensionNotOffered,
    /// An answer of permessage-deflate that does not fit the offer, or a second one (RFC 7692 §7).
    InvalidDeflate,
}

impl HandshakeError {
    /// The status that a server answers with; `None` for what only a response can get wrong.
    #[must_use]
    pub const fn http_status(self) -> Option<u16> {
        match self {
            Self::BareLineFeed
            | Self::BareCarriageReturn
            | Self::InvalidByte
            | Self::TooManyEmptyLines
            | Self::InvalidFieldName
            | Self::SpaceBeforeColon
            | Self::SpaceBeforeFields
            | Self::ObsoleteFold
            | Self::InvalidRequestLine
            | Self::InvalidTarget
            | Self::MissingHost
            | Self::RepeatedHost
            | Self::InvalidHost
            | Self::RepeatedOrigin
            | Self::InvalidContentLength
            | Self::ContentNotAllowed
            | Self::TransferEncodingNotAllowed
            | Self::ConnectionSpecificField
            | Self::RepeatedVersion
            | Self::MissingKey
            | Self::RepeatedKey
            | Self::InvalidKey
            | Self::InvalidSubprotocol
            | Self::RepeatedSubprotocol
            | Self::TooManySubprotocols
            | Self::InvalidExtensions => Some(400),
            Self::MethodNotAllowed => Some(405),
            Self::TimedOut => Some(408),
            Self::StartLineTooLong => Some(414),
            Self::NotAnUpgrade | Self::Hixie76 | Self::UnsupportedVersion => Some(426),
            Self::FieldLineTooLong | Self::TooManyFields | Self::HeadTooLong => Some(431),
            // RFC 9220 §3: "the server SHOULD respond to the request with a 501 (Not Implemented) status
            // code"
            Self::UnsupportedProtocol => Some(501),
            Self::UnsupportedHttpVersion => Some(505),
            Self::InvalidStatusLine
            | Self::TooManyInterimResponses
            | Self::NotAccepted
            | Self::InvalidUpgrade
            | Self::InvalidConnection
            | Self::MissingAccept
            | Self::RepeatedAccept
            | Self::AcceptMismatch
            | Self::SubprotocolNotOffered
            | Self::ExtensionNotOffered
            | Self::InvalidDeflate => None,
        }
    }
}

/// Why nothing was sent. The connection and the outbound buffer are as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendError {
    /// The opening handshake is not over (§4.1).
    NotOpen,
    /// A Close frame was sent, or the connection has ended (§5.5.1).
    Closed,
    /// The outbound buffer has no room for it, or holds
    /// [`Config::max_write_buffer`](crate::Config::max_write_buffer) bytes already.
    Full,
    /// A fragmented message of this endpoint's is open: only its next part or a control frame can be sent
    /// (§5.4).
    MessageOpen,
    /// The part is of another kind than the message that is open (§5.4).
    KindMismatch,
    /// A control frame of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A close reason of more than 123 bytes (§5.5.1).
    ReasonTooLong,
    /// Text that is not UTF-8, or whose last part ends inside a code point (§5.6).
    InvalidUtf8,
    /// The entropy source gave no masking key (§5.3).
    Entropy,
}

/// Why a request was not answered. The connection and the outbound buffer are as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AcceptError {
    /// There is no request to answer: none has come yet, or it was answered.
    NoRequest,
    /// The request is not an upgrade; it can only be rejected.
    NotAnUpgrade,
    /// A [`Subprotocol`](crate::Subprotocol) of another request, which this client may not have offered
    /// (§4.2.2).
    SubprotocolNotOffered,
    /// A field that the handshake itself writes.
    ReservedField,
    /// A field name that is not a token, or a value with CR, LF, NUL or another control character (RFC 9110
    /// §5.5).
    InvalidField,
    /// A status below 200 or above 599.
    InvalidStatus,
    /// Content, with a status that has none: 204, 205 or 304 (RFC 9110 §15).
    ContentNotAllowed,
    /// The outbound buffer has no room for it.
    Full,
}

/// Why no client request was made. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestError {
    /// An offered subprotocol that is not a token (§4.1).
    InvalidSubprotocol,
    /// A subprotocol offered twice (§4.1).
    RepeatedSubprotocol,
    /// More subprotocols than a connection remembers.
    TooManySubprotocols,
    /// More than one Origin field (RFC 6454 §7.3).
    RepeatedOrigin,
    /// A field that the handshake itself writes.
    ReservedField,
    /// A field name that is not a token, or a value with CR, LF, NUL or another control character (RFC 9110
    /// §5.5).
    InvalidField,
    /// The outbound buffer has no room for it.
    Full,
    /// The entropy source gave no nonce (§4.1).
    Entropy,
}

/// What a [`tick`](crate::Connection::tick) found to be over. The connection has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timeout {
    /// The peer's part of the opening handshake took longer than
    /// [`Config::handshake_timeout`](crate::Config::handshake_timeout).
    Handshake,
    /// A Ping was not answered, and nothing else came, for
    /// [`Config::pong_timeout`](crate::Config::pong_timeout).
    Pong,
    /// The peer's Close, or the end of the transport, did not come for
    /// [`Config::close_timeout`](crate::Config::close_timeout).
    Close,
}

/// Implements `Display` and `Error` of errors, and with `std` their conversion to an `io::Error`.
macro_rules! display {
    ($($error:ident { $($variant:ident => $text:literal,)* })*) => {$(
        impl $error {
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text())
            }
        }

        impl core::error::Error for $error {}

        #[cfg(feature = "std")]
        impl From<$error> for std::io::Error {
            fn from(error: $error) -> Self {
                Self::new(display!(@kind $error), error)
            }
        }
    )*};
    (@kind ProtocolError) => { std::io::ErrorKind::InvalidData };
    (@kind HandshakeError) => { std::io::ErrorKind::InvalidData };
    (@kind Timeout) => { std::io::ErrorKind::TimedOut };
    (@kind $caller:ident) => { std::io::ErrorKind::InvalidInput };
}
pub(crate) use display;

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
        InvalidCloseCode => "close code that no Close frame can carry",
        CloseReasonNotUtf8 => "close reason that is not UTF-8",
        FrameTooBig => "frame over the limit",
        MessageTooBig => "message over the limit",
        TooManyFragments => "message of too many fragments",
    }
    HandshakeError {
        BareLineFeed => "line feed without a carriage return",
        BareCarriageReturn => "carriage return without a line feed",
        InvalidByte => "byte that cannot stand in the head",
        TimedOut => "head not whole in time",
        TooManyEmptyLines => "too many empty lines before the request",
        InvalidFieldName => "field name that is not a token and a colon",
        SpaceBeforeColon => "whitespace before a field's colon",
        SpaceBeforeFields => "whitespace before the first field",
        ObsoleteFold => "field folded over several lines",
        StartLineTooLong => "start line over the limit",
        FieldLineTooLong => "field line over the limit",
        TooManyFields => "too many fields",
        HeadTooLong => "head over the limit",
        InvalidRequestLine => "malformed request line",
        UnsupportedHttpVersion => "HTTP version other than 1.1",
        MethodNotAllowed => "method that opens no connection",
        InvalidTarget => "malformed request target",
        MissingHost => "no Host field",
        RepeatedHost => "more than one Host field",
        InvalidHost => "malformed Host field",
        RepeatedOrigin => "more than one Origin field",
        InvalidContentLength => "malformed Content-Length field",
        ContentNotAllowed => "upgrade request with content",
        TransferEncodingNotAllowed => "Transfer-Encoding in an upgrade",
        NotAnUpgrade => "request that does not ask for an upgrade to websocket",
        UnsupportedProtocol => "protocol other than websocket",
        ConnectionSpecificField => "field of a single connection in HTTP/2 or HTTP/3",
        Hixie76 => "request of the draft Hixie-76",
        UnsupportedVersion => "Sec-WebSocket-Version other than 13",
        RepeatedVersion => "more than one Sec-WebSocket-Version",
        MissingKey => "no Sec-WebSocket-Key",
        RepeatedKey => "more than one Sec-WebSocket-Key",
        InvalidKey => "Sec-WebSocket-Key that is not 16 bytes in base64",
        InvalidSubprotocol => "malformed Sec-WebSocket-Protocol",
        RepeatedSubprotocol => "subprotocol named twice",
        TooManySubprotocols => "too many subprotocols",
        InvalidExtensions => "malformed Sec-WebSocket-Extensions",
        InvalidStatusLine => "malformed status line",
        TooManyInterimResponses => "too many interim responses",
        NotAccepted => "response that does not accept the request",
        InvalidUpgrade => "response without an Upgrade to websocket",
        InvalidConnection => "response without a Connection to upgrade",
        MissingAccept => "no Sec-WebSocket-Accept",
        RepeatedAccept => "more than one Sec-WebSocket-Accept",
        AcceptMismatch => "Sec-WebSocket-Accept that does not fit the key",
        SubprotocolNotOffered => "subprotocol that was not offered",
        ExtensionNotOffered => "extension that was not offered",
        InvalidDeflate => "answer of permessage-deflate that does not fit the offer",
    }
    SendError {
        NotOpen => "the opening handshake is not over",
        Closed => "the connection is closed for sending",
        Full => "the outbound buffer is full",
        MessageOpen => "a fragmented message is open",
        KindMismatch => "the open message is of another kind",
        ControlTooLong => "control payload longer than 125 bytes",
        ReasonTooLong => "close reason longer than 123 bytes",
        InvalidUtf8 => "text that is not UTF-8",
        Entropy => "no masking key to be had",
    }
    AcceptError {
        NoRequest => "no request to answer",
        NotAnUpgrade => "the request is not an upgrade",
        SubprotocolNotOffered => "subprotocol of another request",
        ReservedField => "field that the handshake itself writes",
        InvalidField => "field name or value outside the grammar",
        InvalidStatus => "status below 200 or above 599",
        ContentNotAllowed => "content with a status that has none",
        Full => "the outbound buffer is full",
    }
    RequestError {
        InvalidSubprotocol => "subprotocol that is not a token",
        RepeatedSubprotocol => "subprotocol offered twice",
        TooManySubprotocols => "too many subprotocols",
        RepeatedOrigin => "more than one Origin field",
        ReservedField => "field that the handshake itself writes",
        InvalidField => "field name or value outside the grammar",
        Full => "the outbound buffer is full",
        Entropy => "no nonce to be had",
    }
    Timeout {
        Handshake => "the opening handshake took too long",
        Pong => "no Pong in time",
        Close => "the closing handshake took too long",
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::WrongBuffer => {
                f.write_str("the receive buffer is not the one that has the rest of this connection's input")
            }
        }
    }
}

impl core::error::Error for Error {}

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

impl From<EntropyError> for SendError {
    fn from(_: EntropyError) -> Self {
        Self::Entropy
    }
}

impl From<EntropyError> for RequestError {
    fn from(_: EntropyError) -> Self {
        Self::Entropy
    }
}
