//! The messages and control frames of a connection.

use bytes::Bytes;
use websocket_proto::{CloseCode, SendError};

use crate::utf8_bytes::Utf8Bytes;

/// A message or a control frame (§5.5, §5.6). It owns its payload, and clones in constant time.
///
/// The payload of a received message can share its memory with the messages before and after it: of 4 KiB; of
/// up to 64 KiB if they arrived in one read; of up to 1 MiB if the message before had that length. To keep a
/// short message for a long time, copy it with [`Bytes::copy_from_slice`].
///
/// ```
/// use websocket_proto_tokio::Message;
///
/// let message = Message::from("Hello");
/// assert!(matches!(&message, Message::Text(text) if text == "Hello"));
/// assert_eq!(Message::from(vec![1, 2, 3]), Message::Binary(vec![1, 2, 3].into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A Ping with at most 125 bytes. The connection answers a received Ping itself, unless
    /// [`Config::auto_pong`](crate::Config::auto_pong) is off.
    Ping(Bytes),
    /// A Pong with at most 125 bytes.
    Pong(Bytes),
    /// A Close, with a code and a reason or without. It is the last message in its direction. The connection
    /// answers a received Close itself, unless [`Config::auto_close`](crate::Config::auto_close) is off.
    Close(Option<CloseFrame>),
}

impl Message {
    /// A text message.
    #[must_use]
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// A binary message.
    #[must_use]
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// Whether it is a text or binary message, not a control frame.
    #[must_use]
    pub const fn is_data(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }

    /// Whether it is a Close.
    #[must_use]
    pub const fn is_close(&self) -> bool {
        matches!(self, Self::Close(_))
    }

    /// The text, if it is a text message.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The payload. Of a Close, it is the reason alone.
    #[must_use]
    pub fn into_payload(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
            Self::Close(frame) => frame.map(|frame| frame.reason.into_bytes()).unwrap_or_default(),
        }
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(bytes))
    }
}

impl From<CloseFrame> for Message {
    fn from(frame: CloseFrame) -> Self {
        Self::Close(Some(frame))
    }
}

/// The code and the reason of a Close (§5.5.1).
///
/// ```
/// use websocket_proto_tokio::{CloseCode, CloseFrame};
///
/// let frame = CloseFrame::new(CloseCode::GOING_AWAY, "restart");
/// assert_eq!((frame.code.get(), frame.reason.as_str()), (1001, "restart"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame {
    /// The code.
    pub code: CloseCode,
    /// The reason, at most 123 bytes.
    pub reason: Utf8Bytes,
}

impl CloseFrame {
    /// A Close with this code and this reason.
    #[must_use]
    pub fn new(code: CloseCode, reason: impl Into<Utf8Bytes>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// Whether the frame can be sent.
    pub(crate) fn check(&self) -> Result<(), SendError> {
        // §5.5, §5.5.1: a control frame has at most 125 bytes, and the code has two of them.
        if self.reason.len() > 123 { Err(SendError::ReasonTooLong) } else { Ok(()) }
    }
}

impl From<websocket_proto::CloseFrame<'_>> for CloseFrame {
    fn from(frame: websocket_proto::CloseFrame<'_>) -> Self {
        Self::new(frame.code, frame.reason)
    }
}
