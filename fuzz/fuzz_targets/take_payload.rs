#![no_main]

use websocket_proto_fuzz::properties::take_payload;

libfuzzer_sys::fuzz_target!(|input: &[u8]| take_payload(input));
