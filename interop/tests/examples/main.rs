//! The examples as programs, over loopback, against other implementations. `cargo test` builds them; `cargo
//! test --test examples` does not.
#![cfg(feature = "http")]

mod hyper_upgrade;
mod peer;
mod program;
