//! Properties of every input: one function for each fuzz target, with the public API only. It panics if the
//! property does not hold.
//!
//! `fuzz/seeds` has inputs for the important cases, and their names describe them. `tests/fuzz_seeds.rs`
//! replays them on every `cargo test`.
#![allow(unreachable_pub, unused_imports, reason = "the fuzz targets reach it, a test does not need to")]

mod chunking;
mod connection;
#[cfg(feature = "deflate")]
mod deflate_inbound;
mod fixed_memory;
mod frame_header;
mod halves;
mod handshake;
mod handshake_pair;
mod http_head;
#[cfg(feature = "deflate")]
mod inflate_blocks;
mod input;
mod keys;
mod naive;
#[cfg(feature = "deflate")]
mod pair;
mod parts;
mod script;
mod shared_buffer;
mod sizes;
mod start;
mod storages;
#[cfg(feature = "bytes")]
mod take_payload;
mod utf8;

pub use self::chunking::chunking;
pub use self::connection::{connection_client, connection_server};
#[cfg(feature = "deflate")]
pub use self::deflate_inbound::deflate_inbound;
pub use self::fixed_memory::{FixedMemory, fixed_memory};
pub use self::frame_header::frame_header;
pub use self::halves::{HalvesCalls, halves};
pub use self::handshake::{handshake_request, handshake_response};
pub use self::handshake_pair::{Handshake, handshake_pair};
pub use self::http_head::http_head;
#[cfg(feature = "deflate")]
pub use self::inflate_blocks::inflate_blocks;
#[cfg(feature = "deflate")]
pub use self::pair::pair;
pub use self::parts::parts;
pub use self::shared_buffer::shared_buffer;
pub use self::storages::{Storages, storages};
#[cfg(feature = "bytes")]
pub use self::take_payload::take_payload;
pub use self::utf8::{Text, utf8};
