//! The results of encoding: a few bytes each, without a heap.

use core::fmt;
use core::ops::Deref;

use arrayvec::ArrayVec;

/// The most bytes that a frame header can have: 2, 8 of the extended length, 4 of the masking key (§5.2).
pub const MAX_HEADER: usize = 14;

/// The most bytes of payload that a control frame can have (§5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// The bytes of a frame before its payload (§5.2): at most [`MAX_HEADER`]. Derefs to a slice.
///
/// ```
/// use websocket_proto::wire::RawFrameHeader;
///
/// let header = RawFrameHeader::new(0x2, 300).encode();
/// assert_eq!(&header[..], [0x82, 126, 0x01, 0x2C]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct HeaderBytes(ArrayVec<u8, MAX_HEADER>);

impl HeaderBytes {
    /// Appends a piece of a header.
    #[inline]
    pub(super) fn push(&mut self, piece: &[u8]) {
        let fits = self.0.try_extend_from_slice(piece);
        debug_assert!(fits.is_ok(), "a header has at most 2 + 8 + 4 bytes");
    }
}

impl Deref for HeaderBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for HeaderBytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for HeaderBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The payload of a Close frame (§5.5.1): at most [`MAX_CONTROL_PAYLOAD`] bytes. Derefs to a slice.
///
/// Returned by [`CloseFrame::encode`](super::CloseFrame::encode).
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ClosePayload(ArrayVec<u8, MAX_CONTROL_PAYLOAD>);

impl ClosePayload {
    /// The two bytes of the code, then the reason; `None` if they are too many together.
    pub(super) fn new(code: u16, reason: &str) -> Option<Self> {
        let mut payload = ArrayVec::new();
        payload.try_extend_from_slice(&code.to_be_bytes()).ok()?;
        payload.try_extend_from_slice(reason.as_bytes()).ok()?;
        Some(Self(payload))
    }

    /// For a connection, which keeps the payload of a pending Pong or Close in one place.
    pub(crate) fn into_inner(self) -> ArrayVec<u8, MAX_CONTROL_PAYLOAD> {
        self.0
    }
}

impl Deref for ClosePayload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for ClosePayload {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for ClosePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
