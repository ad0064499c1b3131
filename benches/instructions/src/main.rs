//! Counts the instructions for each message with callgrind, and compares them with `budgets.txt`.
//!
//! ```text
//! cargo run --release --manifest-path benches/instructions/Cargo.toml
//! cargo run --release --manifest-path benches/instructions/Cargo.toml --features deflate
//! ```
//!
//! The second command counts compressed messages and compares them with `budgets-deflate.txt`: messages that
//! take the most instructions for their size on the wire.
//!
//! Each work runs with N and with 2 N messages, and the difference is divided by N, so that the set-up does
//! not count. Code outside [`measured`] does not count either, such as the copies of the transport. The
//! program fails if a work takes 5 % more instructions than its budget.

use std::hint::black_box;
use std::process::{Command, ExitCode};

use websocket_proto::{Accept, Client, Config, Connection, Event, Negotiated, ReceiveBuffer, Server};

const BUDGETS: &str = if cfg!(feature = "deflate") {
    include_str!("../budgets-deflate.txt")
} else {
    include_str!("../budgets.txt")
};
const MESSAGES: u64 = 2_000;
const TOLERANCE: f64 = 0.05;

const REQUEST: &[u8] = b"GET /realtime/v2/socket?token=3f9c2a7be1&vsn=2.0.0 HTTP/1.1\r\n\
Host: realtime.example.com\r\n\
Connection: Upgrade\r\n\
Pragma: no-cache\r\n\
Cache-Control: no-cache\r\n\
User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
Upgrade: websocket\r\n\
Origin: https://app.example.com\r\n\
Sec-WebSocket-Version: 13\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-GB,en;q=0.9,de-DE;q=0.8,de;q=0.7\r\n\
Cookie: session=eyJhbGciOiJIUzI1NiJ9.c2Vzc2lvbg.dGhpcyBpcyBub3QgYSBzZWNyZXQ; theme=dark; _ga=GA1.1.1234567890.1700000000\r\n\
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
DNT: 1\r\n\
\r\n";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [work, messages] = args.as_slice() {
        run(work, messages.parse().unwrap_or(1));
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions: not counted, there is no valgrind here");
        return ExitCode::SUCCESS;
    }
    let mut failed = false;
    for line in BUDGETS.lines().filter(|line| !line.starts_with('#')) {
        let Some((work, budget)) = line.split_once(char::is_whitespace) else { continue };
        let budget: f64 = budget.trim().parse().expect("a number behind each name");
        let (Some(one), Some(two)) = (count(work, MESSAGES), count(work, 2 * MESSAGES)) else {
            println!("{work:22} callgrind failed");
            failed = true;
            continue;
        };
        let each = (two - one) as f64 / MESSAGES as f64;
        let change = each / budget - 1.0;
        let verdict = match change {
            change if change > TOLERANCE => "FAILED",
            change if change < -TOLERANCE => "better: lower the budget",
            _ => "ok",
        };
        failed |= change > TOLERANCE;
        println!("{work:22} {each:8.0} of {budget:6.0} ({:+5.1} %) {verdict}", change * 100.0);
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The number of instructions inside `measured`.
fn count(work: &str, messages: u64) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured*"])
        // Otherwise glibc copies with `rep movsb`, which callgrind counts as one instruction for each byte.
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000",
        )
        .arg(std::env::current_exe().ok()?)
        .args([work, &messages.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    text.split("Collected : ").nth(1)?.split_whitespace().next()?.parse().ok()
}

fn run(work: &str, messages: u64) {
    #[cfg(feature = "deflate")]
    if let Some(payload) = compressed(work) {
        return inflate(payload, messages);
    }
    let (mut ws, mut inbound, mut out) =
        (Connection::server(Config::default()), ReceiveBuffer::new(), Vec::new());
    let size = match work {
        "receive-8" => 8,
        "receive-125" | "echo-125" => 125,
        "receive-1024" => 1024,
        "send-16384" => {
            let key: fn(&mut [u8]) = |bytes| bytes.fill(0x5A);
            let mut ws = Connection::established(Client::new(key), Negotiated::new(), Config::default());
            let payload = vec![b'x'; 16384];
            for _ in 0..messages {
                out.clear();
                measured_send(&mut ws, &payload, &mut out);
            }
            return;
        }
        "handshake" => {
            for _ in 0..messages {
                ws = Connection::server(Config::default());
                out.clear();
                assert_eq!(inbound.feed(REQUEST), REQUEST.len());
                measured(&mut ws, &mut inbound, &mut out, true);
            }
            return;
        }
        _ => panic!("no such work: {work}"),
    };
    assert_eq!(inbound.feed(REQUEST), REQUEST.len());
    open(&mut ws, &mut inbound, &mut out);
    let frames = frame(0x82, (0..size).map(|i| i as u8)).repeat(50);
    for _ in 0..messages.div_ceil(50) {
        out.clear();
        assert_eq!(inbound.feed(&frames), frames.len());
        assert_eq!(measured(&mut ws, &mut inbound, &mut out, work.starts_with("echo")), 50);
    }
}

/// The function that is counted for a client that sends.
#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn measured_send(
    ws: &mut Connection<Client<fn(&mut [u8])>>,
    payload: &[u8],
    out: &mut Vec<u8>,
) {
    ws.send_binary(payload, out).unwrap();
}

