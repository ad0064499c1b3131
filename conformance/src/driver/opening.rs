//! The standard opening handshake (§4) of the connections whose cases begin after it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::context::Context;
use crate::judge::{Head, HeadNext, accept_value};
use crate::random::Random;
use crate::role::Role;

/// An opening handshake in progress.
#[derive(Debug)]
pub(super) struct Opening {
    role: Role,
    received: Vec<u8>,
}

/// The state of an opening handshake.
#[derive(Debug)]
pub(super) enum Progress {
    /// Bytes are missing.
    More,
    /// The connection is open.
    Open {
        /// The head that the endpoint wrote.
        head: Head,
        /// Bytes that the suite must write first.
        response: Vec<u8>,
        /// Bytes of frames that arrived with the head.
        rest: Vec<u8>,
    },
    /// The endpoint answered with this status.
    Refused(u16),
    /// The endpoint wrote no head.
    Malformed(&'static str),
}

impl Opening {
    /// Begins the handshake with an endpoint of this role. Returns the bytes that the suite writes at once.
    pub(super) fn new(role: Role, context: &Context, random: &mut Random) -> (Self, Vec<u8>) {
        let request = match role {
            Role::Server => request(context, &STANDARD.encode(random.bytes::<16>())),
            Role::Client => Vec::new(),
        };
        (Self { role, received: Vec::new() }, request)
    }

    pub(super) fn received(&mut self, bytes: &[u8]) -> Progress {
        self.received.extend_from_slice(bytes);
        loop {
            let (head, len) = match Head::read(&self.received) {
                HeadNext::Head(head, len) => (head, len),
                HeadNext::More => return Progress::More,
                HeadNext::Malformed(reason) => return Progress::Malformed(reason),
            };
            self.received.drain(..len);
            let rest = core::mem::take(&mut self.received);
            if self.role == Role::Client {
                let Some(key) = head.value("Sec-WebSocket-Key") else {
                    return Progress::Malformed("a request without Sec-WebSocket-Key");
                };
                let response = response(key);
                return Progress::Open { head, response, rest };
            }
            match head.status() {
                Some(101) => return Progress::Open { head, response: Vec::new(), rest },
                // RFC 9110 §15.2: an interim response precedes the final one.
                Some(100..=199) => self.received = rest,
                Some(status) => return Progress::Refused(status),
                None => return Progress::Malformed("a response without a status line of HTTP/1.1"),
            }
        }
    }
}

/// §4.1: the fields that every request needs, then the additional ones.
fn request(context: &Context, key: &str) -> Vec<u8> {
    let (resource, host) = (&context.resource, &context.host);
    let mut request = format!(
        "GET {resource} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
    );
    for (name, value) in &context.extra_fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.into_bytes()
}

/// §4.2.2: a response without an extension and a subprotocol.
fn response(key: &[u8]) -> Vec<u8> {
    let accept = accept_value(key);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Context, Opening, Progress, Random, Role};

    #[test]
    fn a_server_answers_after_interim_responses() {
        let (mut opening, request) =
            Opening::new(Role::Server, &Context::default(), &mut Random::new(1, "", 0));
        assert!(
            request.starts_with(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n") && request.ends_with(b"\r\n\r\n")
        );
        assert!(matches!(opening.received(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 "), Progress::More));
        let end = opening.received(b"Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00");
        assert!(matches!(end, Progress::Open { rest, .. } if rest == b"\x81\x00"));
    }

    #[test]
    fn a_refusal_has_its_status() {
        let (mut opening, _) = Opening::new(Role::Server, &Context::default(), &mut Random::new(1, "", 0));
        assert!(matches!(opening.received(b"HTTP/1.1 503 Busy\r\n\r\n"), Progress::Refused(503)));
    }

    #[test]
    fn a_client_gets_its_accept_value() {
        let (mut opening, nothing) =
            Opening::new(Role::Client, &Context::default(), &mut Random::new(1, "", 0));
        assert!(nothing.is_empty());
        let request = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let Progress::Open { response, .. } = opening.received(request) else { panic!("not open") };
        let response = String::from_utf8(response).expect("ASCII");
        assert!(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{response}");
    }
}
