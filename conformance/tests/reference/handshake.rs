//! The opening handshake (§4), as far as the echo endpoint needs it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// A request without extensions and subprotocols.
pub const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The response to a request, if the request is complete, and the number of bytes of the request.
pub fn respond(input: &[u8]) -> Option<(Vec<u8>, usize)> {
    let end = input.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&input[..end]).into_owned();
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    let Some(key) = key else { return Some((b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), end)) };
    let accept = STANDARD.encode(Sha1::digest(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Some((response.into_bytes(), end))
}

/// The number of bytes of a complete response that accepts the request.
pub fn accepted(input: &[u8]) -> Option<usize> {
    let end = input.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    input.starts_with(b"HTTP/1.1 101 ").then_some(end)
}
