//! The counts of a soak.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Failures that are printed. The others are only counted.
const PRINTED: u64 = 20;

/// A count that many tasks add to.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    pub fn remove(&self, count: u64) {
        self.0.fetch_sub(count, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

macro_rules! counts {
    ($($name:ident),*) => {
        #[derive(Default)]
        pub struct Counts {
            /// Connections that are open now.
            pub open: Count,
            pub errors: Count,
            $(pub $name: Count,)*
        }

        impl Counts {
            /// All kinds of events that a soak must test.
            pub fn kinds(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name.get()),)*].into_iter()
            }
        }
    };
}

// `bytes` and `received` are of the clients; `foreign` are messages of others in a room.
counts! {
    connections, texts, binaries, fragments, compressed, pings, pongs, received, foreign, bytes,
    closed_by_client, closed_by_server, resets, vanished, going_away
}

impl Counts {
    /// Counts an error, and prints the first ones.
    pub fn fail(&self, error: impl fmt::Display) {
        if self.errors.get() < PRINTED {
            eprintln!("ERROR: {error}");
        }
        self.errors.add(1);
    }
}
