//! websocket-proto-tokio with a room, as the example `chat` of that package: a task for each connection, and
//! one queue of messages for all of them. A connection that has not read the oldest one is too slow, and
//! ends.

use core::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use tokio::net::TcpStream;
use tokio::sync::broadcast::Sender;
use websocket_proto_tokio::{Config, Message, PreparedMessage, accept};

use super::runtime;

/// The number of messages that the room keeps, as in the example.
const QUEUE: usize = 64;

type Room = Sender<Arc<PreparedMessage>>;

pub fn serve(address: SocketAddr) -> Result<()> {
    let room = Room::new(QUEUE);
    runtime::serve(address, move |stream| session(stream, room.clone()))
}

async fn session(stream: TcpStream, room: Room) -> Result<()> {
    let mut news = room.subscribe();
    let mut ws = accept(stream, Config::new()).await?;
    loop {
        tokio::select! {
            message = ws.receive() => match message? {
                Some(Message::Text(text)) => say(&room, PreparedMessage::text(&text)),
                Some(Message::Binary(bytes)) => say(&room, PreparedMessage::binary(&bytes)),
                Some(_) => {} // `receive` answers a Ping and a Close
                None => return Ok(()),
            },
            message = news.recv() => ws.send_prepared(&*message?).await?,
        }
    }
}

/// Sends a message to all connections in the room.
fn say(room: &Room, message: PreparedMessage) {
    // An error says that the room is empty.
    let _ = room.send(Arc::new(message));
}
