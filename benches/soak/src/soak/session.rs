//! One honest connection: it sends messages, and compares them with the messages that it receives.

use core::time::Duration;
use std::collections::VecDeque;

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use tokio::time::{Instant, sleep_until};
use websocket_proto_tokio::{CloseFrame, Message};

use super::Soak;
use super::endpoint::Endpoint;
use crate::payload::{self, STAMP, Stamp};

/// The bytes in flight. The server reads while it has less than 1 MiB to write, so it always reads what a
/// session writes: a session that writes does not read.
const IN_FLIGHT: usize = 768 * 1024;
/// Messages in flight.
const WINDOW: usize = 8;
/// How long a reply may take. It is the bound of a lost message, not of a slow one: the machine can be busy.
const REPLY: Duration = Duration::from_secs(60);

/// How a session ended.
pub enum End {
    /// As the session has planned. Another one replaces it.
    Replaced,
    /// The server goes down.
    GoingAway,
}

pub struct Session<'a> {
    pub soak: &'a Soak,
    slot: u32,
    generation: u32,
    sequence: u32,
    pub endpoint: Endpoint,
    compresses: bool,
    /// Messages whose reply is missing, and their bytes.
    expected: VecDeque<Message>,
    in_flight: usize,
    /// Pings whose Pong is missing.
    pings: VecDeque<Message>,
    /// In a room, the last stamp of each slot.
    seen: Vec<Option<Stamp>>,
    /// When the last reply arrived, or the first message was sent after it.
    progress: Instant,
}

impl<'a> Session<'a> {
    pub async fn run(soak: &'a Soak, slot: u32, generation: u32, rng: &mut Rng) -> Result<End> {
        let (endpoint, compresses) = Endpoint::open(soak, slot).await.context("opening")?;
        soak.counts.connections.add(1);
        soak.counts.open.add(1);
        let session = Self {
            soak,
            slot,
            generation,
            sequence: 0,
            endpoint,
            compresses,
            expected: VecDeque::new(),
            in_flight: 0,
            pings: VecDeque::new(),
            seen: vec![None; if soak.is_room() { soak.slots as usize } else { 0 }],
            progress: Instant::now(),
        };
        let result = session.exchange_and_end(rng).await;
        soak.counts.open.remove(1);
        result
    }

    async fn exchange_and_end(mut self, rng: &mut Rng) -> Result<End> {
        let budget = rng.u32(1..=if self.soak.is_room() { 8 } else { 40 });
        if let Err(error) = self.exchange(budget, rng).await {
            bail!("{error:#}; replies missing: {}", self.expected.len());
        }
        if *self.soak.stopping.borrow() {
            self.await_end().await.context("at the end of the server")?;
            return Ok(End::GoingAway);
        }
        self.end(rng).await?;
        Ok(End::Replaced)
    }

    /// Sends so many messages, and receives until all have returned.
    async fn exchange(&mut self, budget: u32, rng: &mut Rng) -> Result<()> {
        let mut stopping = self.soak.stopping.subscribe();
        let mut next = None;
        loop {
            let is_stopping = *stopping.borrow_and_update();
            if is_stopping {
                next = None;
            } else if next.is_none() && self.sequence < budget {
                let size = payload::size(rng, self.soak.is_room());
                let message = self.message(rng, size);
                let turn = self.soak.pace.turn(payload::bytes(&message).len());
                next = Some((message, turn));
            }
            let is_settled = self.expected.is_empty() && self.pings.is_empty();
            if next.is_none() && is_settled {
                return Ok(());
            }
            let ready = next.as_ref().filter(|(message, _)| self.has_room(message)).map(|&(_, turn)| turn);
            tokio::select! {
                () = sleep_until(ready.unwrap_or(self.progress)), if ready.is_some() => {
                    if let Some((message, _)) = next.take() {
                        self.send(message, rng).await?;
                    }
                }
                () = sleep_until(self.progress + REPLY), if !is_settled => bail!("no reply for {REPLY:?}"),
                changed = stopping.changed(), if !is_stopping => changed?,
                message = self.endpoint.receive() => match message?.context("ended without a Close")? {
                    Message::Close(frame) => bail!("closed by the server: {frame:?}"),
                    message => self.receive(&message)?,
                },
            }
        }
    }

    /// The next message.
    pub fn message(&mut self, rng: &mut Rng, size: usize) -> Message {
        let stamp = Stamp { slot: self.slot, generation: self.generation, sequence: self.sequence };
        self.sequence += 1;
        self.soak.pool.message(rng, stamp, size)
    }

