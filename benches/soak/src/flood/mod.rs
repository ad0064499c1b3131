//! Honest clients, first alone and then together with hostile clients.
//!
//! The server shares the cores with all clients, so a flood without a bound would measure the scheduler. Each
//! attack has a fixed rate; the hostile clients send bytes that were made before. Honest and hostile clients
//! have a thread each, and an honest latency counts from the time at which its message was due.

mod attacks;
mod bomb;
mod honest;
mod hostile;
mod latencies;

use core::time::Duration;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use self::honest::Report;
use self::latencies::Latencies;
use crate::Options;
use crate::server::{Kind, Server};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Alone,
    Flooded,
    Over,
}

/// The server is fair if an honest client waits for one turn of each other connection, which is milliseconds.
/// On a busy machine, the scheduler adds tens of milliseconds to some messages, but not seconds to half of
/// them: such a median means that hostile connections starve the honest ones.
const STARVATION: Duration = Duration::from_secs(2);
/// How long the last replies may take. The machine can be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most memory that a server may use.
const fn memory_bound(kind: Kind) -> u64 {
    let mebibytes = match kind {
        // Two bombs of 16 MiB at a time, whose buffers double as they grow, and the memory that the allocator
        // keeps for them in each of two threads; four outputs of 1 MiB that no client reads.
        Kind::TokioEcho => 160,
        // Outputs of at most 3 MiB for each of four clients that do not read.
        Kind::MioServer => 48,
    };
    mebibytes << 20
}

/// Returns the reasons why the flood has failed.
pub async fn run(server: Server, options: &Options) -> Result<Vec<String>> {
    let (kind, address) = (server.kind(), server.address());
    let (alone, flooded) = options.flood();
    println!("\nflood of {kind}: {} s alone, {} s with hostile clients", alone.as_secs(), flooded.as_secs());
    let phase = watch::Sender::new(Phase::Alone);
    let honest = on_thread({
        let phase = phase.subscribe();
        move || honest::run(kind, address, phase)
    })?;
    let hostile = on_thread({
        let phase = phase.subscribe();
        move || hostile::run(kind, address, phase)
    })?;
    let quiet = most_memory(&server, alone).await?;
    phase.send_replace(Phase::Flooded);
    let most = most_memory(&server, flooded).await?;
    phase.send_replace(Phase::Over);
    let attacks = timeout(PATIENCE, hostile).await.context("the hostile clients do not end")??;
    let report = timeout(PATIENCE, honest).await.context("the honest clients do not end")??;

    let mut failures = honest_verdict(&report);
    for attack in attacks {
        failures.extend(attack.verdict());
    }
    let (mebibyte, bound) = (1024.0 * 1024.0, memory_bound(kind));
    println!(
        "  RSS at most {:.1} MiB alone, {:.1} with hostile clients (bound {:.1})",
        quiet as f64 / mebibyte,
        most as f64 / mebibyte,
        bound as f64 / mebibyte
    );
    if most > bound {
        failures.push(format!("RSS of {most} bytes is above the bound of {bound}"));
    }
    Ok(failures)
}

fn honest_verdict(report: &Report) -> Vec<String> {
    let mut failures = report.errors.clone();
    println!("  honest clients       messages     median        p99        max");
    for (name, latencies) in [("alone", &report.alone), ("flooded", &report.flooded)] {
        match latencies.summary() {
            Some(summary) => {
                println!("  {name:<18} {summary}");
                if summary.median > STARVATION {
                    failures.push(format!("{name}: a median of {:?} is starvation", summary.median));
                }
            }
            None => failures.push(format!("{name}: no message is tested")),
        }
    }
    println!("  honest errors {}", report.errors.len());
    failures
}

/// Waits, and returns the most memory that a sample has found.
async fn most_memory(server: &Server, length: Duration) -> Result<u64> {
    let (deadline, mut most) = (Instant::now() + length, 0);
    while Instant::now() < deadline {
        sleep(Duration::from_millis(250)).await;
        most = most.max(server.memory()?);
    }
    Ok(most)
}

/// Runs a future on a thread, so that no other task delays it.
fn on_thread<T, F>(make: impl FnOnce() -> F + Send + 'static) -> Result<impl Future<Output = Result<T>>>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (done, result) = oneshot::channel();
    thread::Builder::new().spawn(move || {
        let _ = done.send(runtime.block_on(make())); // nothing waits for it after a failure
    })?;
    Ok(async { result.await.map_err(|_| anyhow!("a thread has panicked")) })
}
