//! Connections over transports in memory and over loopback TCP.

extern crate alloc;

mod cancel_safety;
mod closing;
mod deadlines;
mod flood;
mod gone;
mod handshake;
mod memory;
mod messages;
mod split;
mod split_end;
mod support;
mod tasks;
mod tcp;
#[cfg(feature = "tracing")]
mod trace;
