//! Reproducible random numbers: a case sends the same bytes whenever it runs with the same seed.

/// SplitMix64. It is written out here because the bytes of a seed must not change with the version of a
/// library.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of the script of a case, for one of its parallel connections.
    pub(crate) fn for_script(seed: u64, id: &str, index: u16) -> Self {
        Self::new(seed, id, u64::from(index) << 32)
    }

    /// The generator of the keys and nonces of a connection: one of the parallel ones, and its turn in a
    /// sweep.
    pub(crate) fn for_connection(seed: u64, id: &str, index: u16, turn: usize) -> Self {
        Self::new(seed, id, u64::from(index) << 32 | (turn as u64).saturating_add(1))
    }

    /// Another generator, which does not change this one.
    pub(crate) fn fork(&self) -> Self {
        Self(self.clone().next_u64())
    }

    /// A generator for a case: it depends on nothing that another case does.
    #[must_use]
    pub fn new(seed: u64, id: &str, connection: u64) -> Self {
        // FNV-1a.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Self(seed ^ hash);
        let start = random.next_u64() ^ connection;
        Self(start)
    }

    /// The next 64 bits.
    #[must_use]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if `limit` is 0.
    #[must_use]
    pub fn below(&mut self, limit: u64) -> u64 {
        // The bias is below 2^-32 for the small limits of the catalogue.
        self.next_u64().checked_rem(limit).unwrap_or(0)
    }

    /// Random bytes, such as a masking key or a nonce.
    #[must_use]
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.next_u64().to_be_bytes()[0])
    }

    /// An element of `list`; `None` if it is empty.
    #[must_use]
    pub fn choose<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = usize::try_from(self.below(list.len() as u64)).ok()?;
        list.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_are_those_of_splitmix64() {
        let mut random = Random(1_234_567);
        let numbers = [random.next_u64(), random.next_u64(), random.next_u64()];
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn generators_differ_by_seed_id_and_connection() {
        let first = |seed, id, connection| Random::new(seed, id, connection).next_u64();
        let all = [first(1, "a", 0), first(2, "a", 0), first(1, "b", 0), first(1, "a", 1)];
        assert_eq!(all, [first(1, "a", 0), first(2, "a", 0), first(1, "b", 0), first(1, "a", 1)]);
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one));
        }
    }
}
