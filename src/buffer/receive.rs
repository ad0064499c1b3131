//! Input from the transport: unread bytes, and the message that is reassembled from them.
//!
//! ```text
//!   0      message_start   message_end   unread_start   unread_end     len
//!   | free | message bytes | gap         | unread bytes | spare        |
//!   |      | (unmasked)    | (headers)   | (raw)        | (to read to) |
//! ```
//! `message_start <= message_end <= unread_start <= unread_end <= len`, so that their differences do not
//! wrap. Sums with a count that the caller chose saturate: a `min` or a `get` limits them then. Without a
//! message, `message_start == message_end`, at any position. Unmasking moves the payload of a
//! fragment down from `unread_start` to `message_end`.
//!
//! Functions that run for each read or each message are `#[inline]`: they are a few instructions each, and
//! the crate of the caller can then inline them.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;
#[cfg(feature = "alloc")]
use core::mem;
use core::ops::Range;

use super::delivered::Delivered;
use super::storage::{MASKED_CONTROL_FRAME, MIN_FIXED_LEN, Storage, grown};
use crate::wire::{mask, mask_into};

/// The input of one connection: unread bytes from the transport, and the message that is reassembled from
/// them.
///
/// The caller owns the buffer. Read into [`spare_mut`](Self::spare_mut), report the number of bytes with
/// [`advance`](Self::advance), then call [`receive`](crate::Connection::receive) until it returns `Ok(None)`.
/// Events borrow the buffer.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use std::io::Read;
///
/// use websocket_proto::{Config, Connection, Event, Negotiated, ReceiveBuffer, Server};
///
/// let mut ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
/// let mut transport: &[u8] = b"\x82\x82\0\0\0\0hi\x82\x85\0\0"; // a message, and part of a header
/// let count = transport.read(inbound.spare_mut(16 * 1024)).unwrap();
/// inbound.advance(count);
/// assert!(matches!(ws.receive(&mut inbound, &mut out), Ok(Some(Event::Binary(b"hi")))));
/// assert!(matches!(ws.receive(&mut inbound, &mut out), Ok(None)));
/// assert_eq!(inbound.unread().len(), 4);
/// # }
/// ```
///
/// # One buffer for each connection
///
/// The buffer holds the unread bytes and the unfinished message of one connection, and the connection knows
/// how many they are. While the buffer is not [empty](Self::is_empty), pass it to the `receive` of this
/// connection only. With another buffer, `receive` reads nothing and returns
/// [`Error::WrongBuffer`](crate::Error::WrongBuffer). It does not notice every mistake: it compares only the
/// numbers of these bytes, and nothing between an event and the next `None`.
/// [`SharedBuffer`](crate::SharedBuffer) serves many connections with the memory of one buffer.
///
/// # Memory
///
/// `Vec<u8>` (feature `alloc`) allocates nothing before the first `spare_mut`. It grows with the bytes
/// received, and never by the length that a header declares: up to 4 MiB it doubles, then it grows by a
/// quarter, but not beyond what the last frame of a message and one read need. If the memory is larger than the
/// retained capacity and less than half of it is needed, the next read returns the rest to the allocator.
///
/// `bytes::BytesMut` (feature `bytes`) grows in the same way, and the payload of an event can be
/// [taken](ReceiveBuffer::take_payload) as `Bytes` without a copy.
///
/// `&mut [u8]` never grows. It must have at least [`MIN_LEN`](ReceiveBuffer::MIN_LEN) bytes. The largest
/// message and a control frame of 131 bytes must fit into it together, unless messages are [delivered in
/// parts](crate::Delivery::Parts).
#[doc(alias = "FrameCodec")]
#[doc(alias = "ReadBuffer")]
#[doc(alias = "ReadBuf")]
pub struct ReceiveBuffer<S: Storage> {
    pub(super) storage: S,
    /// The length of memory that `spare_mut` never shrinks.
    pub(super) retained_capacity: usize,
    pub(super) message_start: usize,
    pub(super) message_end: usize,
    pub(super) unread_start: usize,
    pub(super) unread_end: usize,
    /// The check number of the bytes that the connection expects; 0 for none. See [`retain`](Self::retain).
    retained: u16,
    /// How many bytes the last frame of a message still needs: a limit on the growth of the memory. `u32::MAX`
    /// for any number. A `u32` fits into padding, so the field adds no byte to the buffer.
    awaited: u32,
    /// The payload of the event that `receive` has returned last.
    pub(super) last_payload: S::LastPayload,
}

