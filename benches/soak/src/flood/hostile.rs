//! Hostile connections, and whether the server ends those that it must end.

use core::net::SocketAddr;
use core::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Phase;
use super::attacks::Attack;
use crate::server::Kind;

/// The pause before the next connection of an attack, which bounds their number.
const PAUSE: Duration = Duration::from_secs(1);

/// The connections of one attack.
pub struct Record {
    attack: Attack,
    limit: Option<Duration>,
    opened: u32,
    /// When the server has ended them.
    ended: Vec<Duration>,
    /// The server must have ended them, and did not, or did it later.
    overdue: u32,
    /// The server did not say why it ends them.
    unexplained: u32,
}

impl Record {
    fn new(attack: Attack, kind: Kind) -> Self {
        Self { attack, limit: attack.limit(kind), opened: 0, ended: Vec::new(), overdue: 0, unexplained: 0 }
    }

    fn is_overdue(&self, time: Duration) -> bool {
        self.limit.is_some_and(|limit| time > limit)
    }

    /// Prints a line, and returns the reason why the flood has failed.
    pub fn verdict(&self) -> Option<String> {
        let Self { attack, limit, opened, ended, overdue, unexplained } = self;
        let limit = limit.map_or("none".to_owned(), |limit| format!("{} s", limit.as_secs()));
        let slowest = ended.iter().max().map_or(0.0, Duration::as_secs_f64);
        println!(
            "  {:<16} opened {opened:>4}, ended by the server {:>4} (slowest {slowest:>4.1} s, limit {limit}), overdue {overdue}",
            attack.name(),
            ended.len()
        );
        if *overdue > 0 {
            return Some(format!("{overdue} connections of {} have no end", attack.name()));
        }
        if *unexplained > 0 {
            return Some(format!(
                "{unexplained} connections of {} ended without their answer",
                attack.name()
            ));
        }
        (*opened == 0).then(|| format!("no connection of {}: nothing is tested", attack.name()))
    }
}

/// Runs all attacks while the phase lasts.
pub async fn run(kind: Kind, address: SocketAddr, mut phase: watch::Receiver<Phase>) -> Vec<Record> {
    let mut slots = JoinSet::new();
    // An error means that the flood was aborted.
    let _ = phase.wait_for(|&phase| phase != Phase::Alone).await;
    let mut records: Vec<Record> = Attack::of(kind).map(|attack| Record::new(attack, kind)).collect();
    for (index, record) in records.iter().enumerate() {
        for _ in 0..record.attack.connections() {
            let (phase, record) = (phase.clone(), Record::new(record.attack, kind));
            slots.spawn(async move { (index, repeat(record, address, phase).await) });
        }
    }
    while let Some(slot) = slots.join_next().await {
        if let Ok((index, slot)) = slot {
            if let Some(record) = records.get_mut(index) {
                record.opened += slot.opened;
                record.overdue += slot.overdue;
                record.unexplained += slot.unexplained;
                record.ended.extend(slot.ended);
            }
        }
    }
    records
}

/// One connection after the other.
async fn repeat(mut record: Record, address: SocketAddr, mut phase: watch::Receiver<Phase>) -> Record {
    loop {
        let mut started: Option<Instant> = None;
        let (over, is_explained) = tokio::select! {
            is_explained = record.attack.run(address, &mut started) => (false, is_explained),
            _ = phase.wait_for(|&phase| phase == Phase::Over) => (true, true),
        };
        if let Some(started) = started {
            let time = started.elapsed();
            record.opened += 1;
            record.overdue += u32::from(record.is_overdue(time));
            record.unexplained += u32::from(!is_explained);
            if !over {
                record.ended.push(time);
            }
        }
        if over {
            return record;
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            _ = phase.wait_for(|&phase| phase == Phase::Over) => return record,
        }
    }
}
