//! Deadlines, in paused time.

use core::future::poll_fn;
use core::pin::pin;

use futures_util::{SinkExt, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio::time::{Instant, sleep, timeout};
use websocket_proto_tokio::{
    ClientRequest, CloseCode, CloseFrame, Config, Error, Message, Role, SendError, Timeout, accept, client,
};

use crate::support::{ROLES, events, frame, open, read_to_end, seconds};

/// The time after which the server closes its direction, and what the peer receives.
async fn accepted(request: &[u8]) -> (Result<(), Error>, u64, Vec<u8>) {
    let (stream, mut peer) = duplex(1000);
    let started = Instant::now();
    let server = tokio::spawn(async { accept(stream, Config::new()).await.map(drop) });
    peer.write_all(request).await.unwrap();
    let answer = read_to_end(&mut peer).await;
    let elapsed = started.elapsed().as_secs();
    drop(peer);
    (server.await.unwrap(), elapsed, answer)
}

#[tokio::test(start_paused = true)]
async fn half_a_request_is_answered_with_408() {
    let (result, elapsed, answer) = accepted(b"GET / HTTP/1.1\r\nHost: a\r\nUpgr").await;
    assert!(matches!(result, Err(Error::Timeout(Timeout::Handshake))));
    assert_eq!(elapsed, 10);
    assert!(answer.starts_with(b"HTTP/1.1 408 "));
}

#[tokio::test(start_paused = true)]
async fn silence_instead_of_a_request_ends_the_connection() {
    let (result, elapsed, answer) = accepted(b"").await;
    assert!(matches!(result, Err(Error::Timeout(Timeout::Handshake))));
    assert_eq!((elapsed, answer), (10, vec![]));
}

#[tokio::test(start_paused = true)]
async fn silence_instead_of_a_response_ends_the_connection() {
    let (stream, _peer) = duplex(1000);
    let started = Instant::now();
    let result = client(stream, ClientRequest::new("ws://localhost/"), Config::new()).await;
    assert!(matches!(result, Err(Error::Timeout(Timeout::Handshake))));
    assert_eq!(started.elapsed().as_secs(), 12, "ten seconds, and two for the peer to close");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_the_request_slowly_has_ten_seconds() {
    let (stream, mut peer) = duplex(50);
    let reader = tokio::spawn(async move {
        let mut piece = [0; 50];
        for _ in 0..2 {
            sleep(seconds(4)).await;
            peer.read_exact(&mut piece).await.unwrap();
        }
        sleep(seconds(100)).await;
    });
    let started = Instant::now();
    let result = client(stream, ClientRequest::new("ws://localhost/"), Config::new()).await;
    assert!(matches!(result, Err(Error::Timeout(Timeout::Handshake))));
    assert_eq!(started.elapsed().as_secs(), 12, "ten seconds, and two for the server to read");
    reader.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_gets_a_ping_and_then_a_close() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 1000);
            let started = Instant::now();
            let task = tokio::spawn(async move {
                if is_split {
                    let (_sender, mut receiver) = ws.split();
                    receiver.receive().await
                } else {
                    ws.receive().await
                }
            });
            let mut ping = [0];
            peer.read_exact(&mut ping).await.unwrap();
            assert_eq!((started.elapsed().as_secs(), ping[0]), (20, 0x89));
            let mut bytes = ping.to_vec();
            bytes.extend(read_to_end(&mut peer).await);
            assert_eq!(started.elapsed().as_secs(), 40);
            assert!(events(role, &bytes)[1].contains("INTERNAL_ERROR"), "{:?}", events(role, &bytes));
            drop(peer);
            let result = task.await.unwrap();
            assert!(matches!(result, Err(Error::Timeout(Timeout::Pong))), "{result:?}");
        }
    }
}

/// If a task has used up its budget, the runtime lets it wait even for a socket that is ready.
#[tokio::test(start_paused = true)]
async fn a_busy_task_keeps_its_deadlines() {
    for is_split in [false, true] {
        let (mut ws, mut peer) = open(Role::Server, Config::new(), 1000);
        let task = tokio::spawn(async move {
            if is_split {
                let (_sender, mut receiver) = ws.split();
                first_without_budget(receiver.receive()).await
            } else {
                first_without_budget(ws.receive()).await
            }
        });
        let output = timeout(seconds(50), read_to_end(&mut peer)).await.expect("the end");
        assert_eq!(events(Role::Server, &output).len(), 2, "a Ping and a Close");
        drop(peer);
        let result = task.await.unwrap();
        assert!(matches!(result, Err(Error::Timeout(Timeout::Pong))), "{result:?}");
    }
}

