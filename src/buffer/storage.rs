//! The memory of a receive buffer.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// The memory of a [`ReceiveBuffer`](crate::ReceiveBuffer): `Vec<u8>` (feature `alloc`) and `bytes::BytesMut`
/// (feature `bytes`), which grow, or `&mut [u8]`, which does not. Sealed.
pub trait Storage: sealed::Sealed {}

/// §5.2, §5.5: two header bytes, a masking key and 125 bytes of payload.
pub(super) const MASKED_CONTROL_FRAME: usize = 131;

/// The length of the longest code point in UTF-8. In a fixed memory, unread bytes leave this much room to the
/// message: for the first bytes of a code point while a control frame is read, or for an inflated code point.
const CODE_POINT: usize = 4;

/// The least length of a fixed memory: a control frame and, in the middle of a message, a code point.
pub(super) const MIN_FIXED_LEN: usize = MASKED_CONTROL_FRAME + CODE_POINT;

/// From 4 MiB on, memory grows by a quarter, so that a message of 64 MiB takes at most 80 MiB. The price is
/// that each byte of a long message is copied four times on average, not once as with doubling.
const GROW_BY_QUARTERS: usize = 4 << 20;

/// The new length of a memory that has `len` bytes and needs `needed` bytes, which is more. The length grows
/// by a factor, so that the number of copies of a byte does not depend on the size of the reads. It is at
/// most `max`, except if `needed` is more.
pub(super) fn grown(len: usize, needed: usize, max: usize) -> usize {
    let step = if len < GROW_BY_QUARTERS { len } else { len / 4 };
    // Saturating: `max` limits the sum.
    len.saturating_add(step).min(max).max(needed)
}

mod sealed {
    #[cfg(feature = "alloc")]
    use alloc::{vec, vec::Vec};
    use core::ops::Range;

    #[cfg(feature = "bytes")]
    use bytes::BytesMut;

    use super::{CODE_POINT, MIN_FIXED_LEN};

    #[expect(unnameable_types, reason = "sealed")]
    pub trait Sealed {
        /// The range of the last payload, if payloads can be taken from this memory; otherwise `()`, so that
        /// it costs no instruction.
        type LastPayload: Clone;
        /// The range before there is a payload.
        const NO_PAYLOAD: Self::LastPayload;
        /// Whether payloads can be taken, so that the memory gets shorter with each of them.
        const IS_SPLIT: bool = false;

        /// Replaces the range of the last payload.
        #[inline]
        fn set_payload(_: &mut Self::LastPayload, _: Range<usize>) {}

        /// The whole memory, initialised.
        fn bytes(&self) -> &[u8];
        /// The whole memory, to write to.
        fn bytes_mut(&mut self) -> &mut [u8];
        /// Grows to `len` bytes, if it can grow. The first `used` bytes keep their content.
        fn grow(&mut self, len: usize, used: usize);
        /// Grows to `len` bytes and returns `true`, if that takes no allocation. The first `used` bytes keep
        /// their content.
        #[cfg(feature = "deflate")]
        #[inline]
        fn extend(&mut self, _len: usize, _used: usize) -> bool {
            false
        }
        /// Shrinks to the first `len` bytes, if it can shrink.
        fn shrink(&mut self, len: usize);
        /// The length of a fixed memory; `usize::MAX` for memory that grows.
        #[inline]
        fn limit(&self) -> usize {
            usize::MAX
        }
        /// The number of bytes that the unread bytes leave to the message; 0 for memory that grows.
        #[inline]
        fn reserve(&self) -> usize {
            0
        }
    }

    #[cfg(feature = "alloc")]
    impl Sealed for Vec<u8> {
        type LastPayload = ();
        const NO_PAYLOAD: () = ();

        #[inline]
        fn bytes(&self) -> &[u8] {
            self
        }

        #[inline]
        fn bytes_mut(&mut self) -> &mut [u8] {
            self
        }

