//! The settings of a connection: limits (§10.4), delivery, automatic replies and timeouts.

#[cfg_attr(not(feature = "deflate"), path = "deflate_off.rs")]
mod deflate;

use core::time::Duration;

#[cfg(feature = "deflate")]
pub use self::deflate::DeflateConfig;
use self::deflate::PackedDeflate;
use crate::handshake::{HeadLimits, Negotiated};
use crate::rules::{Limits, Timeouts};

/// The settings of a connection: limits (§10.4), delivery, automatic replies and timeouts. Every limit has a
/// finite default.
///
/// Each field has a setter of its name, which also works in constants.
///
/// ```
/// use core::time::Duration;
///
/// use websocket_proto::{Config, Delivery};
///
/// let config = Config::new()
///     .max_message_size(1024 * 1024)
///     .ping_interval(Some(Duration::from_secs(30)))
///     .delivery(Delivery::Parts);
/// assert_eq!(config.max_message_size, 1024 * 1024);
/// assert_eq!(config.max_headers, Config::default().max_headers);
/// ```
#[doc(alias("WebSocketConfig", "TransportConfig", "Limits"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The most bytes of payload that a received message may have. Default: 64 MiB.
    ///
    /// When a frame header exceeds the limit, the connection fails with 1009. For a compressed message, the
    /// limit counts inflated bytes, and the connection fails during inflation.
    #[doc(alias("max_size", "max_payload_len", "maxPayloadLength"))]
    pub max_message_size: u64,
    /// The most bytes of payload that a received data frame may have. Default: 64 MiB.
    ///
    /// At the header of a longer frame, the connection fails with 1009. For a compressed message, the limit
    /// counts compressed bytes.
    pub max_frame_size: u64,
    /// The most frames that a received message may have, empty frames included. Default: 65,536.
    ///
    /// At the header of the next frame, the connection fails with 1008 (policy violation).
    pub max_fragments: u32,
    /// The most bytes that the head of the received request or response may have, line ends included.
    /// Default: 16 KiB.
    ///
    /// A server answers a longer request with 431; a client fails the handshake.
    #[doc(alias = "max_buf_size")]
    pub max_head_size: usize,
    /// The most bytes that a line of this head may have, without its line end. Default: 8 KiB.
    ///
    /// A server answers a longer request line with 414, a longer field line with 431; a client fails the
    /// handshake.
    pub max_header_line: usize,
    /// The most field lines that this head may have. Default: 100.
    ///
    /// A server answers a request with more of them with 431; a client fails the handshake.
    pub max_headers: usize,
    /// The number of bytes in `out` at which the connection stops to write to it. Default: 1 MiB.
    ///
    /// If `out` has this many bytes or more, sending returns [`SendError::Full`](crate::SendError::Full),
    /// and replies are pending. The limit is a high-water mark: if `out` has fewer bytes, a message of
    /// any length is written whole, together with a pending reply. So `out` can reach this limit and one
    /// message. 0 counts as 1.
    #[doc(alias = "max_write_buffer_size")]
    #[doc(alias("write_limit", "maxBackpressure"))]
    pub max_write_buffer: usize,
    /// How received messages are delivered. Default: [`Delivery::Messages`].
    pub delivery: Delivery,
    /// Whether [`receive`](crate::Connection::receive) answers a Ping with a Pong (§5.5.2). Default: `true`.
    ///
    /// If `false`, the application must answer with [`pong`](crate::Connection::pong).
    pub auto_pong: bool,
    /// Whether [`receive`](crate::Connection::receive) answers a Close with a Close of the same code and
    /// reason (§5.5.1). Default: `true`.
    ///
    /// If `false`, the application must answer with [`close`](crate::Connection::close) or
    /// [`close_empty`](crate::Connection::close_empty). No timeout runs before it does.
    pub auto_close: bool,
    /// Whether a server reports GET requests of HTTP/1.1 that have no content and ask for no upgrade, as
    /// [`Event::PlainRequest`](crate::Event::PlainRequest). Default: `false`.
    ///
    /// If `false`, the server answers them with 426. It answers other methods with 405 and other versions of
    /// HTTP with 505 in both cases.
    pub allow_plain_http: bool,
    /// How long the peer may take to send its whole request or response, from the first
    /// [`tick`](crate::Connection::tick) on. Default: 10 s.
    ///
    /// Then the connection ends with [`Timeout::Handshake`](crate::Timeout::Handshake).
    ///
    /// For this timeout and the next three, `None` means that there is no limit. They are rounded up to
    /// whole milliseconds, and at most 49 days.
    #[doc(alias = "open_timeout")]
    pub handshake_timeout: Option<Duration>,
    /// How long the peer may send nothing before [`tick`](crate::Connection::tick) sends a Ping (§5.5.2).
    /// Default: 20 s. With `None`, `tick` sends no Pings.
    #[doc(alias = "keepalive")]
    #[doc(alias("keep_alive_interval", "heartbeat"))]
    pub ping_interval: Option<Duration>,
    /// How long the peer may send nothing after that Ping. Default: 20 s.
    ///
    /// Then the connection ends with [`Timeout::Pong`](crate::Timeout::Pong) and a Close frame with code
    /// 1011. Any received bytes end the wait, not only a Pong.
    #[doc(alias = "ping_timeout")]
    #[doc(alias("max_idle_timeout", "idleTimeout"))]
    pub pong_timeout: Option<Duration>,
    /// How long the peer may take to answer a Close. A server then has as long again to close the transport. It is
    /// also the longest wait of the last reply for room in `out`. Default: 10 s.
    ///
    /// Then the connection ends with [`Timeout::Close`](crate::Timeout::Close), and
    /// [`transport_action`](crate::Connection::transport_action) is
    /// [`Close`](crate::TransportAction::Close).
    pub close_timeout: Option<Duration>,
    /// Whether the connection negotiates permessage-deflate (RFC 7692), within which limits, and how it
    /// compresses. Default: `None`, no compression.
    ///
    /// Compression can reveal a secret: if a message contains both the secret and text that an attacker
    /// chooses, its length tells the attacker about the secret (RFC 7692 §8).
    #[cfg(feature = "deflate")]
    #[doc(alias("compression", "permessage-deflate"))]
    pub deflate: Option<DeflateConfig>,
}

