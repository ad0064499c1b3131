//! One sample: one process of a server, under one load.

use core::time::Duration;
use std::time::Instant;

use anyhow::Result;

use super::candidate::Candidate;
use super::cpu::CpuTime;
use super::kernel::Caches;
use super::process::Process;
use super::row::{IDLE_SIZE, Row};
use crate::load::{Load, Received};

/// Before a sample, so that caches, buffers and socket windows have the size that they need.
const WARM_UP: Duration = Duration::from_millis(300);

/// What a server did. In an idle row, each connection counts as one message; in a fan-out row, each message
/// counts once for each connection that has received it.
pub struct Sample {
    pub messages: usize,
    pub elapsed: Duration,
    pub cpu: CpuTime,
    /// The median and the 99th percentile of the time to a reply; none in an idle row.
    pub latency: Option<[Duration; 2]>,
    /// The additional memory of the server, compared with no connection.
    pub memory: u64,
    /// The memory of the kernel for each connection at one end, in an idle row.
    pub kernel: Option<f64>,
}

/// Starts the server, and takes a sample of this length.
pub fn take(candidate: &Candidate, row: &Row, duration: Duration) -> Result<Sample> {
    let process = Process::start(candidate)?;
    let address = process.address();
    // The first connection makes the server's one-time allocations.
    echo_once(Load::open(address, 1, IDLE_SIZE, 1)?)?;
    let caches = Caches::now();
    let memory = process.memory()?;
    match *row {
        Row::Idle { connections } => {
            let (start, cpu) = (Instant::now(), process.cpu_time()?);
            let load = echo_once(Load::open(address, connections, IDLE_SIZE, 1)?)?;
            let (elapsed, cpu) = (start.elapsed(), process.cpu_time()? - cpu);
            let memory = process.memory()?.saturating_sub(memory);
            let kernel = caches.zip(Caches::now());
            let kernel = kernel.map(|(before, after)| after.bytes_per_connection(&before, connections));
            end(process, load);
            Ok(Sample { messages: connections, elapsed, cpu, latency: None, memory, kernel })
        }
        Row::Echo { connections, size, in_flight } => {
            let mut load = Load::open(address, connections, size, in_flight)?;
            load.start()?;
            measure(process, load, memory, duration, Load::run)
        }
        Row::Fanout { connections, size } => {
            let load = Load::open(address, connections, size, 1)?;
            measure(process, load, memory, duration, Load::run_fanout)
        }
    }
}

/// Measures the server during `run`. `memory` is that without a connection.
fn measure(
    process: Process,
    mut load: Load,
    memory: u64,
    duration: Duration,
    run: fn(&mut Load, Duration) -> Result<Received>,
) -> Result<Sample> {
    run(&mut load, WARM_UP)?;
    let cpu = process.cpu_time()?;
    let received = run(&mut load, duration)?;
    let cpu = process.cpu_time()? - cpu;
    let memory = process.memory()?.saturating_sub(memory);
    load.finish()?;
    end(process, load);
    let Received { messages, elapsed, p50, p99 } = received;
    Ok(Sample { messages, elapsed, cpu, latency: Some([p50, p99]), memory, kernel: None })
}

/// One message on each connection.
fn echo_once(mut load: Load) -> Result<Load> {
    load.start()?;
    load.finish()?;
    Ok(load)
}

/// Ends the server before its connections, so that it has no work with them.
fn end(process: Process, load: Load) {
    drop(process);
    drop(load);
}
