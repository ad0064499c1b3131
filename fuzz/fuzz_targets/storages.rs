#![no_main]

use websocket_proto_fuzz::properties::{Storages, storages};

libfuzzer_sys::fuzz_target!(|input: Storages| storages(input));
