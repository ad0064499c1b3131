//! One receive buffer for many connections.
//!
//! While a slot is attached, it has the memory of the shared buffer; the guard's `drop` moves the memory
//! back. So the bytes of a connection are in its slot at any time, also after a guard was leaked.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};

use super::receive::ReceiveBuffer;

/// 4 MiB, once for each thread: the memory of four large messages that arrive at a time.
const RETAINED_CAPACITY: usize = 4 * 1024 * 1024;

/// Leftover bytes of this length or more stay in memory that belongs to the slot. Fewer bytes are copied to
/// the slot and back at each read, which costs less than a read from a socket.
const LARGE: usize = 4 * 1024;

/// A large read from a socket.
const READ: usize = 64 * 1024;

/// The memory of one [`ReceiveBuffer`], for all connections of a thread.
///
/// Most connections wait for input most of the time and hold no bytes then, but a `ReceiveBuffer` for each of
/// them keeps the memory of a read, for instance 16 KiB. With a `SharedBuffer`, each connection has a
/// [`BufferSlot`] instead: 72 bytes, and no memory on the heap. To read, [`attach`](Self::attach) the slot:
/// the guard is a `ReceiveBuffer` with the leftover bytes of this connection.
///
/// ```
/// use std::io::Read;
///
/// use websocket_proto::{BufferSlot, Config, Connection, Event, Negotiated, Server, SharedBuffer};
///
/// struct Peer<T> {
///     transport: T,
///     ws: Connection<Server>,
///     slot: BufferSlot,
///     out: Vec<u8>,
/// }
///
/// impl<T: Read> Peer<T> {
///     fn new(transport: T) -> Self {
///         let ws = Connection::established(Server::new(), Negotiated::new(), Config::default());
///         Self { transport, ws, slot: BufferSlot::new(), out: Vec::new() }
///     }
///
///     /// The transport has input.
///     fn read(&mut self, shared: &mut SharedBuffer) {
///         let mut inbound = shared.attach(&mut self.slot);
///         let count = self.transport.read(inbound.spare_mut(16 * 1024)).unwrap();
///         inbound.advance(count);
///         while let Some(event) = self.ws.receive(&mut inbound, &mut self.out).unwrap() {
///             if let Event::Text(text) = event {
///                 self.ws.send_text(text, &mut self.out).unwrap();
///             }
///         }
///     }
/// }
///
/// // Each first read ends in the middle of a frame.
/// let mut one = Peer::new(b"\x81\x83\0\0\0\0o".chain(&b"ne"[..]));
/// let mut two = Peer::new(b"\x81".chain(&b"\x83\0\0\0\0two"[..]));
/// let mut shared = SharedBuffer::new();
/// for _ in 0..2 {
///     one.read(&mut shared);
///     two.read(&mut shared);
/// }
/// assert_eq!((&one.out[..], &two.out[..]), (&b"\x81\x03one"[..], &b"\x81\x03two"[..]));
/// ```
///
/// # Memory
///
/// When the guard is dropped, leftover bytes (unread bytes, and the parts of an unfinished message) move to
/// the slot, in an allocation of their length. The exception is a large message in many reads, which is not
/// copied at each of them: from 4 KiB on, leftover bytes stay in their memory if they fill half of it
/// together with the bytes to come, that is the rest of the message's last frame and, once the memory is that
/// of the slot, a read of at most 64 KiB. The next guard reads into that memory, and it returns to the shared
/// buffer after the message. With longer reads, a large message can be copied at each of them until it is
/// about as long as one of them.
///
/// The shared buffer keeps at most its retained capacity for the next guards. A single memory that is larger
/// shrinks when it is attached again.
#[doc(alias = "BufferPool")]
pub struct SharedBuffer {
    /// What no slot has. The last one was used last, and is in the nearest cache.
    free: Vec<Vec<u8>>,
    retained_capacity: usize,
}

