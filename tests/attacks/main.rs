//! Inputs that broke other implementations, listed in `docs/attacks.md`: each is replayed against both roles.
#![cfg(feature = "alloc")]

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod frames;
mod handshake;
mod lengths;
mod memory;
mod shared;
mod smuggling;
mod time;
