//! Tasks: they end, and their futures can move between threads.

use core::time::Duration;

use futures_util::{SinkExt as _, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use websocket_proto_tokio::{
    Accept, ClientRequest, CloseCode, Config, Error, Message, Receiver, Role, Sender, Timeout, WebSocket,
    accept, accept_with, client, connect,
};

use crate::support::{ROLES, events, frame, open, seconds, write};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// An echo server; every second connection is split, and closes after a message.
async fn serve(stream: DuplexStream, number: usize) -> Result<(), Error> {
    let mut ws = accept(stream, Config::new().max_write_buffer(1000)).await?;
    if number % 2 == 0 {
        while let Some(message) = ws.receive().await? {
            if message.is_data() {
                ws.send(message).await?;
                ws.close(CloseCode::NORMAL_CLOSURE, "").await?;
            }
        }
    } else {
        let (sender, mut receiver) = ws.split();
        while let Some(message) = receiver.receive().await? {
            if message.is_data() {
                sender.send(message).await?;
                sender.close(CloseCode::NORMAL_CLOSURE, "").await?;
            }
        }
    }
    Ok(())
}

/// A peer that does something else than the protocol asks for, and then nothing for long.
async fn misbehave(mut peer: DuplexStream, number: usize) {
    let message = frame(Role::Server, 0x81, b"Hello");
    let mut head = [0; 12];
    match number / 2 % 8 {
        0 => write(&mut peer, &REQUEST[..60]).await, // half a handshake
        1 => write(&mut peer, b"POST / HTTP/1.1\r\n\r\n").await,
        2 => write(&mut peer, REQUEST).await, // silence
        3 => write(&mut peer, &[REQUEST, &message].concat()).await, // does not read, ignores the Close
        4 => {
            write(&mut peer, &[REQUEST, &message].concat()).await;
            let _ = timeout(seconds(500), peer.read_to_end(&mut vec![])).await; // ignores the Close
        }
        5 => {
            write(&mut peer, REQUEST).await;
            peer.read_exact(&mut head).await.unwrap();
            return; // leaves in the middle of the response
        }
        6 => write(&mut peer, &[REQUEST, b"\x83\x80\0\0\0\0"].concat()).await, // a reserved opcode
        _ => {
            write(&mut peer, REQUEST).await;
            for _ in 0..200 {
                write(&mut peer, &message[..3]).await; // nonsense, slowly
                sleep(Duration::from_millis(700)).await;
            }
        }
    }
    sleep(seconds(1000)).await;
}

#[tokio::test(start_paused = true)]
async fn no_peer_keeps_a_task_alive() {
    let mut peers = tokio::task::JoinSet::new();
    let mut servers = tokio::task::JoinSet::new();
    for number in 0..1000 {
        let (stream, peer) = duplex(if number % 3 == 0 { 16 } else { 1000 });
        servers.spawn(serve(stream, number));
        peers.spawn(misbehave(peer, number));
    }
    sleep(seconds(200)).await;
    let mut failed = 0;
    while let Some(result) = servers.try_join_next() {
        failed += usize::from(result.unwrap().is_err());
    }
    assert!(servers.is_empty(), "{} tasks are left", servers.len());
    assert!(failed > 800, "{failed}");
    peers.shutdown().await;
    tokio::task::yield_now().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "the tasks that write have ended");
}

/// The graceful shutdown of the quick start: 1001 to all.
#[tokio::test(start_paused = true)]
async fn a_shutdown_closes_all_connections() {
    let stop = watch::Sender::new(());
    let mut peers = vec![];
    for _ in 0..100 {
        let (mut ws, mut peer) = open(Role::Server, Config::new(), 1000);
        let mut stopped = stop.subscribe();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    message = ws.receive() => match message? {
                        Some(message) if message.is_data() => ws.feed(message).await?,
                        Some(_) => {}
                        None => return Ok::<_, Error>(()),
                    },
                    _ = stopped.changed() => return ws.close(CloseCode::GOING_AWAY, "").await.map(drop),
                }
            }
        });
        peers.push(tokio::spawn(async move {
            let mut output = vec![0; 4];
            peer.read_exact(&mut output).await.unwrap();
            write(&mut peer, &frame(Role::Server, 0x88, b"\x03\xe9")).await;
            peer.read_to_end(&mut output).await.unwrap();
            events(Role::Server, &output)
        }));
    }
    tokio::task::yield_now().await;
    stop.send_replace(());
    stop.closed().await;
    for peer in peers {
        let seen = peer.await.unwrap();
        assert!(seen.len() == 1 && seen[0].contains("GOING_AWAY"), "{seen:?}");
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

const fn is_a_task<T: Send + Sync + Unpin + 'static>() {}

#[test]
fn connections_and_their_futures_move_between_threads() {
    is_a_task::<WebSocket<TcpStream>>();
    is_a_task::<Sender>();
    is_a_task::<Message>();
    is_a_task::<Error>();
    is_a_task::<ClientRequest>();
    fn futures<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: fn() -> S) {
        let config = Config::new();
        drop(is_send(accept(stream(), config)));
        drop(is_send(accept_with(stream(), config, |_| Ok(Accept::new()))));
        drop(is_send(client(stream(), ClientRequest::new("ws://localhost/"), config)));
        drop(is_send(connect("ws://localhost/", config)));
    }
    futures(|| duplex(10).0);
    async fn methods(mut ws: WebSocket<TcpStream>) {
        drop(is_send(ws.receive()));
        drop(is_send(ws.send("text")));
        drop(is_send(ws.close(CloseCode::NORMAL_CLOSURE, "")));
    }
    async fn halves(sender: Sender, mut receiver: Receiver<TcpStream>) {
        drop(is_send(receiver.receive()));
        drop(is_send(sender.send("text")));
        drop(is_send(sender.reserve()));
    }
    let _ = (methods, halves);
}

