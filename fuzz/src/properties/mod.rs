//! What holds for every input: one function a fuzz target, through the public API alone. It panics where it does not hold.
//!
//! `fuzz/seeds` has inputs that reach what matters, named by what they are; `tests/fuzz_seeds.rs` replays them on every `cargo test`.
#![allow(unreachable_pub, reason = "the fuzz targets reach it, a test does not need to")]

mod chunking;
mod connection;
mod frame_header;
mod handshake;
mod naive;

pub use self::chunking::chunking;
pub use self::connection::{connection_client, connection_server};
pub use self::frame_header::frame_header;
pub use self::handshake::{handshake_request, handshake_response};
