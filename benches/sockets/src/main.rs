//! Echo servers over loopback sockets.

mod servers;

use core::net::SocketAddr;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::servers::Server;

#[derive(Parser)]
#[command(about = "Echo servers over loopback sockets")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one echo server until it is killed
    Serve { server: Server, address: SocketAddr },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Serve { server, address } => server.serve(address),
    }
}
