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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// In the opening handshake (§4).
    Handshake(HandshakeError),
    /// In the open connection (§5).
    Protocol(ProtocolError),
    /// The caller passed another buffer than the one with the rest of this connection's input, or a buffer
    /// with the rest of another connection's input. Nothing was read: the connection continues with the
    /// right buffer.
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

display! {
    Timeout {
        Handshake => "the opening handshake took too long",
        Pong => "no Pong in time",
        Close => "the closing handshake took too long",
    }
}
