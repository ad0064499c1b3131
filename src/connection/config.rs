//! What a connection's owner decides.

use crate::handshake::HeadLimits;
use crate::rules::Limits;

/// Limits (§10.4) and choices of a connection. Every default is finite.
///
/// ```
/// use websocket_proto::{Config, Delivery};
///
/// let mut config = Config::default();
/// config.max_message = 1024 * 1024;
/// config.delivery = Delivery::Parts;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Bytes of payload that a received message may have. Default 64 MiB. A longer one fails the connection with 1009 at the header
    /// that exceeds it.
    pub max_message: u64,
    /// Bytes of payload that a received data frame may have. Default 64 MiB. A longer one fails the connection with 1009 at its header.
    pub max_frame: u64,
    /// Frames that a received message may be made of, empty ones counted. Default 65,536. One more fails the connection with 1008.
    pub max_fragments: u32,
    /// Bytes that the head of the opening handshake may have, everything counted. Default 16 KiB.
    pub max_head: usize,
    /// Bytes that a line of the head may have, its line end not counted. Default 8 KiB.
    pub max_line: usize,
    /// Field lines that the head may have. Default 100.
    pub max_fields: usize,
    /// Once this many bytes wait in the outbound buffer, nothing more is written: sending gives [`SendError::Full`](crate::SendError),
    /// and of the pongs owed the newest waits. Default 1 MiB. A single message may be larger: what waits is at most this and one frame.
    pub max_pending: usize,
    /// How messages are handed over. Default [`Delivery::Messages`].
    pub delivery: Delivery,
    /// Whether [`receive`](crate::Connection::receive) answers a Ping with a Pong (§5.5.2). Default yes; without, the application owes it.
    pub auto_pong: bool,
    /// Whether [`receive`](crate::Connection::receive) answers a Close with a Close of the same code (§5.5.1). Default yes; without, the
    /// application owes a [`close`](crate::Connection::close).
    pub auto_close: bool,
    /// Whether a server hands over requests that are HTTP but no upgrade, as [`Event::PlainRequest`](crate::Event::PlainRequest). Default
    /// no: they are refused with 426.
    pub plain_requests: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message: 64 * 1024 * 1024,
            max_frame: 64 * 1024 * 1024,
            max_fragments: 65_536,
            max_head: 16 * 1024,
            max_line: 8 * 1024,
            max_fields: 100,
            max_pending: 1024 * 1024,
            delivery: Delivery::Messages,
            auto_pong: true,
            auto_close: true,
            plain_requests: false,
        }
    }
}

impl Config {
    /// The limits on messages, for a buffer that can hold a message of `capacity` bytes.
    #[inline]
    pub(super) fn limits(&self, capacity: u64) -> Limits {
        let message = match self.delivery {
            Delivery::Messages => self.max_message.min(capacity),
            Delivery::Parts => self.max_message,
        };
        Limits { frame: self.max_frame, message, fragments: self.max_fragments }
    }

    /// The limits on the head, for a buffer that can hold `capacity` bytes.
    pub(super) fn head_limits(&self, capacity: usize) -> HeadLimits {
        HeadLimits { head: self.max_head.min(capacity), line: self.max_line, fields: self.max_fields }
    }
}

/// How received messages are handed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whole or not")]
pub enum Delivery {
    /// Whole, as [`Event::Text`](crate::Event::Text) and [`Event::Binary`](crate::Event::Binary). The receive buffer grows to the largest
    /// message.
    #[default]
    Messages,
    /// Piece by piece as they arrive, as [`Event::TextPart`](crate::Event::TextPart) and [`Event::BinaryPart`](crate::Event::BinaryPart).
    /// Memory does not grow with the message.
    Parts,
}
