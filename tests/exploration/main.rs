//! Exhaustive exploration: a client and a server back to back, in all orders of what can happen to them.
#![cfg(feature = "alloc")]

extern crate alloc;

mod endpoint;
mod finish;
mod ledger;
mod machine;
mod models;
mod search;
mod world;
