//! A driver for the fuzzing server of the Autobahn test suite: echoes each message of each case.
//!
//! ```text
//! cargo run --release -p websocket-proto-tokio --example tokio_autobahn_client -- [--deflate] ws://HOST:PORT
//! ```
//!
//! `--deflate` needs `--features deflate`.

use std::env;
use std::process::ExitCode;

use websocket_proto_tokio::{ClientStream, Config, Error, WebSocket, connect};

const AGENT: &str = "websocket-proto-tokio";

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--deflate");
    let (Some(server), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: tokio_autobahn_client [--deflate] ws://HOST:PORT");
        return ExitCode::from(2);
    };
    match run(server.trim_end_matches('/')).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(server: &str) -> Result<(), Error> {
    let mut ws = open(&format!("{server}/getCaseCount")).await?;
    let mut cases = 0;
    while let Some(message) = ws.receive().await? {
        cases = message.as_text().and_then(|text| text.parse().ok()).unwrap_or(cases);
    }
    for case in 1..=cases {
        match echo(&format!("{server}/runCase?case={case}&agent={AGENT}")).await {
            // The suite breaks the protocol on purpose. It checks the Close frame that it receives then.
            Ok(()) | Err(Error::Protocol(_)) => {}
            Err(error) => eprintln!("case {case}: {error}"),
        }
    }
    let mut ws = open(&format!("{server}/updateReports?agent={AGENT}")).await?;
    while ws.receive().await?.is_some() {}
    Ok(())
}

async fn echo(uri: &str) -> Result<(), Error> {
    let mut ws = open(uri).await?;
    while let Some(message) = ws.receive().await? {
        if message.is_data() {
            ws.feed(message).await?; // the next `receive` sends it
        }
    }
    Ok(())
}

async fn open(uri: &str) -> Result<WebSocket<ClientStream>, Error> {
    // Cases 9.3.1 and 9.4.1 send 65,537 fragments, one more than the default permits.
    let config = Config::new().max_fragments(131_072);
    #[cfg(feature = "deflate")]
    let config = if env::args().any(|argument| argument == "--deflate") {
        config.deflate(Some(websocket_proto_tokio::DeflateConfig::new()))
    } else {
        config
    };
    connect(uri, config).await
}
