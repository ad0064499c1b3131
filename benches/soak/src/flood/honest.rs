//! Clients that measure the latency of their messages.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep_until};
use websocket_proto_tokio::{ClientRequest, CloseCode, Config, Message, WebSocket, client};

use super::{Latencies, Phase};
use crate::payload::{self, Pool, Stamp};
use crate::server::Kind;

const CLIENTS: u32 = 100;
const SIZE: usize = 125;
/// How long the last replies may take. It is the bound of a lost message, not of a slow one.
const REPLY: Duration = Duration::from_secs(30);

/// mio_server sends each message to all clients, so each client sends fewer.
const fn period(kind: Kind) -> Duration {
    match kind {
        Kind::TokioEcho => Duration::from_millis(50),
        Kind::MioServer => Duration::from_millis(1000),
    }
}

#[derive(Default)]
pub struct Report {
    pub alone: Latencies,
    pub flooded: Latencies,
    /// One for each client that was disconnected, or that missed a message.
    pub errors: Vec<String>,
}

/// Runs the clients until the flood is over.
pub async fn run(kind: Kind, address: SocketAddr, phase: watch::Receiver<Phase>) -> Report {
    let pool = Arc::new(Pool::new(0));
    let mut clients = JoinSet::new();
    for slot in 0..CLIENTS {
        let (phase, pool) = (phase.clone(), Arc::clone(&pool));
        clients.spawn(async move { Honest::new(kind, address, slot).await?.run(&pool, phase).await });
    }
    let mut report = Report::default();
    while let Some(client) = clients.join_next().await {
        match client.map_err(Into::into).and_then(|result| result) {
            Ok(latencies) => latencies.into_iter().for_each(|(phase, latency)| match phase {
                Phase::Alone => report.alone.add(latency),
                _ => report.flooded.add(latency),
            }),
            Err(error) => report.errors.push(format!("an honest client: {error:#}")),
        }
    }
    report
}

struct Honest {
    ws: WebSocket<TcpStream>,
    kind: Kind,
    slot: u32,
    /// Messages whose reply is missing, and when they were due.
    expected: VecDeque<(Message, Phase, Instant)>,
    latencies: Vec<(Phase, Duration)>,
}

impl Honest {
    async fn new(kind: Kind, address: SocketAddr, slot: u32) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = ClientRequest::new(format!("ws://{address}/"));
        let (ws, _) = client(stream, request, Config::new()).await?;
        Ok(Self { ws, kind, slot, expected: VecDeque::new(), latencies: Vec::new() })
    }

    async fn run(mut self, pool: &Pool, phase: watch::Receiver<Phase>) -> Result<Vec<(Phase, Duration)>> {
        let (period, mut rng) = (period(self.kind), fastrand::Rng::with_seed(self.slot.into()));
        // The clients take turns.
        let mut ticks = interval_at(Instant::now() + period * self.slot / CLIENTS, period);
        let mut sequence = 0;
        while *phase.borrow() != Phase::Over {
            tokio::select! {
                due = ticks.tick() => {
                    let stamp = Stamp { slot: self.slot, generation: 0, sequence };
                    sequence += 1;
                    let message = pool.message(&mut rng, stamp, SIZE);
                    self.expected.push_back((message.clone(), *phase.borrow(), due));
                    self.ws.send(message).await?;
                }
                message = self.ws.receive() => self.receive(message?)?,
            }
        }
        let deadline = Instant::now() + REPLY;
        while !self.expected.is_empty() {
            tokio::select! {
                () = sleep_until(deadline) => bail!("{} messages are lost", self.expected.len()),
                message = self.ws.receive() => self.receive(message?)?,
            }
        }
        let status = self.ws.close(CloseCode::NORMAL_CLOSURE, "").await?;
        ensure!(status.clean(), "not closed cleanly");
        Ok(self.latencies)
    }

    fn receive(&mut self, message: Option<Message>) -> Result<()> {
        let message = message.context("disconnected")?;
        match &message {
            Message::Close(frame) => bail!("disconnected with {frame:?}"),
            message if !message.is_data() => return Ok(()),
            _ => {}
        }
        if let Some((expected, phase, due)) = self.expected.front() {
            if *expected == message {
                self.latencies.push((*phase, due.elapsed()));
                self.expected.pop_front();
                return Ok(());
            }
        }
        let stamp = payload::stamp(payload::bytes(&message)).context("an altered message")?;
        let is_foreign = self.kind == Kind::MioServer && stamp.slot != self.slot;
        ensure!(is_foreign, "a message is lost or reordered: {stamp:?}");
        Ok(())
    }
}
