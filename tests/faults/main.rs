//! Faults: each operation of the API that writes or reads, with each fault of its surroundings, after each
//! byte or call. `out` is full, the entropy source fails, the transport ends, the receive buffer is too
//! small.
//!
//! The rows of one table are the operations, and each column is a kind of fault. `docs/testing.md` says what
//! is promised.
#![cfg(feature = "alloc")]

extern crate alloc;

/// Tests a generic function for both roles, as the macro of the same name in `support` does. The client takes
/// its keys from a source that can fail.
macro_rules! both_roles {
    ($check:ident) => {
        mod $check {
            #[test]
            fn server() {
                super::$check::<websocket_proto::Server>();
            }

            #[test]
            fn client() {
                super::$check::<websocket_proto::Client<crate::endpoint::Source>>();
            }
        }
    };
}

#[path = "../support/mod.rs"]
mod support;

mod complete;
mod endpoint;
mod entropy;
mod eof;
mod full;
mod memory;
mod observed;
mod subject;
mod table;
