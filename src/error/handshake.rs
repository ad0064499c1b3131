//! Violations by the peer in the opening handshake (§4).

use core::fmt;

use super::text::display;

/// A violation by the peer in the opening handshake. A server writes a response with the status
/// [`http_status`](Self::http_status) to `out`; a client writes nothing.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Config, Connection, Error, HandshakeError, ReceiveBuffer};
///
/// let mut server = Connection::server(Config::default());
/// let (mut buffer, mut out) = (ReceiveBuffer::new(), Vec::new());
/// buffer.feed(b"POST /chat HTTP/1.1\r\n");
/// let Err(Error::Handshake(error)) = server.receive(&mut buffer, &mut out) else { panic!() };
/// assert_eq!((error, error.http_status()), (HandshakeError::MethodNotAllowed, Some(405)));
/// assert!(out.starts_with(b"HTTP/1.1 405 Method Not Allowed\r\n"));
/// # }
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
    /// The head was not complete before the timeout that [`tick`](crate::Connection::tick) reported (RFC 9110
    /// §15.5.9).
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
    /// An HTTP version other than 1.1 (§4.1). A response that rejects the request may have 1.0.
    UnsupportedHttpVersion,
    /// A method other than GET over HTTP/1.1 (§4.1), or other than CONNECT over HTTP/2 and HTTP/3 (RFC 8441
    /// §4).
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
    /// A request with content (§4.1: the request is a GET).
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
    /// A request of Hixie-76, a draft of an older protocol.
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

display! {
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
}
