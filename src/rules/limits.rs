//! Limits on frames and messages (§10.4), checked at the header: a payload that exceeds them is never stored.

use crate::error::ProtocolError;

/// The limits. A frame or message of exactly the limit is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The most bytes of payload in a frame.
    pub(crate) frame: u64,
    /// The most bytes of payload in a message.
    pub(crate) message: u64,
    /// The most frames in a message.
    pub(crate) fragments: u32,
}

/// The bytes and frames of the open message so far. Control frames do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MessageCounters {
    bytes: u64,
    fragments: u32,
}

impl MessageCounters {
    /// Counts a data frame with this many bytes of payload.
    // Each data frame passes here, also on the fast path.
    #[inline]
    pub(crate) const fn add(self, payload_len: u64, limits: &Limits) -> Result<Self, ProtocolError> {
        if payload_len > limits.frame {
            return Err(ProtocolError::FrameTooBig);
        }
        let Some(bytes) = self.bytes.checked_add(payload_len) else {
            return Err(ProtocolError::MessageTooBig);
        };
        if bytes > limits.message {
            return Err(ProtocolError::MessageTooBig);
        }
        let Some(fragments) = self.fragments.checked_add(1) else {
            return Err(ProtocolError::TooManyFragments);
        };
        if fragments > limits.fragments {
            return Err(ProtocolError::TooManyFragments);
        }
        Ok(Self { bytes, fragments })
    }
}

impl MessageCounters {
    /// Counts a data frame of a compressed message. The message's bytes count when they are inflated.
    pub(crate) const fn add_compressed(
        self,
        payload_len: u64,
        limits: &Limits,
    ) -> Result<Self, ProtocolError> {
        if payload_len > limits.frame {
            return Err(ProtocolError::FrameTooBig);
        }
        self.add(0, limits)
    }

    /// How many more inflated bytes the message may have.
    #[cfg(feature = "deflate")]
    pub(crate) fn left(&self, limits: &Limits) -> usize {
        usize::try_from(limits.message.saturating_sub(self.bytes)).unwrap_or(usize::MAX)
    }

    /// Counts inflated bytes. The caller has checked them against [`left`](Self::left), so the sum cannot
    /// overflow.
    #[cfg(feature = "deflate")]
    pub(crate) const fn add_inflated(&mut self, count: usize) {
        self.bytes = self.bytes.saturating_add(count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, MessageCounters};
    use crate::error::ProtocolError;

    const LIMITS: Limits = Limits { frame: 10, message: 25, fragments: 4 };

    fn count(frames: &[u64], limits: &Limits) -> Result<MessageCounters, ProtocolError> {
        frames.iter().try_fold(MessageCounters::default(), |counters, &len| counters.add(len, limits))
    }

    /// LIM-01, LIM-02, LIM-04 (§10.4).
    #[test]
    fn each_limit_passes_and_one_more_fails() {
        assert!(count(&[10], &LIMITS).is_ok());
        assert_eq!(count(&[11], &LIMITS), Err(ProtocolError::FrameTooBig));
        assert!(count(&[10, 10, 5], &LIMITS).is_ok());
        assert_eq!(count(&[10, 10, 6], &LIMITS), Err(ProtocolError::MessageTooBig));
        assert!(count(&[0, 0, 0, 0], &LIMITS).is_ok());
        assert_eq!(count(&[0, 0, 0, 0, 0], &LIMITS), Err(ProtocolError::TooManyFragments));
    }

    /// LIM-01, LIM-02 (§10.4): the frame counts with its compressed length, the message with its inflated one.
    #[cfg(feature = "deflate")]
    #[test]
    fn each_limit_of_a_compressed_message_passes_and_one_more_fails() {
        let compressed = |len| MessageCounters::default().add_compressed(len, &LIMITS);
        assert_eq!(compressed(11).err(), Some(ProtocolError::FrameTooBig));
        let mut counters = compressed(10).expect("the limit");
        assert_eq!(counters.left(&LIMITS), 25);
        counters.add_inflated(20);
        counters = counters.add_compressed(10, &LIMITS).expect("the limit");
        assert_eq!(counters.left(&LIMITS), 5);
        counters.add_inflated(5);
        assert_eq!(counters.left(&LIMITS), 0);
    }

    /// LIM-03.
    #[test]
    fn no_sum_of_lengths_wraps() {
        let all = Limits { frame: u64::MAX, message: u64::MAX, fragments: u32::MAX };
        assert!(count(&[u64::MAX], &all).is_ok());
        assert_eq!(count(&[u64::MAX, 1], &all), Err(ProtocolError::MessageTooBig));
        assert_eq!(count(&[1, (1 << 63) - 1, 1 << 63], &all), Err(ProtocolError::MessageTooBig));
        let many = MessageCounters { bytes: 0, fragments: u32::MAX };
        assert_eq!(many.add(0, &all), Err(ProtocolError::TooManyFragments));
    }
}
