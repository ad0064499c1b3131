//! Echo server on tokio-websockets: the loop of its example `autobahn_server`, without its exit at the first
//! error, because the library flushes the Close that it wrote when it is polled again.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{Error, ServerBuilder};

async fn serve(stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let (_, mut socket) = ServerBuilder::new().accept(stream).await?;
    while let Some(message) = socket.next().await {
        let Ok(message) = message else { continue };
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::bind(wsconform_peers::address()).await.expect("the address is free");
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    }
}
