//! The position of the read half in the stream of frames (§5.2, §5.4).

use super::message::{OpenFrame, OpenMessage};
use crate::error::ProtocolError;

/// The position of the next byte in the stream of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReceiveState {
    /// Before the first frame of a message. The buffer retains nothing.
    Between,
    /// Before the first frame of a message. The buffer retains the beginning of that frame; this is its check
    /// number, see [`ReceiveBuffer::retain`].
    Torn(u16),
    /// After the header of the first frame of a message, before the end of the message.
    Message(OpenMessage),
    /// The part before this violation was delivered. The next call returns the error.
    Failing(ProtocolError),
    /// The connection has failed (§7.1.7).
    Failed(ProtocolError),
    /// After the peer's Close (§5.5.1).
    Closed,
}

impl ReceiveState {
    pub(super) const fn between(retained: u16) -> Self {
        if retained == 0 { Self::Between } else { Self::Torn(retained) }
    }

    /// The check number of the bytes that the buffer must retain.
    pub(super) const fn retained(&self) -> u16 {
        match self {
            Self::Torn(retained) | Self::Message(OpenMessage { retained, .. }) => *retained,
            Self::Between | Self::Failing(_) | Self::Failed(_) | Self::Closed => 0,
        }
    }

    /// How many bytes of the payload of a message are to come; `None` if that is not known: between frames, before
    /// the last frame, and for payload that is inflated.
    pub(super) const fn remaining_payload(&self) -> Option<u64> {
        match self {
            Self::Message(OpenMessage {
                frame: Some(OpenFrame { last: true, remaining, .. }),
                compressed: None,
                ..
            }) => Some(*remaining),
            _ => None,
        }
    }

    pub(super) const fn set_retained(&mut self, number: u16) {
        match self {
            Self::Between | Self::Torn(_) => *self = Self::between(number),
            Self::Message(OpenMessage { retained, .. }) => *retained = number,
            Self::Failing(_) | Self::Failed(_) | Self::Closed => {}
        }
    }
}
