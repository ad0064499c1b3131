//! How split connections end while the output or the channel between the halves is full.

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use websocket_proto_tokio::{Config, Error, Message, MessageKind, Role};

use crate::support::{ROLES, events, frame, open, read_to_end, seconds, write};

/// The number of the events in these bytes, and the last one.
fn last_event(role: Role, bytes: &[u8]) -> (usize, String) {
    let mut events = events(role, bytes);
    (events.len(), events.pop().unwrap_or_default())
}

const NORMAL_CLOSURE: &str = r#"Close(Some(CloseFrame { code: NORMAL_CLOSURE, reason: "" }))"#;
const PROTOCOL_ERROR: &str = r#"Close(Some(CloseFrame { code: PROTOCOL_ERROR, reason: "" }))"#;
const INTERNAL_ERROR: &str = r#"Close(Some(CloseFrame { code: INTERNAL_ERROR, reason: "" }))"#;

/// More than the channel from the receiver to the task that writes has room for.
const PINGS: usize = 17;

/// §5.5.1
#[tokio::test(start_paused = true)]
async fn s5_5_1_a_close_that_waits_for_room_is_written_after_the_peer_has_closed_its_direction() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new().max_write_buffer(100), 100);
        let (sender, mut receiver) = ws.split();
        sender.send(vec![7; 250]).await.unwrap();
        write(&mut peer, &frame(role, 0x88, b"\x03\xe8")).await;
        peer.shutdown().await.unwrap();
        assert!(matches!(receiver.receive().await, Ok(Some(Message::Close(_)))));
        let output = tokio::spawn(async move { read_to_end(&mut peer).await });
        let result = receiver.receive().await;
        assert!(matches!(result, Ok(None)), "{role:?} {result:?}");
        assert_eq!(last_event(role, &output.await.unwrap()), (2, NORMAL_CLOSURE.to_owned()), "{role:?}");
    }
}

/// §7.1.7
#[tokio::test(start_paused = true)]
async fn s7_1_7_a_close_after_a_violation_is_written_after_the_peer_has_closed_its_direction() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new().max_write_buffer(100), 100);
        let (sender, mut receiver) = ws.split();
        sender.send(vec![7; 250]).await.unwrap();
        write(&mut peer, &frame(role, 0x83, b"")).await;
        peer.shutdown().await.unwrap();
        assert!(receiver.receive().now_or_never().is_none(), "the output is full");
        let output = tokio::spawn(async move { read_to_end(&mut peer).await });
        assert!(matches!(receiver.receive().await, Err(Error::Protocol(_))), "{role:?}");
        assert_eq!(last_event(role, &output.await.unwrap()), (2, PROTOCOL_ERROR.to_owned()), "{role:?}");
    }
}

/// §5.5.1
#[tokio::test(start_paused = true)]
async fn s5_5_1_a_close_that_waits_for_room_is_written_after_the_receiver_is_dropped() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new().max_write_buffer(100), 100);
        let (sender, mut receiver) = ws.split();
        sender.send(vec![7; 250]).await.unwrap();
        write(&mut peer, &frame(role, 0x88, b"\x03\xe8")).await;
        assert!(matches!(receiver.receive().await, Ok(Some(Message::Close(_)))));
        drop(receiver);
        assert_eq!(
            last_event(role, &read_to_end(&mut peer).await),
            (2, NORMAL_CLOSURE.to_owned()),
            "{role:?}"
        );
    }
}

/// §5.5.1
#[tokio::test(start_paused = true)]
async fn s5_5_1_a_close_behind_many_pings_is_answered_after_the_receiver_is_dropped() {
    for role in ROLES {
        for pings in [PINGS - 1, PINGS] {
            let (ws, mut peer) = open(role, Config::new(), 1000);
            let (_sender, mut receiver) = ws.split();
            let mut input = frame(role, 0x89, b"").repeat(pings);
            input.extend(frame(role, 0x88, b"\x03\xe8"));
            write(&mut peer, &input).await;
            for _ in 0..pings {
                assert!(matches!(receiver.receive().await, Ok(Some(Message::Ping(_)))));
            }
            assert!(matches!(receiver.receive().await, Ok(Some(Message::Close(_)))));
            drop(receiver);
            let output = timeout(seconds(5), read_to_end(&mut peer)).await.expect("the end");
            assert_eq!(last_event(role, &output).1, NORMAL_CLOSURE, "{role:?} {pings}");
        }
    }
}

/// A future that is dropped while the notice of the Close waits for room.
#[tokio::test(start_paused = true)]
async fn a_close_behind_many_pings_is_received_once() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new(), 1000);
        let (_sender, mut receiver) = ws.split();
        let mut input = frame(role, 0x89, b"").repeat(PINGS - 1);
        input.extend(frame(role, 0x88, b"\x03\xe8"));
        write(&mut peer, &input).await;
        for _ in 0..PINGS - 1 {
            assert!(matches!(receiver.receive().now_or_never(), Some(Ok(Some(Message::Ping(_))))));
        }
        assert!(receiver.receive().now_or_never().is_none(), "the task that writes has not run");
        assert!(matches!(receiver.receive().await, Ok(Some(Message::Close(_)))));
        peer.shutdown().await.unwrap();
        assert!(matches!(receiver.receive().await, Ok(None)));
    }
}

/// §7.1.7
#[tokio::test(start_paused = true)]
async fn s7_1_7_a_violation_behind_many_pings_is_answered_after_the_peer_has_closed_its_direction() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new(), 1000);
        let (_sender, mut receiver) = ws.split();
        write(&mut peer, &frame(role, 0x82, b"")).await;
        assert!(matches!(receiver.receive().await, Ok(Some(Message::Binary(_)))));
        // Input does not move the next tick any more, which would wait for room in the channel.
        assert!(receiver.receive().now_or_never().is_none());
        let mut input = frame(role, 0x89, b"").repeat(PINGS - 1);
        input.extend(frame(role, 0x83, b""));
        write(&mut peer, &input).await;
        peer.shutdown().await.unwrap();
        for _ in 0..PINGS - 1 {
            assert!(matches!(receiver.receive().await, Ok(Some(Message::Ping(_)))));
        }
        let output = tokio::spawn(async move { read_to_end(&mut peer).await });
        assert!(matches!(receiver.receive().await, Err(Error::Protocol(_))), "{role:?}");
        assert_eq!(last_event(role, &output.await.unwrap()).1, PROTOCOL_ERROR, "{role:?}");
    }
}

/// The task that writes has an error of the application to report, and takes no more notices.
#[tokio::test(start_paused = true)]
async fn a_peer_that_writes_before_it_reads_gets_the_close_after_an_error_of_the_application() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new(), 100);
        let (sender, mut receiver) = ws.split();
        let invalid = [Bytes::from_static(b"ab"), Bytes::from_static(b"\xff")];
        sender.send(vec![7; 250]).await.unwrap();
        sender.send_fragments(MessageKind::Text, invalid).await.unwrap();
        let pings = frame(role, 0x89, b"").repeat(1000);
        let output = tokio::spawn(async move {
            write(&mut peer, &pings).await;
            read_to_end(&mut peer).await
        });
        let error = loop {
            match receiver.receive().await {
                Ok(message) => assert!(matches!(message, Some(Message::Ping(_))), "{role:?} {message:?}"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Send(_)), "{role:?} {error:?}");
        let output = timeout(seconds(30), output).await.expect("the end").unwrap();
        assert_eq!(last_event(role, &output).1, INTERNAL_ERROR, "{role:?}");
    }
}
