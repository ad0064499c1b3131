//! The request of a client, and the IDs of messages.

use core::fmt;
use core::str::FromStr;

use redis::{FromRedisValue, ParsingError, Value, from_redis_value};

/// The most characters in the name of a room or a sender.
const MAX_NAME: usize = 64;

/// The ID of an entry in a Redis stream. In one room, later messages have greater IDs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    milliseconds: u64,
    sequence: u64,
}

impl FromStr for Id {
    type Err = ParsingError;

    fn from_str(id: &str) -> Result<Self, ParsingError> {
        let parts = id.split_once('-');
        let parts = parts.and_then(|(left, right)| Some((left.parse().ok()?, right.parse().ok()?)));
        let (milliseconds, sequence) = parts.ok_or("not an ID of a stream")?;
        Ok(Self { milliseconds, sequence })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.milliseconds, self.sequence)
    }
}

impl FromRedisValue for Id {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        from_redis_value::<String>(value)?.parse()
    }
}

/// The request to join a room.
pub(crate) struct Request {
    pub(crate) room: String,
    pub(crate) sender: String,
    pub(crate) after: Option<Id>,
}

impl Request {
    /// Parses `/rooms/ROOM?sender=SENDER&after=ID`. Unknown parameters are rejected: a client that misspells
    /// `after` would otherwise lose messages, and would not know.
    pub(crate) fn parse(target: &str) -> Option<Self> {
        let (path, query) = target.split_once('?')?;
        let room = path.strip_prefix("/rooms/").filter(|name| is_name(name))?;
        let (mut sender, mut after) = (None, None);
        for parameter in query.split('&') {
            match parameter.split_once('=')? {
                ("sender", name) if is_name(name) => sender = Some(name.to_owned()),
                ("after", id) => after = Some(id.parse().ok()?),
                _ => return None,
            }
        }
        Some(Self { room: room.to_owned(), sender: sender?, after })
    }
}

/// Whether this is a legal name. Names are parts of URIs and of keys in Redis, so they need no escapes.
fn is_name(name: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_legal)
}

/// Parses `NUMBER TEXT`.
pub(crate) fn parse_message(message: &str) -> Option<(u32, &str)> {
    let (number, text) = message.split_once(' ')?;
    Some((number.parse().ok()?, text))
}
