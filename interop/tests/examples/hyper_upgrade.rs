//! `hyper_upgrade` with tungstenite's client, and with requests by hand.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use tungstenite::{Message, WebSocket};

use crate::peer;
use crate::program::{ANY, Program};

fn start() -> (Program, String) {
    let (server, uri) = Program::serve("hyper_upgrade", &[ANY]);
    let address = uri.strip_prefix("http://").expect("a URI").to_owned();
    (server, address)
}

/// Sends a request over a new connection. Returns the response in lower case.
fn response(address: &str, request: &str) -> String {
    let mut stream = BufReader::new(peer::connect(address));
    stream.get_mut().write_all(request.as_bytes()).expect("an open connection");
    let mut response = String::new();
    while !response.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut response).expect("a line") > 0, "{response}");
    }
    response.make_ascii_lowercase();
    let mut lengths = response.lines().filter_map(|line| line.strip_prefix("content-length: "));
    let length = lengths.next().map_or(0, |length| length.parse().expect("a number"));
    let mut content = vec![0; if request.starts_with("HEAD") { 0 } else { length }];
    stream.read_exact(&mut content).expect("the content");
    response + &String::from_utf8(content).expect("a text").to_lowercase()
}

fn open(address: &str) -> WebSocket<TcpStream> {
    let uri = format!("ws://{address}/ws");
    tungstenite::client(uri, peer::connect(address)).expect("it is accepted").0
}

#[test]
fn it_has_a_page_and_a_health_check() {
    let (_server, address) = start();
    for (request, status, content) in [
        ("GET /", "200 ok", "new websocket"),
        ("GET /healthz?verbose", "200 ok", "\r\n\r\nok\n"),
        ("HEAD /healthz", "200 ok", "content-length: 3"),
        ("POST /healthz", "405 method not allowed", "allow: get, head\r\n"),
        ("DELETE /", "405 method not allowed", "allow: get, head\r\n"),
        ("GET /favicon.ico", "404 not found", "not found"),
    ] {
        let response = response(&address, &format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(response.starts_with(&format!("http/1.1 {status}\r\n")), "{request}: {response}");
        assert!(response.contains(content), "{request}: {response}");
    }
}

#[test]
fn it_sends_messages_back_until_the_client_closes() {
    let (_server, address) = start();
    peer::check_echo(&mut open(&address));
}

/// A Close is not lost, although the socket is closed with unread input.
#[test]
fn it_closes_after_a_violation() {
    let (server, address) = start();
    peer::check_violation(&mut open(&address));
    assert!(server.error().contains("mask"));
}

#[test]
fn it_outlives_a_client_that_vanishes() {
    let (server, address) = start();
    let mut ws = open(&address);
    ws.send(Message::text("Hello")).expect("an open connection");
    drop(ws);
    assert!(!server.error().is_empty());
    peer::check_echo(&mut open(&address));
}

/// hyper has read the frame together with the request.
#[test]
fn it_reads_a_frame_that_follows_the_request_at_once() {
    let (_server, address) = start();
    let mut stream = peer::connect(&address);
    let mut bytes = request("GET /ws HTTP/1.1", &[]).into_bytes();
    bytes.extend(b"\x81\x85\0\0\0\0Hello\x88\x80\0\0\0\0");
    stream.write_all(&bytes).expect("an open connection");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("a response");
    assert!(response.starts_with(b"HTTP/1.1 101 "), "{}", response.escape_ascii());
    assert!(response.ends_with(b"\r\n\r\n\x81\x05Hello\x88\0"), "{}", response.escape_ascii());
}

/// A handshake with these fields in place of those of the same name; an empty value removes the field.
fn request(start: &str, changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("Host", "localhost"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    for change in changes {
        fields.retain(|(name, _)| *name != change.0);
        fields.push(*change);
    }
    fields.retain(|(_, value)| !value.is_empty());
    let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{start}\r\n{lines}\r\n")
}

#[test]
fn it_rejects_a_wrong_handshake_with_the_status_of_the_rule() {
    let (_server, address) = start();
    let get = "GET /ws HTTP/1.1";
    for (start, change, status, field) in [
        ("POST /ws HTTP/1.1", None, "405", "allow: get\r\n"),
        ("GET /ws HTTP/1.0", None, "505", ""),
        (get, Some(("Upgrade", "")), "426", "upgrade: websocket\r\n"),
        (get, Some(("Sec-WebSocket-Version", "8")), "426", "sec-websocket-version: 13\r\n"),
        (get, Some(("Sec-WebSocket-Key", "short")), "400", "key"),
        (get, Some(("Origin", "http://example.com")), "403", "another origin"),
        (get, Some(("Origin", "http://localhost")), "101", "s3pplmbitxaq9kygzzhzrbk+xoo="),
    ] {
        let mut changes = vec![];
        changes.extend(change);
        let response = response(&address, &request(start, &changes));
        assert!(response.split(' ').nth(1) == Some(status) && response.contains(field), "{response}");
    }
}
