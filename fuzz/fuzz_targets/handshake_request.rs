#![no_main]

use websocket_proto_fuzz::properties::handshake_request;

libfuzzer_sys::fuzz_target!(|input: &[u8]| handshake_request(input));
