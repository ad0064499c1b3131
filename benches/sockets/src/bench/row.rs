//! The rows of the table: how many connections do what.

use core::fmt;
use core::str::FromStr;

use anyhow::{Context as _, Error, Result, ensure};

/// The rows of the table in `docs/performance.md`.
const TABLE: &[&str] =
    &["1x125x1", "64x125x1", "64x125x16", "64x1KiBx1", "64x16KiBx1", "8x1MiBx1", "1000x125x1", "10000xidle"];
/// The rows of the picture: one size after the other.
const SIZES: &[&str] = &["8x8x1", "8x64x1", "8x512x1", "8x4KiBx1", "8x32KiBx1", "8x256KiBx1", "8x1MiBx1"];

/// Rooms of more and more members.
const FANOUT: &[&str] = &["10x125xfanout", "100x125xfanout", "1000x125xfanout", "5000x125xfanout"];

/// The payload of the one message on each connection of an idle row.
pub const IDLE_SIZE: usize = 125;

#[derive(Clone, Copy)]
pub enum Row {
    /// Messages of `size` bytes, of which `in_flight` are sent on each connection before the reply to the
    /// first arrives.
    Echo { connections: usize, size: usize, in_flight: usize },
    /// Each connection is opened, echoes one message, and then waits.
    Idle { connections: usize },
    /// One connection sends messages of `size` bytes, each of which goes to all connections.
    Fanout { connections: usize, size: usize },
}

impl Row {
    pub fn connections(&self) -> usize {
        match *self {
            Self::Echo { connections, .. }
            | Self::Idle { connections }
            | Self::Fanout { connections, .. } => connections,
        }
    }

    /// Whether a server of this name does what the row measures.
    pub fn suits(&self, server: &str) -> bool {
        matches!(self, Self::Fanout { .. }) == server.starts_with("fanout-")
    }
}

/// The rows of these names and groups.
pub fn rows(names: &[String]) -> Result<Vec<Row>> {
    let row = |name: &str| name.parse().with_context(|| format!("row {name}"));
    let mut rows = Vec::new();
    for name in names {
        match name.as_str() {
            "table" => rows.extend(TABLE.iter().copied().map(row).collect::<Result<Vec<_>>>()?),
            "fanout" => rows.extend(FANOUT.iter().copied().map(row).collect::<Result<Vec<_>>>()?),
            "sizes" => rows.extend(SIZES.iter().copied().map(row).collect::<Result<Vec<_>>>()?),
            name => rows.push(row(name)?),
        }
    }
    Ok(rows)
}

impl FromStr for Row {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (connections, work) = text.split_once('x').context("expected CONNECTIONSxSIZExIN_FLIGHT")?;
        let connections = connections.parse()?;
        ensure!(connections > 0, "no connections");
        if work == "idle" {
            return Ok(Self::Idle { connections });
        }
        let (size, in_flight) =
            work.split_once('x').context("expected SIZExIN_FLIGHT, SIZExfanout, or idle")?;
        let (digits, unit) = size.split_at(size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len()));
        let unit = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            unit => anyhow::bail!("the unit {unit} is not B, KiB or MiB"),
        };
        let size = digits.parse::<usize>()? * unit;
        if in_flight == "fanout" {
            return Ok(Self::Fanout { connections, size });
        }
        let in_flight = in_flight.parse()?;
        ensure!(in_flight > 0, "nothing is in flight");
        Ok(Self::Echo { connections, size, in_flight })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Idle { connections } => write!(f, "{connections} idle connections"),
            Self::Echo { connections, size, in_flight } => {
                write!(f, "{connections} connections, {}, {in_flight} in flight", Size(size))
            }
            Self::Fanout { connections, size } => {
                write!(f, "{connections} connections, {}, each message to all of them", Size(size))
            }
        }
    }
}

struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            size if size >= 1 << 20 && size % (1 << 20) == 0 => write!(f, "{} MiB", size >> 20),
            size if size >= 1 << 10 && size % (1 << 10) == 0 => write!(f, "{} KiB", size >> 10),
            size => write!(f, "{size} B"),
        }
    }
}
