//! The opening handshake (§4) of each role with any input.

use websocket_proto::handshake::{Headers, Key, UpgradeRequest};
use websocket_proto::{
    Accept, AcceptError, Config, Connection, Error, Event, Reject, Request, Server, State, TransportAction,
};

use super::naive::{Head, is_token};
use crate::support::{Answer, asking, filled};

/// Small, so that a short input can exceed it.
fn limits() -> Config {
    let mut config = Config::default();
    (config.max_head_size, config.max_header_line, config.max_headers) = (1200, 800, 16);
    config
}

/// A server accepts only requests that keep the rules, with the right 101. It rejects the others with the
/// right HTTP response.
pub fn handshake_request(input: &[u8]) {
    request(input, false);
    request(input, true);
}

fn request(input: &[u8], allow_plain_http: bool) {
    let mut config = limits();
    config.allow_plain_http = allow_plain_http;
    let mut server = Connection::server(config);
    let (mut inbound, mut out) = (filled(input), Vec::new());
    // RFC 9112 §2.2
    let empty_lines = input.chunks(2).take_while(|line| line == b"\r\n").count() * 2;
    let wire = &input[empty_lines..];
    let end = match server.receive(&mut inbound, &mut out) {
        Ok(None) => {
            assert!(!wire.windows(4).any(|four| four == b"\r\n\r\n"), "the head is whole");
            assert!(
                input.len() <= config.max_head_size && out.is_empty() && server.state() == State::Handshake
            );
            return;
        }
        Err(Error::Handshake(error)) => {
            assert_eq!(Some(Answer::parse(&out).refusal()), error.http_status());
            assert_eq!((server.state(), server.transport_action()), (State::End, TransportAction::Close));
            out.clear();
            assert!(
                matches!(server.receive(&mut inbound, &mut out), Err(Error::Handshake(again)) if again == error)
            );
            assert!(out.is_empty(), "refused once");
            return;
        }
        Ok(Some(Event::Request(request))) => {
            let head = assert_request(wire, &config, request.headers());
            let [key] = assert_upgrade(&head)[..] else { panic!("§4.2.1: one key") };
            let offered = head.elements("sec-websocket-protocol");
            assert!(request.subprotocols().map(|offer| offer.name()).eq(offered.iter().copied()));
            assert_foreign_is_refused(&mut server, request, key);
            let chosen = request.subprotocols().last();
            let accept = chosen.map_or(Accept::new(), |chosen| Accept::new().subprotocol(chosen));
            server.accept(accept, &mut out).expect("a valid request can be accepted");
            let answer = Answer::parse(&out);
            let key = Key::parse(key.as_bytes()).expect("§4.2.1: 16 bytes in base64").accept();
            let fields =
                [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", key.as_str())];
            let subprotocol = offered.last().map(|&name| ("Sec-WebSocket-Protocol", name));
            assert!(
                answer
                    .fields
                    .iter()
                    .map(|(name, value)| (&name[..], &value[..]))
                    .eq(fields.into_iter().chain(subprotocol))
            );
            assert_eq!((answer.status, answer.body, server.state()), (101, vec![], State::Transmission));
            head.len
        }
        Ok(Some(Event::PlainRequest(request))) => {
            let head = assert_request(wire, &config, request.headers());
            assert!(
                allow_plain_http
                    && !(head.lists("upgrade", "websocket") && head.lists("connection", "upgrade"))
            );
            assert!(server.accept(Accept::new(), &mut out).is_err() && out.is_empty());
            server.reject(Reject::new(426).body(b"sorry"), &mut out).expect("a valid request can be refused");
            assert_eq!(Answer::parse(&out).refusal(), 426);
            assert_eq!((server.state(), server.transport_action()), (State::End, TransportAction::Close));
            head.len
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(inbound.unread(), &wire[end..], "what follows the head stays");
}

/// §4.2.2: the server refuses a subprotocol that only another request offers, even if both requests have this
/// key.
fn assert_foreign_is_refused(server: &mut Connection<Server>, request: Request<'_>, key: &str) {
    const NAME: &str = "of-another-request";
    let upgrade =
        [("Host", "a"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")];
    let fields = upgrade.into_iter().chain([("Sec-WebSocket-Key", key), ("Sec-WebSocket-Protocol", NAME)]);
    let other = UpgradeRequest::http11("GET", fields).expect("a valid request");
    let foreign = Accept::new().subprotocol(other.subprotocols().next().expect("one is offered"));
    if request.subprotocols().any(|own| own.name() == NAME) {
        return;
    }
    let mut out = Vec::new();
    assert_eq!(server.accept(foreign, &mut out), Err(AcceptError::SubprotocolNotOffered));
    assert!(out.is_empty() && server.state() == State::Handshake);
    let over_fields = UpgradeRequest::http11("GET", request.headers()).expect("the same request");
    assert_eq!(over_fields.accept(foreign).map(|_| ()), Err(AcceptError::SubprotocolNotOffered));
    for own in request.subprotocols() {
        assert!(over_fields.accept(Accept::new().subprotocol(own)).is_ok());
    }
}

/// RFC 9112 §3, §6: the head of a request that a server can accept.
fn assert_request(wire: &[u8], config: &Config, headers: Headers<'_>) -> Head {
    let head = Head::parse(wire).expect("a whole head");
    let [method, target, version] = head.start.split(' ').collect::<Vec<_>>()[..] else { panic!("{head:?}") };
    assert_eq!((method, version), ("GET", "HTTP/1.1"));
    assert!(target.chars().all(|char| char.is_ascii_graphic() && char != '#'), "{target}");
    let absolute =
        ["http://", "https://"].into_iter().any(|scheme| target.to_ascii_lowercase().starts_with(scheme));
    assert!(target.starts_with('/') || absolute, "{target}");
    let [host] = head.values("host")[..] else { panic!("RFC 9112 §3.2: one Host: {head:?}") };
    assert!(
        !host.is_empty() && host.chars().all(|char| char.is_ascii_graphic() && !"/?#@\\\"<>".contains(char)),
        "{host}"
    );
    assert!(head.values("origin").len() <= 1, "RFC 6454 §7.3: {head:?}");
    assert!(head.values("transfer-encoding").is_empty());
    assert!(
        head.values("content-length")
            .iter()
            .all(|len| !len.is_empty() && len.chars().all(|digit| digit == '0')),
        "{head:?}"
    );
    assert!(
        !head.folded
            && head.len <= config.max_head_size
            && head.start.len() <= config.max_header_line
            && head.fields.len() <= config.max_headers
    );
    let latin1 = |value: &[u8]| value.iter().map(|&byte| char::from(byte)).collect();
    let reported: Vec<(String, String)> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), latin1(value))).collect();
    assert_eq!(reported, head.fields);
    head
}

/// §4.2.1: the fields of an upgrade; its keys.
fn assert_upgrade(head: &Head) -> Vec<&str> {
    assert!(head.lists("upgrade", "websocket") && head.lists("connection", "upgrade"), "{head:?}");
    assert_eq!(head.values("sec-websocket-version"), ["13"]);
    let mut subprotocols = head.elements("sec-websocket-protocol");
    assert!(subprotocols.iter().all(|name| is_token(name)), "{head:?}");
    let count = subprotocols.len();
    subprotocols.sort_unstable();
    subprotocols.dedup();
    assert_eq!(subprotocols.len(), count, "§4.1: unique");
    for extension in head.elements("sec-websocket-extensions") {
        let mut parts = extension.split(';').map(|part| part.trim_matches([' ', '\t']));
        assert!(parts.next().is_some_and(is_token), "§9.1: {extension}");
        for param in parts {
            let (name, value) = param
                .split_once('=')
                .map_or((param, None), |(name, value)| (name.trim_end(), Some(value.trim_start())));
            // §9.1: a quoted value is a token, too, so it has no comma and no semicolon
            let quoted = |value: &str| {
                value
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'))
                    .map(|value| value.replace('\\', ""))
            };
            assert!(
                is_token(name)
                    && value.is_none_or(|value| is_token(&quoted(value).unwrap_or(value.to_owned()))),
                "§9.1: {param}"
            );
        }
    }
    head.values("sec-websocket-key")
}

/// A client opens the connection only after a 101 that proves that the server has read the request, and that
/// selects nothing that the client did not offer. The client sends no reply.
pub fn handshake_response(input: &[u8]) {
    let config = limits();
    let mut client = asking(config, &["chat", "superchat"]);
    let (mut inbound, mut out) = (filled(input), Vec::new());
    let rest = match client.receive(&mut inbound, &mut out) {
        Ok(None) => {
            assert!(!inbound.unread().windows(4).any(|four| four == b"\r\n\r\n"), "the head is whole");
            assert!(
                inbound.unread().len() <= config.max_head_size
                    && out.is_empty()
                    && client.state() == State::Handshake
            );
            return;
        }
        Err(error) => {
            assert_eq!((client.state(), client.transport_action()), (State::End, TransportAction::Close));
            assert!(matches!(client.receive(&mut inbound, &mut out), Err(again) if again == error));
            assert!(out.is_empty() && client.send_text("", &mut out).is_err());
            return;
        }
        Ok(Some(Event::Open(response))) => {
            let (head, rest) = final_head(input);
            assert!(head.start.starts_with("HTTP/1.1 101 "), "{head:?}");
            assert!(
                head.elements("upgrade").iter().all(|protocol| protocol.eq_ignore_ascii_case("websocket")),
                "{head:?}"
            );
            assert!(head.lists("upgrade", "websocket") && head.lists("connection", "upgrade"), "{head:?}");
            assert_eq!(head.values("sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
            let agreed = head.values("sec-websocket-protocol");
            assert!(
                matches!(agreed[..], [] | ["chat"] | ["superchat"])
                    && response.subprotocol() == agreed.first().copied(),
                "{head:?}"
            );
            assert!(
                head.elements("sec-websocket-extensions").is_empty()
                    && head.values("transfer-encoding").is_empty(),
                "{head:?}"
            );
            assert_eq!(client.state(), State::Transmission);
            rest
        }
        Ok(Some(Event::Rejected(response))) => {
            let (head, rest) = final_head(input);
            assert_eq!(head.start.split(' ').nth(1), Some(&response.status().to_string()[..]));
            assert!(response.status() != 101 && client.state() == State::End);
            rest
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(inbound.unread(), rest, "what follows the head stays");
    assert!(out.is_empty());
}

/// The head after the interim responses (RFC 9110 §15.2), and the bytes after it.
fn final_head(mut wire: &[u8]) -> (Head, &[u8]) {
    loop {
        let head = Head::parse(wire).expect("a whole head");
        wire = &wire[head.len..];
        let status = head.start.split(' ').nth(1).expect("RFC 9112 §4");
        if !status.starts_with('1') || status == "101" {
            return (head, wire);
        }
    }
}
