//! The closing handshake (§5.5.1, §7.1): which Close frames were sent and received, and which may follow.
//!
//! ```text
//!            send                  receive
//!   Open ──────────▶ Sent ──────────────────────▶ Both
//!    │ receive                                     ▲
//!    └───────────▶ Received ───────────────────────┘
//!                             send
//! ```

use crate::wire::CloseCode;

/// The Close frame of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a Close frame is there or not, and has a code or not (§5.5.1)")]
pub enum CloseFrameStatus {
    /// No Close frame.
    #[default]
    None,
    /// A Close frame without a code.
    Empty,
    /// A Close frame with this code.
    Code(CloseCode),
}

impl From<Option<CloseCode>> for CloseFrameStatus {
    fn from(code: Option<CloseCode>) -> Self {
        code.map_or(Self::Empty, Self::Code)
    }
}

/// The state of the closing handshake, also after the end of the connection (§7.1.4–§7.1.6).
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use websocket_proto::{CloseCode, CloseFrameStatus, Config, Connection, Negotiated, Server};
///
/// let mut server = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// server.close(CloseCode::NORMAL_CLOSURE, "", &mut Vec::new())?;
/// let status = server.receive_eof(); // the transport has ended before the peer's Close
/// assert_eq!(status.sent, CloseFrameStatus::Code(CloseCode::NORMAL_CLOSURE));
/// assert_eq!(status.received, CloseFrameStatus::None);
/// assert_eq!((status.clean(), status.code()), (false, 1006));
/// # }
/// # Ok::<(), websocket_proto::SendError>(())
/// ```
#[doc(alias = "CloseEvent")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseStatus {
    /// The Close frame that this endpoint sent. It counts as sent even while it waits for room in the
    /// outbound buffer.
    pub sent: CloseFrameStatus,
    /// The Close frame that the peer sent.
    pub received: CloseFrameStatus,
}

impl CloseStatus {
    /// Whether both Close frames were exchanged (§7.1.4: closed _cleanly_).
    #[doc(alias = "wasClean")]
    #[must_use]
    pub fn clean(self) -> bool {
        self.sent != CloseFrameStatus::None && self.received != CloseFrameStatus::None
    }

    /// _The WebSocket Connection Close Code_ (§7.1.5): the code that the peer sent; 1005 if its Close frame
    /// had no code, 1006 if it sent no Close frame.
    #[must_use]
    pub fn code(self) -> u16 {
        match self.received {
            CloseFrameStatus::None => 1006,
            CloseFrameStatus::Empty => 1005,
            CloseFrameStatus::Code(code) => code.get(),
        }
    }
}

/// The state of the closing handshake, with the codes so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Closing {
    /// No Close frame in either direction.
    #[default]
    Open,
    /// This endpoint has sent a Close frame and waits for the peer's.
    Sent(CloseFrameStatus),
    /// The peer has sent a Close frame; this endpoint has not.
    Received(CloseFrameStatus),
    /// Both endpoints have sent a Close frame.
    Both(CloseStatus),
}

/// An event that changes the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseEvent {
    /// This endpoint sends a Close frame.
    Send(Option<CloseCode>),
    /// The peer sends a Close frame.
    Receive(Option<CloseCode>),
}

impl Closing {
    /// The state after an event; `None` if the event is a second Close frame in its direction.
    pub(crate) fn after(self, event: CloseEvent) -> Option<Self> {
        match (self, event) {
            (Self::Open, CloseEvent::Send(code)) => Some(Self::Sent(code.into())),
            (Self::Open, CloseEvent::Receive(code)) => Some(Self::Received(code.into())),
            // §7.1.3: the closing handshake is complete once a Close frame was both sent and received
            (Self::Sent(sent), CloseEvent::Receive(code)) => {
                Some(Self::Both(CloseStatus { sent, received: code.into() }))
            }
            (Self::Received(received), CloseEvent::Send(code)) => {
                Some(Self::Both(CloseStatus { sent: code.into(), received }))
            }
            // §5.5.1: nothing may follow a Close frame in its direction
            (Self::Sent(_) | Self::Both(_), CloseEvent::Send(_))
            | (Self::Received(_) | Self::Both(_), CloseEvent::Receive(_)) => None,
        }
    }

    /// Whether this endpoint has sent its Close frame.
    // Each send asks this first.
    #[inline]
    pub(crate) const fn sent(self) -> bool {
        matches!(self, Self::Sent(_) | Self::Both(_))
    }

    /// The Close frames of both directions so far.
    pub(crate) const fn status(self) -> CloseStatus {
        match self {
            Self::Open => CloseStatus { sent: CloseFrameStatus::None, received: CloseFrameStatus::None },
            Self::Sent(sent) => CloseStatus { sent, received: CloseFrameStatus::None },
            Self::Received(received) => CloseStatus { sent: CloseFrameStatus::None, received },
            Self::Both(status) => status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseEvent, CloseFrameStatus, CloseStatus, Closing};
    use crate::wire::CloseCode;

    #[test]
    fn s7_1_the_whole_grid() {
        let code = Some(CloseCode::GOING_AWAY);
        let fact = CloseFrameStatus::Code(CloseCode::GOING_AWAY);
        let both = Closing::Both(CloseStatus { sent: fact, received: CloseFrameStatus::Empty });
        let (send, receive) = (CloseEvent::Send, CloseEvent::Receive);
        for (state, event, expected) in [
            (Closing::Open, send(code), Some(Closing::Sent(fact))),
            (Closing::Open, send(None), Some(Closing::Sent(CloseFrameStatus::Empty))),
            (Closing::Open, receive(code), Some(Closing::Received(fact))),
            (Closing::Open, receive(None), Some(Closing::Received(CloseFrameStatus::Empty))),
            (Closing::Sent(fact), receive(None), Some(both)),
            (Closing::Sent(fact), send(code), None),
            (Closing::Received(CloseFrameStatus::Empty), send(code), Some(both)),
            (Closing::Received(fact), receive(code), None),
            (both, send(code), None),
            (both, receive(code), None),
        ] {
            assert_eq!(state.after(event), expected, "{state:?} {event:?}");
        }
    }

    /// CL-01, CL-13 (§7.1.5).
    #[test]
    fn close_status_has_the_reported_code() {
        let closed = |sent, received| CloseStatus { sent, received };
        let fact = CloseFrameStatus::Code(CloseCode::NORMAL_CLOSURE);
        for (closed, code, clean) in [
            (closed(CloseFrameStatus::None, CloseFrameStatus::None), 1006, false),
            (closed(fact, CloseFrameStatus::None), 1006, false),
            (closed(CloseFrameStatus::None, fact), 1000, false),
            (closed(fact, CloseFrameStatus::Empty), 1005, true),
            (closed(CloseFrameStatus::Empty, fact), 1000, true),
        ] {
            assert_eq!((closed.code(), closed.clean()), (code, clean), "{closed:?}");
        }
    }
}
