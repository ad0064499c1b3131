#![no_main]

use websocket_proto_fuzz::properties::handshake_response;

libfuzzer_sys::fuzz_target!(|input: &[u8]| handshake_response(input));