/// The function that is counted: it receives the messages of one read, or does the handshake.
#[unsafe(no_mangle)]
#[inline(never)]
extern "Rust" fn measured(
    ws: &mut Connection<Server>,
    inbound: &mut ReceiveBuffer<Vec<u8>>,
    out: &mut Vec<u8>,
    answer: bool,
) -> u64 {
    let mut messages = 0;
    while let Ok(Some(event)) = ws.receive(inbound, out) {
        match event {
            Event::Binary(bytes) => {
                black_box(bytes);
                if answer {
                    ws.send_binary(bytes, out).unwrap();
                }
            }
            Event::Request(_) if answer => ws.accept(Accept::new(), out).unwrap(),
            _ => panic!("{event:?}"),
        }
        messages += 1;
    }
    messages
}

fn open(ws: &mut Connection<Server>, inbound: &mut ReceiveBuffer<Vec<u8>>, out: &mut Vec<u8>) {
    let Ok(Some(Event::Request(_))) = ws.receive(inbound, out) else { panic!("no request") };
    ws.accept(Accept::new(), out).unwrap();
}

/// A masked message.
fn frame(first: u8, payload: impl ExactSizeIterator<Item = u8>) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(size @ 0..=125) => frame.push(0x80 | size),
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&key);
    frame.extend(payload.enumerate().map(|(i, byte)| byte ^ key[i % 4]));
    frame
}

#[cfg(feature = "deflate")]
fn inflate(payload: Vec<u8>, messages: u64) {
    let agreed = websocket_proto::Negotiated::new().with_deflate(websocket_proto::DeflateParams::new());
    let mut ws = Connection::established(Server::new(), agreed, Config::default());
    let (mut inbound, mut out) = (ReceiveBuffer::new(), Vec::new());
    let frames = frame(0xC2, payload.into_iter()).repeat(50);
    for _ in 0..messages.div_ceil(50) {
        assert_eq!(inbound.feed(&frames), frames.len());
        assert_eq!(measured(&mut ws, &mut inbound, &mut out, false), 50);
    }
}

/// About a hundred bytes of the shortest possible blocks, or of one block with fixed codes, and the header of an
/// empty block (RFC 7692 §7.2.1).
#[cfg(feature = "deflate")]
fn compressed(work: &str) -> Option<Vec<u8>> {
    // The bits of a block, first to last (RFC 1951 §3.2.3): BFINAL, BTYPE, and the end of the block.
    let block = match work {
        "inflate-stored" => format!("{:0<8}{:016}{:1<16}", "", 0, ""),
        "inflate-fixed" => format!("010{:07}", 0),
        "inflate-fixed-last" => format!("110{:013}", 0),
        // Code lengths of one bit for the symbols 18 and 1. Then 138 and 118 zeros, a 1 for the end of the
        // block, and a 1 for a distance.
        "inflate-dynamic" => {
            format!("001{:010}0111{:06}100{:042}100{}{}000", 0, 0, 0, "11111111", "11101011")
        }
        // Literals of eight bits; and 258 bytes from four bytes before, again and again.
        "inflate-fixed-literals" => format!("010{}{:07}", "10010001".repeat(98), 0),
        "inflate-fixed-copies" => {
            format!("010{}{}{:07}", "10010001".repeat(4), "1100010100011".repeat(58), 0)
        }
        _ => return None,
    };
    let mut bits = block.repeat(800 / block.len());
    bits.extend(std::iter::repeat_n('0', (bits.len() + 3).next_multiple_of(8) - bits.len()));
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
    Some(bits.as_bytes().chunks(8).map(byte).collect())
}
