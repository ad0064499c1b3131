//! What has come in: bytes of the transport, and the message that is being put together out of them.
//!
//! ```text
//!   0          message        built        read          end        len
//!   |  free    | message      | free       | unread      | free     |
//!   |          | (unmasked)   | (headers)  | (raw)       |          |
//! ```
//! `message <= built <= read <= end <= len`, so that differences of them do not wrap; without a message,
//! `message == built` anywhere. The payload of a fragment is moved down from `read` to `built` as it is
//! unmasked.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use super::storage::{MASKED_CONTROL_FRAME, MIN_FIXED_LEN, Storage, grown};
use crate::wire::{mask, mask_into};

/// Where the transport's bytes go, and where messages are put together. The caller owns it, one to a
/// connection while bytes of that connection are in it.
///
/// Read into [`spare_mut`](Self::spare_mut), say how much with [`advance`](Self::advance), then call
/// [`receive`](crate::Connection::receive) until it returns `None`. Events borrow the buffer.
///
/// The parts of a message that has not ended are in the buffer, and the connection knows how far it has read
/// them. Until the message has ended, the connection must be given this buffer, and the buffer no other
/// connection: after [`clear`](Self::clear), or with another buffer, a message is delivered without its
/// beginning, or with that of another.
///
/// Over `Vec<u8>` it takes no memory before the first `spare_mut`, and grows with the bytes received (never
/// by the length that a header declares): up to 4 MiB it doubles, then it grows by a quarter. `spare_mut`
/// returns the memory to the allocator when what the buffer holds and the bytes wanted take less than half of
/// it, down to a threshold.
///
/// Over `&mut [u8]` it never grows. The memory must have at least [`MIN_LEN`](ReceiveBuffer::MIN_LEN) bytes.
/// A message must fit beside a control frame of 131 bytes, unless messages are [delivered in
/// parts](crate::Delivery::Parts).
#[derive(Clone)]
pub struct ReceiveBuffer<S> {
    storage: S,
    threshold: usize,
    message: usize,
    built: usize,
    read: usize,
    end: usize,
    /// What it retains for its connection, in one number; 0 for nothing.
    retained: u16,
}

#[cfg(feature = "alloc")]
impl ReceiveBuffer<Vec<u8>> {
    /// Over a vector, empty and without memory; it keeps 64 KiB at the most when it needs less.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_retained_capacity(64 * 1024)
    }

    /// Over a vector, with another number of bytes to keep. If messages are often larger than that, memory is
    /// allocated for each of them.
    #[must_use]
    pub const fn with_retained_capacity(threshold: usize) -> Self {
        Self { storage: Vec::new(), threshold, message: 0, built: 0, read: 0, end: 0, retained: 0 }
    }
}

#[cfg(feature = "alloc")]
impl Default for ReceiveBuffer<Vec<u8>> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> ReceiveBuffer<&'a mut [u8]> {
    /// The least number of bytes that [`fixed`](Self::fixed) memory must have: 131 for a control frame
    /// (§5.5), and 4 for a code point that is split between two fragments.
    pub const MIN_LEN: usize = MIN_FIXED_LEN;

    /// Over fixed memory, whose content does not matter. It should have room for the head of the handshake,
    /// and for a control frame (131 bytes) beside the largest message; or for [`MIN_LEN`](Self::MIN_LEN)
    /// bytes, if messages are [delivered in parts](crate::Delivery::Parts). If whole messages are
    /// compressed (feature `deflate`), it should have room for all bytes of one read beside the largest
    /// message.
    #[must_use]
    pub const fn fixed(storage: &'a mut [u8]) -> Self {
        Self { storage, threshold: usize::MAX, message: 0, built: 0, read: 0, end: 0, retained: 0 }
    }
}

