//! permessage-deflate (RFC 7692), both roles.
#![cfg(feature = "deflate")]

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/deflate.rs"]
mod support_deflate;

mod blocks;
mod idle_timer;
mod inbound;
mod inbound_blocks;
mod inbound_limits;
mod inbound_parts;
#[cfg(feature = "bytes")]
mod inbound_reads;
mod inbound_window;
mod memory;
mod negotiation;
mod negotiation_client;
mod outbound;
mod outbound_room;
mod prepared;
mod split;