/// Polls the future for the first time in a task that has used up its budget.
async fn first_without_budget<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut is_first = true;
    poll_fn(|cx| {
        while is_first && has_budget_remaining() {
            let _ = pin!(consume_budget()).poll(cx);
        }
        is_first = false;
        future.as_mut().poll(cx)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_silence_after_messages_is_noticed_within_an_eighth_of_the_interval() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 1000);
            let task = tokio::spawn(async move {
                if is_split {
                    let (_sender, mut receiver) = ws.split();
                    while let Ok(Some(_)) = receiver.receive().await {}
                } else {
                    while let Ok(Some(_)) = ws.receive().await {}
                }
            });
            let mut output = [0];
            for _ in 0..100 {
                peer.write_all(&frame(role, 0x82, b"a")).await.unwrap();
                let read = timeout(seconds(1), peer.read(&mut output)).await;
                assert!(read.is_err(), "no Ping while messages arrive");
            }
            let silence = Instant::now();
            peer.read_exact(&mut output).await.unwrap();
            // The last message came a second before.
            let elapsed = silence.elapsed() + seconds(1);
            assert!(output == [0x89] && (20.0..=22.51).contains(&elapsed.as_secs_f64()), "{elapsed:?}");
            task.abort();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_keeps_the_connection() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 1000);
            let task = tokio::spawn(async move {
                if is_split {
                    let (_sender, mut receiver) = ws.split();
                    while receiver.receive().await.unwrap().is_some() {}
                } else {
                    while ws.receive().await.unwrap().is_some() {}
                }
            });
            let started = Instant::now();
            for number in 1..=5 {
                let mut ping = vec![0; if role == Role::Server { 6 } else { 10 }];
                peer.read_exact(&mut ping).await.unwrap();
                assert_eq!(started.elapsed().as_secs(), number * 20);
                peer.write_all(&frame(role, 0x8a, b"")).await.unwrap();
            }
            peer.write_all(&frame(role, 0x88, b"")).await.unwrap();
            assert_eq!(events(role, &read_to_end_of_close(role, &mut peer).await), ["Close(None)"]);
            drop(peer);
            task.await.unwrap();
        }
    }
}

/// A client waits for the server to close the transport.
async fn read_to_end_of_close(role: Role, peer: &mut tokio::io::DuplexStream) -> Vec<u8> {
    let mut close = vec![0; if role == Role::Server { 2 } else { 6 }];
    peer.read_exact(&mut close).await.unwrap();
    close
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_ignores_the_close_has_ten_seconds() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 1000);
        let started = Instant::now();
        let reader = tokio::spawn(async move { read_to_end(&mut peer).await });
        let result = ws.close(CloseCode::GOING_AWAY, "").await;
        assert!(matches!(result, Err(Error::Timeout(Timeout::Close))), "{result:?}");
        assert!((10..=12).contains(&started.elapsed().as_secs()));
        assert!(matches!(ws.receive().await, Ok(None)));
        assert!(events(role, &reader.await.unwrap())[0].contains("GOING_AWAY"));
    }
}

/// A peer that sends without end, and never a Close, does not stop the deadline.
#[tokio::test(start_paused = true)]
async fn a_peer_that_sends_on_after_the_close_has_ten_seconds() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 1000);
        let writer = tokio::spawn(async move {
            while peer.write_all(&frame(role, 0x82, b"data")).await.is_ok() {
                sleep(seconds(1)).await;
            }
        });
        let started = Instant::now();
        let result = ws.close(CloseCode::GOING_AWAY, "").await;
        assert!(matches!(result, Err(Error::Timeout(Timeout::Close))), "{result:?}");
        assert!((10..=12).contains(&started.elapsed().as_secs()));
        drop(ws);
        writer.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_has_twenty_seconds() {
    for role in ROLES {
        let (mut ws, _peer) = open(role, Config::new(), 1000);
        let started = Instant::now();
        let result = ws.send(vec![0; 5000]).await;
        assert!(matches!(result, Err(Error::WriteTimeout)), "{result:?}");
        assert_eq!(started.elapsed().as_secs(), 20);
        assert!(matches!(ws.send("more").await, Err(Error::Closed)));
        assert!(matches!(ws.receive().await, Err(Error::WriteTimeout)));
        assert!(matches!(ws.receive().await, Ok(None)));
    }
}

