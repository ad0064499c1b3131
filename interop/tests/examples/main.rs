//! The examples as programs, over loopback, against other implementations. `cargo test` builds them; `cargo
//! test --test examples` does not.
#![cfg(all(feature = "bytes", feature = "getrandom", feature = "http"))]
#![allow(clippy::std_instead_of_alloc, reason = "the examples need std")]

mod h2_tunnel;
mod h3_tunnel;
mod http3;
mod hyper_upgrade;
mod peer;
mod program;
mod rustls_client;
#[path = "../../examples/h3_tunnel/tls.rs"]
mod tls;

use core::error::Error as StdError;

type AnyResult<T> = Result<T, Box<dyn StdError + Send + Sync>>;
