//! A client's opening handshake (§4.1): the request made, and the response judged.

use websocket_proto::{
    Client, ClientRequest, CloseCode, Config, Connection, Entropy, EntropyError, Error, Event,
    HandshakeError, MessageKind, ReceiveBuffer, RequestError, SendError, SendSlice, State, TransportAction,
    Uri, UriError,
};

use crate::support::{
    self, Asking, Keys, RESPONSE, SampleNonce, Seen, To, asking, every_way, filled, frame, with_field,
    with_start,
};

type Verdict = Result<(), HandshakeError>;

/// One field of [`RESPONSE`] replaced by these lines.
#[track_caller]
fn judge(name: &str, rows: &[(&str, Verdict)]) {
    for (lines, verdict) in rows {
        To::Client.judge(Config::default(), &with_field(RESPONSE, name, lines), *verdict);
    }
}

/// What a client writes; nothing, where it makes no request.
fn written(uri: &str, subprotocols: &[&str], headers: &[(&str, &str)]) -> Result<String, RequestError> {
    let request = ClientRequest::new(Uri::parse(uri).unwrap()).subprotocols(subprotocols).headers(headers);
    let mut out = b"before ".to_vec();
    let client = Connection::client(request, Config::default(), SampleNonce, &mut out);
    let text = String::from_utf8(out).unwrap();
    let text = text.strip_prefix("before ").unwrap();
    match client {
        Ok(client) => {
            assert_eq!(
                (client.state(), client.transport_action()),
                (State::Handshake, TransportAction::KeepOpen)
            );
            Ok(text.to_owned())
        }
        Err(error) => {
            assert_eq!(text, "", "nothing emitted");
            Err(error)
        }
    }
}

