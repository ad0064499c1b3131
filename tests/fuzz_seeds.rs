//! Replays the seeds of the fuzz targets, `fuzz/seeds/TARGET`.
#![cfg(feature = "alloc")]

#[path = "../fuzz/src/properties/mod.rs"]
mod properties;
mod support;
#[cfg(feature = "deflate")]
#[path = "support/deflate.rs"]
mod support_deflate;

use std::fs;
use std::path::Path;

#[track_caller]
fn replay(target: &str, property: fn(&[u8])) {
    let seeds = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target))
        .expect("a directory");
    let mut count = 0;
    for seed in seeds {
        let seed = seed.expect("a file").path();
        println!("{}", seed.display());
        property(&fs::read(seed).expect("a file"));
        count += 1;
    }
    assert!(count > 0, "no seeds");
}

#[test]
fn frame_header() {
    replay("frame_header", properties::frame_header);
}

#[test]
fn connection_server() {
    replay("connection_server", properties::connection_server);
}

#[test]
fn connection_client() {
    replay("connection_client", properties::connection_client);
}

#[test]
fn handshake_request() {
    replay("handshake_request", properties::handshake_request);
}

#[test]
fn handshake_response() {
    replay("handshake_response", properties::handshake_response);
}

#[test]
fn chunking() {
    replay("chunking", properties::chunking);
}

#[test]
#[cfg(feature = "deflate")]
fn deflate_inbound() {
    replay("deflate_inbound", properties::deflate_inbound);
}

#[test]
#[cfg(feature = "deflate")]
fn deflate_pair() {
    replay("deflate_pair", properties::deflate_pair);
}

#[test]
fn shared_buffer() {
    replay("shared_buffer", properties::shared_buffer);
}

#[test]
#[cfg(feature = "bytes")]
fn take_payload() {
    replay("take_payload", properties::take_payload);
}
