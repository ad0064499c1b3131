//! `h3_tunnel`, both sides with HTTP/3 by hand and the frames of tungstenite; and the server with requests by
//! h3.

use core::future::Future;

use h3::ext::Protocol;
use http::{Method, Request};
use quinn::{Connection, Endpoint, ReadError, VarInt};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Message, WebSocket};

use crate::http3::{
    PROTOCOLS, Peer, SETTINGS, SETTINGS_ENABLE, STATUS_200, STATUS_400, STATUS_403, Stream, request,
};
use crate::peer::{self, LARGE};
use crate::program::{ANY, PATIENCE, Program, TemporaryFile};
use crate::{AnyResult, tls};

/// RFC 9114 §8.1.
const H3_NO_ERROR: VarInt = VarInt::from_u32(0x100);
const H3_REQUEST_CANCELLED: VarInt = VarInt::from_u32(0x10C);

async fn in_time<T>(task: impl Future<Output = T>) -> T {
    timeout(PATIENCE, task).await.expect("in time")
}

fn start(name: &str) -> (Program, String, TemporaryFile) {
    let certificate = TemporaryFile::new(name);
    let (server, address) = Program::serve("h3_tunnel", &["server", ANY, certificate.path()]);
    (server, address, certificate)
}

/// Runs tungstenite, which blocks. Ends the stream afterwards.
async fn with_tungstenite<T: Send + 'static>(
    stream: Stream,
    role: Role,
    act: impl FnOnce(&mut WebSocket<Stream>) -> T + Send + 'static,
) -> T {
    let act = spawn_blocking(move || {
        let mut ws = WebSocket::from_raw_socket(stream, role, None);
        let result = act(&mut ws);
        let _ = ws.get_mut().send.finish();
        result
    });
    in_time(act).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_sends_messages_back_until_the_client_closes() -> AnyResult<()> {
    let (_server, address, certificate) = start("echo");
    let client = Peer::connect(&address, certificate.path()).await?;
    for protocol in PROTOCOLS {
        let (response, stream) = client.open(&request(protocol, b"13")).await?;
        assert_eq!(response, STATUS_200);
        with_tungstenite(stream, Role::Client, peer::check_echo).await;
    }
    Ok(())
}

/// A Close is not lost by a reset.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_closes_after_a_violation() -> AnyResult<()> {
    let (server, address, certificate) = start("violation");
    let client = Peer::connect(&address, certificate.path()).await?;
    let (_, stream) = client.open(&request(PROTOCOLS[0], b"13")).await?;
    with_tungstenite(stream, Role::Client, peer::check_violation).await;
    assert!(server.error().contains("mask"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_rejects_a_wrong_request_with_the_status_of_the_rule() -> AnyResult<()> {
    let (_server, address, certificate) = start("rejection");
    let peer = Peer::connect(&address, certificate.path()).await?;
    let (response, mut stream) = peer.open(&request(PROTOCOLS[0], b"12")).await?;
    assert!(response.starts_with(STATUS_400), "{response:?}");
    assert_eq!(in_time(stream.receive()).await?, None);

    let mut endpoint = Endpoint::client(ANY.parse()?)?;
    endpoint.set_default_client_config(tls::client(certificate.path())?);
    let quic = endpoint.connect(address.parse()?, "localhost")?.await?;
    let (mut connection, mut client) = h3::client::new(h3_quinn::Connection::new(quic)).await?;
    tokio::spawn(async move { connection.wait_idle().await });
    for (method, protocol, status, field) in [
        (Method::GET, None, 405, Some(("allow", "CONNECT"))),
        (Method::CONNECT, None, 501, None),
        (Method::CONNECT, Some(Protocol::CONNECT_UDP), 501, None),
    ] {
        let mut request = Request::builder().method(method).uri("https://localhost/").body(())?;
        request.headers_mut().insert("sec-websocket-version", 13.into());
        if let Some(protocol) = protocol {
            request.extensions_mut().insert(protocol);
        }
        let mut stream = client.send_request(request).await?;
        let response = in_time(stream.recv_response()).await?;
        assert_eq!(response.status(), status);
        if let Some((name, value)) = field {
            assert_eq!(response.headers()[name], value);
        }
    }
    Ok(())
}

/// RFC 9220 §3: H3_REQUEST_CANCELLED.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_resets_a_stream_that_ends_without_a_close() -> AnyResult<()> {
    let (server, address, certificate) = start("reset");
    let client = Peer::connect(&address, certificate.path()).await?;
    let (_, mut stream) = client.open(&request(PROTOCOLS[0], b"13")).await?;
    stream.send.finish()?;
    let end = in_time(stream.receive.read(&mut [0])).await;
    assert_eq!(end, Err(ReadError::Reset(H3_REQUEST_CANCELLED)));
    assert_eq!(server.error(), "no Close");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_outlives_a_client_that_vanishes() -> AnyResult<()> {
    let (server, address, certificate) = start("vanish");
    let client = Peer::connect(&address, certificate.path()).await?;
    let (_, mut stream) = client.open(&request(PROTOCOLS[0], b"13")).await?;
    stream.send.reset(H3_REQUEST_CANCELLED)?;
    assert_eq!(server.error(), "Remote reset: H3_REQUEST_CANCELLED");
    let end = in_time(stream.receive.read(&mut [0])).await;
    assert_eq!(end, Err(ReadError::Reset(H3_REQUEST_CANCELLED)));
    let (_, _stream) = client.open(&request(PROTOCOLS[0], b"13")).await?;
    client.quic.close(VarInt::from_u32(1), b"");
    assert!(!server.error().is_empty());
    let client = Peer::connect(&address, certificate.path()).await?;
    let (_, stream) = client.open(&request(PROTOCOLS[0], b"13")).await?;
    with_tungstenite(stream, Role::Client, peer::check_echo).await;
    Ok(())
}

/// A server by hand for one request. Returns the example as its client.
async fn serve(
    name: &str,
    settings: &'static [u8],
    response: &'static [u8],
    act: impl FnOnce(&mut WebSocket<Stream>) + Send + 'static,
) -> AnyResult<(Program, TemporaryFile)> {
    let certificate = TemporaryFile::new(name);
    let endpoint = Endpoint::server(tls::server(certificate.path())?, ANY.parse()?)?;
    let address = endpoint.local_addr()?.to_string();
    tokio::spawn(async move {
        let peer = Peer::accept(endpoint, settings).await?;
        let (request, stream) = peer.answer(response).await?;
        assert!(request.starts_with(&[b"\0\0", PROTOCOLS[0]].concat()), "{}", request.escape_ascii());
        with_tungstenite(stream, Role::Server, act).await;
        end(&peer.quic).await;
        AnyResult::Ok(())
    });
    Ok((Program::start("h3_tunnel", &["client", &address, certificate.path()]), certificate))
}

/// Waits until the client closes the connection.
async fn end(quic: &Connection) {
    let closed = in_time(quic.closed()).await;
    let quinn::ConnectionError::ApplicationClosed(close) = closed else { panic!("{closed}") };
    assert_eq!(close.error_code, H3_NO_ERROR);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_sends_lines_and_closes() -> AnyResult<()> {
    let act = |ws: &mut WebSocket<Stream>| assert_eq!(peer::echo(ws), Some(1000));
    let (mut client, _certificate) = serve("lines", SETTINGS_ENABLE, STATUS_200, act).await?;
    let large = "x".repeat(2 * LARGE);
    for line in ["Hello", "κόσμε", "", &large] {
        client.send(line);
        assert!(client.line() == line);
    }
    // Both ends send more than all windows allow, and none waits for the other.
    (0..3).for_each(|_| client.send(&large));
    client.end_input();
    (0..3).for_each(|_| assert!(client.line() == large));
    assert_eq!(client.line(), "closed with 1000");
    assert!(client.succeeds());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_sees_the_close_of_the_server() -> AnyResult<()> {
    let act = |ws: &mut WebSocket<Stream>| {
        ws.close(Some(CloseFrame { code: 1001.into(), reason: "restart".into() })).expect("open");
        assert_eq!(peer::echo(ws), Some(1001), "the client sends the code back");
    };
    let (client, _certificate) = serve("close", SETTINGS_ENABLE, STATUS_200, act).await?;
    assert_eq!(client.line(), "closed with 1001");
    assert!(client.succeeds());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_fails_if_the_server_refuses_or_vanishes() -> AnyResult<()> {
    let end = |ws: &mut WebSocket<Stream>| assert_eq!(ws.read().expect("one"), Message::text("Hello"));
    for (name, settings, status, error) in [
        ("refused", SETTINGS_ENABLE, STATUS_403, "403"),
        ("disabled", SETTINGS, STATUS_200, "no WebSocket over HTTP/3"),
        ("vanished", SETTINGS_ENABLE, STATUS_200, "no Close"),
    ] {
        let (mut client, _certificate) = serve(name, settings, status, end).await?;
        // A client without a tunnel ends, and does not read its input.
        if name == "vanished" {
            client.send("Hello");
        }
        let found = client.error();
        assert!(found.contains(error), "{found}");
        assert!(!client.succeeds());
    }
    Ok(())
}

#[test]
fn the_client_and_the_server_of_the_example_work_together() {
    let (_server, address, certificate) = start("both");
    let mut client = Program::start("h3_tunnel", &["client", &address, certificate.path()]);
    let large = "x".repeat(2 * LARGE);
    for line in ["Hello", &large, "κόσμε"] {
        client.send(line);
        assert!(client.line() == line);
    }
    client.end_input();
    assert_eq!(client.line(), "closed with 1000");
    assert!(client.succeeds());
}