    fn has_room(&self, message: &Message) -> bool {
        let len = payload::bytes(message).len();
        self.expected.is_empty() || self.expected.len() < WINDOW && self.in_flight + len <= IN_FLIGHT
    }

    /// Sends a message whole or in fragments, with or without a Ping.
    async fn send(&mut self, message: Message, rng: &mut Rng) -> Result<()> {
        let (counts, len) = (&self.soak.counts, payload::bytes(&message).len());
        if self.expected.is_empty() && self.pings.is_empty() {
            self.progress = Instant::now();
        }
        self.expected.push_back(message.clone());
        self.in_flight += len;
        let ping = (rng.u32(0..10) == 0).then(|| Message::Ping(format!("{}", self.sequence).into()));
        if let Some(ping) = &ping {
            counts.pings.add(1);
            self.pings.push_back(ping.clone());
        }
        (if message.as_text().is_some() { &counts.texts } else { &counts.binaries }).add(1);
        if self.compresses && len >= 64 {
            counts.compressed.add(1); // shorter messages are sent as they are
        }
        if rng.u32(0..4) == 0 {
            // A cut can be in the middle of a character, and a fragment can be empty.
            let mut cuts: Vec<usize> = (0..rng.usize(1..6)).map(|_| rng.usize(..=len)).collect();
            cuts.sort_unstable();
            counts.fragments.add(cuts.len() as u64 + 1);
            self.endpoint.send_fragments(&message, &cuts, ping).await?;
        } else {
            if let Some(ping) = ping {
                self.endpoint.send(ping).await?;
            }
            self.endpoint.send(message).await?;
        }
        Ok(())
    }

    /// Compares a message with the one that must be next.
    pub fn receive(&mut self, message: &Message) -> Result<()> {
        match message {
            Message::Pong(payload) => return self.receive_pong(payload),
            Message::Ping(_) => return Ok(()),
            _ => {}
        }
        let (counts, bytes) = (&self.soak.counts, payload::bytes(message));
        counts.bytes.add(bytes.len() as u64);
        if self.expected.front() == Some(message) {
            self.expected.pop_front();
            self.in_flight -= bytes.len();
            self.progress = Instant::now();
            counts.received.add(1);
            return Ok(());
        }
        match payload::stamp(bytes) {
            Some(stamp) if stamp.slot != self.slot && self.soak.is_room() => self.receive_foreign(stamp),
            // The last message of the connection before, which has sent it and then vanished.
            Some(stamp) if stamp.generation < self.generation && self.soak.is_room() => Ok(()),
            found => bail!(
                "lost, reordered or altered: expected {:?}, received {found:?} with {} bytes",
                self.expected
                    .front()
                    .map(|message| (payload::bytes(message).len(), payload::stamp(payload::bytes(message)))),
                bytes.len()
            ),
        }
    }

    /// A message of another client, whose messages arrive at all clients in their order.
    fn receive_foreign(&mut self, stamp: Stamp) -> Result<()> {
        self.soak.counts.foreign.add(1);
        let seen = self.seen.get_mut(stamp.slot as usize).context("a stamp of no client")?;
        match seen {
            // It is older than the new connection of that client.
            Some(last) if last.generation > stamp.generation => {}
            Some(last) => {
                let next = if last.generation == stamp.generation { last.sequence + 1 } else { 0 };
                ensure!(stamp.sequence == next, "lost or reordered: {stamp:?} after {last:?}");
                *seen = Some(stamp);
            }
            None => *seen = Some(stamp),
        }
        Ok(())
    }

    /// §5.5.3: a server may answer only the newest of several Pings.
    fn receive_pong(&mut self, payload: &[u8]) -> Result<()> {
        let is_it = |ping: &Message| matches!(ping, Message::Ping(sent) if sent == payload);
        let at = self.pings.iter().position(is_it).context("a Pong for no Ping")?;
        self.pings.drain(..=at);
        self.progress = Instant::now();
        self.soak.counts.pongs.add(1);
        Ok(())
    }

    /// Waits for the Close of a server that goes down (§7.4.1: 1001).
    async fn await_end(&mut self) -> Result<()> {
        self.soak.quiet.add(1);
        loop {
            match self.endpoint.receive().await?.context("ended without a Close")? {
                Message::Close(Some(CloseFrame { code, .. })) if code.get() == 1001 => break,
                Message::Close(frame) => bail!("closed with {frame:?} instead of 1001"),
                message => self.receive(&message)?,
            }
        }
        ensure!(self.endpoint.receive().await?.is_none(), "a message after the Close");
        self.soak.counts.going_away.add(1);
        Ok(())
    }
}

// A room compares only messages that have a stamp.
const _: () = assert!(STAMP <= 125);
