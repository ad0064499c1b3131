//! Servers over loopback sockets, and the load generator that measures them.
//!
//! ```text
//!   bench ──▶ spawns `serve NAME ADDRESS` on core 0, reads its CPU time and memory
//!     └─────▶ load: connections to it, from core 1
//!   load  ──▶ the same against a server that runs already, for instance under a profiler
//! ```

mod bench;
mod load;
mod servers;
mod tls;

use core::net::SocketAddr;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::bench::Row;
use crate::servers::Server;

#[derive(Parser)]
#[command(about = "Servers over loopback sockets, and the load generator that measures them")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures the servers and prints a table for each row
    Bench(bench::Options),
    /// Runs one server until it is killed
    Serve { server: Server, address: SocketAddr },
    /// Loads a server that runs already, for instance under a profiler
    Load { address: SocketAddr, row: Row, seconds: f64 },
    /// Measures a TLS handshake, and the memory of a TLS connection
    Tls {
        #[arg(default_value_t = 10_000)]
        connections: usize,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Bench(options) => bench::run(&options),
        Command::Serve { server, address } => server.serve(address),
        Command::Load { address, row, seconds } => bench::load(address, &row, seconds),
        Command::Tls { connections } => tls::measure(connections),
    }
}