/// The end drops the output.
#[tokio::test(start_paused = true)]
async fn a_flush_after_the_end_fails_if_the_peer_did_not_read() {
    for role in ROLES {
        let (mut ws, _peer) = open(role, Config::new(), 1000);
        ws.feed(vec![0; 5000]).await.unwrap();
        let result = ws.receive().await;
        assert!(matches!(result, Err(Error::WriteTimeout)), "{result:?}");
        assert!(matches!(ws.flush().await, Err(Error::Closed)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_ends_a_split_connection() {
    let (ws, _peer) = open(Role::Server, Config::new(), 1000);
    let (sender, mut receiver) = ws.split();
    let started = Instant::now();
    sender.send(vec![0; 5000]).await.unwrap();
    assert!(matches!(sender.flush().await, Err(Error::Closed)));
    assert_eq!(started.elapsed().as_secs(), 20);
    sender.closed().await;
    let result = receiver.receive().await;
    assert!(matches!(result, Err(Error::WriteTimeout)), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_keeps_the_connection() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 100);
        let reader = tokio::spawn(async move {
            let (mut bytes, mut piece) = (vec![], [0; 100]);
            loop {
                sleep(seconds(15)).await;
                match peer.read(&mut piece).await.unwrap() {
                    0 => return bytes,
                    count => bytes.extend_from_slice(&piece[..count]),
                }
            }
        });
        let started = Instant::now();
        ws.send(vec![7; 1000]).await.unwrap();
        assert!(started.elapsed() > seconds(100));
        drop(ws);
        let bytes = reader.await.unwrap();
        assert_eq!(events(role, &bytes), [format!("Binary({:?})", vec![7; 1000])]);
    }
}

/// The peer can answer the Ping only when it has read the output before it.
#[tokio::test(start_paused = true)]
async fn a_silent_peer_that_reads_slowly_keeps_the_connection() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 100);
            let task = tokio::spawn(async move {
                if is_split {
                    let (sender, mut receiver) = ws.split();
                    sleep(seconds(19)).await;
                    sender.send(vec![7; 1000]).await.unwrap();
                    receiver.receive().await
                } else {
                    assert!(timeout(seconds(19), ws.receive()).await.is_err());
                    ws.feed(vec![7; 1000]).await.unwrap();
                    ws.receive().await
                }
            });
            let (mut bytes, mut piece) = (vec![], [0; 100]);
            let message = if role == Role::Server { 1004 } else { 1008 };
            while bytes.len() <= message {
                sleep(seconds(15)).await;
                assert!(!task.is_finished(), "{role:?} {is_split}");
                let count = peer.read(&mut piece).await.unwrap();
                bytes.extend_from_slice(&piece[..count]);
            }
            peer.write_all(&frame(role, 0x88, b"")).await.unwrap();
            let result = task.await.unwrap();
            assert!(matches!(result, Ok(Some(Message::Close(None)))), "{role:?} {is_split} {result:?}");
        }
    }
}