/// The task that receives polls the transport after the task that sends.
#[tokio::test(start_paused = true)]
async fn a_stream_and_a_sink_in_two_tasks_do_not_stop_each_other() {
    for role in ROLES {
        let (ws, mut peer) = open(role, Config::new(), 64);
        let (mut sink, mut stream) = StreamExt::split(ws);
        let receiving = tokio::spawn(async move { while let Some(Ok(_)) = stream.next().await {} });
        let sending = tokio::spawn(async move { sink.send(Message::from(vec![7; 1000])).await });
        sleep(seconds(1)).await;
        write(&mut peer, &frame(role, 0x81, b"Hello")).await;
        sleep(seconds(1)).await;
        let mut output = vec![0; if role == Role::Server { 1004 } else { 1008 }];
        peer.read_exact(&mut output).await.unwrap();
        timeout(seconds(1), sending).await.expect("all is read").unwrap().unwrap();
        let mut ping = [0];
        timeout(seconds(25), peer.read_exact(&mut ping)).await.expect("a Ping after the silence").unwrap();
        assert_eq!(ping, [0x89]);
        drop(peer);
        receiving.await.unwrap();
    }
}

/// Only one of the tasks reads the end.
#[tokio::test(start_paused = true)]
async fn the_end_wakes_the_task_that_receives_and_the_task_that_closes() {
    for reads_late in [false, true] {
        let (ws, mut peer) = open(Role::Server, Config::new(), 64);
        let (mut sink, mut stream) = StreamExt::split(ws);
        let receiving = tokio::spawn(async move {
            if reads_late {
                sleep(seconds(2)).await;
            }
            while let Some(Ok(_)) = stream.next().await {}
        });
        sleep(seconds(1)).await;
        let closing = tokio::spawn(async move { sink.close().await });
        sleep(seconds(2)).await;
        write(&mut peer, &frame(Role::Server, 0x88, b"\x03\xe8")).await;
        sleep(seconds(1)).await;
        drop(peer);
        timeout(seconds(1), closing).await.expect("the end").unwrap().unwrap();
        timeout(seconds(1), receiving).await.expect("the end").unwrap();
    }
}

/// The task that receives waits without a timer until the other task closes.
#[tokio::test(start_paused = true)]
async fn a_close_of_one_task_has_its_limit_in_the_other() {
    for role in ROLES {
        let (ws, _peer) = open(role, Config::new().ping_interval(None), 1000);
        let (mut sink, mut stream) = StreamExt::split(ws);
        let receiving = tokio::spawn(async move { stream.next().await });
        sleep(seconds(1)).await;
        sink.send(Message::Close(None)).await.unwrap();
        let result = timeout(seconds(20), receiving).await.expect("the end").unwrap();
        assert!(matches!(result, Some(Err(Error::Timeout(Timeout::Close)))), "{role:?} {result:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_tasks_learn_that_the_peer_does_not_read() {
    for role in ROLES {
        for is_busy in [false, true] {
            let (ws, _peer) = open(role, Config::new(), 64);
            let (mut sink, mut stream) = StreamExt::split(ws);
            let receiving = tokio::spawn(async move {
                if is_busy {
                    sleep(seconds(30)).await;
                }
                stream.next().await
            });
            assert!(sink.send(Message::from(vec![7; 1000])).await.is_err());
            let result = receiving.await.unwrap();
            assert!(matches!(result, Some(Err(Error::WriteTimeout))), "{role:?} {is_busy} {result:?}");
        }
    }
}
