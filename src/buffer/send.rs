//! What is to go out.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;
use core::ops::DerefMut;

use arrayvec::ArrayVec;

use crate::wire::mask;
#[cfg(feature = "alloc")]
use crate::wire::masked;

/// Where a connection puts what is to be sent. The caller takes bytes from its front, in order, any number at
/// a time.
///
/// It should have room for 131 bytes when it is empty, a control frame of a client's: what is owed to the
/// peer and finds no room waits. A server's needs room for its 101 as well, and for a refusal of about 260.
///
/// For `Vec<u8>` (feature `alloc`), `ArrayVec<u8, N>`, [`SendSlice`] and `bytes::BytesMut` (feature `bytes`).
pub trait SendBuffer {
    /// How many bytes are in it, not taken yet.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many more it has room for.
    fn remaining_capacity(&self) -> usize;

    /// About to get this many bytes in several pieces.
    fn reserve(&mut self, count: usize) {
        let _ = count;
    }

    /// Appends all of `bytes`, which are at most [`remaining_capacity`](Self::remaining_capacity).
    fn push(&mut self, bytes: &[u8]);

    /// Appends all of `payload`, masked with `key` (§5.3); `payload` stays as it is.
    fn push_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        let mut block = [0; 256];
        for payload in payload.chunks(block.len()) {
            if let Some(block) = block.get_mut(..payload.len()) {
                block.copy_from_slice(payload);
                mask(block, key, 0);
                self.push(block);
            }
        }
    }
}

/// [`SendBuffer::push_masked`] where what was written can be masked in its place, while it is still in the
/// nearest cache.
#[inline]
fn push_and_mask(out: &mut (impl SendBuffer + DerefMut<Target = [u8]>), payload: &[u8], key: [u8; 4]) {
    // A multiple of the key's four bytes, and less than what memcpy may copy by `rep movsb`, which can pass
    // the caches by: reading what it has just written then takes five times as long.
    const BLOCK: usize = 1024;
    let mut put = |block: &[u8]| {
        let from = out.len();
        out.push(block);
        mask(out.get_mut(from..).unwrap_or_default(), key, 0);
    };
    if payload.len() <= BLOCK {
        return put(payload);
    }
    payload.chunks(BLOCK).for_each(put);
}

#[cfg(feature = "alloc")]
impl SendBuffer for Vec<u8> {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        usize::MAX
    }

    #[inline]
    fn reserve(&mut self, count: usize) {
        Self::reserve(self, count);
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn push_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        // From here on one pass pays: a vector takes arrays without a look at its room for each byte.
        const LONG: usize = 512;

        if payload.len() < LONG {
            return push_and_mask(self, payload, key);
        }
        let (blocks, rest) = masked(payload, key);
        self.extend(blocks.flatten());
        push_and_mask(self, rest, key);
    }
}

impl<const N: usize> SendBuffer for ArrayVec<u8, N> {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        self.remaining_capacity()
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        let fits = self.try_extend_from_slice(bytes);
        debug_assert!(fits.is_ok(), "at most the remaining capacity");
    }

    #[inline]
    fn push_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        push_and_mask(self, payload, key);
    }
}

#[cfg(feature = "bytes")]
impl SendBuffer for bytes::BytesMut {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        usize::MAX
    }

    #[inline]
    fn reserve(&mut self, count: usize) {
        Self::reserve(self, count);
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn push_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        push_and_mask(self, payload, key);
    }
}

/// A [`SendBuffer`] over fixed memory.
///
/// ```
/// use websocket_proto::{SendBuffer, SendSlice};
///
/// let mut memory = [0; 4];
/// let mut out = SendSlice::new(&mut memory);
/// out.push(b"abc");
/// out.consume(2);
/// assert_eq!((out.as_slice(), out.remaining_capacity()), (&b"c"[..], 3));
/// ```
pub struct SendSlice<'a> {
    memory: &'a mut [u8],
    len: usize,
}

impl<'a> SendSlice<'a> {
    /// Empty, over memory whose content does not matter.
    #[must_use]
    pub const fn new(memory: &'a mut [u8]) -> Self {
        Self { memory, len: 0 }
    }

    /// The bytes to send.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.memory.get(..self.len).unwrap_or_default()
    }

    /// The first `count` bytes were sent.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.len);
        self.memory.copy_within(count..self.len, 0);
        self.len = self.len.saturating_sub(count);
    }
}

impl SendBuffer for SendSlice<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        self.memory.len().saturating_sub(self.len)
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(free) = self.memory.get_mut(self.len..end) {
            free.copy_from_slice(bytes);
            self.len = end;
        }
    }
}

impl fmt::Debug for SendSlice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSlice")
            .field("pending", &self.len)
            .field("room", &self.remaining_capacity())
            .finish()
    }
}
