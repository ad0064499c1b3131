//! sockudo-ws: its `WebSocketStream`, and its own functions for the opening handshake.

use anyhow::Result;
use sockudo_ws::handshake::server_handshake;
use sockudo_ws::{Config, Error, Message, Role, WebSocketStream};
use tokio::net::TcpStream;

use super::MAX_MESSAGE;
use super::runtime::echo;

pub async fn session(mut stream: TcpStream) -> Result<()> {
    let handshake = server_handshake(&mut stream).await?;
    // Without timers, as the other servers.
    let config = Config::builder()
        .max_payload_length(MAX_MESSAGE)
        .max_backpressure(MAX_MESSAGE)
        .auto_ping(false)
        .idle_timeout(0)
        .build();
    let ws = WebSocketStream::from_raw_with_leftover(stream, Role::Server, config, handshake.leftover);
    echo::<_, _, Error>(ws, |message: &Message| message.is_text() || message.is_binary()).await?;
    Ok(())
}
