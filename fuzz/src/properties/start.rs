//! Connections that are open, with or without permessage-deflate.

use websocket_proto::{Config, Connection, Negotiated};

use crate::support::Side;

/// An open connection. `is_compressed` has no effect without the feature `deflate`.
pub(super) fn start<R: Side>(config: Config, is_compressed: bool) -> Connection<R> {
    Connection::established(R::role(), negotiated(is_compressed), config)
}

#[cfg(feature = "deflate")]
fn negotiated(is_compressed: bool) -> Negotiated {
    if is_compressed {
        Negotiated::new().with_deflate(websocket_proto::DeflateParams::new())
    } else {
        Negotiated::new()
    }
}

#[cfg(not(feature = "deflate"))]
fn negotiated(_: bool) -> Negotiated {
    Negotiated::new()
}
