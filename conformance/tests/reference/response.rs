//! The client's side of the opening handshake (§4.1).

use core::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::fault::{Fault, Faults};
use super::handshake::accept_value;
use super::head::Head;
use super::negotiation::{self, OFFER};

static CLIENTS: AtomicU32 = AtomicU32::new(0);

/// §4.1: a key for this connection. Not random, as the test has no source of randomness.
pub fn key(faults: Faults) -> String {
    let number = match faults.has(Fault::KeyConstant) {
        true => 0,
        false => CLIENTS.fetch_add(1, Ordering::Relaxed) + 1,
    };
    STANDARD.encode(&Sha1::digest(number.to_be_bytes())[..16])
}

/// §4.1: the fields that a request needs, and the offer of permessage-deflate.
pub fn request(key: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{OFFER}\r\n"
    )
}

/// RFC 9110 §15.2: whether a head precedes the final response.
pub fn is_interim(head: &Head, faults: Faults) -> bool {
    let is_1xx = head.start_line.starts_with("HTTP/1.1 1") && !head.start_line.starts_with("HTTP/1.1 101");
    is_1xx && head.start_line.as_bytes().get(12) == Some(&b' ') && !faults.has(Fault::InterimFails)
}

/// §4.1: whether a final response establishes the connection.
pub fn establishes(head: &Head, key: &str, faults: Faults) -> bool {
    let is_101 = head.start_line.starts_with("HTTP/1.1 101 ");
    let is_status = faults.has(Fault::StatusUnchecked) && head.start_line.starts_with("HTTP/1.1 ")
        || faults.has(Fault::HttpVersionUnchecked) && head.start_line.contains("101 ");
    let is_upgrade = head.single("Upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    let is_connection = head.elements("Connection").iter().any(|element| element == "upgrade");
    let accept = accept_value(key);
    let is_accept = match head.single("Sec-WebSocket-Accept") {
        Some(value) if faults.has(Fault::AcceptIgnoresCase) => value.eq_ignore_ascii_case(&accept),
        value => value == Some(&accept),
    };
    let has = |name| !head.values(name).is_empty();
    let has_content = has("Content-Length") || has("Transfer-Encoding");
    let checks = [
        (is_101 || is_status, None),
        (is_upgrade, Some(Fault::UpgradeUnchecked)),
        (is_connection, Some(Fault::ConnectionUnchecked)),
        (is_accept, Some(Fault::AcceptUnchecked)),
        (negotiation::accept(head, faults).is_ok(), Some(Fault::ExtensionUnchecked)),
        (!has("Sec-WebSocket-Protocol"), Some(Fault::ProtocolUnchecked)),
        (!has_content || is_status, Some(Fault::ContentSkipped)),
    ];
    checks.iter().all(|(is_legal, fault)| *is_legal || fault.is_some_and(|fault| faults.has(fault)))
}

/// The bytes of content that a fault expects after a 101.
pub fn content_len(head: &Head, faults: Faults) -> usize {
    let len = head.single("Content-Length").and_then(|len| len.parse().ok());
    len.filter(|_| faults.has(Fault::ContentSkipped)).unwrap_or_default()
}
