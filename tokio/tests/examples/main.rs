//! The examples as programs, over TCP. `cargo test` builds them; `cargo test --test examples` does not.
#![cfg(unix)]

mod demo_server;
mod support;

use core::net::SocketAddr;

use tokio::net::TcpSocket;
use tokio::time::timeout;
use websocket_proto_tokio::{
    ClientRequest, ClientStream, CloseCode, Config, Error, Message, WebSocket, client, connect_with,
};

use self::support::{ANY, PATIENCE, Program, free_port, get, open, receive, receive_close};

/// Checks that the server sends text and binary messages back, and closes as the client does.
async fn check_echo(mut ws: WebSocket<ClientStream>) {
    for message in
        [Message::from("κόσμε"), Message::from(""), Message::from(vec![0xff; 100_000]), Message::from(vec![])]
    {
        ws.send(message.clone()).await.expect("an open connection");
        assert_eq!(receive(&mut ws).await, Some(message));
    }
    ws.ping("p").await.expect("an open connection");
    assert_eq!(receive(&mut ws).await, Some(Message::Pong("p".into())));
    let status = timeout(PATIENCE, ws.close(CloseCode::NORMAL_CLOSURE, "bye")).await.expect("in time");
    let status = status.expect("a clean end");
    assert!(status.clean());
    assert_eq!(status.code(), 1000);
}

#[tokio::test]
async fn tokio_echo_sends_messages_back_until_the_client_closes() {
    let (_server, uri) = Program::serve("tokio_echo", &[ANY]);
    check_echo(open(&uri).await).await;
}

#[cfg(feature = "deflate")]
#[tokio::test]
async fn tokio_echo_compresses_if_it_is_told_to() {
    use websocket_proto_tokio::DeflateConfig;

    for (arguments, expected) in [(&["--deflate", ANY][..], true), (&[ANY], false)] {
        let (_server, uri) = Program::serve("tokio_echo", arguments);
        let config = Config::new().deflate(Some(DeflateConfig::new()));
        let (ws, response) = connect_with(uri.as_str().into(), config).await.expect("a connection");
        assert_eq!(response.headers().contains_key("sec-websocket-extensions"), expected);
        check_echo(ws).await;
    }
}

/// §7.4.1: 1001 says that a server goes down.
#[tokio::test]
async fn tokio_echo_closes_each_connection_after_ctrl_c() {
    let (mut server, uri) = Program::serve("tokio_echo", &[ANY]);
    let mut clients = [open(&uri).await, open(&uri).await, open(&uri).await];
    server.interrupt();
    for ws in &mut clients {
        assert_eq!(receive_close(ws).await, 1001);
    }
    assert!(server.wait().success());
}

#[tokio::test]
async fn tokio_echo_does_not_wait_for_ever_for_a_client_that_does_not_close() {
    let (mut server, uri) = Program::serve("tokio_echo", &[ANY]);
    let _silent = open(&uri).await;
    let mut clean = open(&uri).await;
    server.interrupt();
    assert_eq!(receive_close(&mut clean).await, 1001);
    assert!(server.wait().success());
}

#[tokio::test]
async fn chat_sends_each_message_to_all_clients() {
    let (mut server, uri) = Program::serve("chat", &[ANY]);
    let mut clients = Vec::new();
    for joined in 1..=3 {
        clients.push(open(&uri).await);
        // The message about each new client shows that the room has it.
        for ws in clients.iter_mut().take(joined) {
            let message = receive(ws).await.expect("a message");
            assert!(message.as_text().expect("a text").ends_with(" joins"));
        }
    }
    let names: Vec<SocketAddr> =
        clients.iter().map(|ws| ws.get_ref().tcp().local_addr().expect("an address")).collect();
    for (sender, name) in names.iter().enumerate() {
        clients[sender].send("Hello").await.expect("an open connection");
        for ws in &mut clients {
            assert_eq!(receive(ws).await, Some(Message::from(format!("{name}: Hello"))));
        }
    }
    let mut left = clients.pop().expect("three of them");
    left.close(CloseCode::NORMAL_CLOSURE, "").await.expect("a clean end");
    for ws in &mut clients {
        assert_eq!(receive(ws).await, Some(Message::from(format!("{} leaves", names[2]))));
    }
    server.interrupt();
    for ws in &mut clients {
        assert_eq!(receive_close(ws).await, 1001);
    }
    assert!(server.wait().success());
}

