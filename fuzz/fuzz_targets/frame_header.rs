#![no_main]

use websocket_proto_fuzz::properties::frame_header;

libfuzzer_sys::fuzz_target!(|input: &[u8]| frame_header(input));
