//! The subprotocol `mirror`: a drawing board that all clients share. All messages are text.
//!
//! ```text
//! client ──▶ server   draw COLOUR PEN X,Y X,Y …   a line through 1 to 64 points
//! client ──▶ server   clear                       removes the drawing, for all clients
//! server ──▶ client   draw … or clear             from any client, also from the one that receives it
//! ```
//!
//! COLOUR is the index of a colour in the palette of the page, PEN that of a width. The first message from
//! the server is the drawing: none, one or many lines, each with a line feed at its end. So a page that
//! connects again shows the same board as all others.
//!
//! The memory is bounded: [`HISTORY`] for the drawing, [`QUEUE`] for the clients that read slowly. A client that
//! has not read more messages than that is closed with 1013. No client waits for another one.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender};
use tokio::time::{Instant, sleep_until};
use websocket_proto_tokio::{CloseCode, Error, Message, PreparedMessage, WebSocket};

/// The most bytes of the drawing that newcomers receive: about 200 strokes of two seconds. The oldest lines
/// are dropped.
const HISTORY: usize = 512 * 1024;
/// The number of new messages that the server keeps for clients that read slowly.
const QUEUE: usize = 256;
/// The time from one message of a client to the next. A client that sends faster is read later, so that it
/// cannot fill the queue of the others. The page sends at most 40 messages a second.
const PACE: Duration = Duration::from_millis(4);

const WIDTH: u16 = 1500;
const HEIGHT: u16 = 1200;
const COLOURS: u16 = 8;
const PENS: u16 = 3;
const MAX_POINTS: usize = 64;

/// The drawing, and the clients that see it.
pub(crate) struct Board {
    drawing: Mutex<String>,
    /// Each message is encoded once, for all clients.
    news: Sender<Arc<PreparedMessage>>,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self { drawing: Mutex::default(), news: Sender::new(QUEUE) }
    }

    /// Returns the drawing, and all messages after it.
    fn join(&self) -> (String, Receiver<Arc<PreparedMessage>>) {
        let drawing = self.drawing.lock().expect("no panic while it is locked");
        (drawing.clone(), self.news.subscribe())
    }

    /// Adds a legal line to the drawing, and sends it to all clients.
    fn add(&self, line: &str) {
        let mut drawing = self.drawing.lock().expect("no panic while it is locked");
        if line == "clear" {
            drawing.clear();
        } else {
            if drawing.len() + line.len() >= HISTORY {
                // An eighth, because each removal moves the rest. Legal lines are ASCII.
                let end =
                    drawing[HISTORY / 8..].find('\n').map_or(drawing.len(), |end| HISTORY / 8 + end + 1);
                drawing.drain(..end);
            }
            drawing.push_str(line);
            drawing.push('\n');
        }
        // Sent while the drawing is locked, so that all clients see the same order. An error says that there
        // is no client.
        let _ = self.news.send(Arc::new(PreparedMessage::text(line)));
    }
}

/// Serves one client until it leaves.
pub(crate) async fn serve<S>(ws: &mut WebSocket<S>, board: &Board) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (drawing, mut news) = board.join();
    ws.send(drawing).await?;
    let mut read_at = Instant::now();
    loop {
        let receive = async {
            sleep_until(read_at).await;
            ws.receive().await
        };
        tokio::select! {
            message = receive => match message? {
                Some(Message::Text(line)) if is_legal(&line) => {
                    board.add(&line);
                    read_at = Instant::now() + PACE;
                }
                Some(Message::Text(_)) => {
                    return ws.close(CloseCode::POLICY_VIOLATION, "not a line of the board").await.map(drop);
                }
                Some(Message::Binary(_)) => {
                    return ws.close(CloseCode::UNSUPPORTED_DATA, "text only").await.map(drop);
                }
                Some(_) => {} // `receive` answers a Ping and a Close
                None => return Ok(()),
            },
            line = news.recv() => match line {
                // While this waits for the client, the other clients go on.
                Ok(line) => match ws.send_prepared(&line).await {
                    // `Closed` is no error: the client's Close was received. `receive` returns the end.
                    Ok(()) | Err(Error::Closed) => {}
                    Err(error) => return Err(error),
                },
                Err(RecvError::Lagged(_)) => {
                    return ws.close(CloseCode::TRY_AGAIN_LATER, "too slow").await.map(drop);
                }
                Err(RecvError::Closed) => unreachable!("the board has a sender"),
            },
        }
    }
}

fn is_legal(line: &str) -> bool {
    let mut words = line.split(' ');
    match words.next() {
        Some("clear") => words.next().is_none(),
        Some("draw") => {
            words.next().is_some_and(|colour| is_below(colour, COLOURS))
                && words.next().is_some_and(|pen| is_below(pen, PENS))
                && (1..=MAX_POINTS).contains(&words.clone().count())
                && words.all(is_point)
        }
        _ => false,
    }
}

fn is_point(point: &str) -> bool {
    point.split_once(',').is_some_and(|(x, y)| is_below(x, WIDTH) && is_below(y, HEIGHT))
}

fn is_below(number: &str, end: u16) -> bool {
    number.parse().is_ok_and(|number: u16| number < end)
}