impl<S: Storage> ReceiveBuffer<S> {
    /// Room to read into: at least `wanted` bytes, or as many as there can be. Empty means that the buffer is
    /// full.
    ///
    /// Bytes written here count once [`advance`](Self::advance) says so.
    #[must_use]
    #[inline]
    pub fn spare_mut(&mut self, wanted: usize) -> &mut [u8] {
        let len = self.storage.bytes().len();
        if self.is_empty() {
            (self.message, self.built, self.read, self.end) = (0, 0, 0, 0);
            if len < wanted || len > self.keeps(wanted) {
                self.make_space(wanted);
            }
        } else {
            let free = self.end_of_space().saturating_sub(self.end);
            if free < wanted || self.gap() >= self.kept() || len > self.keeps(self.end.saturating_add(wanted))
            {
                self.make_space(wanted);
            }
        }
        let end = self.end_of_space();
        self.storage.bytes_mut().get_mut(self.end..end).unwrap_or_default()
    }

    /// The first `count` bytes of [`spare_mut`](Self::spare_mut) have come from the transport. More than
    /// there were is taken for all of them.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        let free = self.end_of_space().saturating_sub(self.end);
        self.end = self.end.wrapping_add(count.min(free));
    }

    /// Copies bytes that came another way; how many there was room for.
    #[must_use = "a fixed buffer may not take all of them"]
    pub fn feed(&mut self, bytes: &[u8]) -> usize {
        let space = self.spare_mut(bytes.len());
        let count = bytes.len().min(space.len());
        for (slot, byte) in space.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        self.advance(count);
        count
    }

    /// The bytes that `receive` has not read: an incomplete head, header or control frame, the frames after
    /// it, or the bytes after a refused handshake. The payload of a data frame that has arrived in part
    /// is not among them: it was moved to its message.
    #[must_use]
    #[inline]
    pub fn unread(&self) -> &[u8] {
        self.storage.bytes().get(self.read..self.end).unwrap_or_default()
    }

    /// Whether it holds nothing: neither unread bytes nor a part of a message. It can serve another
    /// connection then.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.read == self.end && self.message == self.built
    }

    /// Gives back all memory that holds nothing. An empty buffer is left with none.
    pub fn shrink_to_fit(&mut self) {
        self.compact();
        self.storage.shrink(self.end);
    }

    /// Drops all that is in it. It can serve another connection then; for the same one, in the middle of a
    /// message, see [above](ReceiveBuffer).
    pub fn clear(&mut self) {
        self.message = self.end;
        self.built = self.end;
        self.read = self.end;
        self.retained = 0;
    }

    /// Whether it retains what its connection expects: the number that [`retain`](Self::retain) returned
    /// last.
    #[inline]
    pub(crate) fn retains(&self, expected: u16) -> bool {
        self.retained == expected
    }

    /// The connection needs more bytes: remembers how much of a message, and how many unread bytes, it
    /// retains for that connection. Returns both in one number, for [`release`](Self::release); 0 for
    /// nothing.
    pub(crate) fn retain(&mut self) -> u16 {
        // An odd factor keeps different lengths different. Truncating and wrapping: the number is only
        // compared.
        let message = (self.message_len() as u32).wrapping_mul(0x9E37_79B1);
        let both = message ^ self.unread_len() as u32;
        self.retained = if self.is_empty() { 0 } else { ((both ^ both >> 16) as u16).max(1) };
        self.retained
    }

    /// The connection reads on, if the buffer retains what it expects; whether it does.
    pub(crate) fn release(&mut self, expected: u16) -> bool {
        let is_expected = self.retains(expected);
        if is_expected {
            self.retained = 0;
        }
        is_expected
    }

    #[inline]
    pub(crate) fn unread_mut(&mut self) -> &mut [u8] {
        self.storage.bytes_mut().get_mut(self.read..self.end).unwrap_or_default()
    }

    /// Passes over unread bytes, and gives them out.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> &[u8] {
        let from = self.read;
        self.skip(count);
        self.storage.bytes().get(from..self.read).unwrap_or_default()
    }

    /// Passes over unread bytes.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize) {
        self.read = self.read.wrapping_add(count.min(self.unread_len()));
    }

    /// Unmasks the first `count` unread bytes, a piece of payload, to the end of the message.
    ///
    /// ```text
    ///   | message   built | gap | payload   | unread        before
    ///   | message   payload   built | gap   | unread        after
    /// ```
    pub(crate) fn append_payload(&mut self, count: usize, key: Option<[u8; 4]>) {
        if self.message == self.built {
            self.message = self.read;
            self.built = self.read;
        }
        let gap = self.read.saturating_sub(self.built);
        let end = self.read.saturating_add(count).min(self.end);
        let count = end.saturating_sub(self.read);
        let bytes = self.storage.bytes_mut().get_mut(self.built..end).unwrap_or_default();
        match (key, bytes.split_at_mut_checked(gap)) {
            (Some(key), Some((target, source))) if source.len() <= gap => {
                // A fragment as short as what lies before it: nothing overlaps.
                if let Some(target) = target.get_mut(..source.len()) {
                    mask_into(target, source, key, 0);
                }
            }
            (Some(key), _) if gap == 0 => mask(bytes, key, 0),
            (Some(key), _) if gap < 64 => {
                bytes.copy_within(gap.., 0);
                mask(bytes.get_mut(..count).unwrap_or_default(), key, 0);
            }
            (Some(key), _) => mask_down(bytes, gap, key),
            (None, _) if gap == 0 => {}
            (None, _) => bytes.copy_within(gap.., 0),
        }
        self.built = self.built.saturating_add(count);
        self.read = end;
    }

    /// Appends bytes to the message that are not in the buffer, as many as there is room for; how many. The
    /// unread bytes move up where they are in the way; a buffer that grows does so by as much as it has,
    /// but for a message of `most` bytes no further than that.
    ///
    /// ```text
    ///   | message   built | gap | unread   end | free |        before
    ///   | message   bytes   built | gap           | unread     after, if the gap was too small
    /// ```
    #[cfg(feature = "deflate")]
    pub(crate) fn append(&mut self, bytes: &[u8], most: u64) -> usize {
        if self.message == self.built {
            self.message = 0;
            self.built = 0;
        }
        if self.read.saturating_sub(self.built) < bytes.len() {
            self.make_gap(bytes.len(), most);
        }
        let gap = self.storage.bytes_mut().get_mut(self.built..self.read).unwrap_or_default();
        let count = gap.len().min(bytes.len());
        for (slot, byte) in gap.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        self.built = self.built.saturating_add(count);
        count
    }

    #[cfg(feature = "deflate")]
    #[cold]
    fn make_gap(&mut self, wanted: usize, most: u64) {
        self.compact();
        let (len, unread) = (self.storage.bytes().len(), self.unread_len());
        let needed = self.built.saturating_add(wanted).saturating_add(unread).min(self.largest());
        if len < needed {
            let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(unread);
            self.storage.grow(grown(len, needed, most.min(self.largest())));
        }
        let bytes = self.storage.bytes_mut();
        let len = bytes.len();
        let to = len.saturating_sub(unread);
        bytes.copy_within(self.read..self.end, to);
        (self.read, self.end) = (to, len);
    }

    /// The message as far as it is there, to be given out: the bytes, and how to say that the first of them
    /// are done with.
    #[inline]
    pub(crate) fn message(&mut self) -> (&[u8], Given<'_>) {
        let bytes = self.storage.bytes().get(self.message..self.built).unwrap_or_default();
        (bytes, Given { message: &mut self.message, built: self.built })
    }

    /// How many bytes of a message it can ever hold: a control frame must fit beside it.
    #[inline]
    pub(crate) fn message_capacity(&self) -> u64 {
        self.storage.limit().saturating_sub(MASKED_CONTROL_FRAME) as u64
    }

    /// How many unread bytes it can ever hold.
    pub(crate) fn capacity(&self) -> usize {
        self.storage.limit().saturating_sub(self.storage.reserve())
    }

    /// Whether it will never have room for more, unless an event takes some of it.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.unread_len().wrapping_add(self.message_len().max(self.storage.reserve())) >= self.largest()
    }

    /// How long its memory can get. No allocation is larger than `isize::MAX`, which a 32-bit machine can
    /// come near to.
    #[inline]
    fn largest(&self) -> usize {
        self.storage.limit().min(isize::MAX as usize)
    }

    /// Where the room to read into ends. The message and the room beside it have at least the reserve.
    #[inline]
    fn end_of_space(&self) -> usize {
        let reserve = self.storage.reserve().saturating_sub(self.message_len());
        self.storage.bytes().len().wrapping_sub(reserve)
    }

    /// How many bytes of the message are kept in it.
    #[inline]
    pub(crate) fn message_len(&self) -> usize {
        self.built.wrapping_sub(self.message)
    }

    /// How many bytes are unread.
    #[inline]
    pub(crate) fn unread_len(&self) -> usize {
        self.end.wrapping_sub(self.read)
    }

    /// Bytes of message and unread.
    #[inline]
    pub(crate) fn kept(&self) -> usize {
        self.message_len().wrapping_add(self.unread_len())
    }

    /// Bytes before them that are done with. Once there are as many, what is kept moves down: each byte at
    /// most once for every byte that came, and a message does not begin far up in the memory, to be moved
    /// when it is long.
    #[inline]
    fn gap(&self) -> usize {
        if self.message == self.built { self.read } else { self.message }
    }

    /// How much memory it keeps at the most when it needs so much. Twice that, so that a message no longer
    /// than a read does not make it shrink and grow again, and so that as many bytes were received as are
    /// copied when it shrinks.
    #[inline]
    fn keeps(&self, needed: usize) -> usize {
        self.threshold.max(needed.saturating_mul(2))
    }

    #[cold]
    #[inline(never)]
    fn make_space(&mut self, wanted: usize) {
        self.compact();
        let limit = self.largest();
        let needed = self.end.saturating_add(wanted).min(limit);
        if self.storage.bytes().len() > self.keeps(needed) {
            self.storage.shrink(self.end);
        }
        let len = self.storage.bytes().len();
        if len < needed && wanted <= limit {
            self.storage.grow(grown(len, needed, limit));
        }
    }

    /// Moves message and unread bytes down to the front.
    fn compact(&mut self) {
        let (message, unread) = (self.message_len(), self.unread_len());
        let bytes = self.storage.bytes_mut();
        if self.message > 0 && message > 0 {
            bytes.copy_within(self.message..self.built, 0);
        }
        if self.read > message && unread > 0 {
            bytes.copy_within(self.read..self.end, message);
        }
        self.message = 0;
        self.built = message;
        self.read = message;
        self.end = message.saturating_add(unread);
    }
}

