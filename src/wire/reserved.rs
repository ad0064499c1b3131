//! The reserved bits of a frame (§5.2).

/// The three reserved bits (§5.2). Extensions define their meaning; without an extension they are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ReservedBits(u8);

impl ReservedBits {
    /// No bit set.
    pub const NONE: Self = Self(0);
    /// RSV1 alone: a compressed message (RFC 7692 §6).
    pub const RSV1: Self = Self(0b100);
    /// RSV2 alone.
    pub const RSV2: Self = Self(0b010);
    /// RSV3 alone.
    pub const RSV3: Self = Self(0b001);

    /// The reserved bits of a frame's first byte.
    #[must_use]
    pub const fn from_first_byte(byte: u8) -> Self {
        Self((byte & 0b0111_0000) >> 4)
    }

    /// The bits of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every bit of this set is also in `allowed`.
    #[must_use]
    pub const fn within(self, allowed: Self) -> bool {
        self.0 & !allowed.0 == 0
    }

    /// The bits in their place in a frame's first byte.
    pub(super) const fn to_first_byte(self) -> u8 {
        self.0 << 4
    }
}

#[cfg(test)]
mod tests {
    use super::ReservedBits;

    #[test]
    fn a_union_has_the_bits_of_both_sets() {
        let [rsv1, rsv2] = [ReservedBits::RSV1, ReservedBits::RSV2];
        assert_eq!(rsv1.union(rsv2), ReservedBits(0b110));
        assert_eq!(rsv1.union(rsv1.union(rsv2)), ReservedBits(0b110));
        assert_eq!(ReservedBits::NONE.union(rsv1), rsv1);
    }
}
