//! A message that is encoded once and sent on many connections (§6.1).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::frame_writer::header;
#[cfg(feature = "deflate")]
use crate::deflate::{Deflater, FragmentPosition, Window};
use crate::wire::{FrameHeader, MessageKind, ReservedBits};

/// A message that is encoded once. [`Connection::send_prepared`](super::Connection::send_prepared) sends it
/// on any number of connections.
///
/// A server only copies the encoded bytes to `out`. A client must mask each frame with a new key (§5.3), so
/// it masks the payload while it copies it, as [`send_text`](super::Connection::send_text) does.
///
/// The message is sent uncompressed, even if permessage-deflate was negotiated (RFC 7692 §6 lets a sender
/// choose for each message). With feature `deflate`, `PreparedMessage::with_deflate` adds a compressed form.
///
/// A prepared message never changes, so threads can share it in an `Arc`, without a lock.
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
#[doc(alias("broadcast", "publish"))]
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
    /// The length of the header at the start of `frame`.
    header_len: usize,
    pub(super) frame: Box<[u8]>,
}

/// A message in one frame, compressed with an empty window.
#[derive(Clone)]
pub(super) struct Compressed {
    /// The base-2 logarithm of the smallest window with which the peer can inflate it.
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

    /// Adds a compressed form, if it is shorter than the message. This call compresses the message once, with
    /// an empty window of 2^`window_bits` bytes (8 to 15) and at this [level](crate::DeflateConfig::level).
    ///
    /// A connection sends the compressed form if it would compress a message of this length itself, and if
    /// its negotiated window (RFC 7692 §7.1.2) is at least as large as this window or as the message.
    /// Otherwise it sends the message uncompressed. With context takeover, the connection then compresses its
    /// next message with an empty window.
    ///
    /// ```
    /// use websocket_proto::{Negotiated, Config, Connection, DeflateParams, DeflateConfig, PreparedMessage, Server};
    ///
    /// let deflate = DeflateConfig::default();
    /// let config = Config::new().deflate(Some(deflate));
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
        // The window is empty at the start, so no distance is longer than the message.
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
    /// The uncompressed form.
    pub(super) fn plain(&self) -> &Encoded {
        &self.plain
    }

    /// The compressed form, if there is one.
    pub(super) fn compressed(&self) -> Option<&Compressed> {
        self.compressed.as_ref()
    }
}

impl Encoded {
    fn new(kind: MessageKind, reserved: ReservedBits, payload: &[u8]) -> Self {
        let header = FrameHeader { reserved, ..header(kind.opcode(), true, None, payload.len()) };
        let encoded = header.encode();
        // Saturating: `payload` is in memory, and a header has at most 14 bytes.
        let mut frame = Vec::with_capacity(encoded.len().saturating_add(payload.len()));
        frame.extend_from_slice(&encoded);
        frame.extend_from_slice(payload);
        Self { header, header_len: encoded.len(), frame: frame.into_boxed_slice() }
    }

    pub(super) fn payload(&self) -> &[u8] {
        self.frame.get(self.header_len..).unwrap_or_default()
    }
}

/// Shows the length of the payload, not the payload: it is the application's data.
impl fmt::Debug for PreparedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedMessage")
            .field("kind", &self.kind)
            .field("payload_len", &self.plain.payload().len())
            .finish()
    }
}
