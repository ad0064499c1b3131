//! A client of `cluster_chat` that comes back after each lost connection, and does its part of the promise.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{Barrier, watch};
use tokio::time::{sleep, timeout};
use websocket_proto_tokio::{ClientStream, CloseCode, Config, Error, Message, WebSocket, connect};

use crate::support::PATIENCE;

/// The messages that a client sends before it waits for an `ok`.
const WINDOW: usize = 3;
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The ID of a message.
pub(crate) type Id = (u64, u64);

pub(crate) fn parse_id(id: &str) -> Id {
    let (milliseconds, sequence) = id.split_once('-').expect(id);
    (milliseconds.parse().expect(id), sequence.parse().expect(id))
}

/// Opens a connection.
pub(crate) async fn open(
    server: &str,
    room: &str,
    sender: &str,
    after: Option<Id>,
) -> Result<WebSocket<ClientStream>, Error> {
    let after =
        after.map_or(String::new(), |(milliseconds, sequence)| format!("&after={milliseconds}-{sequence}"));
    connect(&format!("{server}/rooms/{room}?sender={sender}{after}"), Config::new()).await
}

/// A line of the server.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    At(Id),
    Ok(u32),
    Message(Id, String),
    Close(u16),
}

/// Receives the next line; `None` at the end of the connection.
pub(crate) async fn receive(ws: &mut WebSocket<ClientStream>) -> Result<Option<Line>, Error> {
    timeout(PATIENCE, receive_line(ws)).await.expect("in time")
}

async fn receive_line(ws: &mut WebSocket<ClientStream>) -> Result<Option<Line>, Error> {
    loop {
        let text = match ws.receive().await? {
            None => return Ok(None),
            Some(Message::Text(text)) => text,
            Some(Message::Close(frame)) => return Ok(Some(Line::Close(frame.expect("a code").code.get()))),
            Some(_) => continue,
        };
        let (word, rest) = text.split_once(' ').expect(&text);
        return Ok(Some(match word {
            "at" => Line::At(parse_id(rest)),
            "ok" => Line::Ok(rest.parse().expect(rest)),
            id => Line::Message(parse_id(id), rest.to_owned()),
        }));
    }
}

/// What all clients of a test share.
pub(crate) struct Shared {
    pub(crate) servers: Vec<String>,
    /// All clients join before one of them sends.
    pub(crate) joined: Barrier,
    /// The number of messages with an `ok`, of all clients.
    pub(crate) acknowledged: watch::Sender<usize>,
}

/// Counts the clients of a room that wait for an `ok`. The last one sends the message `end`.
pub(crate) struct Room {
    pub(crate) name: String,
    pub(crate) senders: AtomicUsize,
}

pub(crate) struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) room: Arc<Room>,
    pub(crate) name: String,
    /// The messages without an `ok`.
    pub(crate) outbox: VecDeque<(u32, String)>,
    /// The messages with an `ok`.
    pub(crate) acknowledged: Vec<String>,
    /// All messages that were received.
    pub(crate) log: Vec<(Id, String)>,
    newest: Option<Id>,
    /// The connections after the first one.
    pub(crate) reconnects: usize,
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>, room: Arc<Room>, name: String, messages: u32) -> Self {
        let outbox = (1..=messages).map(|number| (number, format!("{name}:{number}"))).collect();
        let (acknowledged, log) = (Vec::new(), Vec::new());
        Self { shared, room, name, outbox, acknowledged, log, newest: None, reconnects: 0 }
    }

    /// Sends all messages and receives all messages, over as many connections as it takes.
    pub(crate) async fn run(mut self) -> Self {
        let mut longest = FIRST_WAIT;
        loop {
            let server = fastrand::choice(&self.shared.servers).expect("a server");
            let received = self.log.len();
            // An error: the process was killed. A Close: it stops, or Redis does not answer.
            if let Ok(ws) = open(server, &self.room.name, &self.name, self.newest).await {
                if let Ok(true) = self.talk(ws).await {
                    return self;
                }
                self.reconnects += 1;
            }
            longest = if self.log.len() > received { FIRST_WAIT } else { (longest * 2).min(LONGEST_WAIT) };
            sleep(longest.mul_f64(fastrand::f64())).await;
        }
    }

    /// Uses one connection to its end. Returns whether the message `end` was received.
    async fn talk(&mut self, mut ws: WebSocket<ClientStream>) -> Result<bool, Error> {
        match receive(&mut ws).await? {
            Some(Line::At(id)) if self.newest.is_none() => {
                self.newest = Some(id);
                self.shared.joined.wait().await;
            }
            Some(Line::At(id)) => {
                assert_eq!(Some(id), self.newest, "the server tells that messages are lost")
            }
            Some(Line::Close(_)) | None => return Ok(false),
            Some(line) => panic!("first {line:?}"),
        }
        // The messages without an `ok` are sent again, in their order.
        let mut sent = 0;
        loop {
            for (number, text) in self.outbox.iter().take(WINDOW).skip(sent) {
                ws.feed(format!("{number} {text}")).await?;
                sent += 1;
            }
            match receive(&mut ws).await? {
                Some(Line::Ok(number)) => {
                    sent -= 1;
                    self.acknowledge(number);
                }
                Some(Line::Message(id, text)) => {
                    assert!(Some(id) > self.newest, "{text} is received again, or in another order");
                    self.newest = Some(id);
                    self.log.push((id, text));
                    if self.log.last().is_some_and(|(_, text)| text == "end") {
                        // The process can end at this moment, too.
                        let _ = ws.close(CloseCode::NORMAL_CLOSURE, "").await;
                        return Ok(true);
                    }
                }
                Some(Line::Close(_)) => sent = WINDOW, // sends nothing more, and waits for the end
                None => return Ok(false),
                Some(line @ Line::At(_)) => panic!("later {line:?}"),
            }
        }
    }

    fn acknowledge(&mut self, number: u32) {
        let (first, text) = self.outbox.pop_front().expect("a message without an `ok`");
        assert_eq!(number, first, "messages are acknowledged in their order");
        self.acknowledged.push(text);
        self.shared.acknowledged.send_modify(|count| *count += 1);
        if self.outbox.is_empty() && self.room.senders.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.outbox.push_back((number + 1, "end".to_owned()));
        }
    }
}
