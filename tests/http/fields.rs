//! The opening handshake over parsed fields has the result of the one over bytes.

use alloc::collections::BTreeSet;

use fastrand::Rng;
use websocket_proto::handshake::{AcceptKey, Key, RejectResponse, UpgradeOffer, UpgradeRequest};
use websocket_proto::{
    Accept, AcceptError, Client, ClientRequest, Config, Connection, Entropy as _, Error, Event,
    HandshakeError, Negotiated, RequestError, State, Uri,
};

use crate::support::{Keys, filled};

type Fields = Vec<(String, String)>;

/// What requests and responses are made of: fields that are right, twice right, wrong, and of no account.
const POOL: &[(&str, &[&str])] = &[
    ("Host", &["server.example.com", "a b", "[::1]:80", "", "h\u{f6}st"]),
    ("upgrade", &["websocket", "WebSocket, x", "h2c", "x,,websocket", ""]),
    ("Connection", &["Upgrade", "keep-alive, upgrade", "close", ""]),
    ("Sec-WebSocket-Key", &["dGhlIHNhbXBsZSBub25jZQ==", "short", "dGhlIHNhbXBsZSBub25jZQ= =", ""]),
    ("SEC-WEBSOCKET-VERSION", &["13", "8", "13, 8", ""]),
    ("Sec-WebSocket-Protocol", &["chat", "a, b", "b,chat", "c c", ",", "x;"]),
    ("sec-websocket-extensions", &["permessage-deflate", "x; y=\"z\"", "x;", "", "a,b;c"]),
    ("Sec-WebSocket-Accept", &["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=", ""]),
    ("Content-Length", &["0", "1", "x"]),
    ("Transfer-Encoding", &["chunked"]),
    ("Sec-WebSocket-Key1", &["1 2 3"]),
    ("Cookie", &["a=b; c=\u{e9}", ""]),
    ("Origin", &["https://example.com", "null"]),
];

/// Most fields right, some missing, repeated or wrong, in any order.
fn random_fields(random: &mut Rng, accept: &str) -> Fields {
    let mut fields = Fields::new();
    for (at, (name, values)) in POOL.iter().enumerate() {
        let times =
            if at < 7 { [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 2] } else { [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2] };
        for _ in 0..random.choice(times).unwrap() {
            let value = if random.u8(..8) > 0 { values[0] } else { random.choice(*values).unwrap() };
            fields.push(((*name).to_owned(), value.to_owned()));
        }
    }
    if random.bool() {
        fields.retain(|(name, _)| !name.ends_with("xtensions"));
    }
    if random.u8(..8) > 0 {
        fields.retain(|(name, _)| name != "Sec-WebSocket-Accept");
        fields.push(("Sec-WebSocket-Accept".to_owned(), accept.to_owned()));
    }
    random.shuffle(&mut fields);
    fields
}

fn borrowed(fields: &Fields) -> impl Iterator<Item = (&str, &str)> + Clone {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn lines<'a>(fields: impl Iterator<Item = (&'a str, impl ToString)>) -> String {
    fields.map(|(name, value)| format!("{name}: {}\r\n", value.to_string())).collect()
}

fn assert_refusal_is_what_bytes_say(refusal: &RejectResponse, written: &[u8]) {
    let written = core::str::from_utf8(written).unwrap();
    assert!(written.starts_with(&format!("HTTP/1.1 {} ", refusal.status())), "{written}");
    let lines: BTreeSet<_> = written.split("\r\n").collect();
    for (name, value) in refusal.fields() {
        let line = if name == "Connection" {
            "Connection: close, Upgrade".to_owned()
        } else {
            format!("{name}: {value}")
        };
        assert!(lines.contains(line.as_str()), "{name} in {written}");
    }
    let own = ["Connection", "Content-Length", "Content-Type"];
    let fields =
        lines.iter().filter_map(|line| line.split_once(": ")).filter(|(name, _)| !own.contains(name)).count();
    assert_eq!(refusal.fields().filter(|(name, _)| *name != "Connection").count(), fields, "{written}");
    assert_eq!(refusal.to_string(), refusal.error().to_string());
}

