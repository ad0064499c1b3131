//! The halves of a connection.

use bytes::Bytes;
use futures_util::{FutureExt as _, SinkExt, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio::time::{Instant, sleep, timeout};
use websocket_proto_tokio::{CloseCode, Config, Error, Message, MessageKind, Role, SendError, Timeout};

use crate::support::{ROLES, events, frame, open, pair, read_to_end, seconds, write};

#[tokio::test]
async fn halves_exchange_messages_and_close() {
    let (server, client) = pair(Config::new(), 1000);
    let echo = tokio::spawn(async move {
        let (sender, mut receiver) = server.split();
        while let Some(message) = receiver.receive().await.unwrap() {
            if message.is_data() {
                sender.send(message).await.unwrap();
            }
        }
        sender.closed().await;
        assert!(matches!(sender.send("late").await, Err(Error::Closed)));
    });
    let (sender, mut receiver) = client.split();
    for number in 0..100 {
        let (text, bytes) = (Message::from(number.to_string()), Message::from(vec![7; 1 << (number % 18)]));
        sender.send(text.clone()).await.unwrap();
        sender.send(bytes.clone()).await.unwrap();
        assert_eq!(receiver.receive().await.unwrap(), Some(text));
        assert!(receiver.receive().await.unwrap() == Some(bytes));
    }
    sender.close(CloseCode::NORMAL_CLOSURE, "bye").await.unwrap();
    let close = receiver.receive().await.unwrap().unwrap();
    assert!(matches!(close, Message::Close(Some(frame)) if frame.reason == "bye"));
    assert!(matches!(receiver.receive().await, Ok(None)));
    assert!(matches!(receiver.receive().await, Ok(None)));
    echo.await.unwrap();
}

/// §5.5.2: while the sender is idle.
#[tokio::test]
async fn s5_5_2_pings_are_answered_while_the_sender_is_idle() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new(), 1000);
        let (sender, mut receiver) = ws.split();
        for number in 0..50 {
            write(&mut peer, &frame(role, 0x89, &[number])).await;
            assert_eq!(receiver.receive().await.unwrap(), Some(Message::Ping(vec![number].into())));
            let mut pong = vec![0; if role == Role::Server { 3 } else { 7 }];
            peer.read_exact(&mut pong).await.unwrap();
            assert_eq!(events(role, &pong), [format!("Pong([{number}])")]);
        }
        drop((sender, receiver));
        assert!(read_to_end(&mut peer).await.is_empty(), "the task has ended");
    }
}

/// §5.5.3: a peer that sends Pings and does not read costs no memory.
#[tokio::test(start_paused = true)]
async fn s5_5_3_pings_of_a_peer_that_does_not_read_are_received() {
    let (ws, mut peer) = open(Role::Server, Config::new().max_write_buffer(1000), 200);
    let (_sender, mut receiver) = ws.split();
    let writer = tokio::spawn(async move {
        for _ in 0..10_000 {
            write(&mut peer, &frame(Role::Server, 0x89, b"a ping with some bytes")).await;
        }
        peer
    });
    for _ in 0..10_000 {
        assert!(matches!(receiver.receive().await, Ok(Some(Message::Ping(_)))));
    }
    drop(writer.await.unwrap());
}

#[tokio::test]
async fn what_is_queued_is_sent_when_the_halves_are_dropped() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 10);
        ws.feed("0").await.unwrap();
        let (sender, receiver) = ws.split();
        drop(receiver);
        for number in 1..10 {
            sender.send(number.to_string()).await.unwrap();
        }
        drop(sender);
        let expected: Vec<_> = (0..10).map(|number| format!("Text(\"{number}\")")).collect();
        assert_eq!(events(role, &read_to_end(&mut peer).await), expected);
    }
}

#[tokio::test]
async fn the_halves_are_a_sink_and_a_stream() {
    let (server, client) = pair(Config::new(), 1000);
    let echo = tokio::spawn(async move {
        let (sender, receiver) = server.split();
        let messages = receiver.filter(|message| {
            let is_data = message.as_ref().is_ok_and(Message::is_data);
            async move { is_data }
        });
        messages.forward(sender).await.unwrap();
    });
    let (mut sender, mut receiver) = client.split();
    let mut messages =
        futures_util::stream::iter((0..100).map(|number| Ok(Message::from(number.to_string()))));
    let sending = tokio::spawn(async move {
        sender.send_all(&mut messages).await.unwrap();
        sender
    });
    for number in 0..100 {
        assert_eq!(receiver.next().await.unwrap().unwrap(), Message::from(number.to_string()));
    }
    let mut sender = sending.await.unwrap();
    SinkExt::close(&mut sender).await.unwrap();
    while receiver.next().await.is_some() {}
    echo.await.unwrap();
}

