//! The memory of the kernel for connections.
//!
//! The kernel keeps a socket, its inode, its file and its registration for a poll in caches of objects of one
//! size each. All counts are of the whole machine, so the growth of a cache is noisy. A cache belongs to the
//! connections if it has grown by about one object for each of them, or more.

use std::collections::HashMap;
use std::fs;

/// The share of the connections by which a cache must grow, because objects of earlier connections are used
/// again.
const SHARE: f64 = 0.8;
/// Both ends of each connection are on this machine.
const ENDS: f64 = 2.0;

/// The caches at one moment.
pub struct Caches(HashMap<String, Cache>);

struct Cache {
    objects: u64,
    object_size: u64,
}

impl Caches {
    /// None if `/proc/slabinfo` cannot be read: only root can.
    pub fn now() -> Option<Self> {
        let text = fs::read_to_string("/proc/slabinfo").ok()?;
        Some(Self(text.lines().filter_map(cache).collect()))
    }

    /// Bytes for one end of each connection, all of which were opened since `earlier`.
    pub fn bytes_per_connection(&self, earlier: &Self, connections: usize) -> f64 {
        let connections = connections as f64;
        let growth = |(name, cache): (&String, &Cache)| {
            let before = earlier.0.get(name).map_or(0, |cache| cache.objects);
            let objects = cache.objects.saturating_sub(before) as f64;
            if objects < SHARE * connections { 0.0 } else { objects * cache.object_size as f64 }
        };
        self.0.iter().map(growth).sum::<f64>() / connections / ENDS
    }
}

/// `NAME ACTIVE_OBJECTS OBJECTS OBJECT_SIZE …`; none for the two lines of the heading.
fn cache(line: &str) -> Option<(String, Cache)> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let objects = words.next()?.parse().ok()?;
    let object_size = words.nth(1)?.parse().ok()?;
    Some((name, Cache { objects, object_size }))
}