/// 64 KiB: room for four reads of 16 KiB, which is the length that the examples read.
#[cfg(feature = "alloc")]
pub(super) const RETAINED_CAPACITY: usize = 64 * 1024;

#[cfg(feature = "alloc")]
impl ReceiveBuffer<Vec<u8>> {
    /// An empty buffer over a vector, without memory. Its retained capacity is 64 KiB.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_retained_capacity(RETAINED_CAPACITY)
    }

    /// An empty buffer over a vector, without memory, with this retained capacity in bytes. If messages are
    /// often larger than that, the buffer allocates memory for each of them.
    #[must_use]
    #[doc(alias("with_capacity", "read_buffer_size"))]
    pub const fn with_retained_capacity(capacity: usize) -> Self {
        Self::over(Vec::new(), capacity)
    }
}

#[cfg(feature = "alloc")]
impl Default for ReceiveBuffer<Vec<u8>> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> ReceiveBuffer<&'a mut [u8]> {
    /// The least length of [`fixed`](Self::fixed) memory: 131 bytes for a control frame (§5.5), and 4 for a
    /// code point that is split between two fragments.
    pub const MIN_LEN: usize = MIN_FIXED_LEN;

    /// An empty buffer over fixed memory. The content of the memory does not matter.
    ///
    /// The memory should have room for the head of the handshake and 4 bytes, and for the largest message
    /// together with a control frame (131 bytes). If messages are [delivered in parts](crate::Delivery::Parts),
    /// [`MIN_LEN`](Self::MIN_LEN) bytes are enough after the handshake. If compressed messages are delivered
    /// whole (feature `deflate`), the memory should have room for the largest message together with all bytes
    /// of one read.
    ///
    /// A larger message or head fails the connection with `MessageTooBig` or `HeadTooLong`.
    #[must_use]
    pub const fn fixed(storage: &'a mut [u8]) -> Self {
        Self::over(storage, usize::MAX)
    }
}

impl<S: Storage> ReceiveBuffer<S> {
    pub(super) const fn over(storage: S, retained_capacity: usize) -> Self {
        Self {
            storage,
            retained_capacity,
            message_start: 0,
            message_end: 0,
            unread_start: 0,
            unread_end: 0,
            retained: 0,
            awaited: u32::MAX,
            last_payload: S::NO_PAYLOAD,
        }
    }

    /// Memory to read into: at least `wanted` bytes, or the rest of a fixed memory. It is initialised, and
    /// empty if a fixed buffer is full.
    ///
    /// After the read, pass the number of bytes to [`advance`](Self::advance).
    #[must_use]
    #[inline]
    #[doc(alias = "chunk_mut")]
    #[doc(alias = "unfilled_mut")]
    pub fn spare_mut(&mut self, wanted: usize) -> &mut [u8] {
        self.forget_payload();
        let len = self.storage.bytes().len();
        if self.is_empty() {
            (self.message_start, self.message_end, self.unread_start, self.unread_end) = (0, 0, 0, 0);
            if len < wanted || self.is_too_large(len, wanted) {
                self.make_spare(wanted);
            }
        } else {
            let spare = self.spare_end().saturating_sub(self.unread_end);
            let needed = self.unread_end.saturating_add(wanted);
            if spare < wanted || self.free_front() >= self.held_len() || self.is_too_large(len, needed) {
                self.make_spare(wanted);
            }
        }
        let end = self.spare_end();
        // `None` if unread bytes are in the reserve: the reserve grows when a message ends.
        self.storage.bytes_mut().get_mut(self.unread_end..end).unwrap_or_default()
    }

    /// Adds the first `count` bytes of [`spare_mut`](Self::spare_mut) to the input. If the spare memory has
    /// fewer bytes, it adds all of them.
    #[inline]
    #[doc(alias = "set_filled")]
    #[doc(alias = "advance_mut")]
    pub fn advance(&mut self, count: usize) {
        let spare = self.spare_end().saturating_sub(self.unread_end);
        // Cannot wrap: at most the length of the memory.
        self.unread_end = self.unread_end.wrapping_add(count.min(spare));
    }

