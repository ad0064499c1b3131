//! W8: the memory of an idle connection, and the allocations of an echo. It is a separate program because it
//! has a global allocator that counts, and the measurements of time need the system allocator.
//!
//! `wsmem [N]` makes N connections (default 10,000) of each peer over a transport handle of zero size. For
//! each connection it prints the size of the type, the heap memory after construction, the heap memory and
//! the resident memory (RSS) after one echo of 125 bytes, and the allocations of an echo in the steady state.
//! With `--json` it prints JSON lines.
//!
//! Rows with "default" use the defaults of the peer. Rows with "small" use the smallest buffers that its API
//! permits (4 KiB, or 1 KiB if its documentation recommends that).

use std::cell::RefCell;
use std::io;

use wsbench::io::block_on;
use wsbench::memory::{Counting, Nil, allocations, arrive, live, rss, sent, take, written};
use wsbench::peers;

#[global_allocator]
static A: Counting = Counting;

/// The memory that malloc of glibc has allocated, because C peers do not use the allocator that counts.
fn malloced() -> usize {
    let m = unsafe { libc::mallinfo2() };
    m.uordblks + m.hblkhd
}

/// `make` creates a connection; `echo` receives the one frame on it and sends it back.
fn row<C>(n: usize, name: &str, make: impl Fn() -> C, echo: impl Fn(&mut C)) {
    row_of(n, name, None, make, echo)
}

/// `c_own` is for a C peer: the bytes of this program in a `C`, which are subtracted from the memory of
/// malloc.
fn row_of<C>(n: usize, name: &str, c_own: Option<usize>, make: impl Fn() -> C, echo: impl Fn(&mut C)) {
    // Each row runs in a separate process. Otherwise the pages that the allocator kept from the previous row
    // would change the RSS.
    let Ok(only) = std::env::var("WSMEM_ROW") else {
        let me = std::env::current_exe().unwrap();
        let st =
            std::process::Command::new(me).args(std::env::args().skip(1)).env("WSMEM_ROW", name).status();
        assert!(st.unwrap().success());
        return;
    };
    if only != name {
        return;
    }
    let own = c_own.unwrap_or(0);
    let heap = || if c_own.is_some() { malloced() } else { live() };
    // The steady state: one connection, after 2,000 echoes.
    let once = |c: &mut C| {
        arrive();
        echo(c);
        assert_eq!(written(), 127, "{name}: no full echo");
    };
    let mut c = make();
    for _ in 0..2000 {
        once(&mut c);
    }
    let (a0, b0) = allocations();
    for _ in 0..10_000 {
        once(&mut c);
    }
    let (a1, b1) = allocations();
    let allocs = (a1 - a0) as f64 / 10_000.0;
    let bytes = (b1 - b0) as f64 / 10_000.0;
    drop(c);

    // Idle connections.
    let r0 = rss();
    let mut v: Vec<C> = Vec::with_capacity(n);
    let h0 = heap();
    for _ in 0..n {
        v.push(make());
    }
    let fresh = (heap() - h0) as f64 / n as f64 - own as f64;
    for c in &mut v {
        once(c);
    }
    let idle = (heap() - h0) as f64 / n as f64 - own as f64;
    let resident = (rss().saturating_sub(r0)) as f64 / n as f64 - own as f64;
    let stack = size_of::<C>();
    if std::env::args().any(|a| a == "--json") {
        println!(
            "{{\"memory\":\"{name}\",\"type_size\":{stack},\"heap_fresh\":{fresh:.0},\"heap_idle\":{idle:.0},\"total_idle\":{:.0},\"rss_idle\":{resident:.0},\"allocs_per_echo\":{allocs:.3},\"alloc_bytes_per_echo\":{bytes:.1}}}",
            idle + stack as f64
        );
    } else {
        println!(
            "{name:34} {stack:6} {fresh:9.0} {idle:9.0} {:9.0} {resident:9.0} {allocs:8.3} {bytes:10.1}",
            idle + stack as f64
        );
    }
}

