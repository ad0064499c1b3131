#![no_main]

use websocket_proto_fuzz::properties::deflate_inbound;

libfuzzer_sys::fuzz_target!(|input: &[u8]| deflate_inbound(input));
