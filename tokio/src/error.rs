//! The errors of this crate, by cause.

use core::error::Error as StdError;
use core::fmt;
use std::io;

use bytes::Bytes;
use http::Response;
use websocket_proto::{
    AcceptError, Error as ReceiveError, HandshakeError, ProtocolError, RequestError, SendError, Timeout,
    UriError,
};

/// The reason why a connection was not opened, has ended, or did not send a message.
///
/// `receive` returns each error once, after the last message. Before it returns an error of the peer, it has
/// sent the peer a Close frame or an HTTP response, and has closed the transport.
///
/// ```
/// use websocket_proto_tokio::{Error, ProtocolError, Timeout};
///
/// /// Whether a client should connect again.
/// fn is_temporary(error: &Error) -> bool {
///     match error {
///         Error::Io(_) | Error::Disconnected | Error::Timeout(_) | Error::WriteTimeout => true,
///         Error::Rejected(response) => response.status().is_server_error(),
///         _ => false,
///     }
/// }
/// assert!(is_temporary(&Error::Timeout(Timeout::Pong)));
/// assert!(!is_temporary(&Error::Protocol(ProtocolError::MessageTooBig)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule of the opening handshake. A server has answered with an HTTP error.
    Handshake(HandshakeError),
    /// To a client: the server rejected the handshake, with this status, these headers and this content. Of
    /// the content, only the first 16 KiB are kept, and what arrives within two seconds.
    Rejected(Box<Response<Bytes>>),
    /// To a server: the callback of [`accept_with`](crate::accept_with) rejected the request with this
    /// status, and the client has the response.
    Declined(u16),
    /// The peer broke a rule of the open connection, or a limit of the [`Config`](crate::Config). It was sent
    /// a Close frame with [`ProtocolError::close_code`].
    Protocol(ProtocolError),
    /// A deadline of the [`Config`](crate::Config) has passed.
    Timeout(Timeout),
    /// The peer did not read: the transport accepted no byte for
    /// [`Config::pong_timeout`](crate::Config::pong_timeout). Without that timeout, only the end of the connection
    /// has a limit: [`Config::close_timeout`](crate::Config::close_timeout).
    WriteTimeout,
    /// The transport ended without a Close frame of the peer (§7.1.5: code 1006).
    #[doc(alias = "ResetWithoutClosingHandshake")]
    Disconnected,
    /// A Close frame was sent, or the connection has ended: no more messages can be sent.
    #[doc(alias = "ConnectionClosed")]
    #[doc(alias = "AlreadyClosed")]
    Closed,
    /// The message cannot be sent. Nothing was sent, and the connection is unchanged.
    Send(SendError),
    /// The response of the callback of [`accept_with`](crate::accept_with) cannot be sent.
    Accept(AcceptError),
    /// The request of a client cannot be sent.
    Request(RequestError),
    /// The text is no `ws` or `wss` URI.
    Uri(UriError),
    /// A `wss` URI, but the crate was built without the feature `rustls`.
    TlsNotSupported,
    /// The transport failed, or no TCP or TLS connection could be opened.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(error) => write!(f, "opening handshake: {error}"),
            Self::Rejected(response) => write!(f, "the server rejected the handshake: {}", response.status()),
            Self::Declined(status) => write!(f, "the request was rejected with status {status}"),
            Self::Protocol(error) => write!(f, "protocol error: {error}"),
            Self::Timeout(error) => error.fmt(f),
            Self::WriteTimeout => f.write_str("the peer did not read in time"),
            Self::Disconnected => f.write_str("the transport ended without a Close frame"),
            Self::Closed => f.write_str("the connection is closed for sending"),
            Self::Send(error) => error.fmt(f),
            Self::Accept(error) => write!(f, "response to the handshake: {error}"),
            Self::Request(error) => write!(f, "request of the handshake: {error}"),
            Self::Uri(error) => write!(f, "invalid URI: {error}"),
            Self::TlsNotSupported => f.write_str("wss needs the feature `rustls`"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Handshake(error) => Some(error),
            Self::Protocol(error) => Some(error),
            Self::Timeout(error) => Some(error),
            Self::Send(error) => Some(error),
            Self::Accept(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Uri(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Rejected(_)
            | Self::Declined(_)
            | Self::WriteTimeout
            | Self::Disconnected
            | Self::Closed
            | Self::TlsNotSupported => None,
        }
    }
}

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Handshake(error) => Self::Handshake(error),
            ReceiveError::Protocol(error) => Self::Protocol(error),
            // `WrongBuffer` cannot happen: a connection and its buffer never part.
            error => Self::Io(error.into()),
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closed => Self::Closed,
            error => Self::Send(error),
        }
    }
}

impl From<Timeout> for Error {
    fn from(timeout: Timeout) -> Self {
        Self::Timeout(timeout)
    }
}

impl From<AcceptError> for Error {
    fn from(error: AcceptError) -> Self {
        Self::Accept(error)
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<UriError> for Error {
    fn from(error: UriError) -> Self {
        Self::Uri(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// So that `?` works in a function that returns [`io::Result`].
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Io(error) => return error,
            Error::Timeout(_) | Error::WriteTimeout => io::ErrorKind::TimedOut,
            Error::Disconnected => io::ErrorKind::UnexpectedEof,
            Error::Closed => io::ErrorKind::NotConnected,
            Error::Handshake(_) | Error::Protocol(_) => io::ErrorKind::InvalidData,
            Error::Rejected(_) | Error::Declined(_) => io::ErrorKind::ConnectionRefused,
            Error::Send(_) | Error::Accept(_) | Error::Request(_) | Error::Uri(_) => {
                io::ErrorKind::InvalidInput
            }
            Error::TlsNotSupported => io::ErrorKind::Unsupported,
        };
        Self::new(kind, error)
    }
}
