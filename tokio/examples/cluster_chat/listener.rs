//! The connection to Redis, and the news of all rooms that have members in this process.
//!
//! One connection carries the calls of all members and the news of all rooms. A blocking XREAD would need a
//! second connection, and would name all these rooms in each call: a message would cost more with each room,
//! and a new room would have to interrupt the call. With pub/sub, a room costs one SUBSCRIBE, and a message
//! goes only to the processes that have members of its room. Its notice has the whole text, so while all is
//! well, no process reads the stream, and a message costs Redis one call: the script of
//! [`backplane`](crate::backplane).
//!
//! Pub/sub forgets messages that are published while a process is not connected, and this process forgets
//! notices that arrive faster than it passes them on. So after each new connection and each such loss, the
//! members read the stream.

use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use futures_util::future::try_join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Msg, PushInfo, PushKind, RedisResult};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::{interval, sleep};
use websocket_proto_tokio::PreparedMessage;

use crate::protocol::Id;

/// The number of new messages that a room keeps for members that read slowly. With 256, a room without
/// messages needs 15 KiB.
const QUEUE: usize = 256;
/// The number of notices of Redis that can wait for this task. With the longest messages (4 KiB), they need
/// 20 MiB. If more arrive, it takes less memory to read the messages from the stream.
const NOTICES: usize = 4096;
/// The time from one check of the connection to the next. A Redis that vanishes without a FIN is noticed
/// after this time and [`DEADLINE`].
const CHECK: Duration = Duration::from_secs(2);
/// The longest wait for an answer of Redis.
const DEADLINE: Duration = Duration::from_secs(2);
/// The longest wait before a new connection. It is random, because all processes lose their Redis together.
const BACKOFF: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(crate) enum News {
    /// A message, encoded once for all members in this process.
    Message(Id, Arc<PreparedMessage>),
    /// Messages can be missing: read the stream.
    Gap,
}

/// A request for the news of a channel.
pub(crate) struct Join {
    pub(crate) channel: String,
    pub(crate) reply: oneshot::Sender<broadcast::Receiver<News>>,
}

type Rooms = HashMap<String, broadcast::Sender<News>>;

/// Keeps a connection to Redis until the backplane is dropped.
pub(crate) async fn run(
    client: Client,
    connected: watch::Sender<Option<MultiplexedConnection>>,
    mut joins: mpsc::Receiver<Join>,
) {
    let mut rooms = Rooms::new();
    while let Err(error) = listen(&client, &connected, &mut joins, &mut rooms).await {
        connected.send_replace(None);
        eprintln!("Redis: {error}");
        sleep(BACKOFF.mul_f64(fastrand::f64())).await;
    }
}

/// Connects to Redis, and passes the news on until the connection is lost.
async fn listen(
    client: &Client,
    connected: &watch::Sender<Option<MultiplexedConnection>>,
    joins: &mut mpsc::Receiver<Join>,
    rooms: &mut Rooms,
) -> RedisResult<()> {
    let (redis, mut notices) = connect(client).await?;
    subscribe(&redis, rooms.keys()).await?;
    report_gap(rooms);
    connected.send_replace(Some(redis.clone()));
    let (mut check, mut batch) = (interval(CHECK), Vec::new());
    loop {
        tokio::select! {
            notice = notices.recv() => match notice {
                Err(RecvError::Closed) | Ok(PushInfo { kind: PushKind::Disconnection, .. }) => {
                    return Err(io::Error::from(io::ErrorKind::ConnectionReset).into());
                }
                // A new connection would not help: it confirms each subscription, and these notices can be
                // too many again.
                Err(RecvError::Lagged(_)) => report_gap(rooms),
                Ok(notice) => pass_on(notice, rooms)?,
            },
            joined = joins.recv_many(&mut batch, 256) => {
                if joined == 0 {
                    return Ok(());
                }
                let channels = batch.iter().map(|join: &Join| &join.channel);
                subscribe(&redis, channels.filter(|channel| !rooms.contains_key(*channel))).await?;
                for Join { channel, reply } in batch.drain(..) {
                    let news = rooms.entry(channel).or_insert_with(|| broadcast::Sender::new(QUEUE));
                    let _ = reply.send(news.subscribe()); // an error says that the member has left
                }
            }
            _ = check.tick() => {
                redis::cmd("PING").exec_async(&mut redis.clone()).await?;
                leave_empty(&redis, rooms).await?;
            }
        }
    }
}

/// Lets all members in this process read the stream.
fn report_gap(rooms: &Rooms) {
    for news in rooms.values() {
        let _ = news.send(News::Gap); // an error says that all members have left
    }
}

/// Opens a connection with RESP3, which mixes answers and notices. The task of `redis` reads both as fast as
/// they arrive, because a notice must not delay an answer. So the channel limits the memory of this process:
/// it forgets the oldest notices.
async fn connect(client: &Client) -> RedisResult<(MultiplexedConnection, broadcast::Receiver<PushInfo>)> {
    let (notify, notices) = broadcast::channel(NOTICES);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE))
        .set_push_sender(notify);
    Ok((client.get_multiplexed_async_connection_with_config(&config).await?, notices))
}

/// Subscribes to all these channels in one round trip. When it returns, no later message is missed. There is
/// a command for each channel, because `redis` 1.2 expects one answer to a command.
async fn subscribe(
    redis: &MultiplexedConnection,
    channels: impl Iterator<Item = &String>,
) -> RedisResult<()> {
    try_join_all(channels.map(|channel| {
        let mut redis = redis.clone();
        async move { redis.subscribe(channel).await }
    }))
    .await
    .map(drop)
}

/// Unsubscribes from the rooms that have no member in this process.
async fn leave_empty(redis: &MultiplexedConnection, rooms: &mut Rooms) -> RedisResult<()> {
    let mut empty = Vec::new();
    rooms.retain(|channel, news| {
        let has_members = news.receiver_count() > 0;
        if !has_members {
            empty.push(channel.clone());
        }
        has_members
    });
    try_join_all(empty.iter().map(|channel| {
        let mut redis = redis.clone();
        async move { redis.unsubscribe(channel).await }
    }))
    .await
    .map(drop)
}

/// Sends a message to all members in this process.
fn pass_on(notice: PushInfo, rooms: &Rooms) -> RedisResult<()> {
    // Otherwise it confirms a subscription.
    let Some(notice) = Msg::from_push_info(notice) else { return Ok(()) };
    if let Some(news) = rooms.get(notice.get_channel_name()) {
        let message: String = notice.get_payload()?;
        let id = message.split_once(' ').map_or("", |(id, _)| id).parse()?;
        let _ = news.send(News::Message(id, Arc::new(PreparedMessage::text(&message))));
    }
    Ok(())
}
