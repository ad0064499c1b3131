//! The input of a connection, and the messages in it.

use core::future::Future as _;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use websocket_proto::{Event, ReceiveBuffer};

use crate::message::{CloseFrame, Message};
use crate::utf8_bytes::Utf8Bytes;

/// The least memory that a read can fill. The first memory of a connection has 4 KiB, and a payload shares it
/// with the next ones, so a message that is kept for long keeps no more than that.
const READ: usize = 1024;

/// The most memory that is allocated in advance for a message as long as the one before.
const MAX_ADVANCE: usize = 1024 * 1024;

/// The memory that the receive buffer keeps between messages, if it was needed for one.
const RETAINED: usize = 64 * 1024;

/// A receive buffer without memory.
pub(crate) fn new_inbound() -> ReceiveBuffer<BytesMut> {
    ReceiveBuffer::for_bytes_with_retained_capacity(RETAINED)
}

/// The content of an event, without its payload, which is still in the receive buffer.
pub(crate) enum Content {
    Text,
    Binary,
    Ping,
    Pong,
    /// Its payload was copied.
    Whole(Message),
    /// An event of the opening handshake.
    Other,
}

impl Content {
    #[inline]
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match event {
            // To validate the bytes again takes less time than a copy only for ASCII.
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

/// The size of the next read. A message is likely to be as long as the one before, and a read likely to bring
/// as much: room for all of it avoids that the buffer grows in steps, each of which copies.
#[derive(Debug, Default)]
pub(crate) struct ReadSize {
    last_read: usize,
    last_message: usize,
}

/// §5.2: the longest header.
const HEADER: usize = 14;

impl ReadSize {
    fn wanted(&self) -> usize {
        let message = self.last_message.min(MAX_ADVANCE).saturating_add(HEADER);
        message.max(self.last_read.min(RETAINED)).max(READ)
    }

    /// A message was delivered.
    #[inline]
    pub(crate) fn delivered(&mut self, message: &Message) {
        match message {
            Message::Text(text) => self.last_message = text.len(),
            Message::Binary(bytes) => self.last_message = bytes.len(),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
        }
    }
}

/// Reads once into `inbound`. Returns the number of bytes; 0 at the end of the transport.
pub(crate) fn poll_read<T: AsyncRead + Unpin>(
    transport: &mut T,
    inbound: &mut ReceiveBuffer<BytesMut>,
    size: &mut ReadSize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    inbound.read_with(size.wanted(), |spare| {
        let room = spare.remaining_mut();
        let count = ready!(pin!(transport.read_buf(spare)).poll(cx))?;
        // After a read that had too little room, the next one has twice as much.
        size.last_read = if count == room { count.saturating_mul(2) } else { count };
        Poll::Ready(Ok(count))
    })
}

/// The same for an idle connection, whose buffer has no memory until there is input.
pub(crate) fn poll_read_idle<T: AsyncRead + Unpin>(
    transport: &mut T,
    inbound: &mut ReceiveBuffer<BytesMut>,
    size: &mut ReadSize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    if !inbound.is_empty() {
        return poll_read(transport, inbound, size, cx);
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
