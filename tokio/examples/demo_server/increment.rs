//! The subprotocol `increment`: a counter for each connection. All messages are text.
//!
//! ```text
//! server ──▶ client   0, 1, 2, …   the counter, 20 times a second if the client reads
//! client ──▶ server   reset        the counter begins again at 0
//! client ──▶ server   ping 17      a number, because browsers cannot send a Ping
//! server ──▶ client   pong 17      the same number
//! ```

use core::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{MissedTickBehavior, interval};
use websocket_proto_tokio::{CloseCode, Error, Message, WebSocket};

const PERIOD: Duration = Duration::from_millis(50);

enum Command {
    Reset,
    Ping(u32),
}

impl Command {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("ping ") {
            Some(number) => number.parse().ok().map(Self::Ping),
            None => (text == "reset").then_some(Self::Reset),
        }
    }
}

/// Serves one client until it leaves.
pub(crate) async fn serve<S>(ws: &mut WebSocket<S>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut tick = interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut count: u64 = 0;
    loop {
        tokio::select! {
            message = ws.receive() => match message? {
                Some(Message::Text(text)) => match Command::parse(&text) {
                    Some(Command::Reset) => count = 0,
                    Some(Command::Ping(number)) => ws.feed(format!("pong {number}")).await?,
                    None => return ws.close(CloseCode::POLICY_VIOLATION, "unknown command").await.map(drop),
                },
                Some(Message::Binary(_)) => {
                    return ws.close(CloseCode::UNSUPPORTED_DATA, "text only").await.map(drop);
                }
                Some(_) => {} // `receive` answers a Ping and a Close
                None => return Ok(()),
            },
            // While the client does not read, the counter stands still. So at most one number is queued.
            _ = tick.tick() => if ws.can_send() && ws.queued_len() == 0 {
                ws.feed(count.to_string()).await?; // the next `receive` sends it
                count += 1;
            }
        }
    }
}
