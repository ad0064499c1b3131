//! permessage-deflate (RFC 7692), both roles.
#![cfg(feature = "deflate")]

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/deflate.rs"]
mod support_deflate;

mod blocks;
mod inbound;
mod memory;
mod negotiation;
mod outbound;
mod prepared;
mod split;
mod tick;
