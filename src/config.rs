//! What a connection's owner decides.

use core::time::Duration;

#[cfg(feature = "deflate")]
use crate::handshake::DeflateParams;
use crate::handshake::{HeadLimits, Negotiated};
use crate::rules::{Limits, Timeouts};

/// Limits (§10.4) and choices of a connection. Every default is finite.
///
/// ```
/// use websocket_proto::{Config, Delivery};
///
/// let mut config = Config::default();
/// config.max_message_size = 1024 * 1024;
/// config.delivery = Delivery::Parts;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Bytes of payload that a received message may have. Default 64 MiB. A longer one fails the connection
    /// with 1009 at the header that exceeds it; of a compressed message the inflated bytes count, as
    /// they are inflated.
    pub max_message_size: u64,
    /// Bytes of payload that a received data frame may have. Default 64 MiB. A longer one fails the
    /// connection with 1009 at its header.
    pub max_frame_size: u64,
    /// Frames that a received message may be made of, empty ones counted. Default 65,536. One more fails the
    /// connection with 1008.
    pub max_fragments: u32,
    /// Bytes that the head of the opening handshake may have, everything counted. Default 16 KiB.
    pub max_head_size: usize,
    /// Bytes that a line of the head may have, its line end not counted. Default 8 KiB.
    pub max_header_line: usize,
    /// Field lines that the head may have. Default 100.
    pub max_headers: usize,
    /// Once this many bytes wait in the outbound buffer, nothing more is written: sending gives
    /// [`SendError::Full`](crate::SendError), and of several pending Pongs the newest is kept. Default 1
    /// MiB. A high-water mark: a message that is sent below it, and the pending reply before that
    /// message, are written whole.
    pub max_write_buffer: usize,
    /// How messages are handed over. Default [`Delivery::Messages`].
    pub delivery: Delivery,
    /// Whether [`receive`](crate::Connection::receive) answers a Ping with a Pong (§5.5.2). Default yes;
    /// without, the application has_pending_reply it.
    pub auto_pong: bool,
    /// Whether [`receive`](crate::Connection::receive) answers a Close with a Close of the same code and
    /// reason (§5.5.1). Default yes; without, the application has_pending_reply a
    /// [`close`](crate::Connection::close).
    pub auto_close: bool,
    /// Whether a server hands over requests that are HTTP but no upgrade, as
    /// [`Event::PlainRequest`](crate::Event::PlainRequest). Default no: they are refused with 426.
    pub allow_plain_http: bool,
    /// How long the peer's part of the opening handshake may take, from the first
    /// [`tick`](crate::Connection::tick) on. Default 10 s; `None` is for ever, as with all times. They
    /// are kept in whole milliseconds.
    pub handshake_timeout: Option<Duration>,
    /// After how much silence [`tick`](crate::Connection::tick) sends a Ping (§5.5.2). Default 20 s.
    /// Whatever comes breaks the silence.
    pub ping_interval: Option<Duration>,
    /// How long the silence after that Ping may last. Default 20 s.
    pub pong_timeout: Option<Duration>,
    /// How long the peer's Close, and the end of the transport that is the peer's to bring about, may take.
    /// Default 10 s.
    pub close_timeout: Option<Duration>,
    /// Whether, and how far, permessage-deflate (RFC 7692) is negotiated, and how messages are compressed.
    /// Default not at all: compressing what a stranger has a part in together with a secret can show the
    /// secret to whoever sees the lengths (RFC 7692 §8).
    #[cfg(feature = "deflate")]
    pub deflate: Option<DeflateConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message_size: 64 * 1024 * 1024,
            max_frame_size: 64 * 1024 * 1024,
            max_fragments: 65_536,
            max_head_size: 16 * 1024,
            max_header_line: 8 * 1024,
            max_headers: 100,
            max_write_buffer: 1024 * 1024,
            delivery: Delivery::Messages,
            auto_pong: true,
            auto_close: true,
            allow_plain_http: false,
            handshake_timeout: Some(Duration::from_secs(10)),
            ping_interval: Some(Duration::from_secs(20)),
            pong_timeout: Some(Duration::from_secs(20)),
            close_timeout: Some(Duration::from_secs(10)),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }
}