    /// Copies `bytes` to the input, for instance those that an HTTP library has read. Returns the number of
    /// bytes copied: all of them, except if a fixed buffer has no room.
    #[must_use = "a fixed buffer may not have room for all of them"]
    #[doc(alias = "extend_from_slice")]
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        let spare = self.spare_mut(bytes.len());
        let count = bytes.len().min(spare.len());
        for (target, byte) in spare.iter_mut().zip(bytes) {
            *target = *byte;
        }
        self.advance(count);
        count
    }

    /// The bytes that `receive` has not consumed: an incomplete head, header or control frame, the frames
    /// after the last event, or the bytes after a rejected handshake. The payload of an unfinished message
    /// can be among them, already unmasked, or `receive` has taken it.
    #[must_use]
    #[inline]
    pub fn unread(&self) -> &[u8] {
        range(self.storage.bytes(), self.unread_start..self.unread_end)
    }

    /// Whether the buffer holds neither unread bytes nor a part of a message. Then it can serve another
    /// connection.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.unread_start == self.unread_end && self.message_start == self.message_end
    }

    /// Returns unused memory to the allocator. An empty buffer has none afterwards.
    pub fn shrink_to_fit(&mut self) {
        self.forget_payload();
        self.compact();
        self.storage.shrink(self.unread_end);
    }

    /// Drops the unread bytes and the unfinished message. Then the buffer can serve another connection. A
    /// connection that has leftover bytes in it cannot continue: if its last `receive` returned `None`, the
    /// next one returns [`Error::WrongBuffer`](crate::Error::WrongBuffer).
    pub fn clear(&mut self) {
        self.forget_payload();
        self.message_start = self.unread_end;
        self.message_end = self.unread_end;
        self.unread_start = self.unread_end;
        self.retained = 0;
        self.awaited = u32::MAX;
    }

    /// Whether the buffer holds the bytes that its connection expects: `expected` is the number that
    /// [`retain`](Self::retain) returned last.
    #[inline]
    pub(crate) fn retains(&self, expected: u16) -> bool {
        self.retained == expected
    }

    /// Stores a check number of the bytes that the buffer holds for a connection that needs more input:
    /// a hash of the number of message bytes and the number of unread bytes; 0 if both are 0. Returns it, for
    /// [`release`](Self::release).
    pub(crate) fn retain(&mut self) -> u16 {
        // The prime next to 2^32 divided by the golden ratio: it spreads the length over all bits, and
        // because it is odd, different lengths stay different. Truncating and wrapping: the number is
        // only compared.
        let message = (self.message_len() as u32).wrapping_mul(0x9E37_79B1);
        let both = message ^ self.unread_len() as u32;
        self.retained = if self.is_empty() { 0 } else { ((both ^ both >> 16) as u16).max(1) };
        self.retained
    }

    /// Whether the buffer holds the bytes that the connection expects. If so, forgets the check number.
    pub(crate) fn release(&mut self, expected: u16) -> bool {
        let is_expected = self.retains(expected);
        if is_expected {
            self.retained = 0;
            self.awaited = u32::MAX;
        }
        is_expected
    }

    /// The connection needs more bytes: so many for the payload of the last frame of a message, or any number.
    /// An empty buffer stores no number, because it can serve another connection.
    pub(crate) fn await_payload(&mut self, remaining: Option<u64>) {
        let remaining = remaining.filter(|_| !self.is_empty());
        self.awaited = remaining.and_then(|remaining| u32::try_from(remaining).ok()).unwrap_or(u32::MAX);
    }

    /// How many bytes of payload the last frame of a message still needs; `None` if any number may follow.
    #[inline]
    pub(super) fn awaited_payload(&self) -> Option<usize> {
        if self.awaited == u32::MAX { None } else { usize::try_from(self.awaited).ok() }
    }

    #[inline]
    pub(crate) fn unread_mut(&mut self) -> &mut [u8] {
        range_mut(self.storage.bytes_mut(), self.unread_start..self.unread_end)
    }

    /// Forgets the payload of the last event, because `receive` begins or the memory changes.
    #[inline]
    pub(crate) fn forget_payload(&mut self) {
        self.last_payload = S::NO_PAYLOAD;
    }

    /// Consumes unread bytes, the payload of an event, and returns them with the handle that marks them as
    /// delivered.
    #[inline]
    pub(crate) fn deliver(&mut self, count: usize) -> (&[u8], Delivered<'_, S>) {
        let start = self.unread_start;
        self.consume(count);
        let payload = start..self.unread_start;
        let bytes = range(self.storage.bytes(), payload.clone());
        (bytes, Delivered { message_start: None, payload, last_payload: &mut self.last_payload })
    }

    /// Consumes unread bytes and returns them.
    #[inline]
    pub(crate) fn take_head(&mut self, count: usize) -> &[u8] {
        let from = self.unread_start;
        self.consume(count);
        range(self.storage.bytes(), from..self.unread_start)
    }

    /// Consumes unread bytes.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        // Cannot wrap: at most `unread_end`.
        self.unread_start = self.unread_start.wrapping_add(count.min(self.unread_len()));
    }

    /// Unmasks the first `count` unread bytes, which are payload, and moves them to the end of the message.
    ///
    /// ```text
    ///   | message | gap | payload | unread       before
    ///   | message | payload | gap | unread       after
    /// ```
    pub(crate) fn append_payload(&mut self, count: usize, key: Option<[u8; 4]>) {
        if self.message_start == self.message_end {
            self.message_start = self.unread_start;
            self.message_end = self.unread_start;
        }
        let gap = self.gap_len();
        let end = self.unread_start.saturating_add(count).min(self.unread_end);
        let count = end.saturating_sub(self.unread_start);
        let bytes = range_mut(self.storage.bytes_mut(), self.message_end..end);
        match (key, bytes.split_at_mut_checked(gap)) {
            (Some(key), Some((target, source))) if source.len() <= gap => {
                // The payload is no longer than the gap: source and target do not overlap.
                if let Some(target) = target.get_mut(..source.len()) {
                    mask_into(target, source, key, 0);
                }
            }
            (Some(key), _) if gap == 0 => mask(bytes, key, 0),
            // Below 64 bytes, memmove and a pass in place are faster than `mask_down` in blocks of the gap's
            // length.
            (Some(key), _) if gap < 64 => {
                bytes.copy_within(gap.., 0);
                mask(range_mut(bytes, 0..count), key, 0);
            }
            (Some(key), _) => mask_down(bytes, gap, key),
            (None, _) if gap == 0 => {}
            (None, _) => bytes.copy_within(gap.., 0),
        }
        self.message_end = self.message_end.saturating_add(count);
        self.unread_start = end;
    }

    /// Appends inflated bytes to the message. Returns the number of bytes that it had room for. If the gap is
    /// too small, the message bytes move to the front; if it is still too small, the unread bytes move to the
    /// end of the memory, which grows if it can.
    ///
    /// ```text
    ///   | free | message | gap | unread | spare |       before
    ///   | message | bytes | gap |        unread |       after, if the gap was too small
    /// ```
    #[cfg(feature = "deflate")]
    pub(crate) fn append_inflated(&mut self, bytes: &[u8], max_message_len: u64) -> usize {
        if self.message_start == self.message_end {
            self.message_start = 0;
            self.message_end = 0;
        }
        if self.gap_len() < bytes.len() {
            self.move_message_to_front();
            self.make_gap(bytes.len(), max_message_len);
        }
        let gap = range_mut(self.storage.bytes_mut(), self.message_end..self.unread_start);
        let count = gap.len().min(bytes.len());
        for (target, byte) in gap.iter_mut().zip(bytes) {
            *target = *byte;
        }
        self.message_end = self.message_end.saturating_add(count);
        count
    }

    /// Moves the unread bytes to the end of the memory, if the gap after a message at the front is too small.
    /// They move again only when the memory grows or shrinks, or after a read: not for each part.
    ///
    /// A new memory has twice the length, but not beyond the room for a message of `max_message_len` bytes. If
    /// payloads can be taken, they take their memory along, and bytes that no read has written are cut off
    /// before each read. Then the room is at least as long as the unread bytes, so that these are not copied
    /// for each payload, and not much longer, so that a read does not cost the length of the memory.
    #[cfg(feature = "deflate")]
    fn make_gap(&mut self, wanted: usize, max_message_len: u64) {
        let (len, unread) = (self.storage.bytes().len(), self.unread_len());
        let needed = self.message_end.saturating_add(wanted).saturating_add(unread).min(self.largest());
        if len < needed && !self.storage.extend(needed.saturating_add(unread), self.unread_end) {
            let least = if S::IS_SPLIT { unread } else { 0 };
            let room = usize::try_from(max_message_len).unwrap_or(usize::MAX).max(least);
            let max_len = room.saturating_add(unread).min(self.largest());
            self.storage.grow(grown(len, needed, max_len), self.unread_end);
        }
        let len = self.storage.bytes().len();
        if self.gap_len() < wanted && self.unread_end < len {
            let to = len.saturating_sub(unread);
            self.storage.bytes_mut().copy_within(self.unread_start..self.unread_end, to);
            (self.unread_start, self.unread_end) = (to, len);
        }
    }

    /// The number of bytes between the message and the unread bytes.
    #[inline]
    fn gap_len(&self) -> usize {
        self.unread_start.saturating_sub(self.message_end)
    }

    /// The message bytes, and the handle that marks them as delivered.
    #[inline]
    pub(crate) fn message(&mut self) -> (&[u8], Delivered<'_, S>) {
        let payload = self.message_start..self.message_end;
        let bytes = range(self.storage.bytes(), payload.clone());
        let message_start = Some(&mut self.message_start);
        (bytes, Delivered { message_start, payload, last_payload: &mut self.last_payload })
    }

    /// The longest message that can ever fit, together with a control frame.
    #[inline]
    pub(crate) fn message_capacity(&self) -> u64 {
        self.largest().saturating_sub(MASKED_CONTROL_FRAME) as u64
    }

    /// How many unread bytes can ever fit.
    pub(crate) fn unread_capacity(&self) -> usize {
        self.storage.limit().saturating_sub(self.storage.reserve())
    }

    /// Whether the buffer can never have more room, unless an event is delivered.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        // Cannot wrap: twice the length of an allocation at most.
        self.unread_len().wrapping_add(self.message_len().max(self.storage.reserve())) >= self.largest()
    }

    /// The largest length of the memory. No allocation is larger than `isize::MAX`, which a 32-bit machine
    /// can come near to.
    #[inline]
    pub(super) fn largest(&self) -> usize {
        self.storage.limit().min(isize::MAX as usize)
    }

    /// The end of the spare memory. After it is the part of the reserve that the message does not fill.
    #[inline]
    fn spare_end(&self) -> usize {
        let reserve = self.storage.reserve().saturating_sub(self.message_len());
        // Cannot wrap: the reserve is less than the length of the memory.
        self.storage.bytes().len().wrapping_sub(reserve)
    }

    /// The number of message bytes.
    #[inline]
    pub(crate) fn message_len(&self) -> usize {
        self.message_end.wrapping_sub(self.message_start)
    }

    /// The number of unread bytes.
    #[inline]
    pub(crate) fn unread_len(&self) -> usize {
        self.unread_end.wrapping_sub(self.unread_start)
    }

    /// The number of message bytes and unread bytes.
    #[inline]
    pub(crate) fn held_len(&self) -> usize {
        // Cannot wrap: at most the length of the memory.
        self.message_len().wrapping_add(self.unread_len())
    }

    /// The number of free bytes at the front. When they are at least as many as the message bytes and unread
    /// bytes together, `spare_mut` moves those to the front. So it moves at most one byte for each byte that
    /// was consumed, and a message is near the front before it becomes long.
    #[inline]
    fn free_front(&self) -> usize {
        if self.message_start == self.message_end { self.unread_start } else { self.message_start }
    }

    /// Whether a memory of `len` bytes shrinks before a read if `needed` bytes are needed. With the factor of
    /// two, messages that are about as long as a read do not shrink and grow the memory in turn, and a shrink
    /// copies at most as many bytes as were received before it.
    #[inline]
    pub(super) fn is_too_large(&self, len: usize, needed: usize) -> bool {
        len > self.retained_capacity && len / 2 > needed
    }

    /// Changes the memory for [`spare_mut`](Self::spare_mut): compacts, shrinks or grows it.
    fn make_spare(&mut self, wanted: usize) {
        self.compact();
        let limit = self.largest();
        let needed = self.unread_end.saturating_add(wanted).min(limit);
        if self.is_too_large(self.storage.bytes().len(), needed) {
            self.storage.shrink(self.unread_end);
        }
        let len = self.storage.bytes().len();
        if len < needed && wanted <= limit {
            // If payloads can be taken, they take their memory along. New memory has room for two to four
            // reads, so that not every read allocates and writes zeros.
            let retained = self.retained_capacity.saturating_sub(needed);
            let more = if S::IS_SPLIT { retained.clamp(wanted, wanted.saturating_mul(3)) } else { 0 };
            let len = grown(len, needed, limit.min(self.needed_at_most(wanted)))
                .max(needed.saturating_add(more).min(limit));
            self.storage.grow(len, self.unread_end);
        }
    }

    /// How much memory the rest of the last frame of a message needs, and what a read brings after it.
    pub(super) fn needed_at_most(&self, wanted: usize) -> usize {
        self.message_end
            .saturating_add(self.awaited_payload().unwrap_or(usize::MAX))
            .max(self.unread_end)
            .saturating_add(wanted)
    }

    /// Moves message bytes and unread bytes to the front of another memory, which has room for them. Returns
    /// the memory used before.
    #[cfg(feature = "alloc")]
    pub(super) fn replace_memory(&mut self, memory: S) -> S {
        self.compact();
        let memory = mem::replace(&mut self.storage, memory);
        let target = self.storage.bytes_mut().get_mut(..self.unread_end);
        let source = memory.bytes().get(..self.unread_end);
        debug_assert!(target.is_some() && source.is_some(), "the other memory has room");
        if let (Some(target), Some(source)) = (target, source) {
            target.copy_from_slice(source);
        }
        memory
    }

    /// Moves message bytes and unread bytes to the front.
    pub(super) fn compact(&mut self) {
        self.move_message_to_front();
        let (message, unread) = (self.message_len(), self.unread_len());
        if self.unread_start > message && unread > 0 {
            self.storage.bytes_mut().copy_within(self.unread_start..self.unread_end, message);
        }
        self.unread_start = message;
        self.unread_end = message.saturating_add(unread);
    }

    fn move_message_to_front(&mut self) {
        let message = self.message_len();
        if self.message_start > 0 && message > 0 {
            self.storage.bytes_mut().copy_within(self.message_start..self.message_end, 0);
        }
        (self.message_start, self.message_end) = (0, message);
    }
}

