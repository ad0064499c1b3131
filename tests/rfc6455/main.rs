//! RFC 6455: the opening handshake (§4), framing (§5), closing (§7), UTF-8 (§8), extensions (§9), and limits
//! (§10), each rule for both roles.
#![cfg(feature = "alloc")]

extern crate alloc;

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod client_request;
mod client_response;
mod close_frames;
mod closing;
mod control;
mod extensions;
mod fragmentation;
mod framing;
mod limits;
mod limits_of_config;
mod masking;
mod random;
mod sending;
mod server;
mod server_request;
mod server_response;
mod utf8;
mod wrong_buffer;
