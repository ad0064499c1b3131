//! A page and a WebSocket on one port, with axum: axum reads the request, and hyper gives the transport after
//! the response. The same code works in every framework over hyper.
//!
//! ```text
//! cargo run -p websocket-proto-tokio --example axum_server -- [ADDR]    # then open the address in a browser
//! ```

use core::future::IntoFuture as _;
use std::{env, io};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::serve::ListenerExt as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use websocket_proto_tokio::handshake::{Accept, UpgradeRequest};
use websocket_proto_tokio::{Config, Error, Negotiated, Role, WebSocket};

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

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // A small message is sent at once.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    let router = Router::new().route("/", get(Html(PAGE))).route("/ws", any(upgrade));
    axum::serve(listener, router).into_future().await
}

/// Checks the request, and answers it with 101 or an error.
async fn upgrade(mut request: Request) -> Response {
    // A browser lets every page connect to every server. So compare the origin with the host of this server.
    let (origin, host) = (request.headers().get("origin"), request.headers().get("host"));
    if let (Some(origin), Some(host)) = (origin, host) {
        if origin.as_bytes().strip_prefix(b"http://") != Some(host.as_bytes()) {
            return (StatusCode::FORBIDDEN, "another origin").into_response();
        }
    }
    let transport = hyper::upgrade::on(&mut request);
    let accept = match UpgradeRequest::from_http(&request) {
        Ok(request) => request.accept(Accept::new()),
        Err(reject) => return reject.into_http().map(|()| Body::from(reject.to_string())),
    };
    let Ok(accept) = accept else { unreachable!("no subprotocol and no headers") };
    let negotiated = accept.negotiated();
    tokio::spawn(async move {
        if let Err(error) = echo(transport, negotiated).await {
            eprintln!("{error}");
        }
    });
    let Ok(response) = accept.into_http() else { unreachable!("no long header") };
    response.map(|()| Body::empty())
}

/// Serves a connection to its end.
async fn echo(transport: OnUpgrade, negotiated: Negotiated) -> Result<(), Error> {
    // The transport is ready when the response is sent.
    let transport = transport.await.map_err(io::Error::other)?;
    let config = Config::new().max_message_size(1024 * 1024);
    let mut ws = WebSocket::from_upgraded(TokioIo::new(transport), Role::Server, negotiated, config);
    while let Some(message) = ws.receive().await? {
        if message.is_data() {
            ws.feed(message).await?; // the next `receive` sends it
        }
    }
    Ok(())
}