impl Default for Config {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// The default settings.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            // The default of tungstenite.
            max_message_size: 64 * 1024 * 1024,
            // The same, because a peer can send any message in one frame. tungstenite has 16 MiB.
            max_frame_size: 64 * 1024 * 1024,
            // 4 MiB in fragments of 64 bytes. Two cases of Autobahn (9.3.1, 9.4.1) send one fragment more.
            max_fragments: 65_536,
            // The default of Node.js: a server accepts the cookies and tokens that are common on the Web.
            max_head_size: 16 * 1024,
            // The default of nginx; that of Apache is 8,190 bytes.
            max_header_line: 8 * 1024,
            // The default of hyper and of Apache.
            max_headers: 100,
            // 64 writes of 16 KiB. It bounds the memory for a peer that sends requests and reads no reply.
            max_write_buffer: 1024 * 1024,
            delivery: Delivery::Messages,
            auto_pong: true,
            auto_close: true,
            allow_plain_http: false,
            // The four timeouts are the defaults of Python's websockets.
            handshake_timeout: Some(Duration::from_secs(10)),
            ping_interval: Some(Duration::from_secs(20)),
            pong_timeout: Some(Duration::from_secs(20)),
            close_timeout: Some(Duration::from_secs(10)),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Sets [`max_message_size`](Self#structfield.max_message_size).
    #[must_use]
    pub const fn max_message_size(self, max_message_size: u64) -> Self {
        Self { max_message_size, ..self }
    }

    /// Sets [`max_frame_size`](Self#structfield.max_frame_size).
    #[must_use]
    pub const fn max_frame_size(self, max_frame_size: u64) -> Self {
        Self { max_frame_size, ..self }
    }

    /// Sets [`max_fragments`](Self#structfield.max_fragments).
    #[must_use]
    pub const fn max_fragments(self, max_fragments: u32) -> Self {
        Self { max_fragments, ..self }
    }

    /// Sets [`max_head_size`](Self#structfield.max_head_size).
    #[must_use]
    pub const fn max_head_size(self, max_head_size: usize) -> Self {
        Self { max_head_size, ..self }
    }

    /// Sets [`max_header_line`](Self#structfield.max_header_line).
    #[must_use]
    pub const fn max_header_line(self, max_header_line: usize) -> Self {
        Self { max_header_line, ..self }
    }

    /// Sets [`max_headers`](Self#structfield.max_headers).
    #[must_use]
    pub const fn max_headers(self, max_headers: usize) -> Self {
        Self { max_headers, ..self }
    }

    /// Sets [`max_write_buffer`](Self#structfield.max_write_buffer).
    #[must_use]
    pub const fn max_write_buffer(self, max_write_buffer: usize) -> Self {
        Self { max_write_buffer, ..self }
    }

    /// Sets [`delivery`](Self#structfield.delivery).
    #[must_use]
    pub const fn delivery(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Sets [`auto_pong`](Self#structfield.auto_pong).
    #[must_use]
    pub const fn auto_pong(self, auto_pong: bool) -> Self {
        Self { auto_pong, ..self }
    }

    /// Sets [`auto_close`](Self#structfield.auto_close).
    #[must_use]
    pub const fn auto_close(self, auto_close: bool) -> Self {
        Self { auto_close, ..self }
    }

    /// Sets [`allow_plain_http`](Self#structfield.allow_plain_http).
    #[must_use]
    pub const fn allow_plain_http(self, allow_plain_http: bool) -> Self {
        Self { allow_plain_http, ..self }
    }

    /// Sets [`handshake_timeout`](Self#structfield.handshake_timeout).
    #[must_use]
    pub const fn handshake_timeout(self, handshake_timeout: Option<Duration>) -> Self {
        Self { handshake_timeout, ..self }
    }

    /// Sets [`ping_interval`](Self#structfield.ping_interval).
    #[must_use]
    pub const fn ping_interval(self, ping_interval: Option<Duration>) -> Self {
        Self { ping_interval, ..self }
    }

    /// Sets [`pong_timeout`](Self#structfield.pong_timeout).
    #[must_use]
    pub const fn pong_timeout(self, pong_timeout: Option<Duration>) -> Self {
        Self { pong_timeout, ..self }
    }

    /// Sets [`close_timeout`](Self#structfield.close_timeout).
    #[must_use]
    pub const fn close_timeout(self, close_timeout: Option<Duration>) -> Self {
        Self { close_timeout, ..self }
    }

    /// Sets [`deflate`](Self#structfield.deflate).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn deflate(self, deflate: Option<DeflateConfig>) -> Self {
        Self { deflate, ..self }
    }
}

/// A [`Config`] as a connection keeps it, in fewer bytes.
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
    pub(crate) deflate: PackedDeflate,
}

impl From<Config> for Settings {
    #[inline]
    fn from(config: Config) -> Self {
        // Saves memory: a limit of 4 GiB or more is none for a head.
        let small = |limit: usize| u32::try_from(limit).unwrap_or(u32::MAX);
        Self {
            max_message_size: config.max_message_size,
            max_frame_size: config.max_frame_size,
            // With 0, nothing could be written, not even to an empty buffer.
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
            deflate: PackedDeflate::of(&config),
        }
    }
}

impl Settings {
    /// The limits on received messages, with a buffer that can hold a message of `capacity` bytes.
    #[inline]
    pub(crate) fn limits(&self, capacity: u64) -> Limits {
        let message = match self.delivery {
            Delivery::Messages => self.max_message_size.min(capacity),
            Delivery::Parts => self.max_message_size,
        };
        Limits { frame: self.max_frame_size, message, fragments: self.max_fragments }
    }

