//! The medians of the samples, as a table and as JSON.

use core::fmt;
use core::time::Duration;
use std::fs;

use anyhow::Result;
use serde::Serialize;

use super::cpu::CpuTime;
use super::row::Row;
use super::sample::Sample;

#[derive(Serialize)]
pub struct Report {
    processor: String,
    kernel: String,
    rounds: usize,
    seconds: f64,
    pub rows: Vec<RowReport>,
}

impl Report {
    /// A report of this machine, without rows.
    pub fn new(rounds: usize, seconds: Duration) -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            processor: model.map_or_else(String::new, |(_, model)| model.to_owned()),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            rounds,
            seconds: seconds.as_secs_f64(),
            rows: Vec::new(),
        }
    }

    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

#[derive(Serialize)]
pub struct RowReport {
    row: String,
    connections: usize,
    /// None in an idle row.
    size: Option<usize>,
    /// None in an idle row, and in a fan-out row.
    in_flight: Option<usize>,
    servers: Vec<ServerReport>,
}

/// Medians; but the share of the user time is that of all samples together.
#[derive(Serialize)]
struct ServerReport {
    name: String,
    per_second: f64,
    user_us: f64,
    user_error_us: f64,
    system_us: f64,
    /// The share of the time in which the server was on its core.
    busy: f64,
    p50_us: Option<f64>,
    p99_us: Option<f64>,
    bytes_per_connection: f64,
    /// The kernel's memory for one end; only in an idle row, and only for root.
    kernel_bytes_per_connection: Option<f64>,
}

impl RowReport {
    pub fn new<'a>(row: &Row, servers: impl Iterator<Item = (&'a str, &'a Vec<Sample>)>) -> Self {
        let (size, in_flight) = match *row {
            Row::Echo { size, in_flight, .. } => (Some(size), Some(in_flight)),
            Row::Idle { .. } => (None, None),
            Row::Fanout { size, .. } => (Some(size), None),
        };
        let connections = row.connections();
        let servers = servers.filter(|(_, samples)| !samples.is_empty());
        let servers = servers.map(|(name, samples)| ServerReport::new(name, samples, connections));
        Self { row: row.to_string(), connections, size, in_flight, servers: servers.collect() }
    }
}

impl ServerReport {
    fn new(name: &str, samples: &[Sample], connections: usize) -> Self {
        let of = |figure: &dyn Fn(&Sample) -> f64| median(samples.iter().map(figure).collect());
        let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
        let latency = |index: usize| {
            let all: Option<Vec<f64>> =
                samples.iter().map(|sample| Some(microseconds(sample.latency?[index]))).collect();
            all.map(median)
        };
        let kernel: Option<Vec<f64>> = samples.iter().map(|sample| sample.kernel).collect();
        let all = samples.iter().map(|sample| sample.cpu).fold(CpuTime::default(), CpuTime::plus);
        let cpu_us = of(&|sample| microseconds(sample.cpu.total) / sample.messages as f64);
        Self {
            name: name.to_owned(),
            per_second: of(&|sample| sample.messages as f64 / sample.elapsed.as_secs_f64()),
            user_us: cpu_us * all.user_share(),
            user_error_us: cpu_us * all.user_share_error(),
            system_us: cpu_us * (1.0 - all.user_share()),
            busy: of(&|sample| sample.cpu.total.as_secs_f64() / sample.elapsed.as_secs_f64()),
            p50_us: latency(0),
            p99_us: latency(1),
            bytes_per_connection: of(&|sample| sample.memory as f64) / connections as f64,
            kernel_bytes_per_connection: kernel.map(median),
        }
    }
}

/// The upper one of two in the middle; zero of nothing.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for RowReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.size.is_some() { "message" } else { "connection" };
        writeln!(f, "{}", self.row)?;
        writeln!(f, "{:36}{:^29}", "", format!("CPU µs a {unit}"))?;
        writeln!(
            f,
            "  {:20}{:>12}{:>12}{:>9}{:>10}{:>6}{:>10}{:>10}{:>14}{:>21}",
            "server",
            format!("{unit}s/s"),
            "user ±",
            "",
            "system",
            "busy",
            "p50 µs",
            "p99 µs",
            "B/connection",
            "kernel B/connection"
        )?;
        self.servers.iter().try_for_each(|server| writeln!(f, "{server}"))
    }
}

impl fmt::Display for ServerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latency = |time: Option<f64>| time.map_or_else(String::new, |time| format!("{time:.1}"));
        write!(
            f,
            "  {:20}{:>12.0}{:>12.3}{:>9}{:>10.3}{:>5.0}%{:>10}{:>10}{:>14.0}{:>21}",
            self.name,
            self.per_second,
            self.user_us,
            format!("±{:.3}", self.user_error_us),
            self.system_us,
            self.busy * 100.0,
            latency(self.p50_us),
            latency(self.p99_us),
            self.bytes_per_connection,
            self.kernel_bytes_per_connection.map_or_else(String::new, |bytes| format!("{bytes:.0}"))
        )
    }
}
