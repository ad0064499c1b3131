//! Echo client on tokio-websockets for one connection: the loop of its example `autobahn_client`, without its
//! exit at the first error, because the library flushes the Close that it wrote when it is polled again.

use futures_util::{SinkExt, StreamExt};
use tokio_websockets::{ClientBuilder, Connector};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = ClientBuilder::new().uri(&wsconform_peers::uri())?;
    let (mut socket, _) = builder.connector(&Connector::Plain).connect().await?;
    while let Some(message) = socket.next().await {
        let Ok(message) = message else { continue };
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
