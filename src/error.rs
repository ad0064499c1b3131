//! Errors by fault: the peer's ([`Error`]: [`ProtocolError`], [`HandshakeError`]) and the caller's
//! ([`SendError`], [`AcceptError`], [`RequestError`]).
//!
//! All errors are `Copy` and contain no strings. After an error of the peer the connection has ended, and
//! every later [`receive`](crate::Connection::receive) returns the same error. After an error of the caller
//! nothing was written, and the connection is unchanged.

use core::fmt;

use crate::role::EntropyError;
use crate::wire::{CloseBodyError, CloseCode, HeaderError};

/// A violation by the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// In the opening handshake (§4).
    Handshake(HandshakeError),
    /// In the open connection (§5).
    Protocol(ProtocolError),
    /// `receive` was given another buffer than the one with the rest of its message, or a buffer with the
    /// rest of another connection's. That is the caller's fault: nothing was read, and the connection
    /// goes on with the right buffer.
    WrongBuffer,
}

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

/// A violation by the peer in the opening handshake. A server has written a response with the status
/// [`http_status`](Self::http_status); a client writes nothing.
///
/// ```
/// use websocket_proto::{Config, Connection, Error, HandshakeError, ReceiveBuffer};
///
/// let mut server = Connection::server(Config::default());
/// let (mut buffer, mut out) = (ReceiveBuffer::new(), Vec::new());
/// buffer.feed(b"POST /chat HTTP/1.1\r\n");
/// let Err(Error::Handshake(error)) = server.receive(&mut buffer, &mut out) else { panic!() };
/// assert_eq!((error, error.http_status()), (HandshakeError::MethodNotAllowed, Some(405)));
/// assert!(out.starts_with(b"HTTP/1.1 405 Method Not Allowed\r\n"));
/// ```
#[doc(alias = "InvalidHandshake")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A line that ends with LF alone (RFC 9112 §2.2).
    BareLineFeed,
    /// A CR without an LF after it (RFC 9112 §2.2).
    BareCarriageReturn,
    /// NUL or another control character, or a byte beyond ASCII in a start line (RFC 9110 §5.5, RFC 9112 §3).
    InvalidByte,
    /// The head was not complete in time (RFC 9110 §15.5.9). Only [`tick`](crate::Connection::tick) causes
    /// it.
    TimedOut,
    /// More than four empty lines before the request (RFC 9112 §2.2).
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
    /// A head over [`Config::max_head_size`](crate::Config::max_head_size), or larger than a fixed receive
    /// buffer.
    HeadTooLong,
    /// A request line that is not method, target and version with one space between them (RFC 9112 §3).
    InvalidRequestLine,
    /// An HTTP version other than 1.1 (§4.1).
    UnsupportedHttpVersion,
    /// A method other than GET (§4.1), or than CONNECT over HTTP/2 and HTTP/3 (RFC 8441 §4).
    MethodNotAllowed,
    /// A request target that is neither an absolute path nor an http(s) URI, or that has a fragment (§4.2.1,
    /// RFC 9112 §3.2).
    InvalidTarget,
    /// No Host field (RFC 9112 §3.2).
    MissingHost,
    /// More than one Host field (RFC 9112 §3.2).
    RepeatedHost,
    /// A Host field that is not `host [ ":" port ]` (RFC 9112 §3.2).
    InvalidHost,
    /// More than one Origin field (RFC 6454 §7.3).
    RepeatedOrigin,
    /// A Content-Length that is not one number (RFC 9112 §6.3).
    InvalidContentLength,
    /// An upgrade request with content (§4.1: the request is a GET).
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
    /// A request of the draft Hixie-76, an older protocol.
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
    /// A subprotocol that a request offers twice, or a second Sec-WebSocket-Protocol in a response (§4.1,
    /// §11.3.4).
    RepeatedSubprotocol,
    /// More than 64 subprotocols in a request.
    TooManySubprotocols,
    /// A Sec-WebSocket-Extensions outside its grammar (§9.1).
    InvalidExtensions,
    /// A malformed status line (RFC 9112 §4).
    InvalidStatusLine,
    /// More than eight interim responses, 1xx (RFC 9110 §15.2).
    TooManyInterimResponses,
    /// A status that does not accept the request (§4.1, RFC 8441 §5). Only
    /// [`UpgradeOffer::check`](crate::handshake::UpgradeOffer::check) returns it: a connection reports
    /// [`Event::Rejected`](crate::Event::Rejected).
    NotAccepted,
    /// A 101 response whose Upgrade is not `websocket` (§4.1).
    InvalidUpgrade,
    /// A 101 response whose Connection does not have `Upgrade` (§4.1).
    InvalidConnection,
    /// No Sec-WebSocket-Accept (§4.1).
    MissingAccept,
    /// More than one Sec-WebSocket-Accept (§11.3.3).
    RepeatedAccept,
    /// A Sec-WebSocket-Accept that does not match the key (§4.1).
    AcceptMismatch,
    /// A subprotocol that was not offered (§4.1).
    SubprotocolNotOffered,
    /// An extension that was not offered (§4.1).
    ExtensionNotOffered,
    /// A response of permessage-deflate that does not match the offer, or a second one (RFC 7692 §7).
    InvalidDeflate,
}

