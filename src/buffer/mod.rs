//! The caller's memory: what has come in, and what is to go out.

mod receive;
mod send;

pub use receive::{ReceiveBuffer, Storage};
pub use send::{SendBuffer, SendSlice};