/// The least request, with lines added.
fn expected(target: &str, host: &str, lines: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

const AUTHORITY: &str = "server.example.com";

#[test]
fn c_hs_01_c_hs_02_c_hs_03_c_hs_04_c_hs_05_c_hs_07_c_hs_14_c_hs_15_the_request() {
    for (uri, target, host) in [
        ("ws://server.example.com/chat", "/chat", AUTHORITY), // §1.3
        ("ws://server.example.com", "/", AUTHORITY),
        ("ws://server.example.com?a=b", "/?a=b", AUTHORITY),
        ("ws://server.example.com/?", "/?", AUTHORITY),
        ("wss://server.example.com/a/b;c?d=%20&e=/?:@", "/a/b;c?d=%20&e=/?:@", AUTHORITY),
        // §4.1: ":" and a port "when not using the default port"
        ("ws://server.example.com:80", "/", AUTHORITY),
        ("WSS://server.example.com:443/", "/", AUTHORITY),
        ("wss://server.example.com:", "/", AUTHORITY),
        ("ws://server.example.com:443/", "/", "server.example.com:443"),
        ("wss://server.example.com:80/", "/", "server.example.com:80"),
        ("ws://127.0.0.1:09001/", "/", "127.0.0.1:9001"),
        ("ws://[::1]/", "/", "[::1]"),
        ("wss://[2001:db8::1]:65535?x", "/?x", "[2001:db8::1]:65535"),
    ] {
        assert_eq!(written(uri, &[], &[]), Ok(expected(target, host, "")), "{uri}");
    }
}

#[test]
fn c_hs_02_c_hs_03_c_hs_11_uris_that_make_no_request() {
    for (uris, error) in [
        (
            &["", "server.example.com", "http://a/", "wss:/a/", " ws://a/", "w\u{17f}://a/"][..],
            UriError::Scheme,
        ),
        (&["ws://a/#", "ws://a/b#c", "ws://a#b", "ws://a?b#"], UriError::Fragment),
        (&["ws://user@a/", "ws://user:password@a/", "wss://@a", "ws://a\r\n@b/"], UriError::UserInfo),
        (
            &[
                "ws://",
                "ws:///x",
                "ws://:80/",
                "ws://?x",
                "ws://[::1/",
                "ws://[::g]/",
                "ws://[::1]80/",
                "ws://ex%zz/",
            ],
            UriError::Host,
        ),
        (
            &[
                "ws://a:b/",
                "ws://a:0/",
                "ws://a:65536/",
                "ws://a:+80/",
                "ws://a:80:80/",
                "ws://a:99999999999999999999/",
            ],
            UriError::Port,
        ),
        (
            &["ws://a/%", "ws://a/%2", "ws://a/?%2g", "ws://a/\"", "ws://a/<b>", "ws://a/\u{e9}"],
            UriError::Resource,
        ),
    ] {
        uris.iter().for_each(|uri| assert_eq!(Uri::parse(uri), Err(error), "{uri:?}"));
    }
    for byte in (0..=0x20).chain([0x7F, 0x80, 0xFF]).map(char::from) {
        assert_eq!(Uri::parse(&format!("ws://a{byte}b/")), Err(UriError::Host), "{byte:?}");
        assert_eq!(Uri::parse(&format!("ws://a/b{byte}c")), Err(UriError::Resource), "{byte:?}");
        assert_eq!(Uri::parse(&format!("ws://a/?b{byte}c")), Err(UriError::Resource), "{byte:?}");
    }
}

#[test]
fn c_hs_06_a_fresh_nonce_a_connection() {
    let key = |out: &[u8]| {
        let text = core::str::from_utf8(out).unwrap();
        let keys: Vec<_> =
            text.split("\r\n").filter_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).collect();
        assert_eq!((keys.len(), keys[0].len()), (1, 24));
        keys[0].to_owned()
    };
    // Sixteen bytes, as the source gives them: words 1 to 4, then 5 to 8.
    let mut taken = Keys::default();
    for expected in ["AAAAAQAAAAIAAAADAAAABA==", "AAAABQAAAAYAAAAHAAAACA=="] {
        let mut out = Vec::new();
        let source = |bytes: &mut [u8]| taken.fill(bytes).unwrap();
        Connection::client(
            ClientRequest::new(Uri::parse("ws://a").unwrap()),
            Config::default(),
            source,
            &mut out,
        )
        .unwrap();
        assert_eq!(key(&out), expected);
    }
    assert_eq!(taken.taken, 32);
    struct Dry;
    impl Entropy for Dry {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }
    let mut out = Vec::new();
    let client = Connection::client(
        ClientRequest::new(Uri::parse("ws://a").unwrap()),
        Config::default(),
        Dry,
        &mut out,
    );
    assert_eq!((client.err(), out), (Some(RequestError::Entropy), vec![]));
}

