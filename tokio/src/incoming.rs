//! The input of a connection, and the messages in it.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use websocket_proto::{Event, ReceiveBuffer};

use crate::message::{CloseFrame, Message};
use crate::utf8_bytes::Utf8Bytes;

/// The memory that each read can fill: as much as the core recommends.
const READ: usize = 16 * 1024;

/// The content of an event, without its payload, which is still in the receive buffer.
pub(crate) enum Content {
    Text,
    Binary,
    Ping,
    Pong,
    /// It has no payload in the buffer that is needed.
    Whole(Message),
    /// An event of the opening handshake.
    Other,
}

impl Content {
    #[inline]
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Text(text) if text.is_ascii() => Self::Text,
            Event::Text(text) => Self::Whole(Message::Text(Utf8Bytes::copied(text))),
            Event::Binary(_) => Self::Binary,
            Event::Ping(_) => Self::Ping,
            Event::Pong(_) => Self::Pong,
            Event::Close(frame) => Self::Whole(Message::Close(frame.map(CloseFrame::from))),
            _ => Self::Other,
        }
    }

    /// The message; `None` for an event of the opening handshake.
    #[inline]
    pub(crate) fn into_message(self, inbound: &mut ReceiveBuffer<BytesMut>) -> Option<Message> {
        match self {
            Self::Text => Utf8Bytes::try_from(payload(inbound)).ok().map(Message::Text),
            Self::Binary => Some(Message::Binary(payload(inbound))),
            Self::Ping => Some(Message::Ping(payload(inbound))),
            Self::Pong => Some(Message::Pong(payload(inbound))),
            Self::Whole(message) => Some(message),
            Self::Other => None,
        }
    }
}

/// The payload of the last event, which shares the memory of the buffer. An empty one is not in the buffer.
fn payload(inbound: &mut ReceiveBuffer<BytesMut>) -> Bytes {
    inbound.take_payload().unwrap_or_default()
}

/// Reads once into `inbound`. Returns the number of bytes; 0 at the end of the transport.
pub(crate) fn poll_read<T: AsyncRead + Unpin>(
    transport: &mut T,
    inbound: &mut ReceiveBuffer<BytesMut>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut space = ReadBuf::new(inbound.spare_mut(READ));
    ready!(Pin::new(transport).poll_read(cx, &mut space))?;
    let count = space.filled().len();
    inbound.advance(count);
    Poll::Ready(Ok(count))
}

/// The same for an idle connection, whose buffer has no memory until there is input.
pub(crate) fn poll_read_idle<T: AsyncRead + Unpin>(
    transport: &mut T,
    inbound: &mut ReceiveBuffer<BytesMut>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    if !inbound.is_empty() {
        return poll_read(transport, inbound, cx);
    }
    inbound.shrink_to_fit();
    // The Pong of the peer, or the beginning of its next message.
    let mut memory = [0; 512];
    let mut space = ReadBuf::new(&mut memory);
    ready!(Pin::new(transport).poll_read(cx, &mut space))?;
    let count = inbound.feed(space.filled());
    debug_assert_eq!(count, space.filled().len(), "the buffer grows");
    Poll::Ready(Ok(count))
}

/// Reads and discards input, to the end of the transport or of its transmission.
pub(crate) fn poll_discard<T: AsyncRead + Unpin>(transport: &mut T, cx: &mut Context<'_>) -> Poll<()> {
    let mut memory = [0; 4096];
    loop {
        let mut space = ReadBuf::new(&mut memory);
        let result = ready!(Pin::new(&mut *transport).poll_read(cx, &mut space));
        if result.is_err() || space.filled().is_empty() {
            return Poll::Ready(());
        }
    }
}
