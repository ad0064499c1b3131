//! The events that `receive` returns.

use crate::config::Delivery;
use crate::handshake::{Request, Response};
use crate::rules::text;
use crate::wire::{CloseFrame, MessageKind};

/// Something received from the peer. An event borrows from the receive buffer, not from the connection, so
/// the application can send a reply while it holds the event.
///
/// ```
/// use websocket_proto::Event;
///
/// fn describe(event: Event<'_>) -> String {
///     match event {
///         Event::Text(text) => format!("text: {text}"),
///         Event::Binary(bytes) => format!("{} bytes", bytes.len()),
///         Event::Close(Some(frame)) => format!("closed with {}: {}", frame.code, frame.reason),
///         Event::Close(None) => "closed without a code".to_owned(),
///         _ => String::new(), // a Ping needs no action: the connection answers it
///     }
/// }
///
/// assert_eq!(describe(Event::Text("hello")), "text: hello");
/// ```
#[doc(alias("Message", "Frame", "Payload"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'b> {
    /// On a server: a valid upgrade request (§4.2.1). Answer it with [`accept`](crate::Connection::accept) or
    /// [`reject`](crate::Connection::reject). The connection reads no input before the answer, so do not read
    /// from the transport either.
    Request(Request<'b>),
    /// On a server that [allows it](crate::Config::allow_plain_http): a valid request that asks for no
    /// upgrade, such as a health check. Answer it with [`reject`](crate::Connection::reject), with any
    /// status from 200 to 599.
    PlainRequest(Request<'b>),
    /// On a client: the server has accepted the handshake with status 101, and the connection is open (§4.1).
    Open(Response<'b>),
    /// On a client: the server has rejected the handshake with another status than 101, such as 301, 401 or
    /// 503. The connection has ended. The received part of the response's content is in
    /// [`ReceiveBuffer::unread`](crate::ReceiveBuffer::unread) until the next `receive`.
    Rejected(Response<'b>),
    /// A whole text message.
    Text(&'b str),
    /// A whole binary message.
    Binary(&'b [u8]),
    /// The next part of a text message, with [`Delivery::Parts`](crate::Delivery::Parts). No part ends inside
    /// a code point, and only the last part can be empty.
    TextPart {
        /// The text of the part.
        text: &'b str,
        /// Whether the message ends with this part.
        last: bool,
    },
    /// The next part of a binary message, with [`Delivery::Parts`](crate::Delivery::Parts). Only the last
    /// part can be empty.
    BinaryPart {
        /// The bytes of the part.
        bytes: &'b [u8],
        /// Whether the message ends with this part.
        last: bool,
    },
    /// A Ping with at most 125 bytes (§5.5.2). The connection has already written the Pong, or writes it when
    /// `out` has room, except if [`Config::auto_pong`](crate::Config::auto_pong) is off.
    Ping(&'b [u8]),
    /// A Pong with at most 125 bytes: the reply to a Ping, or unsolicited (§5.5.3).
    Pong(&'b [u8]),
    /// The peer's Close; `None` if it has no code (§7.1.5: 1005). It is the last event. The connection has
    /// already written its own Close, or writes it when `out` has room, except if
    /// [`Config::auto_close`](crate::Config::auto_close) is off.
    Close(Option<CloseFrame<'b>>),
}

/// The event for a whole message. The error is the payload of a text that is not UTF-8.
#[inline]
pub(super) fn message_event(
    kind: MessageKind,
    payload: &[u8],
    delivery: Delivery,
) -> Result<Event<'_>, &[u8]> {
    match (kind, delivery) {
        (MessageKind::Binary, Delivery::Messages) => Ok(Event::Binary(payload)),
        (MessageKind::Binary, Delivery::Parts) => Ok(Event::BinaryPart { bytes: payload, last: true }),
        // §8.1: a text in one frame is validated here, in one call
        (MessageKind::Text, _) => match (text(payload), delivery) {
            (Ok(text), Delivery::Messages) => Ok(Event::Text(text)),
            (Ok(text), Delivery::Parts) => Ok(Event::TextPart { text, last: true }),
            (Err(_), _) => Err(payload),
        },
    }
}