#[test]
fn c_hs_08_c_hs_11_subprotocols() {
    use RequestError::{InvalidSubprotocol, RepeatedSubprotocol, TooManySubprotocols};
    let many: Vec<String> = (0..17).map(|i| format!("v{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let list =
        |names: &[&str]| Ok(expected("/", "a", &format!("Sec-WebSocket-Protocol: {}\r\n", names.join(", "))));
    for names in [&["chat"][..], &["b", "a"], &["Chat", "chat"], &["!#$%&'*+-.^_`|~09AZaz"], &many[..16]] {
        assert_eq!(written("ws://a", names, &[]), list(names));
    }
    for name in ["", "a b", "a,b", "a/b", "a;b", "a\r\nb", "a\0", "\u{e9}", "\"a\"", "a\t", "\u{7f}"] {
        assert_eq!(written("ws://a", &["good", name], &[]), Err(InvalidSubprotocol), "{name:?}");
    }
    assert_eq!(written("ws://a", &["a", "b", "a"], &[]), Err(RepeatedSubprotocol));
    assert_eq!(written("ws://a", &many, &[]), Err(TooManySubprotocols));
}

#[test]
fn c_hs_09_c_hs_11_c_hs_12_c_hs_13_fields_of_the_applications() {
    use RequestError::{InvalidField, ReservedField};
    let good = [("Origin", "http://a"), ("Cookie", "a=b; c=\"d\""), ("X", ""), ("x", "caf\u{e9}\ty")];
    let lines = "Origin: http://a\r\nCookie: a=b; c=\"d\"\r\nX: \r\nx: caf\u{e9}\ty\r\n";
    assert_eq!(written("ws://a", &[], &good), Ok(expected("/", "a", lines)));
    let known = ["Host", "UPGRADE", "connection", "Content-Length", "transfer-encoding"];
    let sec = [
        "Sec-WebSocket-Key",
        "sec-websocket-version",
        "SEC-WEBSOCKET-PROTOCOL",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-New",
    ];
    for name in known.iter().chain(&sec) {
        assert_eq!(written("ws://a", &[], &[good[0], (name, "x")]), Err(ReservedField), "{name}");
    }
    for name in ["", " ", "A B", "A:", "A\r\nB", "\u{e9}", "A\0", "(a)"] {
        assert_eq!(written("ws://a", &[], &[good[0], (name, "x")]), Err(InvalidField), "{name:?}");
    }
    for byte in (0..0x20).filter(|&byte| byte != b'\t').chain([0x7F]) {
        for value in [format!("a{}b", char::from(byte)), char::from(byte).to_string()] {
            assert_eq!(written("ws://a", &[], &[("X", &value)]), Err(InvalidField), "{value:?}");
        }
    }
}

/// C-HS-13 (RFC 6454 §7.3).
#[test]
fn a_client_sends_one_origin_at_most() {
    for second in [("Origin", "http://b"), ("origin", "http://a"), ("ORIGIN", "")] {
        let headers = [("Origin", "http://a"), ("X", "y"), second];
        assert_eq!(written("ws://a", &[], &headers), Err(RequestError::RepeatedOrigin), "{second:?}");
    }
}

#[test]
fn c_hs_10_no_frame_before_the_response() {
    #[track_caller]
    fn sends_nothing(client: &mut Connection<Asking>, error: SendError) {
        let mut out = Vec::new();
        let mut payload = *b"a";
        assert_eq!(client.send_text("a", &mut out), Err(error));
        assert_eq!(client.send_binary(b"a", &mut out), Err(error));
        assert_eq!(client.send_fragment(MessageKind::Text, b"a", true, &mut out), Err(error));
        assert_eq!(client.mask_and_encode_header(MessageKind::Text, &mut payload), Err(error));
        assert_eq!(client.ping(b"", &mut out), Err(error));
        assert_eq!(client.pong(b"", &mut out), Err(error));
        assert_eq!(client.close(CloseCode::NORMAL_CLOSURE, "", &mut out), Err(error));
        assert_eq!((&out[..], &payload), (&b""[..], b"a"));
    }
    let (mut client, mut inbound) = (asking(Config::default(), &[]), ReceiveBuffer::new());
    for byte in &RESPONSE[..RESPONSE.len() - 1] {
        sends_nothing(&mut client, SendError::NotOpen);
        assert_eq!(inbound.feed(&[*byte]), 1);
        assert!(matches!(client.receive(&mut inbound, &mut Vec::new()), Ok(None)));
    }
    sends_nothing(&mut client, SendError::NotOpen);
    assert_eq!(inbound.feed(b"\n"), 1);
    assert!(matches!(client.receive(&mut inbound, &mut Vec::new()), Ok(Some(Event::Open(_)))));
    client.send_text("a", &mut Vec::new()).unwrap();
    for wire in [&b"HTTP/1.1 403 \r\n\r\n"[..], b"\0"] {
        let mut refused = asking(Config::default(), &[]);
        assert!(matches!(
            refused.receive(&mut filled(wire), &mut Vec::new()),
            Ok(Some(Event::Rejected(_))) | Err(Error::Handshake(_))
        ));
        sends_nothing(&mut refused, SendError::Closed);
    }
}

#[test]
fn a_request_without_room_is_not_written() {
    let request = ClientRequest::new(Uri::parse("ws://server.example.com/chat").unwrap());
    for room in 0..support::REQUEST.len() {
        let mut memory = [0xA5; 256];
        let mut out = SendSlice::new(&mut memory[..room]);
        assert_eq!(
            Connection::client(request, Config::default(), SampleNonce, &mut out).err(),
            Some(RequestError::Full)
        );
        assert_eq!(out.as_slice(), b"");
    }
}

#[test]
fn c_rs_01_only_101_in_http_1_1_opens() {
    use HandshakeError::{InvalidStatusLine, UnsupportedHttpVersion};
    for reason in ["", "Switching Protocols", "200 OK", "WebSocket Protocol Handshake", "\t\u{e9}"] {
        To::Client.judge(Config::default(), &with_start(RESPONSE, format!("HTTP/1.1 101 {reason}")), Ok(()));
    }
    for (line, error) in [
        ("HTTP/1.0 101 x", UnsupportedHttpVersion),
        ("HTTP/1.2 101 x", UnsupportedHttpVersion),
        ("HTTP/2.0 101 x", UnsupportedHttpVersion),
        ("HTTP/2.0 200 x", UnsupportedHttpVersion),
        ("HTTP/0.9 200 x", UnsupportedHttpVersion),
        ("HTTP/1.1 1010 x", InvalidStatusLine),
        ("HTTP/1.1 0101 x", InvalidStatusLine),
        ("HTTP/1.1 +101 x", InvalidStatusLine),
        ("HTTP/1.1 101.0 x", InvalidStatusLine),
        ("HTTP/2 101 x", InvalidStatusLine),
    ] {
        To::Client.judge(Config::default(), &with_start(RESPONSE, line), Err(error));
    }
    for line in ["HTTP/1.1 200 101 Switching Protocols", "HTTP/1.1 201 ", "HTTP/1.0 404 101"] {
        let outcome = To::Client.shake(Config::default(), &with_start(RESPONSE, line));
        assert!(
            matches!(outcome.events[..], [Seen::Rejected { .. }]) && outcome.state == State::End,
            "{line}"
        );
    }
}

#[test]
fn c_rs_02_upgrade() {
    let no = Err(HandshakeError::InvalidUpgrade);
    judge(
        "Upgrade",
        &[
            ("UPGRADE:WebSocket\r\n", Ok(())),
            ("upgrade: \twebsocket \r\n", Ok(())),
            ("", no),
            ("X-Upgrade: websocket\r\n", no),
        ],
    );
    // §4.1: one "that is not" `websocket` is one too many
    for value in [
        "",
        ",",
        "h2c",
        "websockets",
        "notwebsocket",
        "web socket",
        "websocket/13",
        "websocket, h2c",
        "h2c, websocket",
    ] {
        judge("Upgrade", &[(&format!("Upgrade: {value}\r\n"), no)]);
    }
    judge(
        "Upgrade",
        &[("Upgrade: websocket\r\nUpgrade: h2c\r\n", no), ("Upgrade: web\u{17f}oc\u{212a}et\r\n", no)],
    );
}

#[test]
fn c_rs_03_connection() {
    let no = Err(HandshakeError::InvalidConnection);
    for value in [
        "upgrade",
        "UPGRADE",
        "keep-alive, Upgrade",
        ",, Upgrade\t,",
        "x\r\nConnection: upgrade",
        "Upgrade\r\nConnection: close",
    ] {
        judge("Connection", &[(&format!("CONNECTION:{value}\r\n"), Ok(()))]);
    }
    for value in [
        "",
        ",",
        "close",
        "Upgraded",
        "notupgrade",
        "up grade",
        "x Upgrade",
        "\"Upgrade\"",
        "Upg\r\nConnection: rade",
    ] {
        judge("Connection", &[(&format!("Connection: {value}\r\n"), no)]);
    }
    judge("Connection", &[("", no), ("Proxy-Connection: Upgrade\r\n", no)]);
}

#[test]
fn c_rs_04_accept() {
    use HandshakeError::{AcceptMismatch, MissingAccept, RepeatedAccept};
    let right = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let name = "Sec-WebSocket-Accept";
    judge(name, &[("", Err(MissingAccept)), (&right.repeat(2), Err(RepeatedAccept))]);
    judge(name, &[(&format!("{right}sec-websocket-accept: x\r\n"), Err(RepeatedAccept))]);
    for value in ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", " \t s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t "] {
        judge(name, &[(&format!("sec-WEBSOCKET-accept:{value}\r\n"), Ok(()))]);
    }
    for value in [
        "",
        "S3PPLMBITXAQ9KYGZZHZRBK+XOO=",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo==",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=", // the same bytes, not the same text
        "s3pPLMBiTxaQ9kYGzzhZRbK-xOo=",
        "s3pPLMBiTxaQ9kYGz zhZRbK+xOo=",
        "\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, x",
        "dGhlIHNhbXBsZSBub25jZQ==",     // the key
        "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", // SHA-1 of nothing
        "ICX+Yqv66kxgM0FcWaLWlFLwTAI=", // the answer to another key
    ] {
        judge(name, &[(&format!("Sec-WebSocket-Accept: {value}\r\n"), Err(AcceptMismatch))]);
    }
}

#[test]
fn c_rs_05_c_rs_11_other_statuses_are_rejections() {
    for (status, line) in [
        (200, "HTTP/1.1 200 OK"),
        (204, "HTTP/1.1 204 "),
        (301, "HTTP/1.1 301 Moved"),
        (401, "HTTP/1.0 401 Unauthorized"),
        (404, "HTTP/1.1 404 \u{e9}"),
        (426, "HTTP/1.1 426 Upgrade Required"),
        (503, "HTTP/1.1 503 "),
        (600, "HTTP/1.1 600 x"),
        (999, "HTTP/1.1 999 x"),
    ] {
        let wire = format!(
            "{line}\r\nLocation: ws://other/\r\nTransfer-Encoding: chunked\r\nlocation:\r\n\r\n5\r\nhello\r\n"
        );
        let outcome = To::Client.shake(Config::default(), wire.as_bytes());
        let field = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        let headers = vec![
            field("Location", b"ws://other/"),
            field("Transfer-Encoding", b"chunked"),
            field("location", b""),
        ];
        assert_eq!(outcome.events, [Seen::Rejected { status, headers }]);
        assert_eq!(
            (outcome.error, &outcome.out[..], outcome.state, outcome.transport_action),
            (None, &b""[..], State::End, TransportAction::Close)
        );
        // The content is there until the next call, then discarded.
        let (mut client, mut inbound) = (asking(Config::default(), &["chat"]), filled(wire.as_bytes()));
        let Ok(Some(Event::Rejected(response))) = client.receive(&mut inbound, &mut Vec::new()) else {
            panic!()
        };
        assert_eq!(
            (response.status(), response.header("LOCATION"), response.subprotocol()),
            (status, Some(&b"ws://other/"[..]), None)
        );
        assert_eq!(response.reason(), &line.as_bytes()[13..]);
        assert_eq!(inbound.unread(), b"5\r\nhello\r\n");
        assert!(matches!(client.receive(&mut inbound, &mut Vec::new()), Ok(None)) && inbound.is_empty());
    }
}

#[test]
fn c_rs_06_lim_11_interim_responses_are_skipped() {
    use HandshakeError::{BareLineFeed, InvalidStatusLine, TooManyInterimResponses};
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nUpgrade: h2c\r\n\r\nHTTP/1.1 199 \r\n\r\nHTTP/1.1 102 x\r\n\r\n";
    for count in 0..=2 {
        To::Client.judge(Config::default(), &[&interim.repeat(count), RESPONSE].concat(), Ok(()));
        let outcome = To::Client
            .shake(Config::default(), &[&interim.repeat(count), &b"HTTP/1.1 403 x\r\n\r\n"[..]].concat());
        assert_eq!(
            (outcome.events, outcome.state),
            (vec![Seen::Rejected { status: 403, headers: vec![] }], State::End)
        );
    }
    let nine = [&interim.repeat(2)[..], b"HTTP/1.1 100 \r\n\r\n"].concat();
    To::Client.judge_last_byte(Config::default(), &nine, TooManyInterimResponses);
    To::Client.judge(Config::default(), b"HTTP/1.1 100 x\r\nA: b\n\r\n", Err(BareLineFeed));
    To::Client.judge(
        Config::default(),
        &[b"HTTP/1.1 100 \r\n\r\n\r\n", RESPONSE].concat(),
        Err(InvalidStatusLine),
    );
    // One after another in a buffer for one.
    let mut memory = [0; RESPONSE.len()];
    for chunk in [1, 10, 1000] {
        let wire = [&interim.repeat(2), RESPONSE].concat();
        let outcome = support::feed(
            asking(Config::default(), &[]),
            ReceiveBuffer::fixed(&mut memory),
            wire.chunks(chunk),
            |_, _| {},
        );
        assert_eq!((outcome.error, outcome.state), (None, State::Transmission), "{chunk}");
    }
}

#[test]
fn c_rs_07_extensions_that_were_not_offered() {
    for value in ["permessage-deflate", "x; y=z", ", x", "\r\nSec-WebSocket-Extensions: x"] {
        let lines = format!("Sec-WebSocket-Extensions: {value}\r\n");
        judge("X", &[(&lines, Err(HandshakeError::ExtensionNotOffered))]);
    }
}

#[test]
fn c_rs_08_subprotocols() {
    use HandshakeError::{InvalidSubprotocol, RepeatedSubprotocol, SubprotocolNotOffered};
    let client = asking(Config::default(), &["superchat", "chat"]);
    let run = |value: &str| {
        let wire = with_field(RESPONSE, "X", format!("Sec-WebSocket-Protocol: {value}\r\n"));
        every_way(&client, &wire, |_, _| panic!("a request"))
    };
    for (value, name) in [("chat", "chat"), (" \tsuperchat\t", "superchat")] {
        let Seen::Open { subprotocol, .. } = &run(value).events[0] else { panic!() };
        assert_eq!(subprotocol.as_deref(), Some(name));
    }
    let none = every_way(&client, RESPONSE, |_, _| panic!("a request"));
    assert!(matches!(&none.events[..], [Seen::Open { subprotocol: None, .. }]));
    for (value, error) in [
        ("", InvalidSubprotocol),
        ("chat, superchat", InvalidSubprotocol),
        ("chat,", InvalidSubprotocol),
        ("\"chat\"", InvalidSubprotocol),
        ("ch\u{e9}t", InvalidSubprotocol),
        ("Chat", SubprotocolNotOffered),
        ("cha", SubprotocolNotOffered),
        ("chatt", SubprotocolNotOffered),
        ("chat\r\nSec-WebSocket-Protocol: chat", RepeatedSubprotocol),
        ("chat\r\nsec-websocket-protocol:", RepeatedSubprotocol),
    ] {
        let outcome = run(value);
        assert_eq!((outcome.error, outcome.events), (Some(Error::Handshake(error)), vec![]), "{value}");
        assert_eq!((outcome.out, outcome.state), (vec![], State::End));
    }
    judge(
        "X",
        &[
            ("Sec-WebSocket-Protocol: chat\r\n", Err(SubprotocolNotOffered)),
            ("Sec-WebSocket-Protocol:\r\n", Err(InvalidSubprotocol)),
        ],
    );
}

#[test]
fn c_rs_09_bytes_after_the_response_are_frames() {
    let frames =
        [frame::<Client<Keys>>(0x81, b"hello"), frame::<Client<Keys>>(0x82, b"HTTP/1.1 101 \r\n\r\n")]
            .concat();
    let outcome = To::Client.shake(Config::default(), &[RESPONSE, &frames].concat());
    let after = [Seen::Text("hello".to_owned()), Seen::Binary(b"HTTP/1.1 101 \r\n\r\n".to_vec())];
    assert_eq!((&outcome.events[1..], outcome.error, outcome.out), (&after[..], None, vec![]));
}

#[test]
fn c_rs_10_a_101_has_no_content() {
    // RFC 9110 §8.6: a Content-Length is as if it were not there
    for lines in [
        "Content-Length: 0\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: x\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
    ] {
        let outcome = To::Client
            .shake(Config::default(), &[&with_field(RESPONSE, "X", lines), &b"\x81\x05hello"[..]].concat());
        assert_eq!((outcome.events.last(), outcome.error), (Some(&Seen::Text("hello".to_owned())), None));
    }
    for value in ["chunked", "identity", "", "gzip, chunked\r\nContent-Length: 0"] {
        judge(
            "X",
            &[(&format!("transfer-encoding: {value}\r\n"), Err(HandshakeError::TransferEncodingNotAllowed))],
        );
    }
}

#[test]
fn c_rs_12_limits_of_a_response() {
    use HandshakeError::{FieldLineTooLong, HeadTooLong, StartLineTooLong, TooManyFields};
    let (mut line, mut count, mut total) = (Config::default(), Config::default(), Config::default());
    (line.max_header_line, count.max_headers, total.max_head_size) = (100, 8, 600);
    let start = |len: usize| format!("HTTP/1.1 101 {}", "x".repeat(len - 13));
    let base = core::str::from_utf8(RESPONSE).unwrap().strip_suffix("\r\n").unwrap();
    let field = |len: usize| format!("{base}X: {}", "x".repeat(len - 3));
    let fields = |count: usize| format!("{base}{}", "A: b\r\n".repeat(count - 3));
    let head = |len: usize| format!("{base}X:{}\r\n\r\n", "x".repeat(len - base.len() - 6));
    for (config, passes, fails, error) in [
        (line, with_start(RESPONSE, start(100)), start(101), StartLineTooLong),
        (line, (field(100) + "\r\n\r\n").into_bytes(), field(101), FieldLineTooLong),
        (count, (fields(8) + "\r\n").into_bytes(), fields(8) + "A", TooManyFields),
        (total, head(600).into_bytes(), head(601), HeadTooLong),
    ] {
        To::Client.judge(config, &passes, Ok(()));
        To::Client.judge_last_byte(config, fails.as_bytes(), error);
    }
    // A fixed buffer is a limit as well.
    for (len, error) in [(RESPONSE.len(), None), (RESPONSE.len() - 1, Some(Error::Handshake(HeadTooLong)))] {
        for chunk in [1, 50, 1000] {
            let mut memory = vec![0; len];
            let inbound = ReceiveBuffer::fixed(&mut memory);
            let outcome =
                support::feed(asking(Config::default(), &[]), inbound, RESPONSE.chunks(chunk), |_, _| {});
            assert_eq!((outcome.error, outcome.out), (error, vec![]), "{len} by {chunk}");
        }
    }
}

#[test]
fn a_clients_secrets_do_not_show() {
    let headers = [("Cookie", "hidden"), ("Authorization", "Bearer hidden")];
    let uri = Uri::parse("wss://server.example.com/chat?token=hidden").unwrap();
    let request = ClientRequest::new(uri).headers(&headers);
    let client = Connection::client(request, Config::default(), SampleNonce, &mut Vec::new()).unwrap();
    let shown = format!("{uri:?} {request:?} {client:?}");
    assert!(
        shown.contains("/chat") && shown.contains("Authorization") && !shown.contains("hidden"),
        "{shown}"
    );
    assert!(
        !shown.contains("dGhl")
            && !shown.contains("s3pP")
            && !shown.contains("100, 71")
            && !shown.contains("115, 51"),
        "{shown}"
    );
    let wire = with_field(RESPONSE, "X", "Set-Cookie: hidden\r\n");
    let (mut client, mut inbound) = (asking(Config::default(), &[]), filled(&wire));
    let Ok(Some(Event::Open(response))) = client.receive(&mut inbound, &mut Vec::new()) else { panic!() };
    let shown = format!("{response:?} {:?} {:?}", Event::Open(response), response.headers());
    assert!(shown.contains("Set-Cookie") && !shown.contains("hidden"), "{shown}");
}