/// Sizes alone: the content is the peer's.
impl<S: Storage> fmt::Debug for ReceiveBuffer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ReceiveBuffer");
        out.field("message", &self.message_len()).field("unread", &self.unread().len());
        out.field("memory", &self.storage.bytes().len()).finish()
    }
}

/// Says what of the message was given out.
pub(crate) struct Given<'a> {
    message: &'a mut usize,
    built: usize,
}

impl Given<'_> {
    /// All of it.
    #[inline]
    pub(crate) fn all(self) {
        *self.message = self.built;
    }

    /// All but its end.
    pub(crate) fn first(self, count: usize) {
        *self.message = self.message.saturating_add(count).min(self.built);
    }
}

/// Unmasks all but the first `gap` bytes to the front, in one pass: blocks no longer than the gap do not
/// overlap their target.
fn mask_down(mut bytes: &mut [u8], gap: usize, key: [u8; 4]) {
    let mut offset = 0u64;
    while let Some((target, source)) = bytes.split_at_mut_checked(gap) {
        let block = source.len().min(gap);
        if block == 0 {
            return;
        }
        let (Some(to), Some(from)) = (target.get_mut(..block), source.get(..block)) else { return };
        mask_into(to, from, key, offset);
        offset = offset.wrapping_add(block as u64);
        bytes = bytes.get_mut(block..).unwrap_or_default();
    }
}
