//! Tests a server that another crate implements, here tungstenite, with frames that no `Connection` writes.
//!
//! `cargo run -p interop --example test_an_endpoint -- [--accept-unmasked]`
//!
//! The module `wire` writes the frames and reads the replies. A stream in memory replaces the socket, so the
//! test needs no threads and no time. To test another server, replace `serve`. The program exits with 1 if
//! the server breaks a rule of RFC 6455, as it does with `--accept-unmasked`.

use core::error::Error;
use std::io::{self, Read, Write};
use std::process::ExitCode;

use Rule::{Drop, Fail, MayFail, Message};
use tungstenite::protocol::WebSocketConfig;
use websocket_proto::CloseFrame;
use websocket_proto::wire::{self, LengthForm, Opcode, RawFrameHeader, ReservedBits};

/// The server under test. It sends each message back. After an error, it drops the stream without a Close.
fn serve(stream: &mut Memory, accept_unmasked: bool) -> Result<(), Box<dyn Error>> {
    let config = WebSocketConfig::default().accept_unmasked_frames(accept_unmasked);
    let mut ws = tungstenite::accept_with_config(stream, Some(config)).map_err(|error| error.to_string())?;
    loop {
        let message = ws.read()?;
        if message.is_text() || message.is_binary() {
            ws.send(message)?;
        }
    }
}

/// What the RFC requires of the receiver.
#[derive(Clone, Copy)]
enum Rule {
    /// The frames are a message.
    Message,
    /// It MUST close the connection, and MAY send a Close first.
    Drop,
    /// It MUST fail the connection, and so it SHOULD send a Close first (§7.1.7).
    Fail,
    /// The sender broke a MUST, but no clause says that the receiver must fail. It MAY do so (§10.7).
    MayFail,
}

/// A name, its clause, the rule, and the frames of the client.
type Case = (&'static str, &'static str, Rule, Vec<u8>);

fn cases() -> Vec<Case> {
    let hello = |change: fn(&mut RawFrameHeader)| frame(0x1, b"Hello", change);
    let two_first_fragments = [hello(|header| header.fin = false), hello(|header| header.fin = false)];
    vec![
        ("a text message", "§5.6", Message, hello(|_| {})),
        ("no mask", "§5.1", Drop, hello(|header| header.masking_key = None)),
        ("RSV1, no extension", "§5.2", Fail, hello(|header| header.reserved = ReservedBits::RSV1)),
        ("reserved opcode", "§5.2", Fail, hello(|header| header.opcode = 0x3)),
        ("text not UTF-8", "§8.1", Fail, frame(0x1, b"\xff", |_| {})),
        ("length not minimal", "§5.2", MayFail, hello(|header| header.length_form = LengthForm::Bits16)),
        ("no first fragment", "§5.4", MayFail, hello(|header| header.opcode = 0x0)),
        ("two first fragments", "§5.4", MayFail, two_first_fragments.concat()),
        ("fragment of a Ping", "§5.5", MayFail, frame(0x9, b"?", |header| header.fin = false)),
        ("Ping of 126 bytes", "§5.5", MayFail, frame(0x9, &[b'?'; 126], |_| {})),
        ("Close of 1 byte", "§5.5.1", MayFail, frame(0x8, b"\x03", |_| {})),
        ("Close with 1005", "§7.4.1", MayFail, frame(0x8, b"\x03\xed", |_| {})),
    ]
}

/// A frame of a client. `change` can make its header illegal.
fn frame(opcode: u8, payload: &[u8], change: fn(&mut RawFrameHeader)) -> Vec<u8> {
    let mut header = RawFrameHeader::new(opcode, payload.len() as u64);
    header.masking_key = Some([0x37, 0xfa, 0x21, 0x3d]);
    change(&mut header);
    wire::frame(header, payload)
}

/// The frames of the server, as text.
fn replies(mut output: &[u8]) -> Vec<String> {
    let mut replies = Vec::new();
    while let Some((header, len)) = RawFrameHeader::parse(output) {
        let end = len + header.payload_len as usize;
        let payload = output.get(len..end).expect("the whole frame");
        output = &output[end..];
        replies.push(match (Opcode::from_bits(header.opcode), CloseFrame::parse(payload)) {
            (Some(Opcode::Close), Ok(Some(close))) => format!("Close {}", close.code.get()),
            (Some(opcode), _) => format!("{opcode:?} {:?}", String::from_utf8_lossy(payload)),
            (None, _) => format!("opcode {}", header.opcode),
        });
    }
    replies
}

/// Returns the verdict, and whether the server keeps the rule.
fn judge(rule: Rule, replies: &[String]) -> (&'static str, bool) {
    let is_closed = matches!(replies, [reply] if reply.starts_with("Close"));
    let is_dropped = replies.is_empty();
    match rule {
        Message if replies == [r#"Text "Hello""#, r#"Text "after""#] => ("ok", true),
        Drop | Fail | MayFail if is_closed => ("ok", true),
        Drop | MayFail if is_dropped => ("ok", true),
        Fail if is_dropped => ("ok, but SHOULD send a Close", true),
        MayFail => ("lenient: the sender broke a rule", true),
        Message | Drop | Fail => ("BREAKS THE RULE", false),
    }
}

fn main() -> ExitCode {
    let accept_unmasked = std::env::args().nth(1).as_deref() == Some("--accept-unmasked");
    println!("{:20} {:7} {:18} {:26} verdict", "case", "clause", "frames", "replies");
    let mut all_kept = true;
    for (name, clause, rule, frames) in cases() {
        let hex: String = frames.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        // A server that fails the connection does not answer the legal message that follows.
        let reads = vec![REQUEST.to_vec(), frames, frame(0x1, b"after", |_| {})];
        let mut memory = Memory { reads, output: Vec::new() };
        let _ = serve(&mut memory, accept_unmasked); // at the latest, the end of the input is an error
        let head = memory.output.windows(4).position(|end| end == b"\r\n\r\n").expect("a response") + 4;
        let replies = replies(&memory.output[head..]);
        let (verdict, is_kept) = judge(rule, &replies);
        println!("{name:20} {clause:7} {hex:18} {:26} {verdict}", replies.join(", "));
        all_kept &= is_kept;
    }
    if all_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The socket of the server. After the last read, the client closes it.
struct Memory {
    reads: Vec<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Memory {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let Some(bytes) = self.reads.first_mut() else { return Ok(0) };
        let count = bytes.as_slice().read(space)?;
        bytes.drain(..count);
        if bytes.is_empty() {
            self.reads.remove(0);
        }
        Ok(count)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
