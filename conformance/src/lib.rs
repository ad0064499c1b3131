//! A conformance suite for WebSocket servers and clients (RFC 6455), in any language.
//!
//! The catalogue and the judge are sans-IO: a [`Case`] is data, and a [`Driver`] runs it without a socket and
//! without a clock. [`run`] does so in memory, for tests of an implementation in Rust; a program does so over
//! TCP.
//!
//! ```
//! use wsconform::{Context, Endpoint, Report, Role, catalogue, run};
//!
//! /// Your server: it reads bytes, and appends the bytes that it writes.
//! # #[derive(Clone, Copy)]
//! struct MyServer;
//!
//! impl Endpoint for MyServer {
//!     fn receive(&mut self, _bytes: &[u8], _out: &mut Vec<u8>) { /* … */ }
//!     fn end(&mut self, _out: &mut Vec<u8>) { /* … */ }
//!     fn closed(&self) -> bool { true }
//! }
//!
//! let cases = catalogue(Role::Server);
//! let case = cases.iter().find(|case| case.id.as_str() == "5.2/text-0").unwrap();
//! let report = run(case, &Context::default(), || MyServer);
//! assert!(!report.is_failure(), "{report:?}"); // inconclusive: this server ends at once
//! ```
//!
//! ```text
//!   catalogue ──▶ case ──▶ driver ──▶ report ──▶ passive
//!                  │         │  │
//!                step   encode  judge
//! ```
//!
//! The suite shares no decision with the crate `websocket-proto`, of which it uses the module `wire` only:
//! `tests/independence.rs`.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::unwrap_used))]

extern crate alloc;

mod capabilities;
mod case;
mod catalogue;
mod clause;
mod context;
mod deflate;
mod driver;
mod encode;
mod in_process;
pub mod judge;
mod log;
pub mod opening;
mod passive;
mod random;
mod report;
mod role;
mod sample;
pub mod step;
mod transcript;
mod verdict;

pub use capabilities::{Capabilities, Needs, Parameter};
pub use case::{Case, Id, Inputs, Open, Roles, Script, Weight};
pub use catalogue::{Probe, catalogue};
pub use clause::{Clause, Level};
pub use context::Context;
pub use driver::{Driver, End, Want};
pub use in_process::{Endpoint, run};
pub use log::{Direction, Entry, Log};
pub use passive::judge_all_frames;
pub use random::Random;
pub use report::Report;
pub use role::Role;
pub use sample::Sample;
pub use verdict::{Alternative, Breaks, Expect, Note, Outcome, Pattern, Refusal, Verdict};
