//! tokio-websockets.

use anyhow::Result;
use tokio::net::TcpStream;
use tokio_websockets::{Config, Error, Message, ServerBuilder};

use super::runtime::echo;

/// Bytes of replies from which on they are flushed before the next is accepted; the default is 8 KiB.
const FLUSH_THRESHOLD: usize = 64 * 1024;

pub async fn session(stream: TcpStream) -> Result<()> {
    let config = Config::default().flush_threshold(FLUSH_THRESHOLD);
    let (_, ws) = ServerBuilder::new().config(config).accept(stream).await?;
    echo::<_, _, Error>(ws, |message: &Message| message.is_text() || message.is_binary()).await?;
    Ok(())
}
