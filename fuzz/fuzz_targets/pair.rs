#![no_main]

use websocket_proto_fuzz::properties::pair;

libfuzzer_sys::fuzz_target!(|input: &[u8]| pair(input));
