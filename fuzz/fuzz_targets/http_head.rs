#![no_main]

use websocket_proto_fuzz::properties::http_head;

libfuzzer_sys::fuzz_target!(|input: &[u8]| http_head(input));
