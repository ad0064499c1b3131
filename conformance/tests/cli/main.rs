//! The program: exit codes, output and reports, with endpoints on the loopback interface.
#![cfg(feature = "cli")]
#![allow(dead_code, unreachable_pub, reason = "other tests use more of the reference endpoint")]

extern crate alloc;

#[path = "../endpoints/mod.rs"]
mod endpoints;
#[path = "../reference/mod.rs"]
mod reference;

mod clients;
mod process;
mod program;
mod reports;
mod servers;
mod usage;
