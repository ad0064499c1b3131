//! The caller's memory: input and output.

mod receive;
mod send;
mod storage;

pub use receive::ReceiveBuffer;
pub use send::{SendBuffer, SendSlice};
pub use storage::Storage;
