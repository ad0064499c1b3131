#![no_main]

use websocket_proto_fuzz::properties::connection_client;

libfuzzer_sys::fuzz_target!(|input: &[u8]| connection_client(input));
