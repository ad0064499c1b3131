//! WebSocket over HTTP/3 (RFC 9220) with the crates quinn and h3: an echo server, and a client that sends the
//! lines of standard input.
//!
//! ```text
//! cargo run -p interop --example h3_tunnel -- server ADDR cert.pem
//! cargo run -p interop --example h3_tunnel -- client ADDR cert.pem
//! ```
//!
//! The server makes a certificate and writes it to the file, and the client trusts that certificate only.
//! `extended_connect.rs` adds what h3 lacks.

#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "as applications write it")]

mod extended_connect;
mod tls;
mod tunnel;

use std::borrow::Cow;
use std::error::Error;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use std::{env, io, thread};

use bytes::Bytes;
use extended_connect::{WithWebSocket, without_websocket};
use h3::ConnectionState as _;
use h3::ext::Protocol;
use h3::proto::frame::Frame;
use h3::server::RequestResolver;
use quinn::{Endpoint, Incoming, VarInt};
use tokio::sync::mpsc::channel;
use tokio::time::timeout;
use tunnel::Tunnel;
use websocket_proto::handshake::{UpgradeOffer, UpgradeRequest};
use websocket_proto::{Accept, Client, ClientRequest, Config, Connection, Event, OsEntropy, Server, Uri};

type AnyResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> AnyResult<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", address, certificate] => server(address, certificate).await,
        ["client", address, certificate] => client(address, certificate).await,
        _ => Err("usage: h3_tunnel server ADDR CERTIFICATE | h3_tunnel client ADDR CERTIFICATE".into()),
    }
}

async fn server(address: &str, certificate: &str) -> AnyResult<()> {
    let endpoint = Endpoint::server(tls::server(certificate)?, address.parse()?)?;
    println!("listening on {}", endpoint.local_addr()?);
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async { serve(incoming).await.unwrap_or_else(|error| eprintln!("{error}")) });
    }
    Ok(())
}

async fn serve(incoming: Incoming) -> AnyResult<()> {
    let quic = h3_quinn::Connection::new(incoming.await?);
    let mut connection = h3::server::builder()
        .enable_extended_connect(true) // RFC 9220 §3: SETTINGS_ENABLE_CONNECT_PROTOCOL
        .max_field_section_size(16 * 1024)
        .build(quic)
        .await?;
    loop {
        let request = match connection.accept().await {
            Ok(Some(request)) => request,
            Err(error) if !error.is_h3_no_error() => return Err(error.into()),
            _ => return Ok(()), // the client has closed the connection
        };
        tokio::spawn(async { answer(request).await.unwrap_or_else(|error| eprintln!("{error}")) });
    }
}

/// Answers a request: with 200 and an echo, or with the status of the rule that it breaks.
async fn answer(mut request: RequestResolver<h3_quinn::Connection, Bytes>) -> AnyResult<()> {
    let first = poll_fn(|context| request.frame_stream.poll_next(context));
    let mut first = timeout(Duration::from_secs(10), first).await?;
    let mut is_websocket = false;
    if let Ok(Some(Frame::Headers(section))) = &mut first {
        if let Some(rest) = without_websocket(section) {
            (*section, is_websocket) = (rest, true);
        }
    }
    let (request, mut stream) = request.accept_with_frame(first)?.resolve().await?;
    let protocol = request.extensions().get::<Protocol>().map_or("", Protocol::as_str);
    let protocol = if is_websocket { "websocket" } else { protocol };
    let method = request.method().as_str();
    let accept = match UpgradeRequest::extended_connect(method, protocol, request.headers()) {
        Ok(checked) => checked.accept(Accept::new())?,
        Err(reject) => {
            stream.send_response(reject.into_http()).await?;
            stream.finish().await?;
            return Err(reject.into());
        }
    };
    let ws = Connection::established(Server::new(), accept.negotiated(), Config::default());
    stream.send_response(accept.into_http()?).await?;
    let (send, receive) = stream.split();
    let echo = |ws: &mut Connection<_>, event: Event<'_>, out: &mut _| match event {
        Event::Text(text) => ws.send_text(text, out),
        Event::Binary(bytes) => ws.send_binary(bytes, out),
        _ => Ok(()), // `receive` has replied to a Ping or a Close
    };
    Tunnel { ws, send, receive }.run(None, echo).await
}

async fn client(address: &str, certificate: &str) -> AnyResult<()> {
    let mut endpoint = Endpoint::client("127.0.0.1:0".parse()?)?;
    endpoint.set_default_client_config(tls::client(certificate)?);
    let quic = endpoint.connect(address.parse()?, "localhost")?.await?;
    let result = converse(&format!("wss://{address}/"), quic.clone()).await;
    quic.close(VarInt::from_u32(0x100), b""); // RFC 9114 §8.1: H3_NO_ERROR
    endpoint.wait_idle().await; // until it is sent
    result
}

/// Opens a WebSocket, and runs it to its end.
async fn converse(uri: &str, quic: quinn::Connection) -> AnyResult<()> {
    let quic = WithWebSocket(h3_quinn::Connection::new(quic));
    let (mut connection, mut requests) = h3::client::new(quic).await?;
    // The settings are `Owned` until those of the server arrive.
    let is_enabled = poll_fn(|context| match (connection.poll_close(context), requests.settings()) {
        (_, Cow::Borrowed(settings)) => Poll::Ready(Ok(settings.enable_extended_connect())),
        (Poll::Ready(error), _) => Poll::Ready(Err(error)),
        (Poll::Pending, _) => Poll::Pending,
    });
    if !is_enabled.await? {
        return Err("the server has no WebSocket over HTTP/3".into());
    }
    tokio::spawn(async move { connection.wait_idle().await }); // it does the I/O
    let offer = UpgradeOffer::extended_connect(ClientRequest::new(Uri::parse(uri)?))?;
    let mut stream = requests.send_request(offer.to_http()?).await?;
    let response = stream.recv_response().await?;
    let checked = offer.check_http(&response).map_err(|error| format!("{error}: {}", response.status()))?;
    let ws = Connection::established(Client::new(OsEntropy::new()), checked.negotiated(), Config::default());
    let (input, lines) = channel(1);
    // Not `tokio::io::stdin`, whose read would delay the end of the program.
    thread::spawn(move || {
        io::stdin().lines().map_while(Result::ok).try_for_each(|line| input.blocking_send(line))
    });
    let (send, receive) = stream.split();
    let print = |_: &mut Connection<_>, event: Event<'_>, _: &mut _| {
        match event {
            Event::Text(text) => println!("{text}"),
            Event::Close(frame) => println!("closed with {}", frame.map_or(1005, |frame| frame.code.get())),
            _ => {}
        }
        Ok(())
    };
    Tunnel { ws, send, receive }.run(Some(lines), print).await
}
