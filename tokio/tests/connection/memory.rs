//! Memory of slow peers and idle connections.

use allocation_counter::measure;
use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
use tokio::time::timeout;
use websocket_proto_tokio::{ClientRequest, Config, Message, Role, WebSocket, accept, client};

use crate::support::{frame, open, seconds, write};

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future);
}

const CONNECTIONS: usize = 1000;
const MAX_OUTPUT: usize = 16 * 1024;
const MESSAGE: usize = 4 * 1024;

/// Sends to each peer, which reads nothing, as much as it can.
#[test]
fn slow_readers_keep_memory_bounded() {
    let config = Config::new().max_write_buffer(MAX_OUTPUT);
    let allocated = measure(|| {
        run(async {
            let mut room: Vec<(WebSocket<DuplexStream>, DuplexStream)> =
                (0..CONNECTIONS).map(|_| open(Role::Server, config, 64)).collect();
            for _ in 0..100 {
                for (ws, _) in &mut room {
                    let feed = ws.feed(vec![7; MESSAGE]);
                    let _ = timeout(seconds(0), feed).await;
                    assert!(ws.queued_len() < MAX_OUTPUT + MESSAGE + 100, "{}", ws.queued_len());
                }
            }
        });
    });
    // The output doubles while it grows.
    let limit = CONNECTIONS * (2 * (MAX_OUTPUT + MESSAGE) + 4096);
    assert!(allocated.bytes_max < limit as u64, "{} of {limit}", allocated.bytes_max);
    assert!(allocated.bytes_current < 1000, "{}", allocated.bytes_current);
}

/// The peer reads a little at a time, so the output is never empty.
#[test]
fn a_slow_reader_keeps_memory_bounded_however_much_it_is_sent() {
    let config = Config::new().max_write_buffer(MAX_OUTPUT);
    let allocated = measure(|| {
        run(async {
            let (mut ws, mut peer) = open(Role::Server, config, 64);
            let reader = tokio::spawn(async move {
                let mut memory = [0; 64];
                while peer.read(&mut memory).await.is_ok_and(|count| count > 0) {}
            });
            for _ in 0..1000 {
                ws.feed(vec![7; MESSAGE]).await.unwrap();
            }
            assert!(ws.queued_len() > 0);
            drop(ws);
            reader.await.unwrap();
        });
    });
    let limit = 6 * (MAX_OUTPUT + MESSAGE);
    assert!(allocated.bytes_max < limit as u64, "{} of {limit}", allocated.bytes_max);
}

/// §5.5.3: the replies to a peer that sends Pings and does not read.
#[test]
fn s5_5_3_pongs_for_a_peer_that_does_not_read_keep_memory_bounded() {
    let config = Config::new().max_write_buffer(1000);
    let allocated = measure(|| {
        run(async {
            let (mut ws, mut peer) = open(Role::Server, config, 64);
            let writer = tokio::spawn(async move {
                for _ in 0..10_000 {
                    write(&mut peer, &frame(Role::Server, 0x89, &[7; 100])).await;
                }
            });
            while let Ok(received) = timeout(seconds(1), ws.receive()).await {
                assert!(matches!(received, Ok(Some(Message::Ping(_)))), "{received:?}");
            }
            assert!(ws.queued_len() < 1000 + 200, "{}", ws.queued_len());
            writer.abort();
        });
    });
    assert!(allocated.bytes_max < 300_000, "{}", allocated.bytes_max);
}

#[test]
fn flushes_that_are_dropped_keep_memory_bounded() {
    let allocated = measure(|| {
        run(async {
            let (ws, mut peer) = open(Role::Server, Config::new().pong_timeout(None), 64);
            let (sender, _receiver) = ws.split();
            sender.send(vec![7; 1000]).await.unwrap();
            let other = sender.clone();
            let waiting = tokio::spawn(async move { other.flush().await });
            for _ in 0..10_000 {
                assert!(timeout(seconds(1), sender.flush()).await.is_err());
            }
            assert!(!waiting.is_finished());
            peer.read_exact(&mut [0; 4 + 1000]).await.unwrap();
            waiting.await.unwrap().unwrap();
        });
    });
    assert!(allocated.bytes_max < 50_000, "{}", allocated.bytes_max);
}

/// An idle connection returns the memory of its last messages when it sends its first Ping.
#[test]
fn idle_connections_return_memory() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (mut ws, mut peer) = open(Role::Server, Config::new(), 1024);
    let busy = measure(|| {
        runtime.block_on(async {
            for _ in 0..100 {
                write(&mut peer, &frame(Role::Server, 0x82, &[7; 125])).await;
                assert!(matches!(ws.receive().await, Ok(Some(Message::Binary(_)))));
            }
            ws.feed(vec![7; 900]).await.unwrap();
            ws.flush().await.unwrap();
        });
    });
    let idle = measure(|| {
        runtime.block_on(async {
            assert!(timeout(seconds(25), ws.receive()).await.is_err());
        });
    });
    assert!(busy.bytes_current > 5 * 1024, "{}", busy.bytes_current);
    let left = busy.bytes_current + idle.bytes_current;
    assert!(left < 4 * 1024, "{left} bytes");
}

/// So do the halves of a connection, also that of the compression.
#[test]
fn idle_halves_return_memory() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let config = Config::new();
    #[cfg(feature = "deflate")]
    let config = config.deflate(Some(websocket_proto_tokio::DeflateConfig::new()));
    let mut halves = None;
    let busy = measure(|| {
        runtime.block_on(async {
            let (server, client_stream) = duplex(1024);
            let request = ClientRequest::new("ws://localhost/");
            let (server, client) =
                tokio::join!(accept(server, config), client(client_stream, request, config));
            let [(server, from_client), (client, from_server)] =
                halves.insert([server.unwrap().split(), client.unwrap().0.split()]);
            for number in 0..100 {
                let message = Message::from(number.to_string().repeat(15_000));
                server.send(message.clone()).await.unwrap();
                assert!(from_server.receive().await.unwrap().as_ref() == Some(&message));
                client.send(message.clone()).await.unwrap();
                assert!(from_client.receive().await.unwrap() == Some(message));
            }
        });
    });
    let idle = measure(|| {
        runtime.block_on(async {
            let [(_, from_client), (_, from_server)] = halves.as_mut().unwrap();
            let both = async {
                loop {
                    let received = tokio::select! {
                        received = from_client.receive() => received,
                        received = from_server.receive() => received,
                    };
                    assert!(
                        matches!(received, Ok(Some(Message::Ping(_) | Message::Pong(_)))),
                        "{received:?}"
                    );
                }
            };
            assert!(timeout(seconds(60), both).await.is_err());
        });
    });
    // The window of a direction that decompresses stays: 32 KiB.
    let left = busy.bytes_current + idle.bytes_current;
    let window = if cfg!(feature = "deflate") { 33 * 1024 } else { 0 };
    assert!(busy.bytes_current > 2 * 40 * 1024, "{}", busy.bytes_current);
    assert!(left < 2 * (window + 16 * 1024), "{left} bytes");
}