fn main() {
    let n = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(10_000);
    if !std::env::args().any(|a| a == "--json") && std::env::var("WSMEM_ROW").is_err() {
        println!(
            "{:34} {:>6} {:>9} {:>9} {:>9} {:>9} {:>8} {:>10}",
            "peer", "type", "heap new", "heap idle", "total", "RSS", "allocs", "alloc B"
        );
        println!("{:34} (bytes for each connection, N = {n}; allocations for each echo of 125 B)", "");
    }

    {
        use websocket_proto::{Connection, ReceiveBuffer, Server};
        // One buffer of each kind, which all connections use in turn.
        let lent = RefCell::new((ReceiveBuffer::new(), Vec::new()));
        row(n, "ours (lent buffers)", peers::ours::server, |ws| {
            let (inbound, out) = &mut *lent.borrow_mut();
            peers::ours::echo(ws, inbound, out);
        });
        type Own = (Connection<Server>, ReceiveBuffer<Vec<u8>>);
        let own = || (peers::ours::server(), ReceiveBuffer::new());
        let out = RefCell::new(Vec::new());
        row(n, "ours (own buffer, released)", own, |(ws, inbound): &mut Own| {
            peers::ours::echo(ws, inbound, &mut out.borrow_mut());
            inbound.shrink_to_fit();
        });
        row(n, "ours (own 4 KiB buffer, kept)", own, |(ws, inbound): &mut Own| {
            peers::ours::echo(ws, inbound, &mut out.borrow_mut());
        });
    }

    {
        use tungstenite::protocol::{Role, WebSocketConfig};
        use tungstenite::{Message, WebSocket};
        let echo = |c: &mut WebSocket<Nil>| {
            let Message::Binary(b) = c.read().unwrap() else { panic!() };
            c.send(Message::Binary(b)).unwrap();
        };
        row(n, "tungstenite default", || WebSocket::from_raw_socket(Nil, Role::Server, None), echo);
        row(
            n,
            "tungstenite small (4 KiB, 0)",
            || {
                let c = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
                WebSocket::from_raw_socket(Nil, Role::Server, Some(c))
            },
            echo,
        );
    }
    {
        use fastwebsockets::{FragmentCollector, Role, WebSocket};
        row(
            n,
            "fastwebsockets default",
            || FragmentCollector::new(WebSocket::after_handshake(Nil, Role::Server)),
            |c| {
                block_on(async {
                    let f = c.read_frame().await.unwrap();
                    c.write_frame(f).await.unwrap();
                })
            },
        );
    }
    {
        use futures::{SinkExt, StreamExt};
        use tokio_websockets::ServerBuilder;
        row(
            n,
            "tokio-websockets default",
            || ServerBuilder::new().serve(Nil),
            |c| {
                block_on(async {
                    let m = c.next().await.unwrap().unwrap();
                    c.send(m).await.unwrap();
                })
            },
        );
    }
    {
        use futures::io::{BufReader, BufWriter};
        use soketto::connection::{Builder, Receiver, Sender};
        type Io = BufReader<BufWriter<Nil>>;
        let echo = |(s, r, b): &mut (Sender<Io>, Receiver<Io>, Vec<u8>)| {
            block_on(async {
                b.clear();
                r.receive_data(b).await.unwrap();
                s.send_binary(&b).await.unwrap();
                s.flush().await.unwrap();
            })
        };
        row(
            n,
            "soketto default (8 KiB Buf*)",
            || {
                let io = BufReader::new(BufWriter::new(Nil));
                let (s, r) = Builder::new(io, soketto::Mode::Server).finish();
                (s, r, Vec::new())
            },
            echo,
        );
        row(
            n,
            "soketto small (1 KiB Buf*)",
            || {
                let io = BufReader::with_capacity(1024, BufWriter::with_capacity(1024, Nil));
                let (s, r) = Builder::new(io, soketto::Mode::Server).finish();
                (s, r, Vec::new())
            },
            echo,
        );
    }
    {
        use tokio::io::BufReader;
        use web_socket::{Event, Frame, WebSocket};
        let echo = |c: &mut WebSocket<BufReader<Nil>>| {
            block_on(async {
                let Event::Data { data, .. } = c.recv().await.unwrap() else { panic!() };
                c.send(Frame { fin: true, opcode: 2, data: &data }).await.unwrap();
            })
        };
        row(n, "web-socket (8 KiB BufReader)", || WebSocket::server(BufReader::new(Nil)), echo);
    }
    {
        use websocket_sans_io::{WebsocketFrameDecoder, WebsocketFrameEvent};
        row(n, "websocket-sans-io (shared buffer)", WebsocketFrameDecoder::new, |d| {
            let mut b = [0; 256];
            let n = io::Read::read(&mut Nil, &mut b).unwrap();
            let mut at = 0;
            loop {
                let r = d.add_data(&mut b[at..n]).unwrap();
                at += r.consumed_bytes;
                if matches!(r.event, Some(WebsocketFrameEvent::End { .. })) {
                    break;
                }
            }
            sent(127);
        });
    }
    {
        use ws_framer::{WsRxFramer, WsTxFramer};
        for cap in [4096usize, 1024] {
            // Each connection borrows one receive buffer; all share the send buffer.
            row(
                n,
                &format!("ws-framer ({cap} B receive buffer)"),
                || {
                    let b: &'static mut [u8] = Box::leak(vec![0; cap].into_boxed_slice());
                    WsRxFramer::new(b)
                },
                |c| {
                    let k = io::Read::read(&mut Nil, c.read_buf()).unwrap();
                    c.advance(k);
                    let mut out = [0; 256];
                    let mut tx = WsTxFramer::new(false, &mut out);
                    let f = c.next_frame().unwrap().unwrap();
                    sent(tx.frame(f).unwrap().len());
                },
            );
        }
    }
    {
        use futures::SinkExt;
        use yawc::{Frame, Options, Role, WebSocket};
        let echo = |c: &mut WebSocket<Nil>| {
            block_on(async {
                let f = c.next_frame().await.unwrap();
                c.send(Frame::binary(f.into_payload())).await.unwrap();
            })
        };
        let plain = || Options::default().without_compression().with_utf8();
        row(n, "yawc default", || WebSocket::from_stream(Nil, Role::Server, plain()).unwrap(), echo);
        row(
            n,
            "yawc small (1 KiB)",
            || {
                let o = plain().with_read_buffer_capacity(1024).with_write_buffer_capacity(1024);
                WebSocket::from_stream(Nil, Role::Server, o).unwrap()
            },
            echo,
        );
    }
    {
        use bytes::BytesMut;
        use futures::{SinkExt, StreamExt};
        use sockudo_ws::protocol::Protocol;
        use sockudo_ws::{Role, WebSocketStream};
        row(
            n,
            "sockudo-stream default",
            || WebSocketStream::server(Nil, wsbench::peers::sockudo::stream_config()),
            |c| {
                block_on(async {
                    let m = c.next().await.unwrap().unwrap();
                    c.send(m).await.unwrap();
                })
            },
        );
        row(
            n,
            "sockudo Protocol (+ own BytesMut)",
            || (Protocol::new(Role::Server, 64 << 20, 64 << 20), BytesMut::new()),
            |(p, b)| {
                b.reserve(4096);
                b.extend_from_slice(take(4096));
                let mut out = BytesMut::with_capacity(256);
                for m in p.process(b).unwrap() {
                    p.encode_message(&m, &mut out).unwrap();
                }
                sent(out.len());
            },
        );
    }
    #[cfg(feature = "wtx")]
    {
        use wtx::collection::Vector;
        use wtx::rng::Xorshift64;
        use wtx::web_socket::{Frame, WebSocket, WebSocketBuffer, WebSocketPayloadOrigin};
        type Ws = WebSocket<(), Xorshift64, Nil, WebSocketBuffer, false>;
        row(
            n,
            "wtx default",
            || Ws::new((), false, Xorshift64::from(1), Nil, WebSocketBuffer::new()),
            |c| {
                block_on(async {
                    let mut b = Vector::new();
                    let (mut common, mut reader, mut writer) = c.split_mut();
                    let mut f = reader
                        .read_frame(&mut b, &mut common, WebSocketPayloadOrigin::Adaptive)
                        .await
                        .unwrap();
                    let mut r = Frame::<&mut [u8], false>::new_fin(f.op_code(), f.payload_mut());
                    writer.write_frame(&mut common, &mut r).await.unwrap();
                })
            },
        );
    }
    #[cfg(have_wslay)]
    {
        use wsbench::{memory::frame, peers::wslay::Conn};
        row_of(
            n.min(3000),
            "wslay",
            Some(Conn::OWN),
            || Conn::new(frame()),
            |c| {
                let mut e = wsbench::Eat::timing();
                c.echo(&mut e);
                sent(127);
            },
        );
    }
}
