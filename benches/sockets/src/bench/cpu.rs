//! The CPU time of a process.
//!
//! The kernel counts the time on a core in nanoseconds (`schedstat`). How it divides into user and system
//! time is a sample at each tick of the clock (`stat`), usually 250 a second: the share of the user time has
//! a statistical error, which gets smaller with more and longer samples.

use core::ops::Sub;
use core::time::Duration;
use std::fs;

use anyhow::{Context as _, Result};

/// Samples a second, `CONFIG_HZ` of most distributions.
const TICKS: f64 = 250.0;

#[derive(Clone, Copy, Default)]
pub struct CpuTime {
    pub total: Duration,
    /// Hundredths of a second, of which only the ratio is used.
    user: u64,
    system: u64,
}

impl CpuTime {
    /// Up to now, of all threads.
    pub fn of(pid: u32) -> Result<Self> {
        let mut total = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
            let nanoseconds = schedstat.split(' ').next().context("schedstat is empty")?;
            total += Duration::from_nanos(nanoseconds.parse()?);
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name of the program is in parentheses and can contain spaces. After it, user time is the 12th
        // field.
        let (_, fields) = stat.rsplit_once(") ").context("stat has no name")?;
        let mut times = fields.split(' ').skip(11).map(str::parse);
        let mut time = || times.next().context("stat is too short");
        Ok(Self { total, user: time()??, system: time()?? })
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            user: self.user + other.user,
            system: self.system + other.system,
        }
    }

    /// The share of the user time.
    pub fn user_share(self) -> f64 {
        let all = self.user + self.system;
        if all == 0 { 0.0 } else { self.user as f64 / all as f64 }
    }

    /// The standard error of that share.
    pub fn user_share_error(self) -> f64 {
        let (share, count) = (self.user_share(), self.total.as_secs_f64() * TICKS);
        if count == 0.0 { 0.0 } else { (share * (1.0 - share) / count).sqrt() }
    }
}

impl Sub for CpuTime {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}
