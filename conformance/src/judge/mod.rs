//! Reads the endpoint under test. Nothing here knows a case, a step or an expectation, and nothing is shared
//! with a WebSocket library: each file can be checked against the RFC in one sitting.
//!
//! ```text
//!      stream.rs   the rules of a connection: which frames may follow each other
//!      │      │
//!  frame.rs  close.rs      keys.rs       request.rs  response.rs   the rules of the opening handshake
//!  (§5.2)    (§7.4)        (§5.3)          (§4.1)     (§4.2.2)
//!                                             │        │   │
//!                                             list.rs  │  accept.rs
//!                                                │     │
//!                                              head.rs (RFC 9112 §2)
//! ```

mod accept;
mod close;
mod event;
mod frame;
mod head;
mod keys;
mod list;
mod request;
mod response;
mod stream;
mod violation;

pub use accept::accept_value;
pub use close::{CloseBody, CodeClass};
pub use event::Event;
pub use frame::{FrameReader, FrameSeen, Next};
pub use head::{Head, HeadNext};
pub use keys::judge_keys;
pub(crate) use list::elements;
pub use request::judge_request;
pub use response::judge_response;
pub use stream::Stream;
pub use violation::Violation;
