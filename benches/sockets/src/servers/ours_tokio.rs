//! websocket-proto-tokio, as its quick start.

use anyhow::Result;
use tokio::net::TcpStream;
use websocket_proto_tokio::{Config, accept};

pub async fn session(stream: TcpStream) -> Result<()> {
    let mut ws = accept(stream, Config::new()).await?;
    while let Some(message) = ws.receive().await? {
        if message.is_data() {
            ws.feed(message).await?;
        }
    }
    Ok(())
}
