//! The calls to Redis. Each room has a stream, which is the only truth about its messages.

use core::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::listener::{self, Join, News};
use crate::protocol::Id;

/// Redis keeps at least this number of the newest messages of a room.
const HISTORY: u32 = 10_000;
/// A room is forgotten after this number of seconds without a message, and so is the number of the newest
/// message of a sender.
const LIFETIME: u32 = 86_400;
/// The most messages in one answer of Redis: with the longest texts, 400 KiB for a client that catches up.
pub(crate) const PAGE: usize = 100;
/// A call waits this long for a Redis that restarts or fails over. After it, the client has to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time from a failed call to the next one.
const PAUSE: Duration = Duration::from_millis(100);

/// Adds a message to the stream and publishes it, unless it was added before. A script is atomic, so all
/// notices are in the order of the stream, and a message that is sent again is added once.
///
/// In a Redis Cluster, the braces keep both keys in one slot. Replace PUBLISH with SPUBLISH there.
const APPEND: &str = "
    if tonumber(ARGV[1]) > tonumber(redis.call('GET', KEYS[2]) or 0) then
        local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'text', ARGV[2])
        redis.call('EXPIRE', KEYS[1], ARGV[4])
        redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[4])
        redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[2])
    end";

/// Returns the ID that the client asks for if the stream has it, and otherwise the newest ID. An empty stream
/// gets a first entry, so that each ID that a client knows is one of the stream.
const LOCATE: &str = "
    if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 1 then return ARGV[1] end
    local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    if newest then return newest[1] end
    local id = redis.call('XADD', KEYS[1], '*', 'begin', '')
    redis.call('EXPIRE', KEYS[1], ARGV[2])
    return id";

/// Redis did not answer within [`PATIENCE`].
pub(crate) struct Unavailable;

pub(crate) struct Backplane {
    append: Script,
    locate: Script,
    /// `None` while there is no connection.
    connection: watch::Receiver<Option<MultiplexedConnection>>,
    joins: mpsc::Sender<Join>,
}

impl Backplane {
    /// Connects to Redis now or later: a process can start before its Redis.
    pub(crate) fn new(client: redis::Client) -> Self {
        let (connected, connection) = watch::channel(None);
        let (joins, requests) = mpsc::channel(256);
        tokio::spawn(listener::run(client, connected, requests));
        Self { append: Script::new(APPEND), locate: Script::new(LOCATE), connection, joins }
    }

    /// Stores a message. After `Ok`, all members will receive it.
    pub(crate) async fn append(
        &self,
        room: &str,
        sender: &str,
        number: u32,
        text: &str,
    ) -> Result<(), Unavailable> {
        let mut script = self.append.key(key(room));
        script.key(format!("{}:{sender}", key(room)));
        let script = &*script.arg(number).arg(text).arg(HISTORY).arg(LIFETIME);
        self.call(|mut redis| async move { script.invoke_async(&mut redis).await }).await
    }

    /// Returns the ID after which a member receives all messages: `after`, or else the newest one.
    pub(crate) async fn locate(&self, room: &str, after: Option<Id>) -> Result<Id, Unavailable> {
        // A stream has no entry with the ID 0-0.
        let after = after.map_or_else(|| "0-0".to_owned(), |id| id.to_string());
        let mut script = self.locate.key(key(room));
        let script = &*script.arg(after).arg(LIFETIME);
        self.call(|mut redis| async move { script.invoke_async(&mut redis).await }).await
    }

    /// Returns the next messages after this one: less than [`PAGE`] if there are no more, and `None` if Redis
    /// has forgotten this one, so that it can have forgotten others after it.
    pub(crate) async fn page(&self, room: &str, after: Id) -> Result<Option<Vec<(Id, String)>>, Unavailable> {
        let mut command = redis::cmd("XRANGE");
        let command = &*command.arg(key(room)).arg(after.to_string()).arg("+").arg("COUNT").arg(1 + PAGE);
        let entries: Vec<(Id, (String, String))> =
            self.call(|mut redis| async move { command.query_async(&mut redis).await }).await?;
        let mut entries = entries.into_iter().map(|(id, (_, text))| (id, text));
        Ok(entries.next().filter(|(id, _)| *id == after).map(|_| entries.collect()))
    }

    /// Returns the news of a room: each message that is stored from now on.
    pub(crate) async fn join(&self, room: &str) -> Result<broadcast::Receiver<News>, Unavailable> {
        let joined = async {
            loop {
                let (reply, news) = oneshot::channel();
                self.joins.send(Join { channel: key(room), reply }).await.map_err(|_| Unavailable)?;
                // Without a reply, the connection was lost meanwhile.
                if let Ok(news) = news.await {
                    return Ok(news);
                }
            }
        };
        timeout(PATIENCE, joined).await.unwrap_or(Err(Unavailable))
    }

    /// Calls Redis until it answers. All calls can be repeated: if only the answer was lost, the next call
    /// has the same effect.
    async fn call<F, T>(&self, call: impl Fn(MultiplexedConnection) -> F) -> Result<T, Unavailable>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let mut connection = self.connection.clone();
        let mut failure = None;
        let calls = async {
            loop {
                let redis = connection.wait_for(Option::is_some).await.ok()?.clone()?;
                match call(redis).await {
                    Ok(answer) => return Some(answer),
                    Err(error) => failure = Some(error),
                }
                sleep(PAUSE).await;
            }
        };
        let answer = timeout(PATIENCE, calls).await.ok().flatten();
        if let (None, Some(error)) = (&answer, failure) {
            eprintln!("Redis: {error}");
        }
        answer.ok_or(Unavailable)
    }
}

/// The key of the stream, and the channel of its notices.
fn key(room: &str) -> String {
    format!("room:{{{room}}}")
}