/// Without a timeout for the Pong, only the end has a limit.
#[tokio::test(start_paused = true)]
async fn a_close_ends_also_if_the_peer_does_not_read() {
    for max_output in [100, 10_000] {
        for with_send in [false, true] {
            let config = Config::new().pong_timeout(None).max_write_buffer(max_output);
            let (mut ws, _peer) = open(Role::Server, config, 100);
            ws.feed(vec![7; 1000]).await.unwrap();
            let started = Instant::now();
            let result = if with_send {
                timeout(seconds(100), ws.send(CloseFrame::new(CloseCode::GOING_AWAY, ""))).await
            } else {
                timeout(seconds(100), ws.close(CloseCode::GOING_AWAY, ""))
                    .await
                    .map(|result| result.map(drop))
            };
            assert!(matches!(result, Ok(Err(Error::WriteTimeout))), "{max_output} {with_send} {result:?}");
            assert_eq!(started.elapsed().as_secs(), 10);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_begun_before_the_split_keeps_its_limit() {
    let config = Config::new().ping_interval(None).pong_timeout(None).max_write_buffer(100);
    let (mut ws, _peer) = open(Role::Server, config, 100);
    ws.feed(vec![7; 1000]).await.unwrap();
    let started = Instant::now();
    assert!(timeout(seconds(4), ws.close(CloseCode::GOING_AWAY, "")).await.is_err());
    let (_sender, mut receiver) = ws.split();
    let result = timeout(seconds(100), receiver.receive()).await;
    assert!(matches!(result, Ok(Err(Error::WriteTimeout))), "{result:?}");
    assert!((10..=12).contains(&started.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_close_that_cannot_be_sent_sets_no_limit() {
    for with_send in [false, true] {
        let config = Config::new().ping_interval(None).pong_timeout(None);
        let (mut ws, _peer) = open(Role::Server, config, 100);
        ws.feed(vec![7; 1000]).await.unwrap();
        let reason = "r".repeat(124);
        let result = if with_send {
            ws.send(CloseFrame::new(CloseCode::GOING_AWAY, reason.as_str())).await
        } else {
            ws.close(CloseCode::GOING_AWAY, &reason).await.map(drop)
        };
        assert!(matches!(result, Err(Error::Send(SendError::ReasonTooLong))), "{with_send} {result:?}");
        let result = timeout(seconds(100), ws.receive()).await;
        assert!(result.is_err(), "{with_send} {result:?}");
    }
}

/// The stall before the close had no limit.
#[tokio::test(start_paused = true)]
async fn a_close_after_a_long_stall_has_ten_seconds() {
    for is_split in [false, true] {
        let config = Config::new().ping_interval(None).pong_timeout(None);
        let (mut ws, mut peer) = open(Role::Server, config, 100);
        ws.feed(vec![7; 1000]).await.unwrap();
        let task = tokio::spawn(async move {
            if is_split {
                let (sender, mut receiver) = ws.split();
                assert!(timeout(seconds(60), receiver.receive()).await.is_err());
                sender.close(CloseCode::GOING_AWAY, "").await.unwrap();
                while receiver.receive().await?.is_some() {}
                Ok(())
            } else {
                assert!(timeout(seconds(60), ws.receive()).await.is_err());
                ws.close(CloseCode::GOING_AWAY, "").await.map(drop)
            }
        });
        sleep(seconds(60 + 9)).await;
        let mut output = vec![0; 4 + 1000 + 4];
        peer.read_exact(&mut output).await.expect("all output");
        assert!(output.ends_with(b"\x88\x02\x03\xe9"), "{is_split}");
        peer.write_all(&frame(Role::Server, 0x88, b"\x03\xe9")).await.unwrap();
        drop(peer);
        let result: Result<(), Error> = task.await.unwrap();
        assert!(result.is_ok(), "{is_split} {result:?}");
    }
}

/// The task that writes takes nothing from the queue, because its output is full.
#[tokio::test(start_paused = true)]
async fn a_close_that_waits_in_the_queue_ends_also_if_the_peer_does_not_read() {
    let cases = [(15, "close"), (15, "try_send"), (15, "permit"), (15, "sink"), (16, "close"), (16, "sink")];
    for (in_queue, with) in cases {
        let config = Config::new().pong_timeout(None).max_write_buffer(100);
        let (ws, _peer) = open(Role::Server, config, 100);
        let (mut sender, mut receiver) = ws.split();
        sender.send(vec![7; 1000]).await.unwrap();
        assert!(timeout(seconds(60), receiver.receive()).await.is_err());
        for _ in 0..in_queue {
            sender.try_send("more").unwrap();
        }
        let started = Instant::now();
        let closing = tokio::spawn(async move {
            let close = Message::Close(None);
            match with {
                "close" => sender.close(CloseCode::GOING_AWAY, "").await,
                "try_send" => sender.try_send(close),
                "permit" => sender.reserve().await.and_then(|permit| permit.send(close)),
                _ => SinkExt::close(&mut sender).await,
            }
        });
        let result = timeout(seconds(100), receiver.receive()).await;
        assert!(matches!(result, Ok(Err(Error::WriteTimeout))), "{in_queue} {with} {result:?}");
        assert!((10..=12).contains(&started.elapsed().as_secs()));
        let is_queued = closing.await.unwrap().is_ok();
        assert_eq!(is_queued, in_queue < 16 || with == "sink", "{in_queue} {with}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_task_that_writes_ends_also_if_the_peer_does_not_read() {
    let config = Config::new().pong_timeout(None).max_write_buffer(100);
    let (ws, mut peer) = open(Role::Server, config, 100);
    let (sender, receiver) = ws.split();
    sender.send(vec![7; 1000]).await.unwrap();
    drop((sender, receiver));
    sleep(seconds(30)).await;
    let output = timeout(seconds(100), read_to_end(&mut peer)).await.expect("the end");
    assert_eq!(output.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_can_be_longer_than_the_clock_counts() {
    let forever = Some(core::time::Duration::MAX);
    let config = Config::new().close_timeout(forever).pong_timeout(forever).ping_interval(forever);
    for is_split in [false, true] {
        let (mut ws, mut peer) = open(Role::Server, config, 100);
        peer.write_all(&frame(Role::Server, 0x88, b"")).await.unwrap();
        let task = tokio::spawn(async move {
            if is_split {
                let (_sender, mut receiver) = ws.split();
                (receiver.receive().await, receiver.receive().await)
            } else {
                (ws.receive().await, ws.receive().await)
            }
        });
        assert_eq!(events(Role::Server, &read_to_end(&mut peer).await), ["Close(None)"]);
        drop(peer);
        assert!(matches!(task.await.unwrap(), (Ok(Some(Message::Close(None))), Ok(None))));
    }
}

/// The longest limit is about 49 days.
#[tokio::test(start_paused = true)]
async fn a_stall_has_a_limit_however_long_the_timeout_is() {
    const DAY: u64 = 24 * 60 * 60;
    let forever = Some(core::time::Duration::MAX);
    for is_split in [false, true] {
        let config = Config::new().pong_timeout(forever).ping_interval(None);
        let (mut ws, _peer) = open(Role::Server, config, 100);
        ws.feed(vec![7; 1000]).await.unwrap();
        let end = async move {
            if is_split {
                let (sender, mut receiver) = ws.split();
                sender.close(CloseCode::GOING_AWAY, "").await?;
                receiver.receive().await.map(drop)
            } else {
                ws.close(CloseCode::GOING_AWAY, "").await.map(drop)
            }
        };
        let result = timeout(seconds(60 * DAY), end).await;
        assert!(matches!(result, Ok(Err(Error::WriteTimeout))), "{is_split} {result:?}");
    }
}

/// The wait for the peer's Close begins when the transport has accepted the Close.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_all_messages_before_the_close() {
    let (mut ws, mut peer) = open(Role::Server, Config::new(), 100);
    ws.feed(vec![7; 1000]).await.unwrap();
    let reader = tokio::spawn(async move {
        let (mut bytes, mut piece) = (vec![], [0; 100]);
        while bytes.len() < 1004 + 4 {
            sleep(seconds(9)).await;
            let count = peer.read(&mut piece).await.unwrap();
            bytes.extend_from_slice(&piece[..count]);
        }
        peer.write_all(&frame(Role::Server, 0x88, b"\x03\xe9")).await.unwrap();
        bytes
    });
    let status = ws.close(CloseCode::GOING_AWAY, "").await.unwrap();
    assert!(status.clean());
    assert_eq!(events(Role::Server, &reader.await.unwrap()).len(), 2);
}

/// The timer fires at the earlier deadline after a longer one was armed, and the reverse.
#[tokio::test(start_paused = true)]
async fn messages_move_the_deadline_of_the_ping() {
    let (mut ws, mut peer) = open(Role::Server, Config::new(), 1000);
    let started = Instant::now();
    let task = tokio::spawn(async move { while let Ok(Some(_)) = ws.receive().await {} });
    for _ in 0..5 {
        sleep(seconds(15)).await;
        peer.write_all(&frame(Role::Server, 0x81, b"x")).await.unwrap();
    }
    let mut ping = [0];
    peer.read_exact(&mut ping).await.unwrap();
    assert_eq!((started.elapsed().as_secs(), ping[0]), (75 + 20, 0x89));
    drop(peer);
    task.await.unwrap();
}

/// An application that is busy for long has not read the Pong yet: that is not the peer's fault.
#[tokio::test(start_paused = true)]
async fn a_pong_that_waits_in_the_transport_is_in_time() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 1000);
            let pong = frame(role, 0x8a, b"\0\0\0\x01");
            if is_split {
                let (_sender, mut receiver) = ws.split();
                assert!(timeout(seconds(25), receiver.receive()).await.is_err());
                peer.write_all(&pong).await.unwrap();
                sleep(seconds(100)).await;
                assert!(matches!(receiver.receive().await, Ok(Some(Message::Pong(_)))));
                assert!(timeout(seconds(5), receiver.receive()).await.is_err());
            } else {
                assert!(timeout(seconds(25), ws.receive()).await.is_err());
                peer.write_all(&pong).await.unwrap();
                sleep(seconds(100)).await;
                assert!(matches!(ws.receive().await, Ok(Some(Message::Pong(_)))));
                assert!(timeout(seconds(5), ws.receive()).await.is_err());
            }
        }
    }
}

/// A timer that fires during a stall of `send` says nothing about the Pong.
#[tokio::test(start_paused = true)]
async fn a_pong_that_arrives_during_a_stall_is_in_time() {
    for role in ROLES {
        let (mut ws, mut peer) = open(role, Config::new(), 100);
        assert!(timeout(seconds(25), ws.receive()).await.is_err());
        let task = tokio::spawn(async move {
            ws.send(vec![7; 1000]).await.unwrap();
            sleep(seconds(100)).await;
            ws.receive().await
        });
        // The deadline of the Pong is at 40 s, without the stall.
        sleep(seconds(17)).await;
        peer.write_all(&frame(role, 0x8a, b"\0\0\0\x01")).await.unwrap();
        let len = if role == Role::Server { 6 + 1004 } else { 10 + 1008 };
        peer.read_exact(&mut vec![0; len]).await.unwrap();
        let result = task.await.unwrap();
        assert!(matches!(result, Ok(Some(Message::Pong(_)))), "{role:?} {result:?}");
    }
}

/// To a task that has used up its budget, the transport shows no input.
#[tokio::test(start_paused = true)]
async fn a_busy_task_finds_the_pong_in_the_transport() {
    for role in ROLES {
        for is_split in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 1000);
            let task = tokio::spawn(async move {
                if is_split {
                    let (_sender, mut receiver) = ws.split();
                    assert!(timeout(seconds(25), receiver.receive()).await.is_err());
                    sleep(seconds(100)).await;
                    let result = first_without_budget(receiver.receive()).await;
                    (result, timeout(seconds(5), receiver.receive()).await)
                } else {
                    assert!(timeout(seconds(25), ws.receive()).await.is_err());
                    sleep(seconds(100)).await;
                    let result = first_without_budget(ws.receive()).await;
                    (result, timeout(seconds(5), ws.receive()).await)
                }
            });
            sleep(seconds(26)).await;
            peer.write_all(&frame(role, 0x8a, b"\0\0\0\x01")).await.unwrap();
            let results = task.await.unwrap();
            assert!(
                matches!(results, (Ok(Some(Message::Pong(_))), Err(_))),
                "{role:?} {is_split} {results:?}"
            );
        }
    }
}

/// To a task that has used up its budget, the transport accepts nothing.
#[tokio::test(start_paused = true)]
async fn a_busy_task_finds_room_in_the_transport() {
    for role in ROLES {
        for with_flush in [false, true] {
            let (mut ws, mut peer) = open(role, Config::new(), 100);
            let task = tokio::spawn(async move {
                ws.feed(vec![7; 150]).await.unwrap();
                assert!(timeout(seconds(1), ws.flush()).await.is_err());
                // The peer has read all of it long before the end of this wait.
                sleep(seconds(100)).await;
                if with_flush {
                    first_without_budget(ws.flush()).await?;
                } else {
                    let received = timeout(seconds(5), first_without_budget(ws.receive())).await;
                    assert!(received.is_err(), "{role:?} {received:?}");
                }
                Ok(())
            });
            sleep(seconds(10)).await;
            let mut output = vec![0; if role == Role::Server { 4 + 150 } else { 8 + 150 }];
            peer.read_exact(&mut output).await.unwrap();
            let result: Result<(), Error> = task.await.unwrap();
            assert!(result.is_ok(), "{role:?} {with_flush} {result:?}");
        }
    }
}

/// As a `Stream`, which is not polled while the application works.
#[tokio::test(start_paused = true)]
async fn a_pong_is_in_time_while_the_application_works() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new(), 1000);
        let (_sender, mut receiver) = ws.split();
        {
            let mut next = receiver.next();
            assert!(timeout(seconds(25), &mut next).await.is_err());
            peer.write_all(&frame(role, 0x8a, b"\0\0\0\x01")).await.unwrap();
            sleep(seconds(100)).await;
            assert!(matches!(next.await, Some(Ok(Message::Pong(_)))));
        }
        assert!(timeout(seconds(5), receiver.next()).await.is_err());
    }
}

#[tokio::test]
async fn without_deadlines_no_timer_of_the_runtime_is_needed() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let config = Config::new().ping_interval(None).pong_timeout(None).close_timeout(None);
            let (mut server, mut client) = crate::support::pair(config.handshake_timeout(None), 1000);
            client.send("Hello").await.unwrap();
            assert_eq!(server.receive().await.unwrap(), Some(Message::from("Hello")));
        });
    })
    .join()
    .unwrap();
}
