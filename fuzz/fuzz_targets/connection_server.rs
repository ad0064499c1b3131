#![no_main]

use websocket_proto_fuzz::properties::connection_server;

libfuzzer_sys::fuzz_target!(|input: &[u8]| connection_server(input));
