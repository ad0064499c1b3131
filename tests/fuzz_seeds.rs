//! Replays the seeds of the fuzz targets, `fuzz/seeds/TARGET`.
#![cfg(feature = "alloc")]

extern crate alloc;

#[path = "../fuzz/src/properties/mod.rs"]
mod properties;
mod support;
#[cfg(feature = "deflate")]
#[path = "support/deflate.rs"]
mod support_deflate;

use std::fs;
use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};

#[track_caller]
fn replay(target: &str, property: impl Fn(&[u8])) {
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

/// Replays the seeds of a structured input, which `arbitrary` builds as libFuzzer does.
#[track_caller]
fn replay_structured<T: for<'a> Arbitrary<'a>>(target: &str, property: fn(T)) {
    replay(target, |bytes| property(T::arbitrary_take_rest(Unstructured::new(bytes)).expect("an input")));
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
fn pair() {
    replay("pair", properties::pair);
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

#[test]
fn fixed_memory() {
    replay_structured("fixed_memory", properties::fixed_memory);
}

#[test]
fn halves() {
    replay_structured("halves", properties::halves);
}

#[test]
fn handshake_pair() {
    replay_structured("handshake_pair", properties::handshake_pair);
}

#[test]
fn storages() {
    replay_structured("storages", properties::storages);
}

#[test]
fn utf8() {
    replay_structured("utf8", properties::utf8);
}

#[test]
fn http_head() {
    replay("http_head", properties::http_head);
}

#[test]
#[cfg(feature = "deflate")]
fn inflate_blocks() {
    replay("inflate_blocks", properties::inflate_blocks);
}

#[test]
fn parts() {
    replay("parts", properties::parts);
}
