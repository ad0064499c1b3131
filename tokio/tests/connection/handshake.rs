//! The opening handshake.

use core::pin::pin;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use websocket_proto_tokio::{
    Accept, AcceptError, ClientRequest, Config, Error, HandshakeError, Message, Reject, RequestError, accept,
    accept_with, client, connect,
};

use crate::support::{read_to_end, seconds, write};

const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: id=1\r\n\r\n";

#[tokio::test]
async fn frames_behind_the_request_are_received() {
    for capacity in [10, 1000] {
        let (stream, mut peer) = duplex(capacity);
        let server = tokio::spawn(async {
            let mut ws = accept_with(stream, Config::new(), |request| {
                assert_eq!((request.target(), request.header("cookie")), ("/chat", Some(&b"id=1"[..])));
                Ok(Accept::new())
            })
            .await
            .unwrap();
            ws.receive().await
        });
        let reader = tokio::spawn(async move {
            peer.write_all(&[REQUEST, b"\x81\x85\0\0\0\0Hello"].concat()).await.unwrap();
            let mut head = [0; 12];
            peer.read_exact(&mut head).await.unwrap();
            (head, peer)
        });
        // The transport is small: the response has no room while the frame waits.
        let (head, mut peer) = reader.await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 101");
        let mut rest = vec![0; 1000];
        while !server.is_finished() {
            tokio::select! {
                _ = peer.read(&mut rest) => {}
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(server.await.unwrap().unwrap(), Some(Message::from("Hello")));
    }
}

#[tokio::test]
async fn invalid_requests_get_an_http_error() {
    let (stream, mut peer) = duplex(1000);
    let server = tokio::spawn(async { accept(stream, Config::new()).await.map(drop) });
    write(&mut peer, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").await;
    write(&mut peer, &[b'x'; 500]).await;
    assert!(read_to_end(&mut peer).await.starts_with(b"HTTP/1.1 405 "));
    drop(peer);
    assert!(matches!(server.await.unwrap(), Err(Error::Handshake(HandshakeError::MethodNotAllowed))));
}

#[tokio::test]
async fn a_page_is_served_to_a_plain_request() {
    let (stream, mut peer) = duplex(1000);
    let server = tokio::spawn(async {
        let page = Reject::new(200).header("Content-Type", "text/html").body("<p>Hello");
        accept_with(stream, Config::new().allow_plain_http(true), |_| Err(page)).await.map(drop)
    });
    write(&mut peer, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = String::from_utf8(read_to_end(&mut peer).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("<p>Hello"), "{answer}");
    drop(peer);
    assert!(matches!(server.await.unwrap(), Err(Error::Declined(200))));
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_an_error_and_a_500() {
    for (accept, expected) in [
        (Accept::new().header("Host", "a"), AcceptError::ReservedField),
        (Accept::new().header("X", "a\r\nb"), AcceptError::InvalidField),
        (Accept::new().subprotocol("never offered"), AcceptError::SubprotocolNotOffered),
    ] {
        let (stream, mut peer) = duplex(1000);
        let server =
            tokio::spawn(async { accept_with(stream, Config::new(), |_| Ok(accept)).await.map(drop) });
        write(&mut peer, REQUEST).await;
        assert!(read_to_end(&mut peer).await.starts_with(b"HTTP/1.1 500 "));
        drop(peer);
        assert!(matches!(server.await.unwrap(), Err(Error::Accept(error)) if error == expected));
    }
}

#[tokio::test]
async fn a_rejection_keeps_the_part_of_the_body_that_arrives() {
    for (head, body, expected) in [
        ("Content-Length: 5\r\n", vec![b'x'; 9], 5),
        ("", vec![b'x'; 100_000], 16 * 1024),
        ("Content-Length: 50\r\n", vec![b'x'; 9], 9),
    ] {
        let (stream, mut peer) = duplex(1000);
        tokio::spawn(async move {
            let response = format!("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n{head}\r\n");
            write(&mut peer, response.as_bytes()).await;
            write(&mut peer, &body).await;
        });
        let result = client(stream, ClientRequest::new("ws://localhost/"), Config::new()).await;
        let Err(Error::Rejected(response)) = result else { panic!("{result:?}") };
        assert_eq!((response.status().as_u16(), response.body().len()), (503, expected));
        assert_eq!(response.headers()["retry-after"], "120");
    }
}

/// `http` has no room for so many names.
#[tokio::test]
async fn a_response_can_have_as_many_fields_as_the_limits_allow() {
    let config = Config::new().max_headers(40_000).max_head_size(1 << 20);
    let (stream, mut peer) = duplex(1 << 20);
    let fields: String = (0..35_000).map(|number| format!("X-{number}: 1\r\n")).collect();
    let response = format!("HTTP/1.1 403 Forbidden\r\n{fields}Content-Length: 0\r\n\r\n");
    write(&mut peer, response.as_bytes()).await;
    let result = client(stream, ClientRequest::new("ws://localhost/"), config).await;
    let Err(Error::Rejected(response)) = result else { panic!("{result:?}") };
    assert_eq!(response.status().as_u16(), 403);
    assert!(response.headers().len() > 24_000, "{}", response.headers().len());
}

/// RFC 9112 §7.1. The server does not close the transport.
#[tokio::test(start_paused = true)]
async fn the_chunks_of_a_rejection_are_decoded() {
    let long = [b"3e80\r\n", &[b'x'; 16_000][..], b"\r\n5000\r\n", &[b'y'; 20_000]].concat();
    let (long_start, long_rest) = ("x".repeat(16_000), "y".repeat(16 * 1024 - 16_000 - 14));
    for (status, coding, body, expected, elapsed) in [
        (503, "chunked", &b"3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\n\r\n"[..], "abcde", 0),
        (503, "gzip, Chunked", b"3\r\nabc\r\n0\r\nName: value\r\n\r\n", "abc", 0),
        (503, "chunked", b"3\r\nabc\r\n5\r\nde", "abcde", 2),
        (503, "chunked", b"3\r\nabc\r", "abc", 2),
        (503, "chunked", b"3\r\nabc\r\n5", "abc", 2),
        (503, "chunked", b"3\r\nabcd", "abc", 2),
        (503, "chunked", b"3\r\nabcdef", "abc", 0),
        (503, "chunked", b"3\r\nabc\r\nx", "abc", 0),
        (503, "chunked", b"fffffffffffffffff\r\n", "", 0),
        (503, "gzip", b"3\r\nabc", "3\r\nabc", 2),
        (204, "chunked", b"", "", 0),
        (503, "chunked", &long, &(long_start + &long_rest), 0),
    ] {
        let (stream, mut peer) = duplex(100_000);
        let head = format!("HTTP/1.1 {status} Reason\r\nTransfer-Encoding: {coding}\r\n\r\n");
        write(&mut peer, &[head.as_bytes(), body].concat()).await;
        let started = Instant::now();
        let result = client(stream, ClientRequest::new("ws://localhost/"), Config::new()).await;
        let Err(Error::Rejected(response)) = result else { panic!("{result:?}") };
        let body = body.escape_ascii().to_string();
        assert_eq!(response.status(), status, "{body}");
        assert!(response.body() == expected, "{body} {}", response.body().len());
        assert_eq!(started.elapsed().as_secs(), elapsed, "{body}");
    }
}

/// The timeout of the handshake is shorter than the wait for the content.
#[tokio::test]
async fn a_rejection_is_in_time_if_its_head_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nwait").await.unwrap();
        stream
    });
    let config = Config::new().handshake_timeout(Some(seconds(1)));
    let result = connect(&uri, config).await;
    let Err(Error::Rejected(response)) = result else { panic!("{result:?}") };
    assert_eq!(response.body(), "wait");
    drop(server.await.unwrap());
}

#[tokio::test]
async fn requests_that_cannot_be_sent_are_errors() {
    let (stream, _peer) = duplex(1000);
    let request = ClientRequest::new("ws://localhost/").header("Upgrade", "h2c");
    let result = client(stream, request, Config::new()).await;
    assert!(matches!(result, Err(Error::Request(RequestError::ReservedField))));
    assert!(matches!(connect("http://localhost/", Config::new()).await, Err(Error::Uri(_))));
    #[cfg(not(feature = "rustls"))]
    assert!(matches!(connect("wss://localhost/", Config::new()).await, Err(Error::TlsNotSupported)));
    assert!(matches!(connect("ws://127.0.0.1:1/", Config::new()).await, Err(Error::Io(_))));
}

#[tokio::test]
async fn a_peer_that_leaves_during_the_handshake_is_an_error() {
    for len in [0, 1, REQUEST.len() - 1] {
        let (stream, mut peer) = duplex(1000);
        write(&mut peer, &REQUEST[..len]).await;
        drop(peer);
        assert!(matches!(accept(stream, Config::new()).await, Err(Error::Disconnected)));
    }
}

/// The deadline is looked at after the input that is there.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_in_the_transport_is_in_time() {
    // Longer than one read.
    let field = format!("Cookie: {}\r\n\r\n", "a".repeat(5000));
    let request = [REQUEST.strip_suffix(b"\r\n").unwrap(), field.as_bytes()].concat();
    for request in [REQUEST, &request] {
        let (stream, mut peer) = duplex(10_000);
        let mut accepting = pin!(accept(stream, Config::new()));
        assert!(timeout(seconds(1), &mut accepting).await.is_err());
        peer.write_all(request).await.unwrap();
        sleep(seconds(60)).await;
        assert!(accepting.await.is_ok());
    }
}
