//! Payloads as `Bytes`, without a copy.

use core::mem;
use core::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};

use super::receive::{RETAINED_CAPACITY, ReceiveBuffer};
use super::storage::grown;

/// The least memory that [`read_with`](ReceiveBuffer::read_with) allocates: for many short messages.
const LEAST: usize = 4 * 1024;

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

    /// Lets `read` append input to the buffer, and returns its result. The memory is not initialised: compared
    /// with [`spare_mut`](Self::spare_mut), no zeros are written before a read. Use one of the two for a buffer.
    ///
    /// There is room for at least `wanted` bytes, or at least for the rest of the last frame of a message, so
    /// that a payload gets memory of its length. If no allocation can have `wanted` more bytes, there is room
    /// for at least 4 KiB.
    /// [`BufMut::remaining_mut`] is the number of bytes; it is at least one if `wanted` is.
    /// The functions of a runtime that read to a [`BufMut`] observe it, such as `read_buf` of tokio. For bytes that
    /// are in memory, use [`feed`](Self::feed).
    ///
    /// ```
    /// use bytes::BufMut;
    /// use websocket_proto::{Config, Connection, Event, Negotiated, ReceiveBuffer, Server};
    ///
    /// let mut ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
    /// let (mut inbound, mut out) = (ReceiveBuffer::for_bytes(), Vec::new());
    /// let mut transport: &[u8] = b"\x82\x82\0\0\0\0hi";
    /// inbound.read_with(16 * 1024, |spare| {
    ///     let count = transport.len().min(spare.remaining_mut());
    ///     spare.put_slice(&transport[..count]);
    ///     transport = &transport[count..];
    /// });
    /// assert!(matches!(ws.receive(&mut inbound, &mut out), Ok(Some(Event::Binary(b"hi")))));
    /// ```
    ///
    /// New memory has 4 KiB, or as much as is needed. It grows as described for [`ReceiveBuffer`].
    #[doc(alias = "read_buf")]
    pub fn read_with<T>(&mut self, wanted: usize, read: impl FnOnce(&mut dyn BufMut) -> T) -> T {
        self.forget_payload();
        let wanted = self.awaited_payload().map_or(wanted, |awaited| wanted.min(awaited.max(1)));
        let is_possible = self.unread_end.saturating_add(wanted) <= self.largest();
        let wanted = if is_possible { wanted } else { LEAST };
        // Cuts off the memory that `spare_mut` has initialised.
        self.storage.truncate(self.unread_end);
        if self.is_empty() {
            (self.message_start, self.message_end, self.unread_start, self.unread_end) = (0, 0, 0, 0);
            self.storage.clear();
        }
        let capacity = self.storage.capacity();
        let is_too_large = self.is_too_large(capacity, self.held_len().saturating_add(wanted));
        // Cannot wrap: the length is at most the capacity.
        if is_too_large || capacity.wrapping_sub(self.unread_end) < wanted {
            self.make_room(wanted, is_too_large);
        }
        let spare = self.storage.capacity().wrapping_sub(self.unread_end);
        let result = read(&mut (&mut self.storage).limit(spare));
        self.unread_end = self.storage.len();
        result
    }

    /// Compacts, and reserves memory for so many more bytes: another one, if this one is too large.
    fn make_room(&mut self, wanted: usize, is_too_large: bool) {
        self.compact();
        self.storage.truncate(self.unread_end);
        // Also true if all payloads that were taken from the memory are dropped.
        if !is_too_large && self.storage.try_reclaim(wanted) {
            return;
        }
        let needed = self.unread_end.saturating_add(wanted).max(LEAST);
        let most = self.needed_at_most(wanted).min(self.largest());
        let len = if is_too_large { needed } else { grown(self.storage.capacity(), needed, most) };
        let mut memory = BytesMut::with_capacity(len);
        memory.extend_from_slice(&self.storage);
        self.storage = memory;
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
    /// For [`spare_mut`](Self::spare_mut), the buffer allocates memory for four reads, or for fewer if they exceed the retained capacity, but at
    /// least for two. If the memory is larger than the retained capacity, the payload fills a quarter of it, and
    /// the rest is not longer than the payload, the payload takes the whole allocation, and the buffer copies
    /// the rest to a new one.
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
        // A short payload does not take a large allocation. The rest is copied only if it is not longer than
        // the payload, so that the number of copies of a byte has a constant limit.
        let (len, capacity) = (payload.len(), self.storage.capacity());
        let is_long = capacity > self.retained_capacity && len >= capacity / 4 && self.held_len() <= len;
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
