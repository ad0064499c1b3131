#![no_main]

use websocket_proto_fuzz::properties::shared_buffer;

libfuzzer_sys::fuzz_target!(|input: &[u8]| shared_buffer(input));
