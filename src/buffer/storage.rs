//! The memory of a receive buffer.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// The memory of a [`ReceiveBuffer`](crate::ReceiveBuffer): `Vec<u8>` (feature `alloc`), which grows, or `&mut [u8]`, which does
/// not. Sealed.
pub trait Storage: sealed::Sealed {}

/// §5.2, §5.5: two bytes, a masking key and 125 of payload.
pub(super) const MASKED_CONTROL_FRAME: usize = 131;

/// §8.1: the bytes of a code point. In fixed memory, unread bytes leave so much room for a message: the
/// beginning of a code point stays there while a control frame is read, and a code point that is inflated
/// finds room.
pub(super) const CODE_POINT: usize = 4;

/// The least number of bytes of fixed memory that keeps every promise.
pub(super) const MIN_FIXED_LEN: usize = MASKED_CONTROL_FRAME + CODE_POINT;

/// From here on, memory grows by a quarter: a message of 64 MiB takes at most 80 MiB. The price: while it
/// grows, each byte of a long message is copied four times on average, not once as when memory doubles.
const GROW_BY_QUARTERS: usize = 4 << 20;

/// How much memory to have instead of `len`, if `needed` is more: a multiple, so that a message that comes in
/// small reads is copied a constant number of times; but no more than `most`, unless it is needed.
pub(super) const fn grown(len: usize, needed: usize, most: usize) -> usize {
    let step = if len < GROW_BY_QUARTERS { len } else { len / 4 };
    let len = len.saturating_add(step);
    let len = if len < most { len } else { most };
    if len < needed { needed } else { len }
}

mod sealed {
    #[cfg(feature = "alloc")]
    use alloc::{vec, vec::Vec};

    use super::{CODE_POINT, MIN_FIXED_LEN};

    #[expect(unnameable_types, reason = "sealed")]
    pub trait Sealed {
        /// All of it, initialised.
        fn bytes(&self) -> &[u8];
        fn bytes_mut(&mut self) -> &mut [u8];
        /// Makes it this long, if it can.
        fn grow(&mut self, len: usize);
        /// Keeps no more than the first `len` bytes, if it can.
        fn shrink(&mut self, len: usize);
        /// How long it can get.
        fn limit(&self) -> usize;
        /// How much room unread bytes must leave for a message.
        fn reserve(&self) -> usize;
    }

    #[cfg(feature = "alloc")]
    impl Sealed for Vec<u8> {
        #[inline]
        fn bytes(&self) -> &[u8] {
            self
        }

        #[inline]
        fn bytes_mut(&mut self) -> &mut [u8] {
            self
        }

        fn grow(&mut self, len: usize) {
            if self.is_empty() {
                *self = vec![0; len];
            } else {
                // Exactly: the buffer doubles by itself.
                self.reserve_exact(len.saturating_sub(self.len()));
                self.resize(len, 0);
            }
        }

        fn shrink(&mut self, len: usize) {
            self.truncate(len);
            self.shrink_to_fit();
        }

        #[inline]
        fn limit(&self) -> usize {
            usize::MAX
        }

        #[inline]
        fn reserve(&self) -> usize {
            0
        }
    }

    impl Sealed for &mut [u8] {
        #[inline]
        fn bytes(&self) -> &[u8] {
            self
        }

        #[inline]
        fn bytes_mut(&mut self) -> &mut [u8] {
            self
        }

        fn grow(&mut self, _: usize) {}

        fn shrink(&mut self, _: usize) {}

        #[inline]
        fn limit(&self) -> usize {
            self.len()
        }

        // With less memory than that there is no promise, and a control frame is worth more than a code
        // point.
        #[inline]
        fn reserve(&self) -> usize {
            if self.len() < MIN_FIXED_LEN { 0 } else { CODE_POINT }
        }
    }
}

#[cfg(feature = "alloc")]
impl Storage for Vec<u8> {}
impl Storage for &mut [u8] {}

#[cfg(test)]
mod tests {
    use super::{GROW_BY_QUARTERS, grown};

    #[test]
    fn memory_doubles_then_grows_by_a_quarter_and_never_past_the_most() {
        const MOST: usize = 0x7FFF_FFFF;
        for (len, needed, expected) in [
            (0, 1, 1),
            (100, 101, 200),
            (100, 900, 900),
            (GROW_BY_QUARTERS - 1, GROW_BY_QUARTERS, 2 * GROW_BY_QUARTERS - 2),
            (GROW_BY_QUARTERS, GROW_BY_QUARTERS + 1, GROW_BY_QUARTERS / 4 * 5),
            // The 32-bit limit of an allocation.
            (1 << 30, (1 << 30) + 1, 5 << 28),
            (0x7000_0000, 0x7000_0001, MOST),
            (MOST - 1, MOST, MOST),
        ] {
            assert_eq!(grown(len, needed, MOST), expected, "{len} to {needed}");
        }
        assert_eq!(grown(100, 150, 120), 150, "what is needed is needed");
    }
}
