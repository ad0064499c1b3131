//! A demo for browsers: one page, and two subprotocols on the same port. `increment` pushes a counter to each
//! client, `mirror` is a drawing board that all clients share.
//!
//! ```text
//! cargo run --release -p websocket-proto-tokio --example demo_server [ADDR]    # then open the address
//! ```
//!
//! axum serves the page and reads the requests. hyper gives the transport after the response.

#![allow(clippy::std_instead_of_alloc, reason = "as applications write it")]

mod increment;
mod mirror;

use core::future::IntoFuture as _;
use core::time::Duration;
use std::sync::Arc;
use std::{env, io};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get};
use axum::serve::ListenerExt as _;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio::sync::watch;
use tokio::time::timeout;
use websocket_proto_tokio::handshake::{Accept, UpgradeRequest};
use websocket_proto_tokio::{CloseCode, Config, Error, Negotiated, Role, WebSocket};

/// The most WebSocket connections at the same time. A page has two.
const MAX_CONNECTIONS: usize = 1000;

/// For both subprotocols, whose messages are short.
const CONFIG: Config = Config::new()
    .max_message_size(1024)
    .max_write_buffer(16 * 1024)
    .ping_interval(Some(Duration::from_secs(15)))
    .pong_timeout(Some(Duration::from_secs(20))) // also limits the wait for a client that does not read
    .close_timeout(Some(Duration::from_secs(3)));

/// The page loads its own files only, connects to its own server only, and no other page can frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// State that all connections share.
struct Demo {
    board: mirror::Board,
    /// Becomes `true` at Ctrl-C. Each connection has a receiver.
    stop: watch::Sender<bool>,
}

#[derive(Clone, Copy)]
enum Subprotocol {
    Increment,
    Mirror,
}

impl Subprotocol {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "increment" => Some(Self::Increment),
            "mirror" => Some(Self::Mirror),
            _ => None,
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // A small message is sent at once.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    let demo = Arc::new(Demo { board: mirror::Board::new(), stop: watch::Sender::new(false) });
    let router = Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("page.html")))
        .route("/page.css", file("text/css; charset=utf-8", include_str!("page.css")))
        .route("/page.js", file("text/javascript; charset=utf-8", include_str!("page.js")))
        .route("/mirror.js", file("text/javascript; charset=utf-8", include_str!("mirror.js")))
        .route("/channel.js", file("text/javascript; charset=utf-8", include_str!("channel.js")))
        .route("/ws", any(upgrade))
        .with_state(demo.clone());
    tokio::select! {
        served = axum::serve(listener, router).into_future() => served?,
        _ = ctrl_c() => {}
    }
    demo.stop.send_replace(true);
    let _ = timeout(Duration::from_secs(5), demo.stop.closed()).await; // until all connections have ended
    Ok(())
}

fn file(content_type: &'static str, content: &'static str) -> MethodRouter<Arc<Demo>> {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-cache"),
    ];
    get((headers, content))
}

/// Checks the request, and answers it with 101 or an error.
async fn upgrade(State(demo): State<Arc<Demo>>, mut request: Request) -> Response {
    if !is_same_origin(request.headers()) {
        return (StatusCode::FORBIDDEN, "another origin").into_response();
    }
    let transport = hyper::upgrade::on(&mut request);
    let request = match UpgradeRequest::from_http(&request) {
        Ok(request) => request,
        Err(reject) => return reject.into_http().map(|()| Body::from(reject.to_string())),
    };
    let known = request.subprotocols().find_map(|offer| Some((offer, Subprotocol::from_name(offer.name())?)));
    let Some((offer, subprotocol)) = known else {
        return (StatusCode::BAD_REQUEST, "offer the subprotocol increment or mirror").into_response();
    };
    if demo.stop.receiver_count() >= MAX_CONNECTIONS {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections").into_response();
    }
    let Ok(accept) = request.accept(Accept::new().subprotocol(offer)) else {
        unreachable!("the request offers it")
    };
    let (negotiated, stopped) = (accept.negotiated(), demo.stop.subscribe());
    tokio::spawn(async move {
        if let Err(error) = serve(transport, negotiated, subprotocol, &demo.board, stopped).await {
            eprintln!("{error}");
        }
    });
    let Ok(response) = accept.into_http() else { unreachable!("no long header") };
    response.map(|()| Body::empty())
}

/// Whether the request is from the page of this server, or from a program that is no browser.
///
/// A browser lets every page open a WebSocket to every server, and sends the cookies of that server. The only
/// protection is the Origin header, which a page cannot change (§10.2). Without this check, any page could
/// draw on the board in the name of its visitors, also on a board that only they can reach.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN).map(|origin| origin.as_bytes()) else { return true };
    // `https` if a proxy before this server has TLS.
    let authority = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    authority.is_some() && authority == headers.get(HOST).map(|host| host.as_bytes())
}

/// Serves a connection until it ends or the server stops.
async fn serve(
    transport: OnUpgrade,
    negotiated: Negotiated,
    subprotocol: Subprotocol,
    board: &mirror::Board,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), Error> {
    // The transport is ready when the response is sent.
    let transport = transport.await.map_err(io::Error::other)?;
    let mut ws = WebSocket::from_upgraded(TokioIo::new(transport), Role::Server, negotiated, CONFIG);
    let conversation = async {
        match subprotocol {
            Subprotocol::Increment => increment::serve(&mut ws).await,
            Subprotocol::Mirror => mirror::serve(&mut ws, board).await,
        }
    };
    tokio::select! {
        result = conversation => result,
        // The conversation is dropped at any of its `await`s: nothing that was queued is lost.
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
            ws.close(CloseCode::GOING_AWAY, "the server stops").await.map(drop)
        }
    }
}
