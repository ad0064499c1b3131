//! `h2_tunnel`: the server with hyper's client and the client with hyper's server, both with the frames of
//! tungstenite; and the server with requests by the crate h2.

use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use bytes::Bytes;
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::io::SyncIoBridge;
use tungstenite::WebSocket;
use tungstenite::protocol::{CloseFrame, Role};

use crate::AnyResult;
use crate::peer::{self, LARGE};
use crate::program::{ANY, PATIENCE, Program};

/// A stream of HTTP/2 by hyper.
type Stream = SyncIoBridge<TokioIo<Upgraded>>;

async fn in_time<T>(task: impl Future<Output = T>) -> T {
    timeout(PATIENCE, task).await.expect("in time")
}

/// Runs tungstenite, which blocks, on an upgraded stream. Ends the stream afterwards.
async fn with_tungstenite<T: Send + 'static>(
    upgraded: Upgraded,
    role: Role,
    act: impl FnOnce(&mut WebSocket<Stream>) -> T + Send + 'static,
) -> T {
    let stream = SyncIoBridge::new(TokioIo::new(upgraded));
    let act = spawn_blocking(move || {
        let mut ws = WebSocket::from_raw_socket(stream, role, None);
        let result = act(&mut ws);
        let _ = ws.get_mut().shutdown();
        result
    });
    in_time(act).await.expect("no panic")
}

/// Opens a stream to the server with hyper, and runs tungstenite's client on it.
async fn with_client<T: Send + 'static>(
    address: &str,
    act: impl FnOnce(&mut WebSocket<Stream>) -> T + Send + 'static,
) -> T {
    let stream = TokioIo::new(TcpStream::connect(address).await.expect("a server"));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut request = Request::connect(format!("http://{address}/")).body(String::new()).expect("a request");
    request.headers_mut().insert("sec-websocket-version", 13.into());
    request.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
    let response = in_time(client.send_request(request)).await.expect("a response");
    assert_eq!(response.status(), 200);
    let upgraded = in_time(hyper::upgrade::on(response)).await.expect("a stream");
    with_tungstenite(upgraded, Role::Client, act).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_sends_messages_back_until_the_client_closes() {
    let (_server, address) = Program::serve("h2_tunnel", &["server", ANY]);
    with_client(&address, peer::check_echo).await;
}

/// A Close is not lost by RST_STREAM.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_closes_after_a_violation() {
    let (server, address) = Program::serve("h2_tunnel", &["server", ANY]);
    with_client(&address, peer::check_violation).await;
    // The task of the HTTP connection may print an error, too.
    while !server.error().contains("mask") {}
}

/// A server by hyper for one connection. Returns its address, and the results of its streams.
async fn serve<T: Send + 'static>(
    status: u16,
    is_enabled: bool,
    act: impl FnOnce(&mut WebSocket<Stream>) -> T + Clone + Send + 'static,
) -> (String, tokio::sync::mpsc::Receiver<T>) {
    let listener = TcpListener::bind(ANY).await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (tell, results) = tokio::sync::mpsc::channel(10);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (act, tell) = (act.clone(), tell.clone());
        async move {
            assert_eq!(request.method(), Method::CONNECT);
            assert_eq!(request.extensions().get(), Some(&hyper::ext::Protocol::from_static("websocket")));
            assert_eq!(request.headers()["sec-websocket-version"], "13");
            tokio::spawn(async move {
                if let Ok(upgraded) = hyper::upgrade::on(&mut request).await {
                    let _ = tell.send(with_tungstenite(upgraded, Role::Server, act).await).await;
                }
            });
            Ok::<_, Infallible>(Response::builder().status(status).body(String::new()).expect("a response"))
        }
    });
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        if is_enabled {
            builder.enable_connect_protocol();
        }
        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    });
    (address, results)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_sends_lines_on_several_streams_and_closes() {
    let (address, mut results) = serve(200, true, peer::echo).await;
    let mut client = Program::start("h2_tunnel", &["client", &address, "3"]);
    let large = "x".repeat(LARGE);
    for (number, line) in ["Hello", "κόσμε", "", &large, &large, "end"].iter().enumerate() {
        client.send(line);
        assert!(client.line() == format!("{}: {line}", number % 3), "line {number}");
    }
    client.end_input();
    let mut ends = [client.line(), client.line(), client.line()];
    ends.sort();
    assert_eq!(ends, ["0: closed with 1000", "1: closed with 1000", "2: closed with 1000"]);
    assert!(client.succeeds());
    for _ in 0..3 {
        assert_eq!(in_time(results.recv()).await, Some(Some(1000)));
    }
}

