//! A guide, one page for each task. The pages contain documentation only.
//!
//! Start with [`receive_loop`]; every program needs it. The other pages can be read in any order.
//!
//! | page | question |
//! |---|---|
//! | [`receive_loop`] | In which order do I call the methods? |
//! | [`opening_handshake`] | How do I accept or reject a request? How do I choose subprotocols and fields? |
//! | [`messages`] | How do I receive and send messages, whole or in parts, with or without a copy? |
//! | [`closing`] | How does a connection end, and when do I close the transport? |
//! | [`deadlines`] | How do I detect a peer that is silent, slow or gone? |
//! | [`two_tasks`] | How do I read in one task and write in another? |
//! | [`shared_buffer`] | How do I serve many connections with one receive buffer? |
//! | [`backpressure`] | What happens if the peer reads slowly? |
//! | [`broadcast`] | How do I send one message to many connections? |
//! | [`fixed_memory`] | How do I use the crate without an allocator? |
//! | [`over_http`] | How do I upgrade a request that an HTTP library has parsed? How do I use HTTP/2 and HTTP/3? |
//! | [`testing`] | How do I test and fuzz my own endpoint? |
//! | [`security`] | What must my application check? |
//! | [`from_tungstenite`] | Which call replaces which call of tungstenite? |
//!
//! The examples write received frames as byte strings. A client masks its frames (§5.3). In the examples the
//! masking key is mostly four zero bytes, so that the payload stays readable: `\x81\x85` (a masked text
//! message of 5 bytes), `\0\0\0\0` (the key), `Hello` (the payload). "§" without an RFC number is a section
//! of RFC 6455.

pub mod backpressure;
pub mod broadcast;
pub mod closing;
pub mod deadlines;
pub mod fixed_memory;
pub mod from_tungstenite;
pub mod messages;
pub mod opening_handshake;
pub mod over_http;
pub mod receive_loop;
pub mod security;
pub mod shared_buffer;
pub mod testing;
pub mod two_tasks;

/// Compiles the code blocks of README.md.
#[cfg(all(doctest, feature = "getrandom"))]
#[doc = include_str!("../../README.md")]
mod readme {}
