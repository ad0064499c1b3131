//! Output to the transport.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;
use core::ops::DerefMut;

use arrayvec::ArrayVec;

#[cfg(feature = "alloc")]
use crate::wire::extend_masked;
use crate::wire::mask;

/// The output of a connection. The connection appends bytes; the caller writes them to the transport and
/// removes them from the front, in order, any number at a time.
///
/// The crate implements it for `Vec<u8>` (feature `alloc`), `ArrayVec<u8, N>`, [`SendSlice`],
/// `bytes::BytesMut` (feature `bytes`), and `&mut` of these, also of `dyn SendBuffer`.
///
/// # Room
///
/// An empty buffer should have room for 131 bytes, the longest control frame of a client. On a server it also
/// needs room for the response to the handshake, and for the rejection of an invalid request, which has about
/// 210 bytes. A reply without room stays pending in the connection. If even an empty buffer is too small for
/// it, the next send drops a Pong, and a Close is written without its reason.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use std::io::Write;
///
/// use websocket_proto::{Config, Connection, Negotiated, SendBuffer, Server};
///
/// /// Writes the output of any connection.
/// fn flush(out: &mut Vec<u8>, transport: &mut impl Write) -> std::io::Result<()> {
///     transport.write_all(out)?;
///     out.clear();
///     Ok(())
/// }
///
/// /// Sends to any kind of buffer.
/// fn greet(ws: &mut Connection<Server>, mut out: &mut dyn SendBuffer) {
///     ws.send_text("hi", &mut out).unwrap();
/// }
///
/// let mut ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let (mut out, mut transport) = (Vec::new(), Vec::new());
/// greet(&mut ws, &mut out);
/// flush(&mut out, &mut transport).unwrap();
/// assert_eq!(transport, b"\x81\x02hi");
/// # }
/// ```
#[doc(alias = "BufMut")]
#[doc(alias = "WriteBuffer")]
pub trait SendBuffer {
    /// The number of bytes in the buffer.
    fn len(&self) -> usize;

    /// Whether the buffer is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of bytes that the buffer has room for, after those in it. A buffer that grows returns a
    /// large number.
    #[doc(alias = "remaining_mut")]
    fn remaining_capacity(&self) -> usize;

    /// Announces that at most `count` bytes follow in several calls of [`push`](Self::push). A buffer that
    /// grows can allocate them at once.
    fn reserve(&mut self, count: usize) {
        let _ = count;
    }

    /// Appends all of `bytes`. Their number is at most [`remaining_capacity`](Self::remaining_capacity).
    #[doc(alias = "extend_from_slice")]
    #[doc(alias = "put_slice")]
    fn push(&mut self, bytes: &[u8]);

    /// Appends all of `payload`, masked with `key` (§5.3). `payload` does not change. Its length is at most
    /// [`remaining_capacity`](Self::remaining_capacity).
    fn push_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        // A block on the stack, because this buffer may not be maskable in place. Its length is a multiple of
        // the key's four bytes.
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

/// [`SendBuffer::push_masked`] for buffers whose bytes can be masked in place. It masks each block after its
/// copy, while the block is in the L1 cache.
#[inline]
fn push_and_mask(out: &mut (impl SendBuffer + DerefMut<Target = [u8]>), payload: &[u8], key: [u8; 4]) {
    // A multiple of the key's four bytes, and shorter than the copies for which memcpy uses `rep movsb`. That
    // can bypass the caches: with blocks of 4 KiB, 16 KiB took five times as long.
    const BLOCK: usize = 1024;
    let mut append = |block: &[u8]| {
        let from = SendBuffer::len(out);
        out.push(block);
        mask(out.get_mut(from..).unwrap_or_default(), key, 0);
    };
    if payload.len() <= BLOCK {
        return append(payload);
    }
    payload.chunks(BLOCK).for_each(append);
}

/// The number of bytes that a vector of this length has room for: no allocation is larger than `isize::MAX`.
/// On 64 bits no vector comes near that limit, and without the subtraction an echo of 125 bytes takes 275
/// instructions instead of 291.
#[cfg(feature = "alloc")]
#[inline]
const fn vec_capacity(len: usize) -> usize {
    if cfg!(target_pointer_width = "64") { usize::MAX } else { (isize::MAX as usize).saturating_sub(len) }
}

#[cfg(feature = "alloc")]
impl SendBuffer for Vec<u8> {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        vec_capacity(self.len())
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
        extend_masked(self, payload, key);
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
        vec_capacity(self.len())
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

impl<B: SendBuffer + ?Sized> SendBuffer for &mut B {
    #[inline]
    fn len(&self) -> usize {
        (**self).len()
    }

    #[inline]
    fn remaining_capacity(&self) -> usize {
        (**self).remaining_capacity()
    }

    #[inline]
    fn reserve(&mut self, count: usize) {
        (**self).reserve(count);
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        (**self).push(bytes);
    }

    #[inline]
    fn push_masked(&mut self, payload: &[u8], key: [u8; 4]) {
        (**self).push_masked(payload, key);
    }
}

/// A [`SendBuffer`] over fixed memory, for targets without an allocator or to bound the output of a
/// connection.
///
/// If the memory is full, `send_*` returns an error and writes nothing, and a reply stays pending in the
/// connection until there is room for it. The memory should have at least 131 bytes: [`SendBuffer`] says what
/// happens with less.
///
/// ```
/// use websocket_proto::{Config, Connection, Negotiated, SendBuffer, SendError, SendSlice, Server};
///
/// let mut ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
/// let mut memory = [0; 131];
/// let mut out = SendSlice::new(&mut memory);
/// ws.send_text("hello", &mut out).unwrap();
/// assert_eq!(ws.send_binary(&[0; 125], &mut out), Err(SendError::Full));
///
/// let written = 3; // the transport has accepted 3 of the 7 bytes
/// out.consume(written);
/// assert_eq!((out.as_slice(), out.remaining_capacity()), (&b"ello"[..], 127));
/// ```
#[doc(alias = "Cursor")]
pub struct SendSlice<'a> {
    memory: &'a mut [u8],
    /// At most the length of `memory`, so differences do not saturate.
    len: usize,
}

impl<'a> SendSlice<'a> {
    /// An empty buffer over this memory. The content of the memory does not matter.
    #[must_use]
    pub const fn new(memory: &'a mut [u8]) -> Self {
        Self { memory, len: 0 }
    }

    /// The bytes to write to the transport.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.memory.get(..self.len).unwrap_or_default()
    }

    /// Removes the first `count` bytes, which the transport has accepted. If the buffer has fewer bytes, it
    /// removes all of them. The rest moves to the front of the memory.
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
        let target = self.memory.get_mut(self.len..end);
        debug_assert!(target.is_some(), "at most the remaining capacity");
        if let Some(target) = target {
            target.copy_from_slice(bytes);
            self.len = end;
        }
    }
}

impl fmt::Debug for SendSlice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSlice")
            .field("len", &self.len)
            .field("remaining_capacity", &self.remaining_capacity())
            .finish()
    }
}
