//! The input of a connection, and the messages in it.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use websocket_proto::{Event, ReceiveBuffer};

use crate::message::{CloseFrame, Message};
use crate::utf8_bytes::Utf8Bytes;

/// The least memory that a read can fill; the first memory of a connection is for four such reads. With 16 KiB, an
/// idle connection keeps 68 KB instead of 19, and to open one takes 13 µs of user CPU instead of 3.
const READ: usize = 4 * 1024;

/// Up to this length, a payload is copied out of the receive buffer, so that the buffer keeps its memory. If
/// the payload took the memory, the buffer would have to allocate and zero other memory: an echo of 16 KiB
/// takes 2.2 µs of user CPU then, and 1.5 µs with the copy; 125 bytes take 0.14 µs and 0.09 µs. A short
/// message that is kept for long does not keep a large buffer either.
const COPIED: usize = 128 * 1024;

/// The memory that the receive buffer keeps between messages, if it was needed for one: for a message of
/// [`COPIED`] bytes, and as much of the next.
const RETAINED: usize = 2 * COPIED;

/// A receive buffer without memory.
pub(crate) fn new_inbound() -> ReceiveBuffer<BytesMut> {
    ReceiveBuffer::for_bytes_with_retained_capacity(RETAINED)
}

/// The content of an event, without its payload, which is still in the receive buffer.
pub(crate) enum Content {
    Text,
    Binary,
    /// Its payload was copied.
    Whole(Message),
    /// An event of the opening handshake.
    Other,
}

impl Content {
    #[inline]
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Text(text) if text.len() > COPIED && text.is_ascii() => Self::Text,
            Event::Text(text) => Self::Whole(Message::Text(Utf8Bytes::copied(text))),
            Event::Binary(bytes) if bytes.len() > COPIED => Self::Binary,
            Event::Binary(bytes) => Self::Whole(Message::Binary(Bytes::copy_from_slice(bytes))),
            Event::Ping(payload) => Self::Whole(Message::Ping(Bytes::copy_from_slice(payload))),
            Event::Pong(payload) => Self::Whole(Message::Pong(Bytes::copy_from_slice(payload))),
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
            Self::Whole(message) => Some(message),
            Self::Other => None,
        }
    }
}

/// The payload of the last event, which shares the memory of the buffer. An empty one is not in the buffer.
fn payload(inbound: &mut ReceiveBuffer<BytesMut>) -> Bytes {
    inbound.take_payload().unwrap_or_default()
}

/// The size of the next read. A long message is likely to be as long as the one before: room for all of it
/// avoids that the buffer grows in steps, each of which zeroes and copies.
#[derive(Debug, Default)]
pub(crate) struct ReadSize {
    /// The bytes since the last message.
    received: usize,
    /// The length of the last message, if it was taken with its memory.
    last_message: usize,
}

/// The longest message that memory is allocated for in advance.
const MAX_ADVANCE: usize = 1024 * 1024;

impl ReadSize {
    fn wanted(&self) -> usize {
        // The buffer always allocates enough for a short message.
        if self.received < RETAINED / 4 {
            return READ;
        }
        let rest = self.last_message.min(MAX_ADVANCE).saturating_sub(self.received);
        // The buffer allocates at least two reads.
        READ + rest / 2
    }

    /// A message was delivered.
    #[inline]
    pub(crate) fn delivered(&mut self, message: &Message) {
        let len = match message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return,
        };
        *self = Self { received: 0, last_message: if len > COPIED { len } else { 0 } };
    }
}

/// Reads once into `inbound`. Returns the number of bytes; 0 at the end of the transport.
pub(crate) fn poll_read<T: AsyncRead + Unpin>(
    transport: &mut T,
    inbound: &mut ReceiveBuffer<BytesMut>,
    size: &mut ReadSize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut space = ReadBuf::new(inbound.spare_mut(size.wanted()));
    ready!(Pin::new(transport).poll_read(cx, &mut space))?;
    let count = space.filled().len();
    inbound.advance(count);
    size.received = size.received.saturating_add(count);
    Poll::Ready(Ok(count))
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
