//! The masking keys of a client (§5.3).

use super::Violation;

/// The number of keys below which nothing is said about them.
pub(crate) const ENOUGH_KEYS: usize = 20;

/// The violations that a list of masking keys shows, in the order of their frames; `None` if they are too
/// few.
///
/// A strong source of entropy chooses one of these patterns about once in 2^32 times.
#[must_use]
pub fn judge_keys(keys: &[[u8; 4]]) -> Option<Vec<Violation>> {
    if keys.len() < ENOUGH_KEYS {
        return None;
    }
    let mut found = Vec::new();
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    // §5.3: "the client MUST pick a fresh masking key". One key twice is possible by chance, if rare.
    if sorted.windows(3).any(|keys| matches!(keys, [a, b, c] if a == b && b == c)) {
        found.push(Violation::KeyNotFresh);
    }
    // Zero is one of the allowed values: only several of them are no chance.
    if keys.iter().filter(|key| **key == [0; 4]).count() > 1 {
        found.push(Violation::KeyZero);
    }
    let steps = |number: fn([u8; 4]) -> u32| {
        let steps = keys.windows(2).filter_map(|pair| match pair {
            [a, b] => Some(number(*b).wrapping_sub(number(*a))),
            _ => None,
        });
        steps.collect::<Vec<_>>()
    };
    for steps in [steps(u32::from_be_bytes), steps(u32::from_le_bytes)] {
        // §5.3: a key MUST NOT make it simple to predict the next one. A constant step does.
        let usual =
            steps.iter().copied().max_by_key(|step| steps.iter().filter(|other| *other == step).count());
        let count = steps.iter().filter(|step| Some(**step) == usual).count();
        if usual.is_some_and(|step| step != 0)
            && count > steps.len() / 2
            && !found.contains(&Violation::KeyCounts)
        {
            found.push(Violation::KeyCounts);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{Violation, judge_keys};
    use crate::random::Random;

    fn keys(key: impl FnMut(u32) -> [u8; 4]) -> Vec<[u8; 4]> {
        (0..30).map(key).collect()
    }

    #[test]
    fn patterns_are_found() {
        let mut random = Random::new(1, "keys", 0);
        assert_eq!(judge_keys(&keys(|_| random.bytes())), Some(vec![]));
        assert_eq!(judge_keys(&keys(|_| [1, 2, 3, 4])), Some(vec![Violation::KeyNotFresh]));
        assert_eq!(judge_keys(&keys(|_| [0; 4])), Some(vec![Violation::KeyNotFresh, Violation::KeyZero]));
        assert_eq!(judge_keys(&keys(|n| (n + 9).to_be_bytes())), Some(vec![Violation::KeyCounts]));
        assert_eq!(judge_keys(&keys(|n| (n * 0x101 + 9).to_le_bytes())), Some(vec![Violation::KeyCounts]));
        assert_eq!(judge_keys(&[[0; 4]; 19]), None);
    }
}
