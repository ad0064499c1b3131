//! `wsconform client`: tests a client.
//!
//! ```text
//!               mod.rs
//!          │             │
//!     launched.rs    driven.rs   a process for each case; a driver for all
//!          │          │     │
//!          │     session.rs reply.rs
//!          │          │
//!          └───── listener.rs ── query.rs
//! ```

mod driven;
mod launched;
mod listener;
mod query;
mod reply;
mod session;

use core::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::args::ClientArguments;

/// Where drivers look for the Autobahn test suite.
const AUTOBAHN_PORT: u16 = 9001;

/// Runs the cases against the clients that connect. Returns the exit code.
pub(crate) async fn client(arguments: &ClientArguments) -> Result<u8> {
    let port = if arguments.command.is_empty() { AUTOBAHN_PORT } else { 0 };
    let address = arguments.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let listener = TcpListener::bind(address).await.with_context(|| format!("{address}"))?;
    if arguments.command.iter().any(|word| word.contains("{uri}")) {
        launched::launched(listener, arguments).await
    } else {
        driven::driven(listener, arguments).await
    }
}
