//! Futures that are dropped at every await point.

use core::cell::Cell;
use core::future::{Future as _, poll_fn};
use core::pin::pin;
use core::task::Poll;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use websocket_proto_tokio::{CloseCode, Config, Message, Role};

use crate::support::{ROLES, events, frame, open};

/// Drops one future: the one that waits for the n-th time.
struct Cut(Cell<Option<usize>>);

impl Cut {
    /// Runs the operation, and once more if its future is dropped.
    async fn run<T>(&self, mut operation: impl AsyncFnMut() -> T) -> T {
        loop {
            let mut future = pin!(operation());
            let output = poll_fn(|cx| match (future.as_mut().poll(cx), self.0.get()) {
                (Poll::Ready(output), _) => Poll::Ready(Some(output)),
                (Poll::Pending, Some(0)) => {
                    self.0.set(None);
                    Poll::Ready(None)
                }
                (Poll::Pending, left) => {
                    self.0.set(left.map(|left| left - 1));
                    Poll::Pending
                }
            });
            if let Some(output) = output.await {
                return output;
            }
        }
    }
}

/// What the peer sends: messages, also in fragments and with a Ping, and its Close.
fn input(role: Role) -> Vec<u8> {
    [
        frame(role, 0x81, b"first"),
        frame(role, 0x02, b"sec"),
        frame(role, 0x89, b"ping"),
        frame(role, 0x80, b"ond"),
        frame(role, 0x81, "κόσμε".as_bytes()),
        frame(role, 0x88, b"\x03\xe8bye"),
    ]
    .concat()
}

/// Runs a peer that writes its input and reads all output, both a few bytes at a time.
async fn peer(role: Role, stream: tokio::io::DuplexStream) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let writing = tokio::spawn(async move {
        for piece in input(role).chunks(3) {
            writer.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        writer
    });
    let (mut output, mut piece) = (vec![], [0; 4]);
    loop {
        match reader.read(&mut piece).await.unwrap() {
            0 => break,
            count => output.extend_from_slice(&piece[..count]),
        }
        if role == Role::Client && is_complete(&output) {
            break; // the server closes the transport
        }
    }
    drop((reader, writing.await.unwrap()));
    output
}

/// Whether the output of a client ends with a Close.
fn is_complete(output: &[u8]) -> bool {
    events(Role::Client, output).last().is_some_and(|event| event.starts_with("Close"))
}

/// Echoes, and closes. Returns the messages, and the events that the peer sees.
async fn echo(role: Role, cut: &Cut) -> (Vec<Message>, Vec<String>) {
    let (mut ws, stream) = open(role, Config::new(), 7);
    let peer = tokio::spawn(peer(role, stream));
    let mut messages = vec![];
    while let Some(message) = cut.run(async || ws.receive().await).await.unwrap() {
        if message.is_data() {
            cut.run(async || ws.ready().await).await.unwrap();
            ws.feed(message.clone()).await.unwrap();
            cut.run(async || ws.flush().await).await.unwrap();
        }
        messages.push(message);
    }
    assert!(ws.close_status().clean());
    (messages, events(role, &peer.await.unwrap()))
}

#[test]
fn an_echo_is_the_same_whichever_future_is_dropped() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for role in ROLES {
        let expected = runtime().block_on(echo(role, &Cut(Cell::new(None))));
        assert_eq!(expected.1.len(), 5, "{expected:?}");
        let mut cuts = 0;
        loop {
            let cut = Cut(Cell::new(Some(cuts)));
            assert_eq!(runtime().block_on(echo(role, &cut)), expected, "{role:?}, cut {cuts}");
            if cut.0.get().is_some() {
                break; // no future waited so often
            }
            cuts += 1;
        }
        assert!(cuts > 10, "{cuts} await points");
    }
}

