//! Messages of all kinds and lengths.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt as _;
use websocket_proto_tokio::{
    CloseCode, CloseFrame, Config, Error, Message, MessageKind, PreparedMessage, Role, SendError,
};

use crate::support::{ROLES, events, frame, open, pair, read_to_end};

#[tokio::test]
async fn messages_of_all_lengths_arrive_in_both_directions() {
    for capacity in [64, 100_000] {
        let (mut server, mut client) = pair(Config::new(), capacity);
        let lengths = [0, 1, 125, 126, 16_383, 16_384, 65_535, 65_536, 200_000];
        let echo = tokio::spawn(async move {
            while let Some(message) = server.receive().await.unwrap() {
                if message.is_data() {
                    server.send(message).await.unwrap();
                }
            }
        });
        for len in lengths {
            let text: String = "aé".chars().cycle().take(len).collect();
            for message in [Message::from(text), Message::from(vec![7; len]), Message::from("x".repeat(len))]
            {
                client.send(message.clone()).await.unwrap();
                assert!(client.receive().await.unwrap() == Some(message), "{len}");
            }
        }
        assert!(client.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap().clean());
        echo.await.unwrap();
    }
}

#[tokio::test]
async fn a_message_of_16_mib_arrives() {
    let (mut server, mut client) = pair(Config::new(), 1 << 16);
    let message = Message::from((0..16 << 20).map(|i: u32| i as u8).collect::<Vec<_>>());
    let expected = message.clone();
    let echo = tokio::spawn(async move {
        let message = server.receive().await.unwrap().unwrap();
        server.send(message).await.unwrap();
        assert_eq!(server.receive().await.unwrap(), Some(Message::Close(None)));
    });
    client.send(message).await.unwrap();
    assert!(client.receive().await.unwrap() == Some(expected));
    client.send(Message::Close(None)).await.unwrap();
    echo.await.unwrap();
}

/// §5.4, §5.5: a Ping between two fragments.
#[tokio::test]
async fn s5_4_fragments_become_a_message_and_pings_between_them_are_answered() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 1000);
        for (first, payload) in [(0x01, &b"Hel"[..]), (0x89, b"?"), (0x80, b"lo"), (0x88, b"\x03\xe8")] {
            peer.write_all(&frame(role, first, payload)).await.unwrap();
        }
        assert_eq!(ws.receive().await.unwrap(), Some(Message::Ping("?".into())));
        assert_eq!(ws.receive().await.unwrap(), Some(Message::from("Hello")));
        let close = CloseFrame::new(CloseCode::NORMAL_CLOSURE, "");
        assert_eq!(ws.receive().await.unwrap(), Some(Message::from(close)));
        drop(ws);
        assert_eq!(
            events(role, &read_to_end(&mut peer).await),
            ["Pong([63])", "Close(Some(CloseFrame { code: NORMAL_CLOSURE, reason: \"\" }))"]
        );
    }
}

#[tokio::test]
async fn s5_4_messages_are_sent_in_fragments() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 1000);
        ws.send_fragments(MessageKind::Text, ["a", "bc", "d"]).await.unwrap();
        ws.send_fragments(MessageKind::Binary, [""; 0]).await.unwrap();
        ws.send_fragment(MessageKind::Binary, b"x", false).await.unwrap();
        let error = ws.send("no").await.unwrap_err();
        assert!(matches!(error, Error::Send(SendError::MessageOpen)));
        ws.send_fragment(MessageKind::Binary, b"y", true).await.unwrap();
        drop(ws);
        let expected = ["Text(\"abcd\")", "Binary([])", "Binary([120, 121])"];
        assert_eq!(events(role, &read_to_end(&mut peer).await), expected);
    }
}

#[tokio::test]
async fn a_prepared_message_is_sent_to_many() {
    let message = PreparedMessage::text("news");
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 1000);
        ws.send_prepared(&message).await.unwrap();
        let (sender, _receiver) = ws.split();
        sender.send_prepared(message.clone()).await.unwrap();
        sender.try_send_prepared(message.clone()).unwrap();
        sender.flush().await.unwrap();
        drop((sender, _receiver));
        assert_eq!(events(role, &read_to_end(&mut peer).await), ["Text(\"news\")"; 3]);
    }
}

