#![no_main]

use websocket_proto_fuzz::properties::parts;

libfuzzer_sys::fuzz_target!(|input: &[u8]| parts(input));