    /// The extensions that this endpoint can agree to.
    pub(crate) fn ready(&self) -> Negotiated {
        self.deflate.supported()
    }

    /// The limits on the received head, with a buffer that can hold `capacity` bytes.
    pub(crate) fn head_limits(&self, capacity: usize) -> HeadLimits {
        HeadLimits {
            head: (self.max_head_size as usize).min(capacity),
            line: self.max_header_line as usize,
            fields: self.max_headers as usize,
        }
    }
}

/// How [`receive`](crate::Connection::receive) delivers messages.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{Config, Connection, Delivery, Event, Negotiated, ReceiveBuffer, Server};
///
/// let config = Config::new().delivery(Delivery::Parts);
/// let mut connection = Connection::established(Server::new(), Negotiated::new(), config);
/// let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
///
/// let count = inbound.feed(b"\x82\x85\0\0\0\0Hel"); // the payload has five bytes
/// assert_eq!(count, 9);
/// let event = connection.receive(&mut inbound, &mut out)?;
/// assert_eq!(event, Some(Event::BinaryPart { bytes: b"Hel", last: false }));
/// # }
/// # Ok::<(), websocket_proto::Error>(())
/// ```
#[doc(alias("streaming", "fragment", "FragmentCollector"))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whole, or in parts")]
pub enum Delivery {
    /// Each message whole, as [`Event::Text`](crate::Event::Text) or
    /// [`Event::Binary`](crate::Event::Binary). The receive buffer must hold the largest message.
    #[default]
    Messages,
    /// Each part of a message when it arrives, as [`Event::TextPart`](crate::Event::TextPart) or
    /// [`Event::BinaryPart`](crate::Event::BinaryPart). The size of a message does not affect the memory.
    Parts,
}

/// Configurations for fuzzers of endpoints.
#[cfg(feature = "arbitrary")]
mod arbitrary {
    use arbitrary::{Arbitrary, Result, Unstructured};