#[test]
fn a_request_comes_to_the_same_as_over_bytes() {
    let mut random = Rng::with_seed(8441);
    let (mut accepted, mut errors) = (0, BTreeSet::new());
    for _ in 0..30_000 {
        let method = if random.u8(..40) == 0 { "POST" } else { "GET" };
        let fields = random_fields(&mut random, "x");
        let head = format!("{method} / HTTP/1.1\r\n{}\r\n", lines(borrowed(&fields)));
        let mut server = Connection::server(Config::default());
        let (mut inbound, mut out) = (filled(head.as_bytes()), Vec::new());
        let checked = UpgradeRequest::http11(method, borrowed(&fields));
        match server.receive(&mut inbound, &mut out) {
            Ok(Some(Event::Request(request))) => {
                let checked = checked.unwrap();
                assert!(checked.subprotocols().eq(request.subprotocols()), "{head}");
                assert_eq!(checked.origin(), request.origin(), "{head}");
                let name = |extension: websocket_proto::handshake::Extension<'_>| {
                    (extension.name().to_owned(), extension.params().count())
                };
                assert!(checked.extensions().map(name).eq(request.extensions().map(name)), "{head}");
                let (mut ours, mut theirs) = (Accept::new(), Accept::new());
                if let (Some(a), Some(b)) = (checked.subprotocols().last(), request.subprotocols().last()) {
                    (ours, theirs) = (ours.subprotocol(a), theirs.subprotocol(b));
                }
                let added = [("Set-Cookie", "a=b"), ("set-cookie", "c=d")];
                let acceptance = checked.accept(ours.headers(&added)).unwrap();
                server.accept(theirs.headers(&added), &mut out).unwrap();
                let text = format!(
                    "HTTP/1.1 {} Switching Protocols\r\n{}\r\n",
                    acceptance.status(),
                    lines(acceptance.fields())
                );
                assert_eq!(out, text.as_bytes());
                accepted += 1;
            }
            Err(Error::Handshake(error)) => {
                let refusal = checked.unwrap_err();
                assert_eq!(refusal.error(), error, "{head}");
                assert_refusal_is_what_bytes_say(&refusal, &out);
                errors.insert(format!("{error:?}"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(accepted > 1000 && errors.len() == 18, "{accepted} {errors:?}");
}

#[test]
fn a_response_comes_to_the_same_as_over_bytes() {
    let mut random = Rng::with_seed(9220);
    let uri = Uri::parse("ws://server.example.com:81/chat?x").unwrap();
    let (mut accepted, mut errors) = (0, BTreeSet::new());
    for _ in 0..30_000 {
        let offered = random.choice([&["chat"][..], &["b", "chat"], &[]]).unwrap();
        let request =
            ClientRequest::new(uri).subprotocols(offered).headers(&[("Origin", "null"), ("Cookie", "")]);
        let mut written = Vec::new();
        let mut client =
            Connection::client(request, Config::default(), Keys::default(), &mut written).unwrap();
        let mut nonce = [0; 16];
        Keys::default().fill(&mut nonce).unwrap();
        let head = UpgradeOffer::http11(request, Key::new(nonce)).unwrap();
        assert_eq!(
            written,
            format!("{} {} HTTP/1.1\r\n{}\r\n", head.method(), uri.resource(), lines(head.fields()))
                .as_bytes()
        );

        let fields = random_fields(&mut random, Key::new(nonce).accept().as_str());
        let status = if random.u8(..40) == 0 { 403 } else { 101 };
        let response = format!("HTTP/1.1 {status} \r\n{}\r\n", lines(borrowed(&fields)));
        let checked = head.check(status, borrowed(&fields));
        match client.receive(&mut filled(response.as_bytes()), &mut Vec::new()) {
            Ok(Some(Event::Open(open))) => {
                assert_eq!(checked.unwrap().subprotocol(), open.subprotocol());
                assert_eq!(checked.unwrap().negotiated(), Negotiated::new());
                accepted += 1;
            }
            Ok(Some(Event::Rejected(_))) => assert_eq!(checked.map(|_| ()), Err(HandshakeError::NotAccepted)),
            Err(Error::Handshake(error)) => {
                assert_eq!(checked.map(|_| ()), Err(error), "{response}");
                errors.insert(format!("{error:?}"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(accepted > 1000 && errors.len() == 11, "{accepted} {errors:?}");
}

#[test]
fn fields_are_taken_as_libraries_have_them() {
    let pairs: [(&str, &[u8]); 5] = [
        ("Host", b"a"),
        ("Upgrade", b"websocket"),
        ("Connection", b"upgrade"),
        ("Sec-WebSocket-Key", b" dGhlIHNhbXBsZSBub25jZQ==\t"),
        ("Sec-WebSocket-Version", b"13"),
    ];
    let owned: Vec<(String, Vec<u8>)> =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let accept_of = |acceptance: Result<websocket_proto::handshake::AcceptResponse<'_>, AcceptError>| {
        let acceptance = acceptance.unwrap();
        let (_, value) = acceptance.fields().find(|(name, _)| *name == "Sec-WebSocket-Accept").unwrap();
        value.to_owned()
    };
    let accepts = [
        accept_of(UpgradeRequest::http11("GET", pairs).unwrap().accept(Accept::new())),
        accept_of(UpgradeRequest::http11("GET", pairs.iter().copied()).unwrap().accept(Accept::new())),
        accept_of(
            UpgradeRequest::http11("GET", owned.iter().map(|(name, value)| (name, value)))
                .unwrap()
                .accept(Accept::new()),
        ),
    ];
    let expected: AcceptKey = Key::new(*b"the sample nonce").accept();
    assert!(accepts.iter().all(|accept| accept == expected.as_str()), "{accepts:?}");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let uri = Uri::parse("ws://a/").unwrap();
    let key = Key::new([0; 16]);
    for (request, error) in [
        (ClientRequest::new(uri).headers(&[("Host", "b")]), RequestError::ReservedField),
        (ClientRequest::new(uri).headers(&[("X", "a\r\nb")]), RequestError::InvalidField),
        (ClientRequest::new(uri).headers(&[("Origin", "a"), ("origin", "a")]), RequestError::RepeatedOrigin),
        (ClientRequest::new(uri).subprotocols(&["a b"]), RequestError::InvalidSubprotocol),
        (ClientRequest::new(uri).subprotocols(&["a", "a"]), RequestError::RepeatedSubprotocol),
        (ClientRequest::new(uri).subprotocols(&["a b"; 17]), RequestError::InvalidSubprotocol),
    ] {
        assert_eq!(UpgradeOffer::http11(request, key).map(|_| ()), Err(error));
        assert_eq!(UpgradeOffer::extended_connect(request).map(|_| ()), Err(error));
    }
    let fields = lines(UpgradeOffer::http11(ClientRequest::new(uri), key).unwrap().fields());
    let fields: Vec<_> = fields.lines().filter_map(|line| line.split_once(": ")).collect();
    let checked = UpgradeRequest::http11("GET", fields.iter().copied()).unwrap();
    for (header, error) in [
        (("Sec-WebSocket-Accept", "x"), AcceptError::ReservedField),
        (("X", "\0"), AcceptError::InvalidField),
    ] {
        assert_eq!(checked.accept(Accept::new().headers(&[header])).map(|_| ()), Err(error));
    }
}

/// S-RS-05 (§4.2.2).
#[test]
fn a_subprotocol_of_another_request_is_refused_over_fields() {
    fn fields(
        key: &'static str,
        offer: Option<&'static str>,
    ) -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
        let upgrade = [
            ("Host", "a"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
        ];
        upgrade
            .into_iter()
            .chain([("Sec-WebSocket-Key", key)])
            .chain(offer.map(|offer| ("Sec-WebSocket-Protocol", offer)))
    }
    let (key, other_key) = ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZA==");
    for ((key, offer), (other_key, other_offer)) in [
        ((key, None), (other_key, "chat")),
        ((key, None), (key, "chat")),
        ((key, Some("chat")), (other_key, "chat")),
        ((key, Some("chat")), (key, "superchat, chat")),
    ] {
        let checked = UpgradeRequest::http11("GET", fields(key, offer)).unwrap();
        for foreign in
            UpgradeRequest::http11("GET", fields(other_key, Some(other_offer))).unwrap().subprotocols()
        {
            let refused = checked.accept(Accept::new().subprotocol(foreign));
            assert_eq!(refused.map(|_| ()), Err(AcceptError::SubprotocolNotOffered));
        }
        let own = checked.clone().subprotocols().fold(Accept::new(), Accept::subprotocol);
        assert!(
            checked
                .accept(own)
                .unwrap()
                .fields()
                .skip(3)
                .eq(offer.map(|offer| ("Sec-WebSocket-Protocol", offer)))
        );
    }
}

#[test]
fn a_refusal_is_made_of_any_error() {
    for (error, status, connect) in [
        (HandshakeError::UnsupportedHttpVersion, 505, 505),
        (HandshakeError::Hixie76, 426, 400),
        (HandshakeError::HeadTooLong, 431, 431),
        (HandshakeError::AcceptMismatch, 502, 502),
    ] {
        assert_eq!(
            (RejectResponse::http11(error).status(), RejectResponse::extended_connect(error).status()),
            (status, connect),
            "{error:?}"
        );
        assert_eq!(RejectResponse::extended_connect(error).fields().count(), 0, "{error:?}");
    }
}

#[test]
fn secrets_do_not_show() {
    let request = ClientRequest::new(Uri::parse("ws://a/?secret").unwrap()).headers(&[("Cookie", "secret")]);
    let head = UpgradeOffer::http11(request, Key::new(*b"the sample nonce")).unwrap();
    let fields: Vec<_> = head.fields().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
    let checked = UpgradeRequest::http11("GET", borrowed(&fields)).unwrap();
    let acceptance = checked.accept(Accept::new().headers(&[("Set-Cookie", "secret")])).unwrap();
    let text = format!("{head:?} {checked:?} {acceptance:?}");
    assert!(!text.contains("secret") && !text.contains("dGhlIHNhbXBsZSBub25jZQ"), "{text}");
    let connection =
        Connection::established(Client::new(Keys::default()), acceptance.negotiated(), Config::default());
    assert_eq!(connection.state(), State::Transmission);
}