/// §5.4: messages of other senders do not come between the fragments.
#[tokio::test]
async fn s5_4_fragments_of_one_sender_stay_together() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new().max_write_buffer(10), 10);
        let (sender, receiver) = ws.split();
        let other = sender.clone();
        sender.send_fragments(MessageKind::Text, (0..20).map(|_| "piece ")).await.unwrap();
        other.send("other").await.unwrap();
        sender.send_fragments(MessageKind::Binary, Vec::<Bytes>::new()).await.unwrap();
        drop((sender, other, receiver));
        let text = "piece ".repeat(20);
        let expected = [format!("Text({text:?})"), "Text(\"other\")".into(), "Binary([])".into()];
        assert_eq!(events(role, &read_to_end(&mut peer).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_wait_for_later_messages() {
    let (ws, mut peer) = open(Role::Server, Config::new().max_write_buffer(1000), 100);
    let (sender, _receiver) = ws.split();
    let other = sender.clone();
    let flood = tokio::spawn(async move { while other.send(vec![7; 200]).await.is_ok() {} });
    let reader = tokio::spawn(async move {
        let mut piece = [0; 100];
        loop {
            sleep(seconds(1)).await;
            peer.read_exact(&mut piece).await.unwrap();
        }
    });
    for _ in 0..3 {
        sleep(seconds(10)).await;
        timeout(seconds(100), sender.flush()).await.expect("what was queued before").unwrap();
    }
    flood.abort();
    reader.abort();
}

/// The task that writes runs after the peer's Close is received.
#[tokio::test]
async fn what_is_queued_before_the_close_of_the_peer_is_sent() {
    for role in ROLES {
        for closes in [false, true] {
            let (ws, mut peer) = open(role, Config::new(), 1000);
            let (sender, mut receiver) = ws.split();
            let mut input = frame(role, 0x81, b"Hello");
            if closes {
                input.extend(frame(role, 0x88, b""));
            }
            write(&mut peer, &input).await;
            peer.shutdown().await.unwrap();
            let Some(message) = receiver.receive().await.unwrap() else { panic!("a message") };
            sender.send(message).await.unwrap();
            sender.send_fragments(MessageKind::Text, ["fragm", "ents"]).await.unwrap();
            let output = tokio::spawn(async move { read_to_end(&mut peer).await });
            if closes {
                assert_eq!(receiver.receive().await.unwrap(), Some(Message::Close(None)));
                assert!(matches!(receiver.receive().await, Ok(None)));
            } else {
                assert!(matches!(receiver.receive().await, Err(Error::Disconnected)));
            }
            let mut expected = vec!["Text(\"Hello\")", "Text(\"fragments\")"];
            expected.extend(closes.then_some("Close(None)"));
            assert_eq!(events(role, &output.await.unwrap()), expected);
        }
    }
}

/// To such a task, the queue shows no message.
#[tokio::test]
async fn what_is_queued_is_sent_by_a_task_that_has_used_up_its_budget() {
    let (ws, mut peer) = open(Role::Server, Config::new(), 1000);
    let (sender, mut receiver) = ws.split();
    let fragments = ["fragm", "ents"].into_iter().inspect(|_| {
        while has_budget_remaining() {
            let _ = consume_budget().now_or_never();
        }
    });
    sender.send_fragments(MessageKind::Text, fragments).await.unwrap();
    sender.send("after them").await.unwrap();
    write(&mut peer, &frame(Role::Server, 0x88, b"")).await;
    assert_eq!(receiver.receive().await.unwrap(), Some(Message::Close(None)));
    let output = tokio::spawn(async move { read_to_end(&mut peer).await });
    assert!(matches!(receiver.receive().await, Ok(None)));
    let expected = ["Text(\"fragments\")", "Text(\"after them\")", "Close(None)"];
    assert_eq!(events(Role::Server, &output.await.unwrap()), expected);
}

#[tokio::test(start_paused = true)]
async fn a_flush_before_the_end_waits_for_the_transport() {
    let (ws, mut peer) = open(Role::Server, Config::new(), 100);
    let (sender, mut receiver) = ws.split();
    sender.send(vec![7; 1000]).await.unwrap();
    let flushing = tokio::spawn(async move { sender.flush().await });
    sleep(seconds(1)).await;
    write(&mut peer, &frame(Role::Server, 0x88, b"")).await;
    assert_eq!(receiver.receive().await.unwrap(), Some(Message::Close(None)));
    sleep(seconds(1)).await;
    assert!(!flushing.is_finished());
    peer.read_exact(&mut [0; 4 + 1000]).await.unwrap();
    assert!(matches!(flushing.await.unwrap(), Ok(())));
}

#[tokio::test]
async fn a_peer_that_vanishes_is_disconnected_even_if_messages_are_queued() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new(), 1000);
        let (sender, mut receiver) = ws.split();
        write(&mut peer, &frame(role, 0x81, b"Hello")).await;
        drop(peer);
        assert_eq!(receiver.receive().await.unwrap(), Some(Message::from("Hello")));
        sender.send("to nobody").await.unwrap();
        let result = receiver.receive().await;
        assert!(matches!(result, Err(Error::Disconnected)), "{role:?} {result:?}");
    }
}

