//! Faults: each operation of the API that writes or reads, with each fault of its surroundings, after each
//! byte or call. `out` is full, the entropy source fails, the transport ends, the receive buffer is too
//! small.
//!
//! The rows of one table are the operations, and each column is a kind of fault. `docs/testing.md` says what
//! is promised.
#![cfg(feature = "alloc")]

extern crate alloc;

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod complete;
mod endpoint;
mod entropy;
mod eof;
mod full;
mod memory;
mod observed;
mod subject;
mod table;
mod two_frames;
