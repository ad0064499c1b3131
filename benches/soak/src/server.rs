//! A server of this repository, as a process.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Files that are no connections of a soak: standard streams, poll, listener, and a spare for those of a
/// flood. With 2,000 connections, the sum is the hard limit of many systems.
const OTHER_FILES: u64 = 96;
/// How long a server may take to start and to stop. The machine can be busy.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Kind {
    /// Returns each message to its sender.
    TokioEcho,
    /// Sends each message to all clients.
    MioServer,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokioEcho => "tokio_echo",
            Self::MioServer => "mio_server",
        })
    }
}

/// Permits this process and its children so many connections, and as many old ones that are about to end.
pub fn permit_files(connections: u32) -> Result<()> {
    let needed = 2 * u64::from(connections) + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let maximum = limit.maximum.map(|maximum| maximum.max(needed));
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })
            .with_context(|| format!("{needed} open files are needed: run `ulimit -Hn {needed}` as root"))?;
    }
    Ok(())
}

/// The three load averages.
pub fn machine_load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// A server that listens. It ends when the value is dropped.
pub struct Server {
    kind: Kind,
    child: Child,
    address: SocketAddr,
}

impl Server {
    pub async fn start(kind: Kind, examples: &Path) -> Result<Self> {
        let program = examples.join(kind.to_string());
        let mut command = Command::new(&program);
        command.arg("127.0.0.1:0").stdin(Stdio::null()).stdout(Stdio::piped());
        // tokio_echo reports the end of each connection that fails, as thousands here must.
        command.stderr(Stdio::null()).kill_on_drop(true);
        if kind == Kind::TokioEcho {
            // The allocator keeps memory for each thread, and the bounds on memory hold for two.
            command.arg("--deflate").env("TOKIO_WORKER_THREADS", "2");
        }
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.context("the server does not listen")??;
        let address = line.as_deref().and_then(|line| line.strip_prefix("listening on ws://"));
        let address = address.with_context(|| format!("unexpected output: {line:?}"))?.parse()?;
        Ok(Self { kind, child, address })
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes of memory in use. The kernel's memory for the sockets is not among them.
    pub fn memory(&self) -> Result<u64> {
        let id = self.child.id().context("the server has ended")?;
        // Exact, other than the figure in `status`, which the kernel collects core by core.
        let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).context("no line Rss")?;
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes << 10)
    }

    /// Asks the server to end all connections with 1001, as Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::INT)
    }

    /// Waits until the server has ended after [`interrupt`](Self::interrupt).
    pub async fn ended(&mut self) -> Result<()> {
        let status = timeout(PATIENCE, self.child.wait()).await.context("the server does not stop")??;
        ensure!(status.success(), "the server has failed: {status}");
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = self.child.id().context("the server has ended")?;
        Ok(kill_process(Pid::from_raw(id.try_into()?).context("process 0")?, signal)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that the server has ended before.
        let deadline = Instant::now() + Duration::from_secs(2);
        if self.signal(Signal::TERM).is_ok() {
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(5));
            }
        } // `kill_on_drop` ends one that ignores the signal
    }
}
