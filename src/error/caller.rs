//! Errors of the caller: nothing is written, and the connection is unchanged.

use core::fmt;

use super::text::display;
use crate::role::EntropyError;

/// The reason why a message or a frame was not sent. The connection and `out` are unchanged.
///
/// ```
/// use websocket_proto::{Config, Connection, Negotiated, SendError, SendSlice, Server};
///
/// let mut server = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let mut memory = [0; 8];
/// let mut out = SendSlice::new(&mut memory);
/// assert_eq!(server.send_text("hello", &mut out), Ok(())); // takes 7 bytes
/// assert_eq!(server.send_text("hello", &mut out), Err(SendError::Full));
/// out.consume(7); // the transport has accepted them
/// assert_eq!(server.send_text("hello", &mut out), Ok(()));
/// ```
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
    /// [`Config::max_write_buffer`](crate::Config::max_write_buffer) bytes or more. Write `out` to the
    /// transport, then send again.
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
    /// The entropy source of a client failed, so there is no masking key (§5.3).
    Entropy,
}

/// The reason why no response was written to a request. The connection and `out` are unchanged.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Accept, AcceptError, Config, Connection};
///
/// let (mut server, mut out) = (Connection::server(Config::default()), Vec::new());
/// assert_eq!(server.accept(Accept::new(), &mut out), Err(AcceptError::NoRequest)); // none was received
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AcceptError {
    /// No request waits for a response: none was received, or it was already answered.
    NoRequest,
    /// The request asks for no upgrade, so it can only be rejected.
    NotAnUpgrade,
    /// A [`Subprotocol`](crate::Subprotocol) of another request. The client may not have offered it (§4.2.2).
    SubprotocolNotOffered,
    /// A field that only the handshake can write, such as Connection or Sec-WebSocket-Accept.
    ReservedField,
    /// A field name that is not a token, or a value with CR, LF, NUL or another control character (RFC 9110
    /// §5.5).
    InvalidField,
    /// A status below 200 or above 599.
    InvalidStatus,
    /// Content with a status that does not allow it: 204, 205 or 304 (RFC 9110 §15).
    ContentNotAllowed,
    /// `out` has no room for the response, or it already has
    /// [`Config::max_write_buffer`](crate::Config::max_write_buffer) bytes or more.
    Full,
}

/// The reason why a client's request cannot be written. `out` is unchanged.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{ClientRequest, Config, Connection, RequestError, Uri};
///
/// # let entropy = |bytes: &mut [u8]| bytes.fill(0);
/// let request = ClientRequest::new(Uri::parse("ws://example.com/")?).headers(&[("Host", "other.example")]);
/// let client = Connection::client(request, Config::default(), entropy, &mut Vec::new());
/// assert_eq!(client.err(), Some(RequestError::ReservedField)); // the handshake writes Host
/// # }
/// # Ok::<(), websocket_proto::UriError>(())
/// ```
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
    /// A field that only the handshake can write, such as Host or Sec-WebSocket-Key.
    ReservedField,
    /// A field name that is not a token, or a value with CR, LF, NUL or another control character (RFC 9110
    /// §5.5).
    InvalidField,
    /// `out` has no room for the request, or it already has
    /// [`Config::max_write_buffer`](crate::Config::max_write_buffer) bytes or more.
    Full,
    /// The entropy source failed, so there is no nonce (§4.1).
    Entropy,
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

display! {
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
}