#[tokio::test]
async fn chat_closes_a_client_that_reads_too_slowly() {
    let (_server, uri) = Program::serve("chat", &[ANY]);
    let mut sender = open(&uri).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    // The operating system would hold megabytes.
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address = uri.strip_prefix("ws://").expect("a URI").parse().expect("an address");
    let stream = socket.connect(address).await.expect("a connection");
    let (mut slow, _) = client(stream, uri.as_str().into(), Config::new()).await.expect("a connection");
    // The sender waits for each of its messages: it is not slow.
    let text = "x".repeat(4000);
    for _ in 0..1200 {
        sender.send(text.as_str()).await.expect("an open connection");
        while receive(&mut sender).await.expect("a message").as_text().is_none_or(|text| text.len() < 4000) {}
    }
    let close = loop {
        match timeout(PATIENCE, slow.receive()).await.expect("in time").expect("no error") {
            Some(Message::Close(frame)) => break frame.expect("a code"),
            Some(_) => {}
            None => panic!("no Close"),
        }
    };
    assert_eq!((close.code, close.reason.as_str()), (CloseCode::POLICY_VIOLATION, "too slow"));
    sender.close(CloseCode::NORMAL_CLOSURE, "").await.expect("a clean end");
}

#[tokio::test]
async fn axum_server_has_a_page_and_a_websocket() {
    let (_server, uri) = Program::serve("axum_server", &[ANY]);
    let page = get(&uri, "/").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("new WebSocket"), "{page}");
    let no_upgrade = get(&uri, "/ws").await;
    assert!(no_upgrade.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{no_upgrade}");
    let ws = format!("{}/ws", uri.replace("http:", "ws:"));
    check_echo(open(&ws).await).await;
    for (origin, is_accepted) in [(uri.as_str(), true), ("http://example.com", false)] {
        let request = ClientRequest::new(&ws).header("Origin", origin);
        match connect_with(request, Config::new()).await {
            Ok(_) => assert!(is_accepted),
            Err(Error::Rejected(response)) => {
                assert!(!is_accepted);
                assert_eq!((response.status().as_u16(), &response.body()[..]), (403, &b"another origin"[..]));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[cfg(feature = "rustls")]
#[test]
fn wss_client_trusts_the_certificate_of_the_server() {
    let certificate = std::env::temp_dir().join(format!("wss-{}.pem", std::process::id()));
    let certificate = certificate.to_str().expect("a path");
    let (_server, uri) = Program::serve("wss", &["server", ANY, certificate]);
    for uri in [uri.replace("127.0.0.1", "localhost"), uri] {
        let mut client = Program::start("wss", &["client", &uri, certificate]);
        assert_eq!(client.line(), r#"received Text("Hello")"#);
        assert_eq!(client.line(), "closed with 1000");
        assert!(client.wait().success());
    }
    std::fs::remove_file(certificate).expect("the server has written it");
}

#[test]
fn reconnect_comes_back_after_a_restart_of_the_server() {
    let address = format!("127.0.0.1:{}", free_port());
    let (mut server, uri) = Program::serve("tokio_echo", &[&address]);
    let mut client = Program::start("reconnect", &[&uri]);
    for _ in 0..2 {
        client.wait_for("connected");
        assert_eq!(client.line(), "received Hello");
        server.interrupt();
        assert_eq!(client.line(), "the server closes with 1001");
        assert!(server.wait().success());
        server = Program::serve("tokio_echo", &[&address]).0;
    }
    client.wait_for("received Hello");
    client.interrupt();
    assert!(client.wait().success());
}

#[tokio::test]
async fn reconnect_ends_after_an_error_that_stays() {
    let (_server, uri) = Program::serve("axum_server", &[ANY]);
    // The page, not a WebSocket.
    let mut client = Program::start("reconnect", &[&uri.replace("http:", "ws:")]);
    assert!(!client.wait().success());
}
