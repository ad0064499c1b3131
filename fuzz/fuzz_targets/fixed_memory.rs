#![no_main]

use websocket_proto_fuzz::properties::{FixedMemory, fixed_memory};

libfuzzer_sys::fuzz_target!(|input: FixedMemory| fixed_memory(input));
