//! Runs the servers in turn (A, B, C, A, B, C, …), one process for each sample, and prints the medians.

mod candidate;
mod cpu;
mod kernel;
mod process;
mod report;
mod row;
mod sample;

use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use self::candidate::Candidate;
use self::report::{Report, RowReport};
pub use self::row::Row;
use self::row::rows;
use self::sample::Sample;
use crate::load::Load;

#[derive(Args)]
pub struct Options {
    /// Servers to measure, by name [default: all]. Those with `fanout-` are for the fan-out rows, the others
    /// for the other rows
    #[arg(long, value_delimiter = ',')]
    servers: Vec<String>,
    /// Another server: a program with arguments. {addr} stands for HOST:PORT, {port} for the port; without
    /// either, the last argument is HOST:PORT
    #[arg(long, value_name = "NAME=PROGRAM")]
    extra: Vec<Candidate>,
    /// CONNECTIONSxSIZExIN_FLIGHT, such as 64x1KiBx1; CONNECTIONSxidle; CONNECTIONSxSIZExfanout; or the
    /// groups `table`, `sizes` and `fanout`
    #[arg(long, value_delimiter = ',', default_value = "table")]
    rows: Vec<String>,
    /// Samples of each server in each row
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Length of a sample
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// One short sample of each: to see that everything works
    #[arg(long)]
    quick: bool,
    /// Writes the results to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn run(options: &Options) -> Result<()> {
    let rows = rows(&options.rows)?;
    let candidates = selected(options)?;
    for row in &rows {
        let is_served = candidates.iter().any(|candidate| row.suits(candidate.name()));
        ensure!(is_served, "{row}: no selected server is for this row");
    }
    let (rounds, seconds) = if options.quick { (1, 0.2) } else { (options.rounds, options.seconds) };
    let seconds = Duration::try_from_secs_f64(seconds)?;
    process::prepare(rows.iter().map(Row::connections).max().unwrap_or_default())?;
    let mut report = Report::new(rounds, seconds);
    let mut has_failed = false;
    for row in &rows {
        let candidates: Vec<_> = candidates.iter().filter(|candidate| row.suits(candidate.name())).collect();
        let mut samples: Vec<Vec<Sample>> = candidates.iter().map(|_| Vec::new()).collect();
        for round in 0..rounds {
            for (candidate, samples) in candidates.iter().zip(&mut samples) {
                match sample::take(candidate, row, seconds) {
                    Ok(sample) => samples.push(sample),
                    Err(error) => {
                        has_failed = true;
                        eprintln!("{row}, {}, round {round}: {error:#}", candidate.name());
                    }
                }
            }
        }
        let row = RowReport::new(row, candidates.iter().map(|candidate| candidate.name()).zip(&samples));
        println!("{row}");
        report.rows.push(row);
    }
    if let Some(path) = &options.json {
        fs::write(path, report.to_json()?).with_context(|| path.display().to_string())?;
    }
    if has_failed {
        bail!("samples have failed");
    }
    Ok(())
}

/// Loads a server that runs already, and prints its messages a second and the latencies.
pub fn load(address: SocketAddr, row: &Row, seconds: f64) -> Result<()> {
    process::prepare(row.connections())?;
    let duration = Duration::try_from_secs_f64(seconds)?;
    let received = match *row {
        Row::Idle { .. } => bail!("an idle row has no load"),
        Row::Echo { connections, size, in_flight } => {
            let mut load = Load::open(address, connections, size, in_flight)?;
            load.start()?;
            let received = load.run(duration)?;
            load.finish()?;
            received
        }
        Row::Fanout { connections, size } => {
            Load::open(address, connections, size, 1)?.run_fanout(duration)?
        }
    };
    let per_second = received.messages as f64 / received.elapsed.as_secs_f64();
    println!("{per_second:.0} messages/s, p50 {:?}, p99 {:?}", received.p50, received.p99);
    Ok(())
}

/// The candidates that the options name, in the order of the options; or all.
fn selected(options: &Options) -> Result<Vec<Candidate>> {
    let mut all = Candidate::own()?;
    all.extend(options.extra.iter().cloned());
    if options.servers.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        let candidate = all.iter().find(|candidate| candidate.name() == name);
        candidate.cloned().with_context(|| format!("no server has the name {name}"))
    };
    options.servers.iter().map(find).collect()
}
