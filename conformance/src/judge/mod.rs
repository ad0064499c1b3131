//! Reads the endpoint under test. Nothing here knows a case, a step or an expectation, and nothing is shared
//! with a WebSocket library: each file can be checked against the RFC in one sitting.
//!
//! ```text
//!      stream.rs   the rules of a connection: which frames may follow each other
//!      │      │
//!  frame.rs  close.rs      keys.rs            head.rs        accept.rs
//!  (§5.2)    (§7.4)        (§5.3)        (RFC 9112 §2)       (§4.2.2)
//! ```

mod accept;
mod close;
mod event;
mod frame;
mod head;
mod keys;
mod stream;
mod violation;

pub use accept::accept_value;
pub use close::{CloseBody, CodeClass};
pub use event::Event;
pub use frame::{FrameReader, FrameSeen, Next};
pub use head::{Head, HeadNext};
pub use keys::judge_keys;
pub use stream::Stream;
pub use violation::Violation;
