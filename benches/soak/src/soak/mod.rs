//! Many honest clients for a long time.

mod endings;
mod endpoint;
mod memory;
mod session;

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use fastrand::Rng;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use self::memory::Memory;
use self::session::{End, Session};
use crate::Options;
use crate::counts::{Count, Counts};
use crate::pace::Pace;
use crate::payload::Pool;
use crate::server::{Kind, Server};

/// A message to mio_server is sent to all connections, so this part of the connections receives more than the
/// whole does from tokio_echo.
const ROOM_PART: u32 = 20;
/// Opening handshakes at a time. The queue of a listener has 1024 places.
const OPENING: usize = 64;
const LINE: Duration = Duration::from_secs(10);
/// How long the last replies and the last closing handshakes may take. The machine can be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// The soak, as its sessions see it.
struct Soak {
    kind: Kind,
    address: SocketAddr,
    slots: u32,
    pool: Arc<Pool>,
    pace: Pace,
    counts: Counts,
    opening: Semaphore,
    /// Whether the sessions send no more, and wait for the server's end.
    stopping: watch::Sender<bool>,
    /// Connections that have received all replies, and wait for the server's end.
    quiet: Count,
}

/// Returns the reasons why the soak has failed.
pub async fn run(mut server: Server, options: &Options, seed: u64, pool: &Arc<Pool>) -> Result<Vec<String>> {
    let kind = server.kind();
    let slots =
        if kind == Kind::MioServer { (options.connections / ROOM_PART).max(10) } else { options.connections };
    let copies = if kind == Kind::MioServer { slots } else { 1 };
    let soak = Arc::new(Soak {
        kind,
        address: server.address(),
        slots,
        pool: Arc::clone(pool),
        pace: Pace::new(options.rate, copies),
        counts: Counts::default(),
        opening: Semaphore::new(OPENING),
        stopping: watch::Sender::new(false),
        quiet: Count::default(),
    });
    println!("\nsoak of {kind}: {slots} connections for {} s", options.soak().as_secs());
    let mut tasks = JoinSet::new();
    for slot in 0..slots {
        let rng = Rng::with_seed(seed ^ u64::from(slot).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        tasks.spawn(keep_connected(Arc::clone(&soak), slot, rng));
    }
    let memory = soak.watch(&server, options.soak()).await?;
    soak.stop(&mut server, &mut tasks).await;
    Ok(soak.verdict(&memory))
}

/// One connection after the other.
async fn keep_connected(soak: Arc<Soak>, slot: u32, mut rng: Rng) {
    for generation in 0..u32::MAX {
        if *soak.stopping.borrow() {
            return;
        }
        match Session::run(&soak, slot, generation, &mut rng).await {
            Ok(End::GoingAway) => return,
            Ok(End::Replaced) => {}
            Err(error) => {
                soak.counts.fail(format_args!("connection {slot}/{generation}: {error:#}"));
                sleep(Duration::from_millis(100)).await; // if the server has ended, this bounds the errors
            }
        }
    }
}

impl Soak {
    fn is_room(&self) -> bool {
        self.kind == Kind::MioServer
    }

    /// Prints a line every ten seconds, and samples the memory, until the time is over.
    async fn watch(&self, server: &Server, length: Duration) -> Result<Memory> {
        let started = Instant::now();
        let mut memory = Memory::new(self.kind, length);
        let (mut seconds, mut next_line) = (interval(Duration::from_secs(1)), LINE);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        println!("   time   open  opened   messages        MiB  errors  server RSS");
        while started.elapsed() < length {
            seconds.tick().await;
            let now = started.elapsed();
            memory.add(now, server.memory()?);
            if now >= next_line {
                next_line += LINE;
                self.print_line(now, &memory);
            }
        }
        self.print_line(started.elapsed(), &memory);
        Ok(memory)
    }

    fn print_line(&self, time: Duration, memory: &Memory) {
        let counts = &self.counts;
        println!(
            "{:>5} s {:>6} {:>7} {:>10} {:>10.1} {:>7} {:>7.1} MiB",
            time.as_secs(),
            counts.open.get(),
            counts.connections.get(),
            counts.received.get() + counts.foreign.get(),
            counts.bytes.get() as f64 / (1024.0 * 1024.0),
            counts.errors.get(),
            memory.last() as f64 / (1024.0 * 1024.0)
        );
    }

    /// Waits for the last replies, and lets the server end all connections.
    async fn stop(&self, server: &mut Server, tasks: &mut JoinSet<()>) {
        self.stopping.send_replace(true);
        let all_quiet = async {
            loop {
                while tasks.try_join_next().is_some() {}
                if self.quiet.get() >= tasks.len() as u64 {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(PATIENCE, all_quiet).await.is_err() {
            self.counts.fail("the last replies are missing");
        }
        let quiet = self.quiet.get();
        let result: Result<()> = async {
            server.interrupt()?;
            let all = async { while tasks.join_next().await.is_some() {} };
            ensure!(timeout(PATIENCE, all).await.is_ok(), "the server leaves connections open");
            server.ended().await
        }
        .await;
        if let Err(error) = result {
            self.counts.fail(format_args!("{error:#}"));
        }
        let closed = self.counts.going_away.get();
        if closed != quiet {
            self.counts.fail(format_args!("{closed} of {quiet} connections ended with 1001"));
        }
    }

    /// Prints the totals.
    fn verdict(&self, memory: &Memory) -> Vec<String> {
        let mut failures = Vec::new();
        for (kind, count) in self.counts.kinds() {
            let is_tested = match kind {
                "compressed" => !self.is_room(), // mio_server does not compress
                "foreign" => self.is_room(),
                _ => true,
            };
            if is_tested {
                println!("  {kind:<18}{count:>12}");
            }
            if is_tested && count == 0 {
                failures.push(format!("no {kind}: nothing is tested"));
            }
        }
        let errors = self.counts.errors.get();
        println!("  {:<18}{errors:>12}", "errors");
        if errors > 0 {
            failures.push(format!("{errors} errors"));
        }
        failures.extend(memory.verdict());
        failures
    }
}