#[tokio::test]
async fn a_connection_is_a_stream_and_a_sink() {
    let (mut server, mut client) = pair(Config::new(), 1000);
    let server = tokio::spawn(async move {
        while let Some(message) = StreamExt::next(&mut server).await {
            let message = message.unwrap();
            if message.is_data() {
                SinkExt::send(&mut server, message).await.unwrap();
            }
        }
    });
    SinkExt::send(&mut client, Message::from("Hello")).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::from("Hello"));
    SinkExt::close(&mut client).await.unwrap();
    assert_eq!(client.close_status().code(), 1000);
    server.await.unwrap();
}

/// Misuse is an error, and the connection continues.
#[tokio::test]
async fn control_frames_that_are_too_long_are_refused() {
    let (mut server, mut client) = pair(Config::new(), 1000);
    let long = Bytes::from(vec![0; 126]);
    assert!(matches!(client.ping(long).await, Err(Error::Send(SendError::ControlTooLong))));
    let reason = "r".repeat(124);
    let result = client.close(CloseCode::NORMAL_CLOSURE, &reason).await;
    assert!(matches!(result, Err(Error::Send(SendError::ReasonTooLong))));
    client.send("Hello").await.unwrap();
    assert_eq!(server.receive().await.unwrap(), Some(Message::from("Hello")));
}

#[tokio::test]
async fn replies_are_in_one_write_with_fed_messages() {
    let (mut ws, mut peer) = open(Role::Server, Config::new(), 1000);
    let mut input = frame(Role::Server, 0x89, b"1");
    input.extend(frame(Role::Server, 0x81, b"text"));
    input.extend(frame(Role::Server, 0x89, b"2"));
    peer.write_all(&input).await.unwrap();
    for _ in 0..3 {
        let message = ws.receive().await.unwrap().unwrap();
        if message.is_data() {
            ws.feed(message).await.unwrap();
        }
    }
    assert_eq!(ws.queued_len(), 3 + 6 + 3, "nothing is written before the wait");
    drop(tokio::time::timeout(crate::support::seconds(0), ws.receive()).await);
    assert_eq!(ws.queued_len(), 0);
    drop(ws);
    assert_eq!(read_to_end(&mut peer).await, b"\x8a\x011\x81\x04text\x8a\x012");
}

#[cfg(feature = "deflate")]
#[tokio::test]
async fn compressed_messages_arrive() {
    use tokio::io::duplex;
    use websocket_proto_tokio::{ClientRequest, DeflateConfig, accept, client};

    let config = Config::new().deflate(Some(DeflateConfig::default()));
    let (stream, peer) = duplex(1 << 16);
    let server = tokio::spawn(async move {
        let mut ws = accept(peer, config).await.unwrap();
        while let Some(message) = ws.receive().await.unwrap() {
            if message.is_data() {
                ws.send(message).await.unwrap();
            }
        }
    });
    let (mut ws, response) = client(stream, ClientRequest::new("ws://localhost/"), config).await.unwrap();
    assert!(
        response.headers()["sec-websocket-extensions"].to_str().unwrap().starts_with("permessage-deflate")
    );
    for len in [0, 10, 1000, 100_000, 1 << 20] {
        let message = Message::from("All work and no play. ".repeat(len / 20));
        ws.send(message.clone()).await.unwrap();
        assert!(ws.receive().await.unwrap() == Some(message));
    }
    let (sender, mut receiver) = ws.split();
    sender.send("split").await.unwrap();
    assert_eq!(receiver.receive().await.unwrap(), Some(Message::from("split")));
    sender.close(CloseCode::NORMAL_CLOSURE, "").await.unwrap();
    while receiver.receive().await.unwrap().is_some() {}
    server.await.unwrap();
}
