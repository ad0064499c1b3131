#![no_main]

use websocket_proto_fuzz::properties::chunking;

libfuzzer_sys::fuzz_target!(|input: &[u8]| chunking(input));