/// Each future is dropped each time it waits.
#[test]
fn an_echo_is_the_same_if_all_futures_are_dropped() {
    struct Always;
    impl Always {
        async fn run<T>(&self, mut operation: impl AsyncFnMut() -> T) -> T {
            loop {
                let mut future = pin!(operation());
                let output = poll_fn(|cx| match future.as_mut().poll(cx) {
                    Poll::Ready(output) => Poll::Ready(Some(output)),
                    Poll::Pending => Poll::Ready(None),
                });
                match output.await {
                    Some(output) => return output,
                    None => tokio::time::sleep(core::time::Duration::from_millis(1)).await,
                }
            }
        }
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for role in ROLES {
        runtime.block_on(async {
            let expected = echo(role, &Cut(Cell::new(None))).await;
            let (mut ws, stream) = open(role, Config::new(), 7);
            let peer = tokio::spawn(peer(role, stream));
            let mut messages = vec![];
            while let Some(message) = Always.run(async || ws.receive().await).await.unwrap() {
                if message.is_data() {
                    Always.run(async || ws.ready().await).await.unwrap();
                    ws.feed(message.clone()).await.unwrap();
                }
                messages.push(message);
            }
            let seen = events(role, &peer.await.unwrap());
            assert_eq!(messages, expected.0, "{role:?}");
            // The replies to Pings may come before earlier messages.
            assert_eq!(seen.len(), expected.1.len(), "{seen:?}");
        });
    }
}

/// A message of a dropped `send` is sent whole, or not at all.
#[test]
fn a_dropped_send_sends_all_or_nothing() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for role in ROLES {
        for polls in 0..30 {
            runtime().block_on(async {
                let (mut ws, mut stream) = open(role, Config::new().max_write_buffer(20), 7);
                let reading = tokio::spawn(async move {
                    let mut output = vec![];
                    let mut piece = [0; 4];
                    while let Ok(count @ 1..) = stream.read(&mut piece).await {
                        output.extend_from_slice(&piece[..count]);
                        tokio::task::yield_now().await;
                    }
                    output
                });
                {
                    let mut sending = pin!(async {
                        for number in 0..4 {
                            ws.send(format!("message {number} of four")).await.unwrap();
                        }
                    });
                    let mut left = polls;
                    poll_fn(|cx| match sending.as_mut().poll(cx) {
                        Poll::Pending if left > 0 => {
                            left -= 1;
                            Poll::Pending
                        }
                        _ => Poll::Ready(()),
                    })
                    .await;
                }
                ws.send("end").await.unwrap();
                drop(ws);
                let seen = events(role, &reading.await.unwrap());
                let (end, messages) = seen.split_last().unwrap();
                assert_eq!(end, "Text(\"end\")");
                for (number, message) in messages.iter().enumerate() {
                    assert_eq!(*message, format!("Text(\"message {number} of four\")"));
                }
            });
        }
    }
}

/// A second call of `close` continues.
#[test]
fn a_dropped_close_continues() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for role in ROLES {
        for cuts in 0..40 {
            runtime().block_on(async {
                let cut = Cut(Cell::new(Some(cuts)));
                let (mut ws, stream) = open(role, Config::new(), 7);
                let peer = tokio::spawn(peer(role, stream));
                let status =
                    cut.run(async || ws.close(CloseCode::GOING_AWAY, "leaving").await).await.unwrap();
                assert!(status.clean());
                let seen = events(role, &peer.await.unwrap());
                let closes = seen.iter().filter(|event| event.contains("leaving")).count();
                assert_eq!(closes, 1, "{seen:?}");
            });
        }
    }
}

/// The half that receives.
#[test]
fn a_dropped_receive_of_a_half_loses_nothing() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for role in ROLES {
        let mut cuts = 0;
        loop {
            let cut = Cut(Cell::new(Some(cuts)));
            let (messages, seen) = runtime().block_on(async {
                let (ws, stream) = open(role, Config::new(), 7);
                let peer = tokio::spawn(peer(role, stream));
                let (sender, mut receiver) = ws.split();
                let mut messages = vec![];
                while let Some(message) = cut.run(async || receiver.receive().await).await.unwrap() {
                    if message.is_data() {
                        let permit = cut.run(async || sender.reserve().await.map(drop)).await;
                        permit.unwrap();
                        sender.reserve().await.unwrap().send(message.clone()).unwrap();
                    }
                    messages.push(message);
                }
                (messages, events(role, &peer.await.unwrap()))
            });
            assert_eq!(messages.len(), 5, "{role:?}, cut {cuts}: {messages:?}");
            assert!(seen.iter().any(|event| event == "Pong([112, 105, 110, 103])"), "{seen:?}");
            assert!(seen.last().unwrap().starts_with("Close"), "{seen:?}");
            if cut.0.get().is_some() {
                break;
            }
            cuts += 1;
        }
    }
}
