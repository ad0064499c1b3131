//! Output with a bound.

use core::borrow::BorrowMut;

use websocket_proto::SendBuffer;

/// An output buffer that never holds more than `capacity` bytes.
pub struct Room<B = Vec<u8>> {
    pub bytes: B,
    pub capacity: usize,
}

impl Room {
    /// A buffer that holds `held` bytes and has room for `room` more.
    pub fn new(held: usize, room: usize) -> Self {
        Self { bytes: vec![0xEE; held], capacity: held.saturating_add(room) }
    }

    /// An empty buffer with room for everything.
    pub fn large() -> Self {
        Self::new(0, usize::MAX)
    }
}

impl<B: BorrowMut<Vec<u8>>> SendBuffer for Room<B> {
    fn len(&self) -> usize {
        self.bytes.borrow().len()
    }

    fn remaining_capacity(&self) -> usize {
        self.capacity - self.len()
    }

    fn push(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.remaining_capacity(), "a write beyond the room of `out`");
        self.bytes.borrow_mut().extend_from_slice(bytes);
    }
}
