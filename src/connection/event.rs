//! The events that `receive` returns.

use crate::config::Delivery;
use crate::handshake::{Request, Response};
use crate::rules::text;
use crate::wire::{CloseFrame, MessageKind};

/// Something received from the peer. An event borrows from the receive buffer, not from the connection, so
/// the application can send a reply while it holds the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'b> {
    /// To a server: a valid request for an upgrade (§4.2.1). Answer with
    /// [`accept`](crate::Connection::accept) or [`reject`](crate::Connection::reject); until then, the
    /// connection reads no input, so do not read from the transport either.
    Request(Request<'b>),
    /// To a server that [allows it](crate::Config::allow_plain_http): a valid request that asks for no
    /// upgrade, such as a health check. Answer with [`reject`](crate::Connection::reject); to return a page,
    /// with status 200.
    PlainRequest(Request<'b>),
    /// To a client: the server accepts the handshake, and the connection is open (§4.1).
    Open(Response<'b>),
    /// To a client: the server rejects the handshake with another status, such as 301, 401 or 503. The
    /// connection is over. The beginning of the response's content, as far as it is received, is in
    /// [`ReceiveBuffer::unread`](crate::ReceiveBuffer::unread) until the next `receive`.
    Rejected(Response<'b>),
    /// A text message.
    Text(&'b str),
    /// A binary message.
    Binary(&'b [u8]),
    /// The next piece of a text message, split between code points. Only the last piece can be empty.
    TextPart {
        /// The piece.
        text: &'b str,
        /// Whether the message ends with it.
        last: bool,
    },
    /// The next piece of a binary message. Only the last piece can be empty.
    BinaryPart {
        /// The piece.
        bytes: &'b [u8],
        /// Whether the message ends with it.
        last: bool,
    },
    /// A Ping with at most 125 bytes (§5.5.2). The connection has already written the Pong, or will write it
    /// when the outbound buffer has room, unless this is [switched off](crate::Config::auto_pong).
    Ping(&'b [u8]),
    /// A Pong with at most 125 bytes, either the reply to a Ping or unsolicited (§5.5.3).
    Pong(&'b [u8]),
    /// The peer's Close; `None` if it has no code (§7.1.5: 1005). It is the last event. The connection has
    /// already written its own Close, or will write it when the outbound buffer has room, unless this is
    /// [switched off](crate::Config::auto_close).
    Close(Option<CloseFrame<'b>>),
}

/// A whole message as an event; or its payload, if it is a text and not UTF-8.
#[inline]
pub(super) fn message_event(
    kind: MessageKind,
    payload: &[u8],
    delivery: Delivery,
) -> Result<Event<'_>, &[u8]> {
    match (kind, delivery) {
        (MessageKind::Binary, Delivery::Messages) => Ok(Event::Binary(payload)),
        (MessageKind::Binary, Delivery::Parts) => Ok(Event::BinaryPart { bytes: payload, last: true }),
        // §8.1: a message that was received whole is validated once
        (MessageKind::Text, _) => match (text(payload), delivery) {
            (Ok(text), Delivery::Messages) => Ok(Event::Text(text)),
            (Ok(text), Delivery::Parts) => Ok(Event::TextPart { text, last: true }),
            (Err(_), _) => Err(payload),
        },
    }
}
