//! The buffers, whose memory the caller owns: input and output.

#[cfg(feature = "bytes")]
mod bytes;
mod delivered;
mod receive;
mod send;
#[cfg(feature = "alloc")]
mod shared;
mod storage;

pub use receive::ReceiveBuffer;
pub use send::{SendBuffer, SendSlice};
#[cfg(feature = "alloc")]
pub use shared::{AttachedBuffer, BufferSlot, SharedBuffer};
pub use storage::Storage;
