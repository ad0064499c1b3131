//! Entropy that can run out.

use core::cell::Cell;

use websocket_proto::{Entropy, EntropyError};

use crate::support::{self, SampleNonce};

/// The nonce of §1.3, then keys that never repeat, as many as are left.
#[derive(Clone)]
pub(super) struct Keys<'a> {
    pub(super) next: support::Keys,
    pub(super) left: &'a Cell<usize>,
}

impl Entropy for Keys<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        if bytes.len() == 16 {
            return SampleNonce.fill(bytes);
        }
        self.left.set(self.left.get().checked_sub(1).ok_or(EntropyError)?);
        self.next.fill(bytes)
    }
}
