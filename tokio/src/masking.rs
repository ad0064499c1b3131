//! The masking keys of a client (§5.3).

use core::cell::RefCell;

use websocket_proto::{Entropy, EntropyError};

/// The random bytes of the operating system, which it gives to each thread in blocks. One system call for
/// each frame would take ten times as long as to send it; a block serves 256 frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaskingKeys;

const BLOCK: usize = 1024;

/// A block, and the number of bytes of it that are used.
struct Block {
    bytes: [u8; BLOCK],
    used: usize,
}

impl Block {
    fn fill(&mut self, target: &mut [u8]) -> Result<(), EntropyError> {
        if self.bytes.len() - self.used < target.len() {
            // The block stays used up if there are no bytes.
            self.used = BLOCK;
            getrandom::fill(&mut self.bytes).map_err(|_| EntropyError)?;
            self.used = 0;
        }
        let end = self.used + target.len();
        let bytes = self.bytes.get_mut(self.used..end).ok_or(EntropyError)?;
        target.copy_from_slice(bytes);
        // §5.3: "fresh for each frame"
        bytes.fill(0);
        self.used = end;
        Ok(())
    }
}

thread_local! {
    static UNUSED: RefCell<Block> = const { RefCell::new(Block { bytes: [0; BLOCK], used: BLOCK }) };
}

impl Entropy for MaskingKeys {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        // A thread that ends has no block any more.
        UNUSED
            .try_with(|block| block.try_borrow_mut().map_err(|_| EntropyError)?.fill(bytes))
            .unwrap_or_else(|_| getrandom::fill(bytes).map_err(|_| EntropyError))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use websocket_proto::Entropy as _;

    use super::MaskingKeys;

    /// §5.3: "fresh for each frame"
    #[test]
    fn s5_3_no_key_repeats_across_blocks() {
        let mut keys = HashSet::new();
        for _ in 0..1000 {
            let mut key = [0; 16];
            MaskingKeys.fill(&mut key).expect("random bytes");
            assert!(keys.insert(key), "{key:?}");
        }
    }
}
