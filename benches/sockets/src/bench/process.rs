//! The process of a server, on one core.

use core::net::SocketAddr;
use core::time::Duration;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Instant;
use std::{fs, thread};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use super::candidate::Candidate;
use super::cpu::CpuTime;

const SERVER_CORE: usize = 0;
const LOAD_CORE: usize = 1;

/// Files of a process that are no connections: standard streams, poll, listener.
const OTHER_FILES: u64 = 64;

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);

/// Moves this process to the core of the load, and permits it and the servers so many connections.
pub fn prepare(connections: usize) -> Result<()> {
    pin(None, LOAD_CORE).context("two cores are needed")?;
    let needed = connections as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let maximum = limit.maximum.map(|maximum| maximum.max(needed));
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })
            .with_context(|| format!("{needed} open files are needed"))?;
    }
    Ok(())
}

fn pin(process: Option<Pid>, core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(process, &cores)?)
}

/// A server that listens. It is killed when the value is dropped.
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    pub fn start(candidate: &Candidate) -> Result<Self> {
        let address = free_address()?;
        let mut command = candidate.command(address);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut process = Self { child, address };
        pin(Some(Pid::from_child(&process.child)), SERVER_CORE)?;
        let deadline = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("the server has ended: {status}");
            }
            ensure!(Instant::now() < deadline, "the server does not listen");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(process)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn cpu_time(&self) -> Result<CpuTime> {
        CpuTime::of(self.child.id())
    }

    /// Bytes of memory in use. The kernel's memory for the sockets is not among them.
    pub fn memory(&self) -> Result<u64> {
        // Exact, other than the figure in `status`, which the kernel collects core by core.
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).context("no line Rss")?;
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes << 10)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that the server has ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nothing listens on. Each process gets another one, so that no connection of an earlier
/// process is in its way.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
