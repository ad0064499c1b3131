#![no_main]

use websocket_proto_fuzz::properties::{HalvesCalls, halves};

libfuzzer_sys::fuzz_target!(|input: HalvesCalls| halves(input));