    use super::{Config, Delivery, Duration};

    /// Small limits and short times are as frequent as the defaults, so that a short input reaches them.
    impl<'a> Arbitrary<'a> for Config {
        fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
            let default = Self::new();
            Ok(Self {
                max_message_size: limit(u, default.max_message_size)?,
                max_frame_size: limit(u, default.max_frame_size)?,
                max_fragments: limit(u, default.max_fragments)?,
                max_head_size: limit(u, default.max_head_size)?,
                max_header_line: limit(u, default.max_header_line)?,
                max_headers: limit(u, default.max_headers)?,
                max_write_buffer: limit(u, default.max_write_buffer)?,
                delivery: u.arbitrary()?,
                auto_pong: u.arbitrary()?,
                auto_close: u.arbitrary()?,
                allow_plain_http: u.arbitrary()?,
                handshake_timeout: time(u, default.handshake_timeout)?,
                ping_interval: time(u, default.ping_interval)?,
                pong_timeout: time(u, default.pong_timeout)?,
                close_timeout: time(u, default.close_timeout)?,
                #[cfg(feature = "deflate")]
                deflate: u.arbitrary()?,
            })
        }
    }

    /// The default, or at most 255.
    fn limit<T: From<u8>>(u: &mut Unstructured<'_>, default: T) -> Result<T> {
        Ok(if u.arbitrary()? { default } else { u.arbitrary::<u8>()?.into() })
    }

    /// The default, no limit, or less than 66 s.
    fn time(u: &mut Unstructured<'_>, default: Option<Duration>) -> Result<Option<Duration>> {
        let millis: Option<u16> = u.arbitrary()?;
        Ok(if u.arbitrary()? { default } else { millis.map(|millis| Duration::from_millis(millis.into())) })
    }

    impl<'a> Arbitrary<'a> for Delivery {
        fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
            u.choose(&[Self::Messages, Self::Parts]).copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Config, Delivery};

    #[test]
    fn a_setter_changes_the_field_of_its_name() {
        let time = |seconds| Some(Duration::from_secs(seconds));
        let set = Config::new()
            .max_message_size(1)
            .max_frame_size(2)
            .max_fragments(3)
            .max_head_size(4)
            .max_header_line(5)
            .max_headers(6)
            .max_write_buffer(7)
            .delivery(Delivery::Parts)
            .auto_pong(false)
            .auto_close(false)
            .allow_plain_http(true)
            .handshake_timeout(time(8))
            .ping_interval(time(9))
            .pong_timeout(None)
            .close_timeout(time(11));
        let expected = Config {
            max_message_size: 1,
            max_frame_size: 2,
            max_fragments: 3,
            max_head_size: 4,
            max_header_line: 5,
            max_headers: 6,
            max_write_buffer: 7,
            delivery: Delivery::Parts,
            auto_pong: false,
            auto_close: false,
            allow_plain_http: true,
            handshake_timeout: time(8),
            ping_interval: time(9),
            pong_timeout: None,
            close_timeout: time(11),
            #[cfg(feature = "deflate")]
            deflate: None,
        };
        assert_eq!(set, expected);
    }

    #[cfg(feature = "arbitrary")]
    #[test]
    fn an_arbitrary_configuration_is_small_and_short_as_often_as_the_default() {
        use arbitrary::Arbitrary;

        let (mut random, default) = (fastrand::Rng::with_seed(5), Config::new());
        let (mut limits, mut times, mut parts) = ([0; 2], [0; 3], 0);
        for _ in 0..1000 {
            let bytes: [u8; 64] = core::array::from_fn(|_| random.u8(..));
            let config = Config::arbitrary(&mut arbitrary::Unstructured::new(&bytes)).expect("enough bytes");
            limits[0] += u32::from(config.max_message_size <= 255);
            limits[1] += u32::from(config.max_message_size == default.max_message_size);
            times[0] += u32::from(config.ping_interval.is_none());
            times[1] += u32::from(config.ping_interval == default.ping_interval);
            times[2] += u32::from(config.ping_interval.is_some_and(|time| time > Duration::from_secs(30)));
            parts += u32::from(config.delivery == Delivery::Parts);
        }
        assert!(limits.iter().sum::<u32>() == 1000 && limits.iter().all(|&count| count > 300), "{limits:?}");
        assert!(times.iter().all(|&count| count > 90), "{times:?}");
        assert!((300..700).contains(&parts), "{parts}");
    }
}
