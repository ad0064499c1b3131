//! A message that is encoded once and sent to many (§6.1).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::frame_writer::header;
#[cfg(feature = "deflate")]
use crate::deflate::{Deflater, FragmentPosition, Window};
use crate::wire::{FrameHeader, MessageKind, ReservedBits};

/// A message, encoded once, for [`Connection::send_prepared`](super::Connection::send_prepared) on any number
/// of connections.
///
/// To a server it is ready bytes: each send copies them and does nothing else. A client masks every frame
/// with a key of its own (§5.3), so each send of a client's masks the payload while copying it, as
/// [`send_text`](super::Connection::send_text) does.
///
/// It goes out as it is, also where permessage-deflate was agreed on: that lets a sender leave out what it
/// wants (RFC 7692 §6). With feature `deflate`, `PreparedMessage::with_deflate` compresses it, once as well.
///
/// Nothing in it changes. Threads share one, in an `Arc`, without a lock.
///
/// ```
/// use std::sync::Arc;
/// use websocket_proto::{Config, Connection, PreparedMessage, Server};
/// # use websocket_proto::Negotiated;
///
/// # let open = || Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let mut room = vec![(open(), Vec::new()), (open(), Vec::new())]; // connections, each with its outbound buffer
/// let message = Arc::new(PreparedMessage::text("The meeting begins."));
/// for (connection, outbound) in &mut room {
///     connection.send_prepared(&message, outbound)?;
/// }
/// assert!(room.iter().all(|(_, outbound)| outbound == b"\x81\x13The meeting begins."));
/// # Ok::<(), websocket_proto::SendError>(())
/// ```
#[derive(Clone)]
pub struct PreparedMessage {
    kind: MessageKind,
    plain: Encoded,
    compressed: Option<Compressed>,
}

/// A message in one frame, not masked.
#[derive(Clone)]
pub(super) struct Encoded {
    pub(super) header: FrameHeader,
    /// How many bytes the header has in `frame`.
    header_len: usize,
    pub(super) frame: Box<[u8]>,
}

/// A message that was compressed with an empty window.
#[derive(Clone)]
pub(super) struct Compressed {
    /// The base-2 logarithm of the window that the peer needs for it.
    pub(super) window_bits: u8,
    pub(super) encoded: Encoded,
}

impl PreparedMessage {
    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(MessageKind::Text, text.as_bytes())
    }

    /// A binary message.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        Self::new(MessageKind::Binary, bytes)
    }

    fn new(kind: MessageKind, payload: &[u8]) -> Self {
        Self { kind, plain: Encoded::new(kind, ReservedBits::NONE, payload), compressed: None }
    }

    /// Adds a compressed form, where that is shorter: made once, with a window of 2^`window_bits` bytes, 8 to
    /// 15, that is empty, and at this [level](crate::DeflateConfig::level).
    ///
    /// It goes out where the connection would compress the message, and the window it may use (RFC 7692
    /// §7.1.2) is no smaller, or is at least as large as the message; else the message goes out as it is.
    /// With context takeover, the connection's own next message is compressed with an empty window, too.
    ///
    /// ```
    /// use websocket_proto::{Negotiated, Config, Connection, DeflateParams, DeflateConfig, PreparedMessage, Server};
    ///
    /// let deflate = DeflateConfig::default();
    /// let mut config = Config::default();
    /// config.deflate = Some(deflate);
    /// let mut connection = Connection::established(Server::new(), Negotiated::new().with_deflate(DeflateParams::new()), config);
    /// let mut other = Connection::established(Server::new(), Negotiated::new(), config);
    ///
    /// let text = "All work and no play. ".repeat(50);
    /// let message = PreparedMessage::text(&text).with_deflate(deflate.limits.server_window_bits, deflate.level);
    /// let (mut outbound, mut other_outbound) = (Vec::new(), Vec::new());
    /// connection.send_prepared(&message, &mut outbound)?;
    /// other.send_prepared(&message, &mut other_outbound)?;
    /// assert!(outbound.len() < 50 && other_outbound.len() > 1100);
    /// # Ok::<(), websocket_proto::SendError>(())
    /// ```
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(self, window_bits: u8, level: u8) -> Self {
        let payload = self.plain.payload();
        let window = Window { bits: window_bits.clamp(8, 15), takeover: false };
        let bytes =
            Deflater::new().deflate(payload, FragmentPosition { first: true, last: true }, window, level);
        // With an empty window, nothing looks back farther than the message is long.
        let window_bits = (8..window.bits).find(|&bits| payload.len() <= 1 << bits).unwrap_or(window.bits);
        let is_shorter = bytes.len() < payload.len();
        let compressed = is_shorter.then(|| Compressed {
            window_bits,
            encoded: Encoded::new(self.kind, ReservedBits::RSV1, &bytes),
        });
        Self { compressed, ..self }
    }
}

impl PreparedMessage {
    /// Its plain form.
    pub(super) fn plain(&self) -> &Encoded {
        &self.plain
    }

    /// Its compressed form, if there is one.
    pub(super) fn compressed(&self) -> Option<&Compressed> {
        self.compressed.as_ref()
    }
}

impl Encoded {
    fn new(kind: MessageKind, reserved: ReservedBits, payload: &[u8]) -> Self {
        let header = FrameHeader { reserved, ..header(kind.opcode(), true, None, payload.len()) };
        let encoded = header.encode();
        let mut frame = Vec::with_capacity(encoded.len().saturating_add(payload.len()));
        frame.extend_from_slice(&encoded);
        frame.extend_from_slice(payload);
        Self { header, header_len: encoded.len(), frame: frame.into_boxed_slice() }
    }

    pub(super) fn payload(&self) -> &[u8] {
        self.frame.get(self.header_len..).unwrap_or_default()
    }
}

/// Without the payload.
impl fmt::Debug for PreparedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedMessage")
            .field("kind", &self.kind)
            .field("payload_len", &self.plain.payload().len())
            .finish()
    }
}
