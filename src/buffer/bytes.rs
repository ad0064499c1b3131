//! Payloads as `Bytes`, without a copy.

use core::mem;
use core::ops::Range;

use bytes::{Bytes, BytesMut};

use super::receive::{RETAINED_CAPACITY, ReceiveBuffer};

impl ReceiveBuffer<BytesMut> {
    /// An empty buffer over `BytesMut`, without memory. Its retained capacity is 64 KiB.
    #[must_use]
    pub fn for_bytes() -> Self {
        Self::for_bytes_with_retained_capacity(RETAINED_CAPACITY)
    }

    /// An empty buffer over `BytesMut`, without memory, with this retained capacity in bytes.
    #[must_use]
    pub fn for_bytes_with_retained_capacity(capacity: usize) -> Self {
        Self::over(BytesMut::new(), capacity)
    }

    /// Takes the payload of the event that [`receive`](crate::Connection::receive) has returned last: a
    /// message, a part of one, or a control frame (of a Close: the code and the reason). The payload of a
    /// text is valid UTF-8.
    ///
    /// Call it after the event and before the next call of `receive` or of the buffer. In all other cases,
    /// and for an event without payload, it returns `None`.
    ///
    /// ```
    /// use websocket_proto::{Config, Connection, Event, Negotiated, ReceiveBuffer, Server};
    ///
    /// let mut ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
    /// let (mut inbound, mut out) = (ReceiveBuffer::for_bytes(), Vec::new());
    /// let _ = inbound.feed(b"\x82\x82\0\0\0\0hi\x82");
    /// while let Some(event) = ws.receive(&mut inbound, &mut out)? {
    ///     if let Event::Binary(_) = event {
    ///         let payload = inbound.take_payload().unwrap();
    ///         assert_eq!(payload, "hi");
    ///     }
    /// }
    /// # Ok::<(), websocket_proto::Error>(())
    /// ```
    ///
    /// # Memory
    ///
    /// The payload is not copied, except for a control frame between two fragments. The `Bytes` share one
    /// allocation with the buffer and with the other payloads of the same reads. When all of them are
    /// dropped, the buffer uses the allocation again; until then, it allocates another one when this one is
    /// full. To hold a short payload for a long time, copy it with
    /// [`Bytes::copy_from_slice`].
    ///
    /// The buffer allocates memory for four reads, or for fewer if they exceed the retained capacity, but at
    /// least for two. If the memory is larger than the retained capacity and the rest is not longer than the
    /// payload, the payload takes the whole allocation, and the buffer copies the rest to a new one.
    #[must_use = "the payload is gone from the buffer"]
    #[doc(alias = "into_data")]
    #[doc(alias = "freeze")]
    pub fn take_payload(&mut self) -> Option<Bytes> {
        let Range { start, end } = self.last_payload.take()?;
        let payload = self.storage.get(start..end);
        debug_assert!(payload.is_some(), "a payload in the memory");
        let payload = payload?;
        if payload.is_empty() {
            return Some(Bytes::new());
        }
        let is_in_message = self.message_len() > 0 && self.message_start < end;
        if is_in_message {
            // §5.5: a control frame after message bytes, which stay: at most 125 bytes to copy.
            return Some(Bytes::copy_from_slice(payload));
        }
        // The rest is copied only if it is not longer than the payload, so that the number of copies of a
        // byte has a constant limit.
        let is_long = self.storage.len() > self.retained_capacity && self.held_len() <= payload.len();
        let memory = if is_long { self.move_rest() } else { self.split_off_front(end) };
        Some(memory.freeze().slice(start..end))
    }

    /// Moves message bytes and unread bytes to another allocation. Returns the memory used before.
    fn move_rest(&mut self) -> BytesMut {
        let mut rest = BytesMut::with_capacity(self.held_len());
        rest.extend_from_slice(self.storage.get(self.message_start..self.message_end).unwrap_or_default());
        self.message_start = 0;
        self.message_end = rest.len();
        rest.extend_from_slice(self.storage.get(self.unread_start..self.unread_end).unwrap_or_default());
        self.unread_start = self.message_end;
        self.unread_end = rest.len();
        mem::replace(&mut self.storage, rest)
    }

    /// Splits off the first `count` bytes, which are delivered.
    fn split_off_front(&mut self, count: usize) -> BytesMut {
        for position in
            [&mut self.message_start, &mut self.message_end, &mut self.unread_start, &mut self.unread_end]
        {
            // A position below `count` is that of a message without bytes.
            *position = position.saturating_sub(count);
        }
        self.storage.split_to(count)
    }
}
