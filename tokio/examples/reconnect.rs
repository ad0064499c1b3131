//! A client that comes back: after each lost connection, it waits longer, and connects again.
//!
//! ```text
//! cargo run -p websocket-proto-tokio --example reconnect -- ws://127.0.0.1:9001/
//! ```

use core::pin::pin;
use core::time::Duration;
use std::env;
use std::process::ExitCode;
use std::time::Instant;

use tokio::signal::ctrl_c;
use tokio::time::sleep;
use websocket_proto_tokio::{ClientStream, CloseCode, Config, Error, Message, WebSocket, connect};

/// The first wait is at most this long, and each one can be twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A connection that lasted this long was a success: the waits begin again at [`FIRST_WAIT`]. After the
/// handshake alone, a server that fails at the first message would be flooded with connections.
const STABLE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let Some(uri) = env::args().nth(1) else {
        eprintln!("usage: reconnect URI");
        return ExitCode::from(2);
    };
    match run(&uri).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Connects again and again, until Ctrl-C or an error that stays.
async fn run(uri: &str) -> Result<(), Error> {
    // The client notices after 15 s + 10 s that a server has vanished without a Close.
    let config = Config::new()
        .ping_interval(Some(Duration::from_secs(15)))
        .pong_timeout(Some(Duration::from_secs(10)));
    let (mut longest, mut ctrl_c) = (FIRST_WAIT, pin!(ctrl_c()));
    loop {
        let connected = tokio::select! {
            connected = connect(uri, config) => connected,
            _ = &mut ctrl_c => return Ok(()),
        };
        let result = match connected {
            Ok(mut ws) => {
                println!("connected");
                let since = Instant::now();
                let result = tokio::select! {
                    result = talk(&mut ws) => result,
                    // `select!` has dropped the future of `talk`, at any of its `await`s: nothing is lost.
                    _ = &mut ctrl_c => return ws.close(CloseCode::NORMAL_CLOSURE, "").await.map(drop),
                };
                if since.elapsed() >= STABLE {
                    longest = FIRST_WAIT;
                }
                result
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => println!("closed"),
            Err(error) if is_temporary(&error) => println!("no connection: {error}"),
            Err(error) => return Err(error),
        }
        // The wait is random, so that the clients of a restarted server do not come back all at once.
        let wait = longest.mul_f64(fastrand::f64());
        longest = (longest * 2).min(LONGEST_WAIT);
        tokio::select! {
            () = sleep(wait) => {}
            _ = &mut ctrl_c => return Ok(()),
        }
    }
}

/// What the application does with one connection, to its end.
async fn talk(ws: &mut WebSocket<ClientStream>) -> Result<(), Error> {
    ws.send("Hello").await?;
    while let Some(message) = ws.receive().await? {
        match message {
            Message::Text(text) => println!("received {text}"),
            Message::Close(Some(frame)) => println!("the server closes with {}", frame.code.get()),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the same request can succeed later.
fn is_temporary(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Disconnected | Error::Timeout(_) | Error::WriteTimeout | Error::Closed => true,
        // 429: too many requests. A 5xx is often that of a proxy whose server restarts.
        Error::Rejected(response) => response.status() == 429 || response.status().is_server_error(),
        _ => false,
    }
}
