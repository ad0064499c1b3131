//! What the two clients share.

use websocket_proto::{Entropy, EntropyError};

/// The operating system's random bytes, fetched 4 KiB at a time: a system call for a thousand frames, not for
/// each.
///
/// It is not `Clone`: a copy would hand out the same masking keys again.
pub(crate) struct RandomPool {
    bytes: [u8; 4096],
    used: usize,
}

impl RandomPool {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 4096], used: 4096 }
    }
}

impl Entropy for RandomPool {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            if self.used == self.bytes.len() {
                getrandom::fill(&mut self.bytes).map_err(|_| EntropyError)?;
                self.used = 0;
            }
            *byte = self.bytes[self.used];
            self.used += 1;
        }
        Ok(())
    }
}
