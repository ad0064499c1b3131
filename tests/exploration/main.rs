//! Exhaustive exploration: a client and a server back to back, in all orders of what can happen to them.
#![cfg(feature = "alloc")]

extern crate alloc;

#[path = "../support/room.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]
mod room;

mod endpoint;
mod finish;
mod ledger;
mod machine;
mod models;
mod search;
mod world;