impl<S: Storage + Clone> Clone for ReceiveBuffer<S> {
    fn clone(&self) -> Self {
        Self {
            storage: self.storage.clone(),
            retained_capacity: self.retained_capacity,
            message_start: self.message_start,
            message_end: self.message_end,
            unread_start: self.unread_start,
            unread_end: self.unread_end,
            retained: self.retained,
            awaited: self.awaited,
            last_payload: self.last_payload.clone(),
        }
    }
}

/// Prints sizes only: the content is the peer's.
impl<S: Storage> fmt::Debug for ReceiveBuffer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ReceiveBuffer");
        out.field("message", &self.message_len()).field("unread", &self.unread().len());
        out.field("memory", &self.storage.bytes().len()).finish()
    }
}

/// The bytes of this range, which is within the memory.
#[inline]
fn range(bytes: &[u8], range: Range<usize>) -> &[u8] {
    let bytes = bytes.get(range);
    debug_assert!(bytes.is_some(), "positions in order");
    bytes.unwrap_or_default()
}

/// The bytes of this range, which is within the memory, to write to.
#[inline]
fn range_mut(bytes: &mut [u8], range: Range<usize>) -> &mut [u8] {
    let bytes = bytes.get_mut(range);
    debug_assert!(bytes.is_some(), "positions in order");
    bytes.unwrap_or_default()
}

/// Moves all bytes after the first `gap` bytes to the front and unmasks them, in one pass over blocks of
/// `gap` bytes: a block of that length does not overlap its target.
fn mask_down(mut bytes: &mut [u8], gap: usize, key: [u8; 4]) {
    let mut offset = 0u64;
    while let Some((target, source)) = bytes.split_at_mut_checked(gap) {
        let block = source.len().min(gap);
        if block == 0 {
            return;
        }
        let (Some(to), Some(from)) = (target.get_mut(..block), source.get(..block)) else { return };
        mask_into(to, from, key, offset);
        // Wrapping: `mask_into` uses the offset modulo 4.
        offset = offset.wrapping_add(block as u64);
        let len = bytes.len();
        bytes = range_mut(bytes, block..len);
    }
}
