//! Long runs of the example servers over loopback, each as a process.
//!
//! ```text
//!   soak  ──▶ many honest clients, which compare each message that they receive; memory of the server
//!   flood ──▶ the latency of honest clients, alone and together with hostile clients
//! ```
//!
//! docs/testing.md says what a run promises.

#![forbid(unsafe_code)]

mod counts;
mod flood;
mod pace;
mod payload;
mod server;
mod soak;

use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::payload::Pool;
use crate::server::{Kind, Server};

#[derive(Parser)]
#[command(about = "Soak and flood of the example servers over loopback; `run` builds them")]
pub struct Options {
    /// Length of all soaks. The flood of a server takes a quarter of its soak, but 24 to 120 seconds
    #[arg(long, default_value_t = 3600)]
    seconds: u64,
    /// Connections of the soak; to mio_server, which sends each message to all of them, a twentieth
    #[arg(long, default_value_t = 2000)]
    connections: u32,
    /// Messages that arrive at the clients of a soak in a second, at most
    #[arg(long, default_value_t = 5000)]
    rate: u32,
    /// The seed of sizes, kinds and ends [default: random, and printed]
    #[arg(long)]
    seed: Option<u64>,
    /// One part
    #[arg(long)]
    only: Option<Part>,
    /// The servers
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Kind::TokioEcho, Kind::MioServer])]
    servers: Vec<Kind>,
    /// The directory of the example programs
    #[arg(long)]
    examples: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Soak,
    Flood,
}

impl Options {
    /// The length of the soak of one server.
    fn soak(&self) -> Duration {
        Duration::from_secs(self.seconds / self.servers.len().max(1) as u64)
    }

    /// How long the honest clients of a flood are alone, and how long they are not.
    fn flood(&self) -> (Duration, Duration) {
        // 18 of 24 seconds are longer than the deadline of the handshake, and 90 of 120 longer than all
        // deadlines.
        let seconds = (self.soak().as_secs() / 4).clamp(24, 120);
        (Duration::from_secs(seconds / 4), Duration::from_secs(seconds - seconds / 4))
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    // At a signal, the future of `run` is dropped, and so is the server, which then ends.
    let result = tokio::select! {
        result = run(Options::parse()) => result,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        _ = terminate.recv() => Err(anyhow::anyhow!("terminated")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<()> {
    ensure!(
        options.soak() >= Duration::from_secs(12),
        "a soak of less than 12 seconds has no figures of the memory"
    );
    ensure!((10..=10_000).contains(&options.connections), "tokio_echo serves 10,000 connections");
    ensure!(options.rate > 0, "the rate is 0");
    server::permit_files(options.connections)?;
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}, load of the machine {}", server::machine_load());
    let pool = Arc::new(Pool::new(seed));
    let mut failures = Vec::new();
    for part in [Part::Soak, Part::Flood] {
        if options.only.is_some_and(|only| only != part) {
            continue;
        }
        for &kind in &options.servers {
            let server = Server::start(kind, &options.examples).await?;
            let verdict = match part {
                Part::Soak => soak::run(server, &options, seed, &pool).await?,
                Part::Flood => flood::run(server, &options).await?,
            };
            failures.extend(verdict.into_iter().map(|failure| format!("{kind}: {failure}")));
        }
    }
    println!("load of the machine {}", server::machine_load());
    ensure!(failures.is_empty(), "{}", failures.join("; "));
    println!("all is well");
    Ok(())
}
