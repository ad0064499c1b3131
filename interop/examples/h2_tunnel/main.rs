//! WebSocket over HTTP/2 (RFC 8441) with the crate h2: an echo server, and a client that sends the lines of
//! standard input.
//!
//! ```text
//! cargo run -p interop --example h2_tunnel -- server [ADDR]
//! cargo run -p interop --example h2_tunnel -- client ADDR [STREAMS]
//! ```
//!
//! Each WebSocket has a stream of the same HTTP/2 connection. The client opens STREAMS of them, sends each
//! line on the next one, and prints each answer with the number of its stream. There is no TLS here; browsers
//! need it, with the ALPN protocol `h2`.

#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "as applications write it")]

mod tunnel;

use std::error::Error;
use std::time::Duration;
use std::{env, io, thread};

use bytes::{Bytes, BytesMut};
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{Ping, RecvStream};
use http::Request;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::channel;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tunnel::Tunnel;
use websocket_proto::handshake::{UpgradeOffer, UpgradeRequest};
use websocket_proto::{Accept, Client, ClientRequest, Config, Connection, Event, OsEntropy, Server, Uri};

type AnyResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The streams that a client can open on one connection.
const STREAMS: u32 = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> AnyResult<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server"] => server("127.0.0.1:9002").await,
        ["server", address] => server(address).await,
        ["client", address] => client(address, 1).await,
        ["client", address, streams] => client(address, streams.parse()?).await,
        _ => Err("usage: h2_tunnel server [ADDR] | h2_tunnel client ADDR [STREAMS]".into()),
    }
}

async fn server(address: &str) -> AnyResult<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await; // too many open files
            continue;
        };
        tokio::spawn(async { serve(stream).await.unwrap_or_else(|error| eprintln!("{error}")) });
    }
}

async fn serve(stream: TcpStream) -> AnyResult<()> {
    stream.set_nodelay(true)?;
    let handshake = h2::server::Builder::new()
        .enable_connect_protocol() // RFC 8441 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL
        .max_header_list_size(16 * 1024)
        .max_concurrent_streams(STREAMS)
        // Room for the data of all streams: if the peer of one stream does not read, its data fills its own
        // window and not that of the others.
        .initial_connection_window_size(STREAMS * 65_535)
        .handshake(stream);
    let mut connection = timeout(Duration::from_secs(10), handshake).await??;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        tokio::spawn(async { answer(request, respond).await.unwrap_or_else(|error| eprintln!("{error}")) });
    }
    Ok(())
}

/// Answers a request: with 200 and an echo, or with the status of the rule that it breaks.
async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) -> AnyResult<()> {
    let protocol = request.extensions().get::<Protocol>().map_or("", Protocol::as_str);
    let method = request.method().as_str();
    let accept = match UpgradeRequest::extended_connect(method, protocol, request.headers()) {
        Ok(checked) => match checked.subprotocols().find(|offered| offered.name() == "echo") {
            Some(echo) => checked.accept(Accept::new().subprotocol(echo))?,
            None => checked.accept(Accept::new())?,
        },
        Err(reject) => {
            respond.send_response(reject.into_http(), true)?;
            return Err(reject.into());
        }
    };
    let ws = Connection::established(Server::new(), accept.negotiated(), Config::default());
    let send = respond.send_response(accept.into_http()?, false)?;
    let tunnel = Tunnel { ws, send, receive: request.into_body(), out: BytesMut::new() };
    let echo = |ws: &mut Connection<_>, event: Event<'_>, out: &mut _| match event {
        Event::Text(text) => ws.send_text(text, out),
        Event::Binary(bytes) => ws.send_binary(bytes, out),
        _ => Ok(()), // `receive` has replied to a Ping or a Close
    };
    tunnel.run(None, echo).await
}

async fn client(address: &str, streams: usize) -> AnyResult<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (client, mut connection) = h2::client::handshake(stream).await?;
    let pings = connection.ping_pong();
    let connection = tokio::spawn(connection); // it does the I/O
    // The server sends its SETTINGS first, so they are here when it has answered a PING.
    pings.ok_or("taken once")?.ping(Ping::opaque()).await?;
    if !client.is_extended_connect_protocol_enabled() {
        return Err("the server has no WebSocket over HTTP/2".into());
    }
    let uri = format!("ws://{address}/");
    let offer = UpgradeOffer::extended_connect(ClientRequest::new(Uri::parse(&uri)?))?;
    let (mut inputs, mut tunnels) = (Vec::new(), JoinSet::new());
    for number in 0..streams {
        let mut request = offer.to_http()?;
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        let (response, send) = client.clone().ready().await?.send_request(request, false)?;
        let response = response.await?;
        let checked =
            offer.check_http(&response).map_err(|error| format!("{error}: {}", response.status()))?;
        let ws =
            Connection::established(Client::new(OsEntropy::new()), checked.negotiated(), Config::default());
        let tunnel = Tunnel { ws, send, receive: response.into_body(), out: BytesMut::new() };
        let (input, lines) = channel(1);
        inputs.push(input);
        tunnels.spawn(tunnel.run(Some(lines), move |_, event, _| {
            match event {
                Event::Text(text) => println!("{number}: {text}"),
                Event::Close(frame) => {
                    println!("{number}: closed with {}", frame.map_or(1005, |frame| frame.code.get()));
                }
                _ => {}
            }
            Ok(())
        }));
    }
    // Not `tokio::io::stdin`, whose read would delay the end of the program.
    thread::spawn(move || {
        for (line, input) in io::stdin().lines().map_while(Result::ok).zip(inputs.iter().cycle()) {
            let _ = input.blocking_send(line); // fails if the stream has ended
        }
    });
    while let Some(ended) = tunnels.join_next().await {
        ended??;
    }
    drop(client); // h2 closes the connection when the last stream has ended
    Ok(connection.await??)
}
