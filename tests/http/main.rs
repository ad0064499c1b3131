//! HTTP: the syntax of heads (RFC 9110, RFC 9112), and the handshake over fields that an HTTP library parsed
//! (RFC 6455 §4, RFC 8441, RFC 9220).
#![cfg(feature = "alloc")]

extern crate alloc;

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "deflate")]
#[path = "../support/deflate.rs"]
mod support_deflate;

#[cfg(feature = "deflate")]
mod deflate;
mod extended_connect;
mod fields;
mod limits;
mod messages;
mod syntax;
#[cfg(feature = "http")]
mod types;
