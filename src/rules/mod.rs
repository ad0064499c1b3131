//! One small state machine for each clause. None reads bytes of the wire, and none knows the role.

mod closing;
mod fragmentation;
mod limits;
mod timer;
mod utf8;

pub(crate) use closing::{CloseEvent, Closing};
pub use closing::{CloseFrameStatus, CloseStatus};
pub(crate) use fragmentation::{DataFrame, Fragmentation};
pub(crate) use limits::{Limits, MessageCounters};
pub(crate) use timer::{Due, Timeouts, Timer, Wait};
pub(crate) use utf8::{TextEnd, Utf8Validator, text, valid_prefix};
