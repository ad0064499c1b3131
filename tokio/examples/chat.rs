//! A chat room: each client receives the messages of all clients. A client that reads too slowly is removed.
//!
//! ```text
//! cargo run -p websocket-proto-tokio --example chat -- [ADDR]
//! ```
//!
//! Each message is encoded once. The room keeps the newest 64 messages for all clients together, and each
//! connection queues at most 64 KiB. So the memory is bounded, and no client waits for a slow one.

#![allow(clippy::std_instead_of_alloc, reason = "as applications write it")]

use core::pin::pin;
use core::time::Duration;
use std::sync::Arc;
use std::{env, io};

use tokio::net::{TcpListener, TcpStream};
use tokio::signal::ctrl_c;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Sender, WeakSender, channel};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use websocket_proto_tokio::{CloseCode, Config, Error, Message, PreparedMessage, accept};

/// The number of messages that the room keeps. A client that has not read an older one is too slow.
const QUEUE: usize = 64;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let room: Sender<Arc<PreparedMessage>> = channel(QUEUE).0;
    let (mut clients, mut ctrl_c) = (JoinSet::new(), pin!(ctrl_c()));
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept(), if clients.len() < 10_000 => {
                clients.spawn(serve(stream, room.downgrade()));
            }
            Some(ended) = clients.join_next() => if let Ok(Err(error)) = ended { eprintln!("{error}") },
            () = sleep(Duration::from_secs(1)) => {} // then tries again after a failed `accept`
            _ = &mut ctrl_c => break,
        }
    }
    drop((listener, room)); // closes the room: the clients have only weak senders
    let _ = timeout(Duration::from_secs(5), async { while clients.join_next().await.is_some() {} }).await;
    Ok(())
}

/// Serves one client until it leaves.
async fn serve(stream: TcpStream, room: WeakSender<Arc<PreparedMessage>>) -> Result<(), Error> {
    let config = Config::new()
        .max_message_size(4 * 1024) // so the 64 messages of the room need at most 256 KiB
        .max_write_buffer(64 * 1024)
        .pong_timeout(Some(Duration::from_secs(20))); // also limits the wait for a client that does not read
    stream.set_nodelay(true)?;
    let name = stream.peer_addr()?;
    let mut ws = accept(stream, config).await?;
    let Some(mut news) = room.upgrade().map(|room| room.subscribe()) else {
        return ws.close(CloseCode::GOING_AWAY, "").await.map(drop);
    };
    say(&room, format!("{name} joins"));
    let result = loop {
        tokio::select! {
            message = ws.receive() => match message {
                Ok(Some(Message::Text(text))) => say(&room, format!("{name}: {text}")),
                Ok(Some(_)) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            },
            message = news.recv() => {
                let sent = match message {
                    // While this waits for the client, the room goes on.
                    Ok(message) => ws.send_prepared(&message).await,
                    Err(RecvError::Lagged(_)) => ws.close(CloseCode::POLICY_VIOLATION, "too slow").await.map(drop),
                    Err(RecvError::Closed) => ws.close(CloseCode::GOING_AWAY, "").await.map(drop),
                };
                match sent {
                    // `Closed` is no error: the client's Close was received. `receive` returns the end.
                    Ok(()) | Err(Error::Closed) => {}
                    Err(error) => break Err(error),
                }
            }
        }
    };
    say(&room, format!("{name} leaves"));
    result
}

/// Sends a message to all clients in the room.
fn say(room: &WeakSender<Arc<PreparedMessage>>, text: String) {
    if let Some(room) = room.upgrade() {
        // An error says that the room is empty.
        let _ = room.send(Arc::new(PreparedMessage::text(&text)));
    }
}