/// A [`Config`] as a connection keeps it: small.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    max_message_size: u64,
    max_frame_size: u64,
    pub(crate) max_write_buffer: usize,
    max_fragments: u32,
    max_head_size: u32,
    max_header_line: u32,
    max_headers: u32,
    pub(crate) timeouts: Timeouts,
    pub(crate) delivery: Delivery,
    pub(crate) auto_pong: bool,
    pub(crate) auto_close: bool,
    pub(crate) allow_plain_http: bool,
    #[cfg(feature = "deflate")]
    deflate: Packed,
}

impl From<Config> for Settings {
    fn from(config: Config) -> Self {
        let small = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        Self {
            max_message_size: config.max_message_size,
            max_frame_size: config.max_frame_size,
            // At none, nothing could ever be written.
            max_write_buffer: config.max_write_buffer.max(1),
            max_fragments: config.max_fragments,
            max_head_size: small(config.max_head_size),
            max_header_line: small(config.max_header_line),
            max_headers: small(config.max_headers),
            timeouts: Timeouts {
                handshake: config.handshake_timeout.into(),
                ping: config.ping_interval.into(),
                pong: config.pong_timeout.into(),
                close: config.close_timeout.into(),
            },
            delivery: config.delivery,
            auto_pong: config.auto_pong,
            auto_close: config.auto_close,
            allow_plain_http: config.allow_plain_http,
            #[cfg(feature = "deflate")]
            deflate: Packed::of(config.deflate),
        }
    }
}

impl Settings {
    /// The limits on messages, for a buffer that can hold a message of `capacity` bytes.
    #[inline]
    pub(crate) fn limits(&self, capacity: u64) -> Limits {
        let message = match self.delivery {
            Delivery::Messages => self.max_message_size.min(capacity),
            Delivery::Parts => self.max_message_size,
        };
        Limits { frame: self.max_frame_size, message, fragments: self.max_fragments }
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn deflate(&self) -> Option<DeflateConfig> {
        self.deflate.get()
    }

    /// The extensions that this endpoint is ready for.
    pub(crate) fn ready(&self) -> Negotiated {
        #[cfg(feature = "deflate")]
        if let Some(deflate) = self.deflate() {
            return Negotiated::new().with_deflate(deflate.limits);
        }
        Negotiated::new()
    }

    /// The limits on the head, for a buffer that can hold `capacity` bytes.
    pub(crate) fn head_limits(&self, capacity: usize) -> HeadLimits {
        HeadLimits {
            head: (self.max_head_size as usize).min(capacity),
            line: self.max_header_line as usize,
            fields: self.max_headers as usize,
        }
    }
}

/// How permessage-deflate is negotiated and used (RFC 7692).
///
/// ```
/// use websocket_proto::{Config, DeflateConfig};
///
/// let mut deflate = DeflateConfig::default();
/// deflate.limits.server_context_takeover = false;
/// deflate.limits.client_window_bits = 12;
/// let mut config = Config::default();
/// config.deflate = Some(deflate);
/// ```
#[cfg(feature = "deflate")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// The most that is agreed to: no window is larger than here, and no context is taken over that is not
    /// here. Default: all that there is. It is kept whatever the peer says: a client that cannot limit
    /// its window to less than 2^15 bytes gets no compression from a server that asks for less.
    pub limits: DeflateParams,
    /// How hard to compress, from 0 (not at all) over 1 (fast) to 9 (small). Default 6.
    pub level: u8,
    /// Messages of fewer bytes than this go out as they are. Default 64. A message that is sent [in
    /// parts](crate::Connection::send_fragment) is compressed whatever its length.
    pub min_len: u16,
}

#[cfg(feature = "deflate")]
impl Default for DeflateConfig {
    fn default() -> Self {
        Self { limits: DeflateParams::new(), level: 6, min_len: 64 }
    }
}

