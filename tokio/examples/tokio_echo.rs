//! An echo server with limits, deadlines and a graceful end: after Ctrl-C, it closes each connection with the
//! code 1001, and waits for the clients.
//!
//! ```text
//! cargo run -p websocket-proto-tokio --example tokio_echo -- [ADDR] [--deflate]
//! ```
//!
//! `--deflate` needs `--features deflate`.

use core::pin::pin;
use core::time::Duration;
use std::{env, io};

use tokio::net::{TcpListener, TcpStream};
use tokio::signal::ctrl_c;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use websocket_proto_tokio::{CloseCode, Config, Error, accept};

#[tokio::main]
async fn main() -> io::Result<()> {
    let (address, config) = arguments();
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    let (stop, stopped) = watch::channel(());
    let (mut tasks, mut ctrl_c) = (JoinSet::new(), pin!(ctrl_c()));
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept(), if tasks.len() < 10_000 => {
                tasks.spawn(serve(stream, config, stopped.clone()));
            }
            Some(ended) = tasks.join_next() => if let Ok(Err(error)) = ended { eprintln!("{error}") },
            () = sleep(Duration::from_secs(1)) => {} // then tries again after a failed `accept`
            _ = &mut ctrl_c => break,
        }
    }
    drop((listener, stop)); // `stopped.changed()` completes in each task
    let _ = timeout(Duration::from_secs(5), async { while tasks.join_next().await.is_some() {} }).await;
    Ok(()) // drops the connections of clients that did not answer in time
}

/// Serves a connection to its end.
async fn serve(stream: TcpStream, config: Config, mut stopped: watch::Receiver<()>) -> Result<(), Error> {
    stream.set_nodelay(true)?; // a small message is sent at once
    let mut ws = accept(stream, config).await?;
    loop {
        tokio::select! {
            message = ws.receive() => match message? {
                Some(message) if message.is_data() => ws.feed(message).await?, // `receive` sends it
                Some(_) => {} // `receive` answers a Ping and a Close
                None => return Ok(()),
            },
            _ = stopped.changed() => return ws.close(CloseCode::GOING_AWAY, "").await.map(drop),
        }
    }
}

/// The address and the configuration. Every limit and deadline has a default; these are the most important.
fn arguments() -> (String, Config) {
    let config = Config::new()
        .max_message_size(16 * 1024 * 1024)
        .max_fragments(131_072) // more than most applications need: two tests of Autobahn send 65,537
        .handshake_timeout(Some(Duration::from_secs(10)))
        .ping_interval(Some(Duration::from_secs(20)))
        .pong_timeout(Some(Duration::from_secs(20)))
        .close_timeout(Some(Duration::from_secs(5)));
    #[cfg(feature = "deflate")]
    let config = if env::args().any(|argument| argument == "--deflate") {
        config.deflate(Some(websocket_proto_tokio::DeflateConfig::new()))
    } else {
        config
    };
    let address = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    (address.unwrap_or_else(|| "127.0.0.1:9001".to_owned()), config)
}
