//! The first byte of an input: the options of its connections.
//!
//! 1 is for a client, 2 for parts, 4 for small limits, 8 for permessage-deflate. A property can have other
//! options in the rest of the byte.

use websocket_proto::{Config, Connection, Delivery, Negotiated};

use crate::support::Side;

/// Runs a property of both roles for the role that the input chooses.
pub(super) fn for_role(input: &[u8], server: fn(&[u8]), client: fn(&[u8])) {
    if input.first().is_some_and(|options| options & 1 != 0) { client(input) } else { server(input) }
}

/// The configuration that `options` choose. The small limits are those on a message and on a frame.
pub(super) fn config(options: u8, [max_message_size, max_frame_size]: [u64; 2]) -> Config {
    let mut config = Config::default();
    if options & 2 != 0 {
        config.delivery = Delivery::Parts;
    }
    if options & 4 != 0 {
        (config.max_message_size, config.max_frame_size, config.max_fragments) =
            (max_message_size, max_frame_size, 4);
    }
    config
}

/// An open connection. Without the feature `deflate`, it never compresses.
pub(super) fn start<R: Side>(config: Config, options: u8) -> Connection<R> {
    Connection::established(R::role(), negotiated(options & 8 != 0), config)
}

#[cfg(feature = "deflate")]
pub(super) fn negotiated(is_compressed: bool) -> Negotiated {
    if is_compressed {
        Negotiated::new().with_deflate(websocket_proto::DeflateParams::new())
    } else {
        Negotiated::new()
    }
}

#[cfg(not(feature = "deflate"))]
pub(super) fn negotiated(_: bool) -> Negotiated {
    Negotiated::new()
}
