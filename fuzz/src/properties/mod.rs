//! Properties of every input: one function for each fuzz target, with the public API only. It panics if the
//! property does not hold.
//!
//! `fuzz/seeds` has inputs for the important cases, and their names describe them. `tests/fuzz_seeds.rs`
//! replays them on every `cargo test`.
#![allow(unreachable_pub, reason = "the fuzz targets reach it, a test does not need to")]

mod chunking;
mod connection;
#[cfg(feature = "deflate")]
mod deflate_inbound;
#[cfg(feature = "deflate")]
mod deflate_pair;
mod frame_header;
mod handshake;
mod naive;
mod script;
mod shared_buffer;
mod start;
#[cfg(feature = "bytes")]
mod take_payload;

pub use self::chunking::chunking;
pub use self::connection::{connection_client, connection_server};
#[cfg(feature = "deflate")]
pub use self::deflate_inbound::deflate_inbound;
#[cfg(feature = "deflate")]
pub use self::deflate_pair::deflate_pair;
pub use self::frame_header::frame_header;
pub use self::handshake::{handshake_request, handshake_response};
pub use self::shared_buffer::shared_buffer;
#[cfg(feature = "bytes")]
pub use self::take_payload::take_payload;