impl HandshakeError {
    /// The status of the server's response. `None` for an error that only a response can have.
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

/// The reason why a message or a frame was not sent. The connection and `out` are unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendError {
    /// The opening handshake is not complete (§4.1).
    NotOpen,
    /// A Close frame was sent, or the connection has ended (§5.5.1).
    #[doc(alias = "AlreadyClosed")]
    #[doc(alias = "ConnectionClosed")]
    Closed,
    /// `out` has no room for the frame, or it already has
    /// [`Config::max_write_buffer`](crate::Config::max_write_buffer) bytes.
    #[doc(alias = "WriteBufferFull")]
    Full,
    /// A fragmented message of this endpoint is open: only its next fragment or a control frame can be sent
    /// (§5.4).
    MessageOpen,
    /// The fragment has another kind than the open message (§5.4).
    KindMismatch,
    /// A control frame of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A close reason of more than 123 bytes (§5.5.1).
    ReasonTooLong,
    /// Text that is not UTF-8, or whose last fragment ends inside a code point (§5.6).
    InvalidUtf8,
    /// The entropy source failed, so there is no masking key (§5.3).
    Entropy,
}

/// The reason why no response was written to a request. The connection and `out` are unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AcceptError {
    /// No request waits for a response: none was received yet, or it has its response.
    NoRequest,
    /// The request is not an upgrade, so it can only be rejected.
    NotAnUpgrade,
    /// A [`Subprotocol`](crate::Subprotocol) of another request, which this client may not have offered
    /// (§4.2.2).
    SubprotocolNotOffered,
    /// A field that only the handshake can write.
    ReservedField,
    /// A field name that is not a token, or a value with CR, LF, NUL or another control character (RFC 9110
    /// §5.5).
    InvalidField,
    /// A status below 200 or above 599.
    InvalidStatus,
    /// Content with a status that does not allow it: 204, 205 or 304 (RFC 9110 §15).
    ContentNotAllowed,
    /// `out` has no room for the response.
    Full,
}

/// The reason why a client's request cannot be written. `out` is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestError {
    /// An offered subprotocol that is not a token (§4.1).
    InvalidSubprotocol,
    /// A subprotocol that is offered twice (§4.1).
    RepeatedSubprotocol,
    /// More than 16 subprotocols.
    TooManySubprotocols,
    /// More than one Origin field (RFC 6454 §7.3).
    RepeatedOrigin,
    /// A field that only the handshake can write.
    ReservedField,
    /// A field name that is not a token, or a value with CR, LF, NUL or another control character (RFC 9110
    /// §5.5).
    InvalidField,
    /// `out` has no room for the request.
    Full,
    /// The entropy source failed, so there is no nonce (§4.1).
    Entropy,
}

/// A deadline that has passed at a [`tick`](crate::Connection::tick). The connection has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timeout {
    /// The request or the response was not complete within
    /// [`Config::handshake_timeout`](crate::Config::handshake_timeout).
    Handshake,
    /// Neither a Pong nor any other input was received within
    /// [`Config::pong_timeout`](crate::Config::pong_timeout) after a Ping.
    Pong,
    /// Neither the peer's Close nor the end of the transport was received within
    /// [`Config::close_timeout`](crate::Config::close_timeout).
    Close,
}

/// Implements `Display` and `Error`, and with `std` the conversion to `io::Error`.
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
        InvalidCloseCode => "close code that is not allowed in a Close frame",
        CloseReasonNotUtf8 => "close reason that is not UTF-8",
        FrameTooBig => "frame over the limit",
        MessageTooBig => "message over the limit",
        TooManyFragments => "message of too many fragments",
    }
    HandshakeError {
        BareLineFeed => "line feed without a carriage return",
        BareCarriageReturn => "carriage return without a line feed",
        InvalidByte => "byte that cannot stand in the head",
        TimedOut => "head not complete in time",
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
        AcceptMismatch => "Sec-WebSocket-Accept that does not match the key",
        SubprotocolNotOffered => "subprotocol that was not offered",
        ExtensionNotOffered => "extension that was not offered",
        InvalidDeflate => "response of permessage-deflate that does not match the offer",
    }
    SendError {
        NotOpen => "the opening handshake is not complete",
        Closed => "the connection is closed for sending",
        Full => "the outbound buffer is full",
        MessageOpen => "a fragmented message is open",
        KindMismatch => "the open message is of another kind",
        ControlTooLong => "control payload longer than 125 bytes",
        ReasonTooLong => "close reason longer than 123 bytes",
        InvalidUtf8 => "text that is not UTF-8",
        Entropy => "the entropy source failed",
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
        Entropy => "the entropy source failed",
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
