//! A conformance suite for WebSocket servers and clients.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::unwrap_used))]

extern crate alloc;

mod capabilities;
mod case;
mod catalogue;
mod clause;
mod context;
mod driver;
mod encode;
mod in_process;
pub mod judge;
mod log;
mod random;
mod report;
mod role;
pub mod step;
mod transcript;
mod verdict;

pub use capabilities::{Capabilities, Needs};
pub use case::{Case, Id, Inputs, Open, Roles, Script, Weight};
pub use catalogue::catalogue;
pub use clause::{Clause, Level};
pub use context::Context;
pub use driver::{Driver, End, Want};
pub use in_process::{Endpoint, run};
pub use log::{Direction, Entry, Log};
pub use random::Random;
pub use report::Report;
pub use role::Role;
pub use verdict::{Alternative, Breaks, Expect, Note, Outcome, Pattern, Verdict};
