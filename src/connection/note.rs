//! What the inbound half of a connection tells its outbound half.

use core::fmt;

use super::config::Settings;
use super::event::Event;
use super::send::{Control, close_payload};
use crate::error::ProtocolError;
use crate::wire::{CloseCode, MAX_CONTROL_PAYLOAD};

/// What a [`WriteHalf`](crate::WriteHalf) is to be told of what its [`ReadHalf`](crate::ReadHalf) read: a
/// Pong is due, the peer's Close came, the peer broke the protocol, a silence has lasted so long that a Ping
/// is due, or it has ended.
///
/// Small, owned and without a heap: send it over any channel.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "the sender is to take it"]
pub struct Signal(pub(super) Content);

/// What there is to tell.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// §5.5.2: a Ping came; a Pong of the same payload is due.
    Pong(Control),
    /// §5.5.1: the peer's Close came, with this code, and this payload to answer it.
    Closed(Option<CloseCode>, Control),
    /// §7.1.7: the connection has failed.
    Failed(ProtocolError),
    /// §5.5.2: there was no input for the ping interval; a Ping is due.
    Silence,
    /// There was input after that.
    Activity,
}

impl Signal {
    /// What an event asks of the outbound half.
    #[inline]
    pub(super) fn of(event: &Option<Event<'_>>, config: &Settings) -> Option<Self> {
        match event {
            Some(Event::Ping(payload)) if config.auto_pong => {
                Some(Self(Content::Pong(payload.iter().copied().take(MAX_CONTROL_PAYLOAD).collect())))
            }
            Some(Event::Close(frame)) => {
                Some(Self(Content::Closed(frame.map(|frame| frame.code), close_payload(*frame))))
            }
            _ => None,
        }
    }
}

/// Without payloads.
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