/// An `Option<DeflateConfig>` in four bytes.
///
/// ```text
///   bit 31     30 29                27..24  23..21        20..18        15..0
///       is it  takeover of server,  level   bits - 8 of   bits - 8 of   least length
///              and of client                the server    the client
/// ```
#[cfg(feature = "deflate")]
#[derive(Debug, Clone, Copy)]
struct Packed(u32);

#[cfg(feature = "deflate")]
impl Packed {
    fn of(config: Option<DeflateConfig>) -> Self {
        let Some(DeflateConfig { limits: most, level, min_len }) = config else { return Self(0) };
        let most = most.in_range();
        let bits = |bits: u8| u32::from(bits.saturating_sub(8) & 7);
        let flags = 1 << 31
            | u32::from(most.server_context_takeover) << 30
            | u32::from(most.client_context_takeover) << 29;
        let windows = bits(most.server_window_bits) << 21 | bits(most.client_window_bits) << 18;
        Self(flags | u32::from(level.min(9)) << 24 | windows | u32::from(min_len))
    }

    fn get(self) -> Option<DeflateConfig> {
        let is = |bit: u32| self.0 >> bit & 1 == 1;
        let bits = |from: u32| (self.0 >> from & 7) as u8 | 8;
        let mut most = DeflateParams::new();
        (most.server_context_takeover, most.client_context_takeover) = (is(30), is(29));
        (most.server_window_bits, most.client_window_bits) = (bits(21), bits(18));
        is(31).then_some(DeflateConfig {
            limits: most,
            level: (self.0 >> 24 & 15) as u8,
            min_len: self.0 as u16,
        })
    }
}

/// How received messages are handed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whole or not")]
pub enum Delivery {
    /// Whole, as [`Event::Text`](crate::Event::Text) and [`Event::Binary`](crate::Event::Binary). The receive
    /// buffer grows to the largest message.
    #[default]
    Messages,
    /// Piece by piece as they arrive, as [`Event::TextPart`](crate::Event::TextPart) and
    /// [`Event::BinaryPart`](crate::Event::BinaryPart). Memory does not grow with the message.
    Parts,
}

#[cfg(all(test, feature = "deflate"))]
mod tests {
    use super::{Config, DeflateConfig, DeflateParams, Settings};

    fn kept(deflate: Option<DeflateConfig>) -> Option<DeflateConfig> {
        Settings::from(Config { deflate, ..Config::default() }).deflate()
    }

    #[test]
    fn a_deflate_config_is_kept_as_it_is() {
        assert_eq!(kept(None), None);
        assert_eq!(kept(Some(DeflateConfig::default())), Some(DeflateConfig::default()));
        let mut deflate = DeflateConfig::default();
        for windows in 0..64u8 {
            for flags in 0..4 {
                let (server_context_takeover, client_context_takeover) = (flags & 1 != 0, flags & 2 != 0);
                let (server_window_bits, client_window_bits) = (8 + windows % 8, 8 + windows / 8);
                deflate.limits = DeflateParams {
                    server_window_bits,
                    client_window_bits,
                    server_context_takeover,
                    client_context_takeover,
                };
                for level in 0..=9 {
                    for min_len in [0, 1, 64, 0x7FFF, 0x8000, u16::MAX] {
                        (deflate.level, deflate.min_len) = (level, min_len);
                        assert_eq!(kept(Some(deflate)), Some(deflate));
                    }
                }
            }
        }
        for min_len in 0..=u16::MAX {
            deflate.min_len = min_len;
            assert_eq!(kept(Some(deflate)), Some(deflate));
        }
    }

    #[test]
    fn numbers_that_there_are_not_are_taken_for_the_nearest() {
        for (bits, nearest) in [(0, 8), (7, 8), (16, 15), (255, 15)] {
            for (level, most) in [(10, 9), (255, 9)] {
                let mut deflate = DeflateConfig { level, ..DeflateConfig::default() };
                (deflate.limits.server_window_bits, deflate.limits.client_window_bits) = (bits, bits);
                let mut expected = DeflateConfig { level: most, ..deflate };
                (expected.limits.server_window_bits, expected.limits.client_window_bits) = (nearest, nearest);
                assert_eq!(kept(Some(deflate)), Some(expected));
            }
        }
    }
}
