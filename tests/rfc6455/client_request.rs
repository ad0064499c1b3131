//! The request of a client (§4.1).

use websocket_proto::{
    ClientRequest, CloseCode, Config, Connection, Entropy, EntropyError, Error, Event, MessageKind,
    ReceiveBuffer, RequestError, SendError, SendSlice, State, TransportAction, Uri, UriError,
};

use crate::support::{self, Asking, Keys, RESPONSE, SampleNonce, asking, filled, with_field};

/// The request that a client writes, or its error; an error writes nothing.
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

/// C-HS-01, C-HS-04, C-HS-05, C-HS-07 (§4.1), C-HS-02 (§4.1, §3), C-HS-03 (§4.1, RFC 9112 §3.2), C-HS-14 (RFC
/// 9112 §6), C-HS-15 (RFC 9112 §2.2).
#[test]
fn the_request_has_exactly_the_required_lines() {
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

/// C-HS-02 (§4.1, §3), C-HS-03 (§4.1, RFC 9112 §3.2), C-HS-11 (RFC 9110 §5.5).
#[test]
fn invalid_uris_make_no_request() {
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

/// C-HS-06 (§4.1).
#[test]
fn each_connection_has_a_fresh_nonce() {
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

/// C-HS-08 (§4.1), C-HS-11 (RFC 9110 §5.5).
#[test]
fn offered_subprotocols_are_unique_tokens() {
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

/// C-HS-09 (§9.1), C-HS-11 (RFC 9110 §5.5), C-HS-12, C-HS-13 (§4.1).
#[test]
fn added_request_fields_are_checked() {
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

/// C-HS-10 (§4.1).
#[test]
fn no_frame_is_sent_before_the_response() {
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
