#![no_main]

use websocket_proto_fuzz::properties::{Handshake, handshake_pair};

libfuzzer_sys::fuzz_target!(|input: Handshake| handshake_pair(input));
