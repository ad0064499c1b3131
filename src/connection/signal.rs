//! The signals of the read half to the write half.

use core::fmt;

use super::event::Event;
use super::frame_writer::{ControlPayload, close_payload};
use crate::config::Settings;
use crate::error::ProtocolError;
use crate::wire::{CloseCode, MAX_CONTROL_PAYLOAD};

/// A signal from a [`ReadHalf`](crate::ReadHalf) to its [`WriteHalf`](crate::WriteHalf): a Pong is due, the
/// peer's Close arrived, the peer violated the protocol, or a silence began or ended.
///
/// It owns its bytes, without a heap. Send it over any channel that keeps the order, and pass it to
/// [`WriteHalf::handle_signal`](crate::WriteHalf::handle_signal). If a signal is dropped, the peer never
/// receives the reply. [`Connection::split`](crate::Connection::split) has an example.
#[doc(alias = "obligated send")]
#[derive(Clone, PartialEq, Eq)]
#[must_use = "the write half must handle it"]
pub struct Signal(pub(super) Content);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// §5.5.2: a Ping arrived, and a Pong with the same payload is due.
    Pong(ControlPayload),
    /// §5.5.1: the peer's Close arrived, with this code. The payload is that of the Close that answers it.
    Closed(Option<CloseCode>, ControlPayload),
    /// §7.1.7: the connection has failed.
    Failed(ProtocolError),
    /// §5.5.2: there was no input for the ping interval, and a Ping is due.
    Silence,
    /// There was input after that.
    Activity,
}

impl Content {
    /// The reply that an event asks for, if any.
    #[inline]
    pub(super) fn of(event: &Option<Event<'_>>, config: &Settings) -> Option<Self> {
        match event {
            Some(Event::Ping(payload)) if config.auto_pong => {
                Some(Self::Pong(payload.iter().copied().take(MAX_CONTROL_PAYLOAD).collect()))
            }
            Some(Event::Close(frame)) => {
                Some(Self::Closed(frame.map(|frame| frame.code), close_payload(*frame)))
            }
            _ => None,
        }
    }
}

/// Without payloads, which can be secrets.
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_tuple("Signal");
        match &self.0 {
            Content::Pong(_) => out.field(&"Pong"),
            Content::Closed(code, _) => out.field(&"Closed").field(code),
            Content::Failed(error) => out.field(&"Failed").field(error),
            Content::Silence => out.field(&"Silence"),
            Content::Activity => out.field(&"Activity"),
        };
        out.finish()
    }
}