        fn grow(&mut self, len: usize, _: usize) {
            if self.is_empty() {
                *self = vec![0; len];
            } else {
                // Exactly, because `grown` has chosen the length.
                self.reserve_exact(len.saturating_sub(self.len()));
                self.resize(len, 0);
            }
        }

        fn shrink(&mut self, len: usize) {
            self.truncate(len);
            self.shrink_to_fit();
        }
    }

    #[cfg(feature = "bytes")]
    impl Sealed for BytesMut {
        type LastPayload = Option<Range<usize>>;
        const NO_PAYLOAD: Self::LastPayload = None;
        const IS_SPLIT: bool = true;

        #[inline]
        fn set_payload(last: &mut Self::LastPayload, range: Range<usize>) {
            *last = Some(range);
        }

        #[inline]
        fn bytes(&self) -> &[u8] {
            self
        }

        #[inline]
        fn bytes_mut(&mut self) -> &mut [u8] {
            self
        }

        #[cfg(feature = "deflate")]
        fn extend(&mut self, len: usize, used: usize) -> bool {
            // `try_reclaim` can copy all bytes up to the length, so the unused bytes are cut off first.
            self.truncate(used);
            let is_reclaimed = self.try_reclaim(len.saturating_sub(used));
            if is_reclaimed {
                self.resize(len, 0);
            }
            is_reclaimed
        }

        fn grow(&mut self, len: usize, used: usize) {
            // As above.
            self.truncate(used);
            let is_reclaimed = self.try_reclaim(len.saturating_sub(used));
            // After a long message, a much larger allocation is not kept for short messages.
            if is_reclaimed && self.capacity() <= len.saturating_mul(2) {
                return self.resize(len, 0);
            }
            let mut memory = Self::zeroed(len);
            if let Some(target) = memory.get_mut(..self.len()) {
                target.copy_from_slice(self);
            }
            *self = memory;
        }

        fn shrink(&mut self, len: usize) {
            *self = Self::from(self.get(..len).unwrap_or_default());
        }
    }

    impl Sealed for &mut [u8] {
        type LastPayload = ();
        const NO_PAYLOAD: () = ();

        #[inline]
        fn bytes(&self) -> &[u8] {
            self
        }

        #[inline]
        fn bytes_mut(&mut self) -> &mut [u8] {
            self
        }

        fn grow(&mut self, _: usize, _: usize) {}

        fn shrink(&mut self, _: usize) {}

        #[inline]
        fn limit(&self) -> usize {
            self.len()
        }

        // A memory below the least length has no reserve, so that it can hold a control frame.
        #[inline]
        fn reserve(&self) -> usize {
            if self.len() < MIN_FIXED_LEN { 0 } else { CODE_POINT }
        }
    }
}

#[cfg(feature = "alloc")]
impl Storage for Vec<u8> {}
#[cfg(feature = "bytes")]
impl Storage for bytes::BytesMut {}
impl Storage for &mut [u8] {}

#[cfg(test)]
mod tests {
    use super::{GROW_BY_QUARTERS, grown};

    #[test]
    fn memory_doubles_then_grows_by_a_quarter_up_to_the_maximum() {
        const MAX: usize = 0x7FFF_FFFF;
        for (len, needed, expected) in [
            (0, 1, 1),
            (100, 101, 200),
            (100, 900, 900),
            (GROW_BY_QUARTERS - 1, GROW_BY_QUARTERS, 2 * GROW_BY_QUARTERS - 2),
            (GROW_BY_QUARTERS, GROW_BY_QUARTERS + 1, GROW_BY_QUARTERS / 4 * 5),
            // The 32-bit limit of an allocation.
            (1 << 30, (1 << 30) + 1, 5 << 28),
            (0x7000_0000, 0x7000_0001, MAX),
            (MAX - 1, MAX, MAX),
        ] {
            assert_eq!(grown(len, needed, MAX), expected, "{len} to {needed}");
        }
        assert_eq!(grown(100, 150, 120), 150, "what is needed is needed");
    }
}
