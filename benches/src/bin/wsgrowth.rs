//! Measures whether the cost of a received byte rises with the size of a message, with the size of a read, or
//! with the number of fragments. It must not.
//!
//! Each value is in nanoseconds for each byte of payload. If it exceeds the lowest value of the rows above it
//! by more than half, the ratio follows it. The buffers keep their memory. Only in the column "default", they
//! allocate memory again for each message over 64 KiB.

use std::time::Instant;

use fastrand::Rng;
use websocket_proto::{Connection, Event, ReceiveBuffer, Server};
use wsbench::io::MemIo;
use wsbench::{peers, wire};

const SIZES: [usize; 12] =
    [8, 32, 125, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20];
const READS: [usize; 3] = [1, 1460, 64 << 10];
const FRAGMENTS: [usize; 5] = [1, 16, 256, 4096, 65_536];
/// The size of the payload that is cut into fragments.
const WHOLE: usize = 1 << 20;
/// A ratio above this is printed.
const RISES: f64 = 1.5;

fn main() {
    println!("ns for each byte, by the size of a message; the columns are sizes of reads");
    header(
        "message",
        &["1 B", "1460 B", "64 KiB", "64 KiB, default", "text, 1460 B", "text, 64 KiB", "only the copy"],
    );
    let mut best = [f64::MAX; 7];
    for size in SIZES {
        let messages = ((256 << 10) / size).max(1);
        let binary = frames(size, messages, 1, false);
        let text = frames(size, messages, 1, true);
        let total = size * messages;
        let cells = [
            receive(binary, messages, READS[0], total),
            receive(binary, messages, READS[1], total),
            receive(binary, messages, READS[2], total),
            receive_with(ReceiveBuffer::new(), binary, messages, READS[2], total),
            receive(text, messages, READS[1], total),
            receive(text, messages, READS[2], total),
            copy(binary, total),
        ];
        row(&bytes(size), &cells, &mut best);
    }

    println!("\nns for each byte, by the number of fragments of a message of {}", bytes(WHOLE));
    header("fragments", &["1460 B", "64 KiB", "text, 1460 B", "text, 64 KiB"]);
    let mut best = [f64::MAX; 4];
    let mut frame_costs = Vec::new();
    for fragments in FRAGMENTS {
        let binary = frames(WHOLE, 1, fragments, false);
        let text = frames(WHOLE, 1, fragments, true);
        let cells = [
            receive(binary, 1, READS[1], WHOLE),
            receive(binary, 1, READS[2], WHOLE),
            receive(text, 1, READS[1], WHOLE),
            receive(text, 1, READS[2], WHOLE),
        ];
        row(&fragments.to_string(), &cells, &mut best);
        frame_costs.push((fragments, cells.map(|ns| ns * WHOLE as f64 / fragments as f64)));
    }
    println!("\nns for each fragment of these messages");
    for (fragments, cells) in frame_costs {
        println!("{fragments:>10} {}", cells.map(|ns| format!("{ns:>16.1}")).join(" "));
    }
}

fn header(first: &str, columns: &[&str]) {
    println!(
        "{first:>10} {}",
        columns.iter().map(|name| format!("{name:>16}")).collect::<Vec<_>>().join(" ")
    );
}

fn row(first: &str, cells: &[f64], best: &mut [f64]) {
    let mut line = format!("{first:>10}");
    for (ns, best) in cells.iter().zip(best) {
        let ratio = ns / *best;
        let ratio = if ratio > RISES { format!("x{ratio:.1}!") } else { String::new() };
        line += &format!(" {ns:>9.3}{ratio:<7}");
        *best = best.min(*ns);
    }
    println!("{}", line.trim_end());
}

fn bytes(n: usize) -> String {
    match n {
        n if n >= 1 << 20 => format!("{} MiB", n >> 20),
        n if n >= 1 << 10 => format!("{} KiB", n >> 10),
        n => format!("{n} B"),
    }
}

/// A wire of masked messages, each in `fragments` fragments of the same size.
fn frames(size: usize, messages: usize, fragments: usize, text: bool) -> &'static [u8] {
    let mut random = Rng::with_seed(7);
    let mut out = Vec::new();
    for _ in 0..messages {
        let payload = if text {
            wire::text(&mut random, wire::Script::Ascii, size)
        } else {
            wire::random_bytes(&mut random, size)
        };
        for (i, piece) in payload.chunks(size.div_ceil(fragments)).enumerate() {
            let opcode = if i > 0 { 0 } else { 2 - u8::from(text) };
            let fin = if i + 1 == fragments { 0x80 } else { 0 };
            wire::frame(&mut out, fin | opcode, Some(random.u32(..).to_ne_bytes()), piece);
        }
    }
    wire::leak(out)
}

/// The shortest time of several rounds, in nanoseconds for each byte.
fn least(total: usize, mut round: impl FnMut()) -> f64 {
    round();
    let start = Instant::now();
    let mut least = f64::MAX;
    let mut rounds = 0;
    while rounds < 5 || start.elapsed().as_millis() < 60 {
        let start = Instant::now();
        round();
        least = least.min(start.elapsed().as_nanos() as f64);
        rounds += 1;
    }
    least / total as f64
}

/// Receives the whole wire with a buffer that keeps its memory.
fn receive(wire: &'static [u8], messages: usize, read: usize, total: usize) -> f64 {
    receive_with(ReceiveBuffer::with_retained_capacity(usize::MAX), wire, messages, read, total)
}

fn receive_with(
    mut inbound: ReceiveBuffer<Vec<u8>>,
    wire: &'static [u8],
    messages: usize,
    read: usize,
    total: usize,
) -> f64 {
    let mut ws: Connection<Server> = peers::ours::server();
    let mut out = Vec::new();
    let mut io = MemIo::new(wire, read, false, false);
    least(total, || {
        let mut came = 0;
        while came < messages {
            let count = io.pull(inbound.spare_mut(read.max(16 << 10)));
            inbound.advance(count);
            while let Some(event) = ws.receive(&mut inbound, &mut out).unwrap() {
                let (Event::Text(_) | Event::Binary(_)) = std::hint::black_box(event) else {
                    panic!("{event:?}")
                };
                came += 1;
            }
        }
    })
}

/// Only the copy of the transport, in reads of 64 KiB into the same memory.
fn copy(wire: &'static [u8], total: usize) -> f64 {
    let mut buffer = vec![0; READS[2]];
    let mut io = MemIo::new(wire, READS[2], false, false);
    least(total, || {
        let mut left = wire.len();
        while left > 0 {
            left -= io.pull(&mut buffer);
            std::hint::black_box(&mut buffer);
        }
    })
}
