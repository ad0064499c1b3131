//! The bytes that all connections exchange: the opening handshake, the message, and its reply.

use core::net::SocketAddr;

use anyhow::{Result, ensure};

/// §1.3: the key and the accept value of the example.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// §5.3: any key will do; the work of a server does not depend on it.
const MASKING_KEY: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// The request of the opening handshake (§4.1).
pub fn request(address: SocketAddr) -> String {
    format!(
        "GET /echo HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// Checks the head of the response: the status code, and the accept value (§4.2.2).
pub fn check_response(head: &[u8]) -> Result<()> {
    let head = core::str::from_utf8(head)?;
    ensure!(head.starts_with("HTTP/1.1 101 "), "the response is {head:?}");
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let accept = fields.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-accept"));
    ensure!(accept.is_some_and(|(_, value)| value.trim() == ACCEPT), "no correct accept value: {head:?}");
    Ok(())
}

/// One message and its reply, as frames.
pub struct Exchange {
    in_flight: usize,
    message_len: usize,
    /// The frame of the message, once more than are in flight: messages can be written from any position in
    /// the first one.
    messages: Vec<u8>,
    reply: Vec<u8>,
}

impl Exchange {
    /// A binary message with this many bytes of payload.
    pub fn new(size: usize, in_flight: usize) -> Self {
        let payload: Vec<u8> = (0..size).map(byte).collect();
        let reply = [&header(size, false)[..], &payload].concat();
        let masked = payload.iter().zip(MASKING_KEY.iter().cycle()).map(|(byte, key)| byte ^ key);
        let mut message = header(size, true);
        message.extend(MASKING_KEY);
        message.extend(masked);
        Self { in_flight, message_len: message.len(), messages: message.repeat(in_flight + 1), reply }
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The length of the frame of a message.
    pub fn message_len(&self) -> usize {
        self.message_len
    }

    /// `count` bytes of messages, of which the first is at this position of its frame.
    pub fn messages(&self, position: usize, count: usize) -> &[u8] {
        &self.messages[position..position + count]
    }

    /// The frame of a reply.
    pub fn reply(&self) -> &[u8] {
        &self.reply
    }
}

/// Bytes of every value, without a short period.
fn byte(index: usize) -> u8 {
    (index.wrapping_mul(0x9E37_79B1) >> 13) as u8
}

/// §5.2: a final binary frame, without the masking key.
fn header(size: usize, masked: bool) -> Vec<u8> {
    let mask = u8::from(masked) << 7;
    let mut header = vec![0x82];
    match size {
        0..=125 => header.push(mask | size as u8),
        126..=0xFFFF => {
            header.push(mask | 126);
            header.extend((size as u16).to_be_bytes());
        }
        _ => {
            header.push(mask | 127);
            header.extend((size as u64).to_be_bytes());
        }
    }
    header
}
