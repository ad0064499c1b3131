//! A Redis that a test starts, kills, and starts again.

use core::time::Duration;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{env, fs, process};

use redis::aio::MultiplexedConnection;
use tokio::time::{sleep, timeout};

use crate::support::{PATIENCE, free_port, signal};

/// Redis writes each message to its disk before the server acknowledges it.
pub(crate) const DURABLE: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];
/// Redis forgets everything when it ends.
pub(crate) const FORGETFUL: &[&str] = &["--appendonly", "no"];

pub(crate) struct Redis {
    child: Child,
    port: u16,
    directory: PathBuf,
    options: &'static [&'static str],
}

impl Redis {
    pub(crate) fn start(options: &'static [&'static str]) -> Self {
        for _ in 0..10 {
            let port = free_port();
            let directory = env::temp_dir().join(format!("cluster-{}-{port}", process::id()));
            fs::create_dir(&directory).expect("a new directory");
            // Another program can have taken the port meanwhile.
            if let Some(child) = spawn(port, &directory, options) {
                return Self { child, port, directory, options };
            }
            fs::remove_dir_all(&directory).expect("our directory");
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// As a crash of Redis.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Starts Redis again after [`kill`](Self::kill), with the data on its disk.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port, &self.directory, self.options).expect("a free port");
    }

    /// As a network that loses all packets, until [`resume`](Self::resume).
    pub(crate) fn pause(&self) {
        signal(&self.child, "STOP");
    }

    pub(crate) fn resume(&self) {
        signal(&self.child, "CONT");
    }

    /// Waits until Redis has executed a command this many times, or more often.
    pub(crate) async fn wait_for_calls(&self, command: &str, calls: usize) {
        let mut connection = self.connect().await;
        let begin = format!("cmdstat_{command}:calls=");
        let poll = async {
            loop {
                let stats: String = redis::cmd("INFO")
                    .arg("commandstats")
                    .query_async(&mut connection)
                    .await
                    .expect("an answer");
                let line = stats.lines().find_map(|line| line.strip_prefix(&begin)?.split(',').next());
                if line.is_some_and(|count| count.parse::<usize>().expect("a number") >= calls) {
                    return;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, poll).await.expect("in time");
    }

    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).expect("a URL");
        client.get_multiplexed_async_connection().await.expect("a connection")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Starts Redis, and waits until it is ready. `None` if it ends before.
fn spawn(port: u16, directory: &PathBuf, options: &[&str]) -> Option<Child> {
    let mut child = Command::new("redis-server")
        // Redis refuses to start with the name of a locale that is not installed.
        .env("LC_ALL", "C")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .arg("--dir")
        .arg(directory)
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-server is installed");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    if !lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ready to accept connections")) {
        child.wait().expect("it ends");
        return None;
    }
    // Redis must not wait for a reader of its log.
    std::thread::spawn(move || lines.for_each(drop));
    Some(child)
}
