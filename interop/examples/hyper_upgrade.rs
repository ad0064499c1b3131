//! A page, a health check and a WebSocket on one port, with hyper 1 and tokio: hyper reads the request,
//! `UpgradeRequest::from_http` checks it, and hyper gives the transport after the 101 response.
//!
//! ```text
//! cargo run -p interop --example hyper_upgrade -- [ADDR]    # then open the address in a browser
//! ```

#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "as applications write it")]

use std::error::Error;
use std::time::Duration;
use std::{env, io};

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, ORIGIN};
use hyper::http::Result as HttpResult;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use websocket_proto::handshake::UpgradeRequest;
use websocket_proto::{Accept, Config, Connection, Event, ReceiveBuffer, SendError, Server, TransportAction};

type AnyResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The time that the peer has to take a part of the output. `tick` does not limit a write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// The time that the peer has to close the transport. It closes at once if it reads at all.
const LINGER: Duration = Duration::from_secs(2);

const PAGE: &str = r#"<!doctype html>
<title>Echo</title>
<form><input autofocus><button>Send</button></form>
<pre></pre>
<script>
const [form, input, log] = ["form", "input", "pre"].map(name => document.querySelector(name));
const ws = new WebSocket(`ws://${location.host}/ws`);
ws.onmessage = event => log.append(event.data, "\n");
ws.onclose = event => log.append(`closed with ${event.code}`, "\n");
form.onsubmit = () => { ws.send(input.value); input.value = ""; return false; };
</script>
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> AnyResult<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(100)).await; // too many open files
            continue;
        };
        let _ = stream.set_nodelay(true); // a small message is sent at once
        let http = http1::Builder::new()
            .timer(TokioTimer::new()) // hyper limits the time of a request only if it has a timer
            .serve_connection(TokioIo::new(stream), service_fn(async |request| route(request)))
            .with_upgrades(); // without it, `hyper::upgrade::on` fails
        tokio::spawn(async { http.await.unwrap_or_else(|error| eprintln!("{error}")) });
    }
}

fn route(request: Request<Incoming>) -> HttpResult<Response<String>> {
    let response = Response::builder();
    let get = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        "/ws" => upgrade(request),
        "/" if get => response.header(CONTENT_TYPE, "text/html; charset=utf-8").body(PAGE.to_owned()),
        "/healthz" if get => response.body("ok\n".to_owned()),
        "/" | "/healthz" => response.status(405).header(ALLOW, "GET, HEAD").body(String::new()),
        _ => response.status(404).body("not found\n".to_owned()),
    }
}

/// Answers a request for a WebSocket: with 101 and a task, or with the status of the rule that it breaks.
fn upgrade(mut request: Request<Incoming>) -> HttpResult<Response<String>> {
    let transport = hyper::upgrade::on(&mut request);
    let checked = match UpgradeRequest::from_http(&request) {
        Ok(checked) => checked,
        // For example 405 with Allow, 426 with Upgrade and Sec-WebSocket-Version.
        Err(reject) => return Ok(reject.into_http().map(|()| format!("{reject}\n"))),
    };
    // A browser lets every page connect to every server. So compare the origin with the host of this server.
    let (origin, host) = (request.headers().get(ORIGIN), request.headers().get(HOST));
    if origin.is_some_and(|origin| origin.as_bytes().strip_prefix(b"http://") != host.map(AsRef::as_ref)) {
        return Response::builder().status(403).body("another origin\n".to_owned());
    }
    let Ok(accept) = checked.accept(Accept::new()) else { unreachable!("no subprotocol and no fields") };
    let ws = Connection::established(Server::new(), accept.negotiated(), Config::default());
    tokio::spawn(async { serve(ws, transport).await.unwrap_or_else(|error| eprintln!("{error}")) });
    Ok(accept.into_http()?.map(|()| String::new()))
}

/// Serves a connection to its end.
async fn serve(mut ws: Connection<Server>, transport: OnUpgrade) -> AnyResult<()> {
    // Ready when hyper has sent the response. It includes the bytes that hyper has read after the request.
    let mut stream = TokioIo::new(transport.await?);
    let mut out = Vec::new();
    let result = echo(&mut ws, &mut stream, &mut out).await;
    // After an error, `out` has the Close. Then read until the peer closes, but not for ever: dropping a
    // socket with unread input resets the connection, and the peer may lose the Close.
    let linger = async {
        stream.write_all(&out).await?;
        stream.shutdown().await?;
        while stream.read(&mut [0; 4096]).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(LINGER, linger).await;
    Ok(result?)
}

/// Every `?` leaves a Close in `out`, and `serve` writes it.
async fn echo(
    ws: &mut Connection<Server>,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let (mut inbound, started) = (ReceiveBuffer::new(), Instant::now());
    loop {
        let event = ws.receive(&mut inbound, out)?;
        let more = event.is_some();
        let sent = match event {
            Some(Event::Text(text)) => ws.send_text(text, out),
            Some(Event::Binary(bytes)) => ws.send_binary(bytes, out),
            _ => Ok(()), // `receive` has replied to a Ping or a Close
        };
        if sent != Err(SendError::Closed) {
            sent?; // `Closed` is no error: messages arrive until the peer's Close
        }
        let deadline = ws.tick(started.elapsed(), out)?;
        let written = write(stream, out).await;
        out.clear(); // also after a failed write: nothing can follow an incomplete frame
        written?;
        if ws.transport_action() == TransportAction::Close {
            return Ok(());
        }
        if more || ws.has_pending_reply() {
            continue;
        }
        let wait = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_sub(started.elapsed()));
        match timeout(wait, stream.read(inbound.spare_mut(16 * 1024))).await {
            Ok(Ok(0)) if ws.receive_eof().clean() => return Ok(()),
            Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()), // no Close
            Ok(count) => inbound.advance(count?),
            Err(_) => {} // `tick` acts on the deadline
        }
    }
}

/// Writes all bytes. Each part has its own deadline, so that a slow peer has time for a long message.
async fn write(stream: &mut (impl AsyncWrite + Unpin), mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        if timeout(WRITE_TIMEOUT, stream.write_buf(&mut bytes)).await?? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}
