//! Reads the endpoint under test. Nothing here knows a case, a step or an expectation, and nothing is shared
//! with a WebSocket library: each file can be checked against the RFC in one sitting.
//!
//! ```text
//!      stream.rs   the rules of a connection: which frames may follow each other
//!      │    │   └──────────────────  message.rs
//!      │    │                            │
//!  frame.rs  close.rs   keys.rs    inflate.rs         negotiation.rs        request.rs  response.rs
//!  (§5.2)    (§7.4)     (§5.3)     (RFC 7692 §7.2)    (RFC 7692 §7.1)         (§4.1)     (§4.2.2)
//!                                      │                    │                  │         │    │
//!                              deflate.rs,             extensions.rs           │    list.rs  accept.rs
//!                              huffman.rs                 (§9.1)               │     │
//!                              (RFC 1951)                                   head.rs (RFC 9112 §2)
//! ```

mod accept;
mod close;
mod deflate;
mod event;
mod extensions;
mod frame;
mod head;
mod huffman;
mod inflate;
mod keys;
mod list;
mod message;
mod negotiation;
mod request;
mod response;
mod stream;
mod violation;

pub use accept::accept_value;
pub use close::{CloseBody, CodeClass};
pub use deflate::{Token, read_blocks};
pub use event::Event;
pub use extensions::Extension;
pub use frame::{FrameReader, FrameSeen, Next};
pub use head::{Head, HeadNext};
pub use inflate::{Defect, Inflater};
pub use keys::judge_keys;
pub(crate) use list::elements;
pub use negotiation::{Direction, PERMESSAGE_DEFLATE, Parameters, agreed};
pub use request::judge_request;
pub use response::judge_response;
pub use stream::Stream;
pub use violation::Violation;
