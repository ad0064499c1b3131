//! How connections end.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use websocket_proto_tokio::{CloseCode, Config, Error, Message, Negotiated, ProtocolError, Role, WebSocket};

use crate::support::{ROLES, events, frame, open, pair, read_to_end, write};

/// §7.1.4, §7.1.1: both Close frames, then the end of the transport.
#[tokio::test]
async fn s7_1_4_both_ends_close_cleanly() {
    let (mut server, mut client) = pair(Config::new(), 1000);
    let server = tokio::spawn(async move {
        let close = server.receive().await.unwrap().unwrap();
        assert!(matches!(close, Message::Close(Some(frame)) if frame.reason == "bye"));
        assert!(matches!(server.send("late").await, Err(Error::Closed)));
        assert!(matches!(server.receive().await, Ok(None)));
        assert!(matches!(server.receive().await, Ok(None)));
        server.close_status()
    });
    let status = client.close(CloseCode::NORMAL_CLOSURE, "bye").await.unwrap();
    assert_eq!((status.clean(), status.code()), (true, 1000));
    assert!(server.await.unwrap().clean());
    assert!(client.close(CloseCode::NORMAL_CLOSURE, "again").await.unwrap().clean());
}

/// §7.1.7: the peer gets the Close with the code of the error before the application gets the error.
#[tokio::test(start_paused = true)]
async fn s7_1_7_a_violation_is_answered_before_it_is_an_error() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 1000);
            let mut input = frame(role, 0x81, b"before");
            input.extend(frame(role, 0x83, b"reserved opcode"));
            write(&mut peer, &input).await;
            let task = tokio::spawn(async move {
                if is_split {
                    let (_sender, mut receiver) = ws.split();
                    (receiver.receive().await, receiver.receive().await, receiver.receive().await)
                } else {
                    (ws.receive().await, ws.receive().await, ws.receive().await)
                }
            });
            let bytes = read_to_end(&mut peer).await;
            assert!(events(role, &bytes)[0].contains("PROTOCOL_ERROR"), "{:?}", events(role, &bytes));
            drop(peer);
            let (message, error, end) = task.await.unwrap();
            assert_eq!(message.unwrap(), Some(Message::from("before")));
            assert!(matches!(error, Err(Error::Protocol(ProtocolError::ReservedOpcode))), "{error:?}");
            assert!(matches!(end, Ok(None)));
        }
    }
}

/// §7.1.7: also if the output had no room for the Close.
#[tokio::test]
async fn s7_1_7_a_violation_is_answered_behind_all_other_output() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new().max_write_buffer(1000), 64);
        let mut input = frame(role, 0x81, b"before");
        input.extend(frame(role, 0x83, b""));
        write(&mut peer, &input).await;
        let reader = tokio::spawn(async move { read_to_end(&mut peer).await });
        assert_eq!(ws.receive().await.unwrap(), Some(Message::from("before")));
        ws.feed(vec![7; 2000]).await.unwrap();
        let result = ws.receive().await;
        assert!(matches!(result, Err(Error::Protocol(ProtocolError::ReservedOpcode))), "{result:?}");
        drop(ws);
        let events = events(role, &reader.await.unwrap());
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(events[1].contains("PROTOCOL_ERROR"), "{events:?}");
    }
}

/// A peer that writes without end, and reads only then, gets the Close.
#[tokio::test(start_paused = true)]
async fn a_peer_that_writes_before_it_reads_gets_the_close() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 64);
        let task = tokio::spawn(async move { ws.receive().await });
        write(&mut peer, &frame(role, 0x83, b"")).await;
        for _ in 0..1000 {
            write(&mut peer, &[0; 100]).await;
        }
        let bytes = read_to_end(&mut peer).await;
        assert!(events(role, &bytes)[0].contains("PROTOCOL_ERROR"));
        drop(peer);
        assert!(matches!(task.await.unwrap(), Err(Error::Protocol(_))));
    }
}

/// §7.1.5: 1006.
#[tokio::test]
async fn s7_1_5_a_transport_that_ends_without_a_close_is_an_error() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 1000);
            write(&mut peer, &frame(role, 0x81, b"last")[..5]).await;
            drop(peer);
            let result = if is_split {
                let (_sender, mut receiver) = ws.split();
                receiver.receive().await
            } else {
                ws.receive().await
            };
            assert!(matches!(result, Err(Error::Disconnected)), "{result:?}");
        }
    }
}

/// The output before the end of the transport is still written: the peer may have closed one direction only.
#[tokio::test]
async fn output_is_written_after_the_peer_has_closed_its_direction() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut ws = WebSocket::from_upgraded(stream, Role::Server, Negotiated::new(), Config::new());
    peer.write_all(&frame(Role::Server, 0x81, b"question")).await.unwrap();
    peer.shutdown().await.unwrap();
    let message = ws.receive().await.unwrap().unwrap();
    ws.feed(message).await.unwrap();
    assert!(matches!(ws.receive().await, Err(Error::Disconnected)));
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"\x81\x08question");
}

#[tokio::test]
async fn a_reset_ends_the_connection() {
    for is_split in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut ws = WebSocket::from_upgraded(stream, Role::Server, Negotiated::new(), Config::new());
        peer.set_zero_linger().unwrap();
        drop(peer);
        let error = if is_split {
            let (sender, mut receiver) = ws.split();
            let error = receiver.receive().await.unwrap_err();
            sender.closed().await;
            error
        } else {
            ws.receive().await.unwrap_err()
        };
        assert!(matches!(error, Error::Io(_)), "{error:?}");
    }
}

/// After a failed write, the messages and the Close that the peer has sent before are received.
#[tokio::test]
async fn the_last_messages_of_a_peer_that_has_gone_are_received() {
    let (mut ws, mut peer) = open(Role::Server, Config::new(), 1000);
    write(&mut peer, &frame(Role::Server, 0x81, b"last")).await;
    write(&mut peer, &frame(Role::Server, 0x88, b"\x03\xe8")).await;
    drop(peer);
    assert!(matches!(ws.send("to nobody").await, Err(Error::Io(_))));
    assert!(matches!(ws.send("to nobody").await, Err(Error::Io(_))));
    assert_eq!(ws.receive().await.unwrap(), Some(Message::from("last")));
    assert!(matches!(ws.receive().await, Ok(Some(Message::Close(Some(_))))));
    assert!(matches!(ws.receive().await, Ok(None)));
}

/// With `auto_close` off, the application answers the Close.
#[tokio::test]
async fn an_application_can_answer_the_close_itself() {
    let (mut server, mut client) = pair(Config::new().auto_close(false), 1000);
    let server = tokio::spawn(async move {
        assert!(server.receive().await.unwrap().unwrap().is_close());
        server.send("farewell").await.unwrap();
        server.close(CloseCode::NORMAL_CLOSURE, "done").await.unwrap()
    });
    client.send(Message::Close(None)).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Some(Message::from("farewell")));
    assert!(
        matches!(client.receive().await.unwrap(), Some(Message::Close(Some(frame))) if frame.reason == "done")
    );
    assert!(matches!(client.receive().await, Ok(None)));
    assert!(server.await.unwrap().clean());
}
