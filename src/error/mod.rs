//! Errors by fault: the peer's ([`Error`]: [`ProtocolError`], [`HandshakeError`]) and the caller's
//! ([`SendError`], [`AcceptError`], [`RequestError`]).
//!
//! All errors are `Copy` and contain no strings. After an error of the peer the connection has ended, and
//! every later [`receive`](crate::Connection::receive) returns the same error. After an error of the caller
//! nothing was written, and the connection is unchanged.

mod caller;
mod handshake;
mod protocol;
mod text;

use core::fmt;

pub use caller::{AcceptError, RequestError, SendError};
pub use handshake::HandshakeError;
pub use protocol::ProtocolError;
pub(crate) use text::display;

/// The error of [`receive`](crate::Connection::receive): a violation by the peer, or the wrong buffer.
///
/// After a violation the connection has failed, and every later `receive` returns the same error. Write `out`
/// to the transport, also then: it has the Close frame or the HTTP response for the peer, if there is one.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Config, Connection, Error, Negotiated, ProtocolError, ReceiveBuffer, Server};
///
/// let mut server = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
/// assert_eq!(inbound.feed(b"\x81\x02hi"), 4); // without a mask
/// let error = server.receive(&mut inbound, &mut out).unwrap_err();
/// assert_eq!(error, Error::Protocol(ProtocolError::UnmaskedFrame));
/// assert_eq!(out, b"\x88\x02\x03\xea"); // a Close frame with code 1002
/// # }
/// ```
#[doc(alias("WebSocketError", "TungsteniteError"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// A violation in the opening handshake (§4).
    Handshake(HandshakeError),
    /// A violation in the open connection (§5).
    Protocol(ProtocolError),
    /// An error of the caller: the receive buffer does not hold the leftover bytes of this connection, or it
    /// holds those of another connection. Nothing was read, and the connection continues with the right
    /// buffer.
    WrongBuffer,
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

/// The error of [`tick`](crate::Connection::tick): a deadline has passed, and the connection has ended. Every
/// later `tick` returns the same error.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use core::time::Duration;
///
/// use websocket_proto::{Config, Connection, Timeout};
///
/// let (mut server, mut out) = (Connection::server(Config::default()), Vec::new());
/// assert_eq!(server.tick(Duration::ZERO, &mut out), Ok(Some(Duration::from_secs(10))));
/// assert_eq!(server.tick(Duration::from_secs(10), &mut out), Err(Timeout::Handshake));
/// # }
/// ```
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
    /// [`Config::close_timeout`](crate::Config::close_timeout), or `out` had no room for the last reply for
    /// as long.
    Close,
}

display! {
    Timeout {
        Handshake => "the opening handshake took too long",
        Pong => "no Pong in time",
        Close => "the closing handshake took too long",
    }
}