/// Both ends send much more than all windows allow, and none waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_reads_while_it_writes() {
    let (address, mut results) = serve(200, true, peer::echo).await;
    let mut client = Program::start("h2_tunnel", &["client", &address]);
    let large = "x".repeat(LARGE);
    (0..3).for_each(|_| client.send(&large));
    client.end_input();
    (0..3).for_each(|_| assert!(client.line() == format!("0: {large}")));
    assert_eq!(client.line(), "0: closed with 1000");
    assert!(client.succeeds());
    assert_eq!(in_time(results.recv()).await, Some(Some(1000)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_sees_the_close_of_the_server() {
    let (address, mut results) = serve(200, true, |ws: &mut WebSocket<Stream>| {
        ws.close(Some(CloseFrame { code: 1001.into(), reason: "restart".into() })).expect("open");
        peer::echo(ws)
    })
    .await;
    let client = Program::start("h2_tunnel", &["client", &address]);
    assert_eq!(client.line(), "0: closed with 1001");
    assert!(client.succeeds());
    assert_eq!(in_time(results.recv()).await, Some(Some(1001)), "the client sends the code back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_fails_if_the_server_refuses_or_vanishes() {
    let end = |ws: &mut WebSocket<Stream>| drop(ws.read().expect("a message"));
    for (status, is_enabled, error) in
        [(403, true, "403"), (200, false, "no WebSocket over HTTP/2"), (200, true, "no Close")]
    {
        let (address, _results) = serve(status, is_enabled, end).await;
        let mut client = Program::start("h2_tunnel", &["client", &address]);
        // A client without a tunnel ends, and does not read its input.
        if status == 200 && is_enabled {
            client.send("Hello");
        }
        let found = client.error();
        assert!(found.contains(error), "{found}");
        assert!(!client.succeeds());
    }
}

/// A connection by the crate h2.
async fn connect(address: &str) -> h2::client::SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.expect("a server");
    let handshake = h2::client::Builder::new().initial_connection_window_size(1 << 20).handshake(stream);
    let (client, connection) = in_time(handshake).await.expect("HTTP/2");
    tokio::spawn(connection);
    client
}

async fn exchange(
    client: &h2::client::SendRequest<Bytes>,
    request: Request<()>,
) -> AnyResult<(Response<RecvStream>, SendStream<Bytes>)> {
    let (response, stream) = client.clone().ready().await?.send_request(request, false)?;
    Ok((in_time(response).await?, stream))
}

fn request(method: Method, protocol: Option<&'static str>, version: &str) -> Request<()> {
    let request = Request::builder().method(method).uri("http://localhost/");
    let mut request = request.header("sec-websocket-version", version).body(()).expect("a request");
    if let Some(protocol) = protocol {
        request.extensions_mut().insert(Protocol::from_static(protocol));
    }
    request
}

fn websocket() -> Request<()> {
    request(Method::CONNECT, Some("websocket"), "13")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_rejects_a_wrong_request_with_the_status_of_the_rule() -> AnyResult<()> {
    let (_server, address) = Program::serve("h2_tunnel", &["server", ANY]);
    let client = connect(&address).await;
    for (request, status, field) in [
        (request(Method::GET, None, "13"), 405, Some(("allow", "CONNECT"))),
        (request(Method::CONNECT, Some("connect-udp"), "13"), 501, None),
        (request(Method::CONNECT, Some("websocket"), "12"), 400, Some(("sec-websocket-version", "13"))),
    ] {
        let (response, _) = exchange(&client, request).await?;
        assert_eq!(response.status(), status);
        if let Some((name, value)) = field {
            assert_eq!(response.headers()[name], value);
        }
        assert!(response.body().is_end_stream());
    }
    let mut request = websocket();
    request.headers_mut().insert("sec-websocket-protocol", "chat, echo".parse()?);
    let (response, _stream) = exchange(&client, request).await?;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["sec-websocket-protocol"]),
        (200, &"echo".parse()?)
    );
    Ok(())
}

/// RFC 8441 §5: RST_STREAM with CANCEL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_resets_a_stream_that_ends_without_a_close() -> AnyResult<()> {
    let (server, address) = Program::serve("h2_tunnel", &["server", ANY]);
    let client = connect(&address).await;
    let (mut response, mut stream) = exchange(&client, websocket()).await?;
    stream.send_data(Bytes::new(), true)?;
    let Some(Err(error)) = in_time(response.body_mut().data()).await else { panic!("a reset") };
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    assert_eq!(server.error(), "no Close");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_outlives_a_client_that_vanishes() -> AnyResult<()> {
    let (server, address) = Program::serve("h2_tunnel", &["server", ANY]);
    let client = connect(&address).await;
    let (_response, mut stream) = exchange(&client, websocket()).await?;
    stream.send_reset(Reason::CANCEL);
    assert!(server.error().contains("stream error"));
    // The connection itself: the client ends in the middle of a message.
    let mut program = Program::start("h2_tunnel", &["client", &address]);
    program.send("Hello");
    assert_eq!(program.line(), "0: Hello");
    drop(program);
    assert!(!server.error().is_empty());
    // Another stream of the first connection, and another connection.
    let (mut response, mut stream) = exchange(&client, websocket()).await?;
    stream.send_data(Bytes::from_static(b"\x88\x80\0\0\0\0"), true)?;
    assert_eq!(in_time(response.body_mut().data()).await.ok_or("no data")??, &b"\x88\0"[..]);
    assert!(in_time(response.body_mut().data()).await.is_none());
    with_client(&address, peer::check_echo).await;
    Ok(())
}

/// A client that takes no answers is stopped by flow control, and its other streams are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_does_not_read_does_not_stop_the_others() -> AnyResult<()> {
    let (_server, address) = Program::serve("h2_tunnel", &["server", ANY]);
    let client = connect(&address).await;
    let (_unread, mut stream) = exchange(&client, websocket()).await?;
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    tokio::spawn(async move {
        // A message of 60,000 bytes, masked with zeros, again and again.
        let mut frame = vec![0x82, 0xFE, 0xEA, 0x60, 0, 0, 0, 0];
        frame.resize(8 + 60_000, 0);
        loop {
            stream.reserve_capacity(frame.len());
            while stream.capacity() < frame.len() {
                poll_fn(|context| stream.poll_capacity(context)).await.ok_or("it is reset")??;
            }
            stream.send_data(frame.clone().into(), false)?;
            count.fetch_add(frame.len(), Relaxed);
        }
        #[expect(unreachable_code, reason = "the type of the task")]
        AnyResult::Ok(())
    });
    let (mut response, mut other) = exchange(&client, websocket()).await?;
    for _ in 0..500 {
        other.send_data(Bytes::from_static(b"\x81\x85\0\0\0\0Hello"), false)?;
        let data = in_time(response.body_mut().data()).await.ok_or("no data")??;
        assert_eq!(data, &b"\x81\x05Hello"[..]);
        response.body_mut().flow_control().release_capacity(data.len())?;
    }
    assert!(sent.load(Relaxed) < LARGE, "the server reads on");
    Ok(())
}
