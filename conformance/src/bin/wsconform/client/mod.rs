//! `wsconform client`: tests a client.
//!
//! ```text
//!                   mod.rs
//!          │                     │
//!     launched.rs            driven.rs   a process for each case; a driver for all
//!          │                     │
//!          │                 reports.rs
//!          │                     │
//!          │                  desk.rs
//!          │                │         │
//!          │           session.rs   reply.rs
//!          │                │
//!          │            numbers.rs
//!          │                │
//!          └── listener.rs ── query.rs
//! ```

mod desk;
mod driven;
mod launched;
mod listener;
mod numbers;
mod query;
mod reply;
mod reports;
mod session;

use core::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use wsconform::{Case, Context, Role};

use crate::args::{ClientArguments, YesNo};
use crate::run;

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

/// The selected cases, and their context. The arguments say whether cases in which no connection comes about
/// are included; `by_default` holds without the option.
fn selected(arguments: &ClientArguments, by_default: bool) -> (Vec<Case>, Context) {
    let is_included = arguments.handshake_cases.map_or(by_default, |answer| answer == YesNo::Yes);
    let mut cases = run::selected(Role::Client, &arguments.options);
    cases.retain(|case| is_included || !case.needs.handshake_control);
    let mut context = run::context(&arguments.options);
    context.capabilities.handshake_control = is_included;
    (cases, context)
}
