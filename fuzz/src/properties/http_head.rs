//! Heads of HTTP messages (RFC 9112 §2.1), with the parser of another crate.

use httparse::{EMPTY_HEADER, ParserConfig, Status};
use websocket_proto::handshake::Headers;
use websocket_proto::{Config, Connection, Event};

use crate::support::{asking, filled};

/// More than the fields that fit into the head of an accepted message.
const FIELDS: usize = 128;

/// A head that a server or a client accepts has the same start line, fields and length for `httparse`.
///
/// The first byte of the input has options: 1 for a response. The rest is the input from the peer.
pub fn http_head(input: &[u8]) {
    let [options, wire @ ..] = input else { return };
    if options & 1 != 0 { response(wire) } else { request(wire) }
}

fn request(wire: &[u8]) {
    let mut config = Config::default();
    config.allow_plain_http = true;
    let (mut server, mut inbound) = (Connection::server(config), filled(wire));
    let (target, fields) = match server.receive(&mut inbound, &mut Vec::new()) {
        Ok(Some(Event::Request(request))) => (request.target().to_owned(), own(request.headers())),
        Ok(Some(Event::PlainRequest(request))) => (request.target().to_owned(), own(request.headers())),
        _ => return,
    };
    let mut memory = [EMPTY_HEADER; FIELDS];
    let mut expected = httparse::Request::new(&mut memory);
    let len = match expected.parse(wire) {
        Ok(Status::Complete(len)) => len,
        other => panic!("{other:?}"),
    };
    assert_eq!((expected.method, expected.version), (Some("GET"), Some(1)));
    assert_eq!(expected.path.map(resource), Some(&target[..]));
    assert_same(&fields, expected.headers);
    assert_eq!(inbound.unread(), &wire[len..], "what follows the head stays");
}

fn response(wire: &[u8]) {
    let (mut client, mut inbound) = (asking(Config::default(), &["chat"]), filled(wire));
    let (status, fields) = match client.receive(&mut inbound, &mut Vec::new()) {
        Ok(Some(Event::Open(response))) => (101, own(response.headers())),
        Ok(Some(Event::Rejected(response))) => (response.status(), own(response.headers())),
        _ => return,
    };
    let mut parser = ParserConfig::default();
    parser.allow_obsolete_multiline_headers_in_responses(true);
    let mut rest = wire;
    loop {
        let mut memory = [EMPTY_HEADER; FIELDS];
        let mut expected = httparse::Response::new(&mut memory);
        let len = match parser.parse_response(&mut expected, rest) {
            Ok(Status::Complete(len)) => len,
            other => panic!("{other:?}"),
        };
        rest = &rest[len..];
        // RFC 9110 §15.2: interim responses come before the final one.
        if expected.code.is_some_and(|code| code < 200 && code != 101) {
            continue;
        }
        // A refusal may have the version HTTP/1.0.
        assert_eq!(expected.code, Some(status));
        assert!(status != 101 || expected.version == Some(1));
        assert_same(&fields, expected.headers);
        break;
    }
    assert_eq!(inbound.unread(), rest, "what follows the head stays");
}

/// RFC 9112 §3.2.2: the part of an absolute URI after the authority.
fn resource(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target;
    };
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

fn own(headers: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    headers.map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}

fn assert_same(fields: &[(String, Vec<u8>)], expected: &[httparse::Header<'_>]) {
    assert_eq!(fields.len(), expected.len());
    for ((name, value), expected) in fields.iter().zip(expected) {
        assert_eq!(&name[..], expected.name);
        if expected.value.contains(&b'\n') {
            assert_eq!(unfolded(value), unfolded(expected.value));
        } else {
            assert_eq!(value, expected.value);
        }
    }
}

/// RFC 9112 §5.2: a line end and the whitespace around it are one or more spaces.
fn unfolded(value: &[u8]) -> Vec<&[u8]> {
    let words = value.split(|byte| byte.is_ascii_whitespace());
    words.filter(|word| !word.is_empty()).collect()
}