impl SharedBuffer {
    /// A shared buffer without memory. Its retained capacity is 4 MiB.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_retained_capacity(RETAINED_CAPACITY)
    }

    /// A shared buffer that keeps at most `capacity` bytes of memory, unless a read needs more.
    #[must_use]
    pub const fn with_retained_capacity(capacity: usize) -> Self {
        Self { free: Vec::new(), retained_capacity: capacity }
    }

    /// The receive buffer of the connection that this slot belongs to, until the guard is dropped.
    ///
    /// A guard that is leaked ([`mem::forget`](core::mem::forget)) leaves the memory in the slot, with the
    /// bytes of this connection and no others. No byte is lost: the next `attach` of the slot finds them, and
    /// other slots get new memory.
    #[must_use = "the guard is the receive buffer"]
    pub fn attach<'a>(&'a mut self, slot: &'a mut BufferSlot) -> AttachedBuffer<'a> {
        let BufferSlot { buffer } = slot;
        let is_large = buffer.held_len() >= LARGE;
        // The memory of a large message is judged when the guard is dropped.
        buffer.retained_capacity = if is_large { usize::MAX } else { self.retained_capacity };
        // After a leak, the slot has memory for a read.
        let fits = |memory: &Vec<u8>| memory.len() >= buffer.storage.len();
        let is_lent = !is_large && self.free.last().is_some_and(fits);
        if is_lent {
            buffer.replace_memory(self.free.pop().unwrap_or_default());
        }
        AttachedBuffer { shared: self, buffer, is_lent }
    }

    /// Keeps the memory for the next guard, within the retained capacity.
    fn keep(&mut self, memory: Vec<u8>) {
        let fits = self.free_memory().saturating_add(memory.len()) <= self.retained_capacity;
        if !memory.is_empty() && (fits || self.free.is_empty()) {
            self.free.push(memory);
        }
    }

    /// The bytes of memory that no slot has.
    fn free_memory(&self) -> usize {
        self.free.iter().map(Vec::len).sum()
    }

    /// Returns the memory to the allocator. The slots keep their leftover bytes.
    pub fn shrink_to_fit(&mut self) {
        self.free = Vec::new();
    }
}

impl Default for SharedBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SharedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBuffer").field("memory", &self.free_memory()).finish_non_exhaustive()
    }
}

/// The leftover bytes of one connection between two reads into a [`SharedBuffer`]. An empty slot has no
/// memory on the heap.
///
/// Keep the slot with its connection, and [attach](SharedBuffer::attach) it each time the connection reads.
/// It can be attached to any `SharedBuffer`, for instance to that of another thread.
#[derive(Clone)]
pub struct BufferSlot {
    buffer: ReceiveBuffer<Vec<u8>>,
}

impl BufferSlot {
    /// An empty slot.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: ReceiveBuffer::with_retained_capacity(0) }
    }

    /// Whether the slot holds no leftover bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}

impl Default for BufferSlot {
    fn default() -> Self {
        Self::new()
    }
}

/// Prints sizes only: the content is the peer's.
impl fmt::Debug for BufferSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferSlot").field("buffer", &self.buffer).finish()
    }
}

/// The guard of [`SharedBuffer::attach`]: a [`ReceiveBuffer`]. When it is dropped, the leftover bytes move to
/// the slot.
pub struct AttachedBuffer<'a> {
    shared: &'a mut SharedBuffer,
    /// In the slot.
    buffer: &'a mut ReceiveBuffer<Vec<u8>>,
    /// Whether the memory of the buffer is the shared buffer's.
    is_lent: bool,
}

impl Deref for AttachedBuffer<'_> {
    type Target = ReceiveBuffer<Vec<u8>>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        self.buffer
    }
}

impl DerefMut for AttachedBuffer<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.buffer
    }
}

impl Drop for AttachedBuffer<'_> {
    fn drop(&mut self) {
        let leftover = self.buffer.held_len();
        let needed = leftover.saturating_add(self.buffer.awaited_payload().unwrap_or(0));
        // The slot's own memory also has room for the next read, so that a message in small fragments is not
        // copied at each read.
        let needed = if self.is_lent { needed } else { needed.saturating_add(READ) };
        if leftover >= LARGE && needed >= self.buffer.storage.len() / 2 {
            return;
        }
        let memory = self.buffer.replace_memory(vec![0; leftover]);
        self.shared.keep(memory);
    }
}

impl fmt::Debug for AttachedBuffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachedBuffer").field("buffer", &self.buffer).finish()
    }
}
