#![no_main]

use websocket_proto_fuzz::properties::{Text, utf8};

libfuzzer_sys::fuzz_target!(|input: Text| utf8(input));
