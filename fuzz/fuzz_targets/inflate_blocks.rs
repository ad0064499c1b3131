#![no_main]

use websocket_proto_fuzz::properties::inflate_blocks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| inflate_blocks(input));
