//! The meaning of frames: messages and control frames.

use super::{CloseBody, Defect};

/// Something that a frame means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "messages, legal or not, and the three control frames of §5.5")]
pub enum Event {
    /// A complete message.
    Message {
        /// Whether it is a text message.
        text: bool,
        /// Its payload.
        payload: Vec<u8>,
    },
    /// A compressed message that is not legal.
    Defect(Defect),
    /// A Ping.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close.
    Close(CloseBody),
}
