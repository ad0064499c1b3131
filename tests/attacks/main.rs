//! Inputs that broke other implementations, listed in `docs/attacks.md`: each is replayed against both roles.
#![cfg(feature = "alloc")]

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod frames;
mod handshake;
mod memory;
mod smuggling;
mod time;
