//! The rows of the table: how many connections do what.

use core::fmt;
use core::str::FromStr;

use anyhow::{Context as _, Error, Result, ensure};

/// The rows of the table in `docs/performance.md`.
const TABLE: &[&str] =
    &["1x125x1", "64x125x1", "64x125x16", "64x1KiBx1", "64x16KiBx1", "8x1MiBx1", "1000x125x1", "10000xidle"];
/// The rows of the picture: one size after the other.
const SIZES: &[&str] = &["8x8x1", "8x64x1", "8x512x1", "8x4KiBx1", "8x32KiBx1", "8x256KiBx1", "8x1MiBx1"];

/// The payload of the one message on each connection of an idle row.
pub const IDLE_SIZE: usize = 125;

#[derive(Clone, Copy)]
pub enum Row {
    /// Messages of `size` bytes, of which `in_flight` are sent on each connection before the reply to the
    /// first arrives.
    Echo { connections: usize, size: usize, in_flight: usize },
    /// Each connection is opened, echoes one message, and then waits.
    Idle { connections: usize },
}

impl Row {
    pub fn connections(&self) -> usize {
        match *self {
            Self::Echo { connections, .. } | Self::Idle { connections } => connections,
        }
    }
}

/// The rows of these names and groups.
pub fn rows(names: &[String]) -> Result<Vec<Row>> {
    let row = |name: &str| name.parse().with_context(|| format!("row {name}"));
    let mut rows = Vec::new();
    for name in names {
        match name.as_str() {
            "table" => rows.extend(TABLE.iter().copied().map(row).collect::<Result<Vec<_>>>()?),
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
        let (size, in_flight) = work.split_once('x').context("expected SIZExIN_FLIGHT, or idle")?;
        let (digits, unit) = size.split_at(size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len()));
        let unit = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            unit => anyhow::bail!("the unit {unit} is not B, KiB or MiB"),
        };
        let (size, in_flight) = (digits.parse::<usize>()? * unit, in_flight.parse()?);
        ensure!(in_flight > 0, "nothing is in flight");
        Ok(Self::Echo { connections, size, in_flight })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Idle { connections } => write!(f, "{connections} idle connections"),
            Self::Echo { connections, size, in_flight } => {
                let (size, unit) = match size {
                    size if size >= 1 << 20 && size % (1 << 20) == 0 => (size >> 20, "MiB"),
                    size if size >= 1 << 10 && size % (1 << 10) == 0 => (size >> 10, "KiB"),
                    size => (size, "B"),
                };
                write!(f, "{connections} connections, {size} {unit}, {in_flight} in flight")
            }
        }
    }
}
