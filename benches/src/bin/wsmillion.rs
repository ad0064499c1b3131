//! Opens a million idle connections in one process, then echoes 125 bytes on each in turn. Prints the bytes
//! of a connection and the nanoseconds of an echo.
//!
//! `wsmillion [N]` opens N connections of this crate (default 1,000,000). Of a peer it opens as many as fit
//! into 8 GiB, but at most N. Each row runs in a separate process. The time to open a connection of this
//! crate includes the opening handshake; for a peer it does not. The time of an echo is from the second
//! round, when all memory has been used once. No cache can hold all connections.

use std::time::Instant;

use websocket_proto::{Connection, ReceiveBuffer, Server};
use wsbench::io::block_on;
use wsbench::memory::{Counting, Nil, arrive, live, rss, written};
use wsbench::peers::ours;

#[global_allocator]
static A: Counting = Counting;

const ROOM: usize = 8 << 30;

fn main() {
    let n = std::env::args().nth(1).map_or(1_000_000, |n| n.parse().unwrap());
    let row_name = std::env::var("WSMILLION_ROW").ok();
    let Some(row_name) = row_name else {
        println!(
            "{:28} {:>9} {:>8} {:>9} {:>9} {:>9} {:>9}",
            "peer", "N", "struct", "heap", "RSS", "ns open", "ns echo"
        );
        let me = std::env::current_exe().unwrap();
        for name in [
            "ours, lent buffers",
            "ours, own, released",
            "tungstenite",
            "tungstenite, 4 KiB",
            "fastwebsockets",
            "tokio-websockets",
        ] {
            let status =
                std::process::Command::new(&me).arg(n.to_string()).env("WSMILLION_ROW", name).status();
            assert!(status.unwrap().success(), "{name}");
        }
        return;
    };
    match row_name.as_str() {
        "ours, lent buffers" => {
            let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
            let (mut shake, mut answer) = (ReceiveBuffer::new(), Vec::new());
            let make = || ours::open(&mut shake, &mut answer);
            row(n, &row_name, make, |ws: &mut Connection<Server>| ours::echo(ws, &mut inbound, &mut out));
        }
        "ours, own, released" => {
            let mut out = Vec::new();
            let mut answer = Vec::new();
            let make = || {
                let mut inbound = ReceiveBuffer::new();
                let ws = ours::open(&mut inbound, &mut answer);
                inbound.shrink_to_fit();
                (ws, inbound)
            };
            row(n, &row_name, make, |(ws, inbound)| {
                ours::echo(ws, inbound, &mut out);
                inbound.shrink_to_fit();
            });
        }
        "tungstenite" | "tungstenite, 4 KiB" => {
            use tungstenite::protocol::{Role, WebSocketConfig};
            use tungstenite::{Message, WebSocket};
            let small = row_name
                .ends_with("4 KiB")
                .then(|| WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0));
            let make = || WebSocket::from_raw_socket(Nil, Role::Server, small);
            row(n, &row_name, make, |ws| {
                let Message::Binary(bytes) = ws.read().unwrap() else { panic!("not binary") };
                ws.send(Message::Binary(bytes)).unwrap();
            });
        }
        "fastwebsockets" => {
            use fastwebsockets::{FragmentCollector, Role, WebSocket};
            let make = || FragmentCollector::new(WebSocket::after_handshake(Nil, Role::Server));
            row(n, &row_name, make, |ws| {
                block_on(async {
                    let frame = ws.read_frame().await.unwrap();
                    ws.write_frame(frame).await.unwrap();
                });
            });
        }
        _ => {
            use futures::{SinkExt, StreamExt};
            use tokio_websockets::ServerBuilder;
            let make = || ServerBuilder::new().serve(Nil);
            row(n, &row_name, make, |ws| {
                block_on(async {
                    let message = ws.next().await.unwrap().unwrap();
                    ws.send(message).await.unwrap();
                });
            });
        }
    }
}

fn row<C>(n: usize, name: &str, mut make: impl FnMut() -> C, mut echo: impl FnMut(&mut C)) {
    let mut once = |ws: &mut C| {
        arrive();
        echo(ws);
        assert_eq!(written(), 127, "{name}: no full echo");
    };
    // The memory of one connection after an echo, when the shared buffers have their memory.
    once(&mut make());
    let before = live();
    let mut one = make();
    once(&mut one);
    let each = live() - before + size_of::<C>();
    drop(one);
    let n = n.min(ROOM / each);

    let resident = rss();
    let mut all = Vec::with_capacity(n);
    let before = live();
    let start = Instant::now();
    all.extend(std::iter::repeat_with(make).take(n));
    let open = start.elapsed().as_nanos() as f64 / n as f64;
    all.iter_mut().for_each(&mut once);
    let start = Instant::now();
    all.iter_mut().for_each(&mut once);
    let ns = start.elapsed().as_nanos() as f64 / n as f64;
    let heap = (live() - before) as f64 / n as f64;
    let resident = rss().saturating_sub(resident) as f64 / n as f64;
    println!("{name:28} {n:9} {:8} {heap:9.0} {resident:9.0} {open:9.0} {ns:9.1}", size_of::<C>());
}