#[tokio::test]
async fn a_flush_after_a_message_that_is_not_sent_fails() {
    let (ws, mut peer) = open(Role::Server, Config::new(), 1000);
    let (sender, mut receiver) = ws.split();
    sender.try_send("sent").unwrap();
    sender.try_send(Message::Close(None)).unwrap();
    // The task that writes has not run since.
    sender.try_send("not sent").unwrap();
    assert!(matches!(sender.flush().await, Err(Error::Closed)));
    write(&mut peer, &frame(Role::Server, 0x88, b"")).await;
    let output = tokio::spawn(async move { read_to_end(&mut peer).await });
    assert_eq!(receiver.receive().await.unwrap(), Some(Message::Close(None)));
    assert!(matches!(receiver.receive().await, Ok(None)));
    assert_eq!(events(Role::Server, &output.await.unwrap()), ["Text(\"sent\")", "Close(None)"]);
}

#[tokio::test(start_paused = true)]
async fn senders_learn_of_the_end_while_the_output_is_full() {
    for (input, fragments) in [(0x88, false), (0x88, true), (0x83, false)] {
        let (ws, mut peer) = open(Role::Server, Config::new().max_write_buffer(100), 100);
        let (sender, mut receiver) = ws.split();
        if fragments {
            sender.send_fragments(MessageKind::Text, (0..1000).map(|_| "piece")).await.unwrap();
        }
        sender.send(vec![7; 1000]).await.unwrap();
        let waiting = sender.clone();
        let waiting = tokio::spawn(async move { while waiting.send("more").await.is_ok() {} });
        let receiving = tokio::spawn(async move { while let Ok(Some(_)) = receiver.receive().await {} });
        sleep(seconds(1)).await;
        assert!(sender.can_send() && !waiting.is_finished());
        write(&mut peer, &frame(Role::Server, input, b"")).await;
        timeout(seconds(1), sender.closed()).await.expect("the end");
        timeout(seconds(1), waiting).await.expect("the end").unwrap();
        assert!(matches!(sender.flush().await, Err(Error::Closed)));
        assert!(!receiving.is_finished(), "the output waits for the transport");
        receiving.abort();
    }
}

#[tokio::test]
async fn a_full_queue_is_an_error_of_try_send() {
    let (ws, _peer) = open(Role::Server, Config::new().max_write_buffer(10), 10);
    let (sender, _receiver) = ws.split();
    let mut sent = 0;
    for _ in 0..100 {
        tokio::task::yield_now().await;
        match sender.try_send("a message") {
            Ok(()) => sent += 1,
            Err(Error::Send(SendError::Full)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!((16..25).contains(&sent), "{sent}");
    let long = sender.try_send(Message::Ping(vec![0; 126].into()));
    assert!(matches!(long, Err(Error::Send(SendError::ControlTooLong))));
}

#[tokio::test]
async fn a_connection_that_has_ended_splits_into_closed_halves() {
    let (mut ws, mut peer) = open(Role::Server, Config::new(), 1000);
    write(&mut peer, &frame(Role::Server, 0x88, b"")).await;
    assert_eq!(ws.receive().await.unwrap(), Some(Message::Close(None)));
    drop(peer);
    let (sender, mut receiver) = ws.split();
    assert!(matches!(sender.send("late").await, Err(Error::Closed)));
    assert!(matches!(receiver.receive().await, Ok(None)));
}

/// A Close that was sent before the split still has its deadline.
#[tokio::test(start_paused = true)]
async fn a_close_before_the_split_is_waited_for() {
    for role in ROLES {
        let (mut ws, _peer) = open(role, Config::new(), 1000);
        ws.send(Message::Close(None)).await.unwrap();
        let (sender, mut receiver) = ws.split();
        let result = receiver.receive().await;
        assert!(matches!(result, Err(Error::Timeout(Timeout::Close))), "{result:?}");
        assert!(matches!(sender.send("late").await, Err(Error::Closed)));
    }
}

/// §5.5.2: a Ping that was sent before the split still waits for its Pong.
#[tokio::test(start_paused = true)]
async fn s5_5_2_a_ping_before_the_split_is_waited_for() {
    for role in ROLES {
        let (mut ws, _peer) = open(role, Config::new(), 1000);
        let started = Instant::now();
        assert!(timeout(seconds(25), ws.receive()).await.is_err());
        let (_sender, mut receiver) = ws.split();
        let result = timeout(seconds(100), receiver.receive()).await.expect("the end");
        assert!(matches!(result, Err(Error::Timeout(Timeout::Pong))), "{result:?}");
        assert!((40..=42).contains(&started.elapsed().as_secs()));
    }
}

#[tokio::test]
async fn invalid_utf8_in_fragments_ends_the_connection_with_the_error() {
    let (ws, mut peer) = open(Role::Server, Config::new(), 1000);
    let (sender, mut receiver) = ws.split();
    sender.send_fragments(MessageKind::Text, [&b"ab"[..], b"\xff"]).await.unwrap();
    let reader = tokio::spawn(async move { read_to_end(&mut peer).await });
    let result = receiver.receive().await;
    assert!(matches!(result, Err(Error::Send(SendError::InvalidUtf8))), "{result:?}");
    assert!(events(Role::Server, &reader.await.unwrap())[0].contains("INTERNAL_ERROR"));
}
