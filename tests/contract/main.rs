//! The contract of the API: any call in any state, any split of the input into reads, any amount of room.

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "alloc")]
#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[cfg(all(feature = "bytes", feature = "deflate"))]
#[path = "../support/deflate.rs"]
mod support_deflate;

#[cfg(feature = "alloc")]
mod backpressure;
#[cfg(feature = "alloc")]
mod deadlines;
mod fixed_memory;
#[cfg(feature = "alloc")]
mod half_deadlines;
#[cfg(feature = "alloc")]
mod halves;
#[cfg(feature = "alloc")]
mod idle_timer;
#[cfg(feature = "alloc")]
mod pair;
#[cfg(feature = "alloc")]
mod pending_replies;
#[cfg(feature = "alloc")]
mod prepared;
#[cfg(feature = "alloc")]
mod printing;
#[cfg(feature = "alloc")]
mod shared_buffer;
#[cfg(feature = "alloc")]
mod shared_buffer_memory;
#[cfg(feature = "alloc")]
mod signals;
#[cfg(feature = "alloc")]
mod spare_memory;
#[cfg(feature = "alloc")]
mod split;
#[cfg(feature = "alloc")]
mod states;
#[cfg(feature = "alloc")]
mod streams;
#[cfg(feature = "bytes")]
mod take_payload;
#[cfg(feature = "alloc")]
mod threads;
