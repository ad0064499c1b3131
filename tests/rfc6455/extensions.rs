//! The negotiation of extensions (§9.1), as far as the handshake goes: the grammar, and that none is used
//! that was not agreed on.

use websocket_proto::handshake::Extensions;
use websocket_proto::{
    Accept, Client, Config, Connection, Error, Event, HandshakeError, ProtocolError, ReceiveBuffer, Server,
    State,
};

use crate::support::{
    self, Answer, Keys, REQUEST, RESPONSE, Seen, Side, To, asking, filled, frame, frames_of, with_field,
};

/// A head whose only Sec-WebSocket-Extensions has this value; `\r\n` in it begins the next line.
fn with_extensions(to: To, value: &str) -> Vec<u8> {
    let lines = value.split("\r\n").map(|value| format!("Sec-WebSocket-Extensions: {value}\r\n"));
    with_field(to.head(), "X", lines.collect::<String>())
}

/// `name;param;param=value` for each.
fn list(extensions: Extensions<'_>) -> Vec<String> {
    let text = |extension: websocket_proto::handshake::Extension<'_>| {
        let params = extension.params().map(|param| match param.value() {
            Some(value) => {
                format!(";{}={}", param.name(), String::from_utf8(value.bytes().collect()).unwrap())
            }
            None => format!(";{}", param.name()),
        });
        extension.name().to_owned() + &params.collect::<String>()
    };
    extensions.map(text).collect()
}

/// What a server's application sees of an offer, in every way the same.
fn offered(value: &str) -> Vec<String> {
    let wire = with_extensions(To::Server, value);
    To::Server.judge(Config::default(), &wire, Ok(()));
    match Connection::server(Config::default()).receive(&mut filled(&wire), &mut Vec::new()) {
        Ok(Some(Event::Request(request))) => list(request.extensions()),
        other => panic!("{other:?}"),
    }
}

/// §9.1: outside the grammar, for both roles; a line before or after it that is within does not help.
#[track_caller]
fn outside(value: &str) {
    use HandshakeError::{ExtensionNotOffered, InvalidExtensions};
    let (before, after) = (format!("fine\r\n{value}"), format!("{value}\r\nfine; a=\"b\""));
    for (value, of_answer) in
        [(value, InvalidExtensions), (&before, ExtensionNotOffered), (&after, InvalidExtensions)]
    {
        To::Server.judge(Config::default(), &with_extensions(To::Server, value), Err(InvalidExtensions));
        To::Client.judge(Config::default(), &with_extensions(To::Client, value), Err(of_answer));
    }
}

/// EX-01 (§9.1), HTTP-06 (RFC 9110 §5.2).
#[test]
fn extension_lists_span_one_or_more_lines() {
    for (value, extensions) in [
        ("foo", &["foo"][..]),
        ("foo, bar; baz=2", &["foo", "bar;baz=2"]),   // §9.1
        ("foo\r\nbar; baz=2", &["foo", "bar;baz=2"]), // §9.1: "exactly equivalent"
        ("deflate-stream", &["deflate-stream"]),      // §9.1
        (
            "mux; max-channels=4; flow-control, deflate-stream",
            &["mux;max-channels=4;flow-control", "deflate-stream"],
        ), // §9.1
        (
            "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame",
            &["permessage-deflate;client_max_window_bits", "x-webkit-deflate-frame"],
        ),
        ("b\r\na\r\nb;c", &["b", "a", "b;c"]), // order and repetition are kept
        // Implied whitespace (RFC 2616 §2.1), and empty elements.
        (", ,a\t; b =\tc ; d ,,", &["a;b=c;d"]),
        ("\r\na\r\n,", &["a"]),
        (
            "!#$%&'*+-.^_`|~09AZaz;!#$%&'*+-.^_`|~09AZaz=!#$%&'*+-.^_`|~09AZaz",
            &["!#$%&'*+-.^_`|~09AZaz;!#$%&'*+-.^_`|~09AZaz=!#$%&'*+-.^_`|~09AZaz"],
        ),
    ] {
        assert_eq!(offered(value), extensions, "{value}");
    }
}

/// EX-02 (§9.1).
#[test]
fn quoted_values_in_an_offer_are_unescaped() {
    for (value, token) in [
        ("a; b=\"value\"", "value"),
        ("a; b=\"va\\l\\ue\"", "value"),
        ("a;b=\"\\1\\5\"", "15"),
        ("a; b = \"x\" ; c", "x"),
    ] {
        let wire = with_extensions(To::Server, value);
        assert!(offered(value)[0].starts_with(&format!("a;b={token}")));
        let (mut server, mut inbound) = (Connection::server(Config::default()), filled(&wire));
        let Ok(Some(Event::Request(request))) = server.receive(&mut inbound, &mut Vec::new()) else {
            panic!()
        };
        let found = request.extensions().next().unwrap().params().next().unwrap().value().unwrap();
        assert!(
            found == token && found != "" && found != format!("{token}x").as_str() && found != token[1..],
            "{value}"
        );
        assert_eq!(format!("{found:?}").contains('\\'), value.contains('\\'), "as it was received");
    }
    // "the value after quoted-string unescaping MUST conform to the 'token' ABNF"
    for value in [
        "\"\"",
        "\"x y\"",
        "\"x,y\"",
        "\"x;y\"",
        "\"x=y\"",
        "\"x \"",
        "\"x\ty\"",
        "\"x\u{e9}\"",
        "\"\\\"\"",
        "\"\\\\\"",
        "\"x\\ y\"",
    ] {
        outside(&format!("a; b={value}"));
    }
}

/// EX-02 (§9.1).
#[test]
fn whitespace_inside_a_quoted_value_fails() {
    // It is a part of the value, and of no token.
    for value in ["\" x\"", "\"\tx\"", "\"   x\""] {
        outside(&format!("a; b={value}"));
    }
}

/// EX-03 (§9.1).
#[test]
fn extensions_outside_the_grammar_fail() {
    for value in [
        ";", "=", "a;", "a; ;b", "a;;b", "a;,b", "a, b;", ";a", "a b", "a;b c", "a;=c", "a=b", "a;b=",
        "a;b=,c", "a;b==c", "a;b=c=d",
    ] {
        outside(value);
    }
    for value in [
        "\"a\"",
        "a;\"b\"",
        "a;b='x y'",
        "a/b",
        "a;b/c",
        "a;b=c/d",
        "(a)",
        "a@b",
        "\u{e9}",
        "a;\u{e9}",
        "a;b=\u{e9}",
        "[a]",
        "a;{b}",
    ] {
        outside(value);
    }
    // Quotes that do not end, that end too early, and that a line does not carry on.
    for value in [
        "a;b=\"",
        "a;b=\"x",
        "a;b=\"x\\",
        "a;b=\"x\\\"",
        "a;b=\"x\\\\y\"",
        "a;b=\"x\"y",
        "a;b=\"x\"\"y\"",
        "a;b=x\"y\"",
        "a;b=\"x\r\ny\"",
    ] {
        outside(value);
    }
    // A request that is no upgrade, and a response that refuses, have none to negotiate.
    let wire = with_field(&with_extensions(To::Server, ";"), "Upgrade", "");
    To::Server.judge(Config::default(), &wire, Err(HandshakeError::NotAnUpgrade));
    let outcome =
        To::Client.shake(Config::default(), b"HTTP/1.1 400 x\r\nSec-WebSocket-Extensions: ;\r\n\r\n");
    assert!(matches!(outcome.events[..], [Seen::Rejected { status: 400, .. }]));
}

/// EX-03 (§9.1).
#[test]
fn an_empty_extension_list_is_judged_by_the_grammar() {
    // §9.1: 1#extension; RFC 9110 §5.6.1.2: empty elements "do not contribute to the count of elements
    // present"
    for to in To::BOTH {
        for value in ["", ",", " ,\t, ", "\r\n", ",\r\n,"] {
            to.judge(Config::default(), &with_extensions(to, value), Err(HandshakeError::InvalidExtensions));
        }
    }
}

/// EX-03 (§9.1), LIM-09.
#[test]
fn long_extension_values_take_linear_time() {
    let mut config = Config::default();
    (config.max_head_size, config.max_header_line, config.max_headers) = (usize::MAX, usize::MAX, usize::MAX);
    let long = 1_000_000;
    // CVE-2020-7662, CVE-2021-32640: quotes and whitespace that a backtracking parser reads again and again.
    for (value, error) in [
        (format!("a;b=\"{}\"", "\\x".repeat(long / 2)), None),
        (format!("a;b=\"{}", "\\x".repeat(long / 2)), Some(HandshakeError::InvalidExtensions)),
        (format!("a;b=\"{}\"", "\\\\".repeat(long / 2)), Some(HandshakeError::InvalidExtensions)),
        (format!("a{}", ";b=\"c\"".repeat(long / 6)), None),
        (format!("a{};", ";b".repeat(long / 2)), Some(HandshakeError::InvalidExtensions)),
        (format!("a{}b", " ".repeat(long)), Some(HandshakeError::InvalidExtensions)),
        (format!("a{}", " ;\tb".repeat(long / 4)), None),
        (format!("a{}", ", a;b".repeat(long / 5)), None),
        (format!("a{}", "\r\na".repeat(long / 30)), None),
        (format!("{}a", ",".repeat(long)), None),
    ] {
        let wire = with_extensions(To::Server, &value);
        for size in [1, 4096] {
            let outcome =
                support::feed(Connection::server(config), ReceiveBuffer::new(), wire.chunks(size), |_, _| {});
            assert_eq!(
                (outcome.error, outcome.events.len()),
                (error.map(Error::Handshake), usize::from(error.is_none()))
            );
        }
        let wire = with_extensions(To::Client, &value);
        let outcome = support::feed(asking(config, &[]), ReceiveBuffer::new(), wire.chunks(1), |_, _| {});
        assert_eq!(
            outcome.error,
            Some(Error::Handshake(error.unwrap_or(HandshakeError::ExtensionNotOffered)))
        );
    }
}

/// EX-01, EX-04 (§9.1).
#[test]
fn offers_are_declined_by_silence() {
    for value in [
        "permessage-deflate",
        "x, y; z=\"1\", x",
        "permessage-deflate; no-such-parameter=1, permessage-deflate",
    ] {
        let outcome = To::Server.judge(Config::default(), &with_extensions(To::Server, value), Ok(()));
        assert_eq!(outcome.out, RESPONSE);
        assert_eq!(Answer::parse(&outcome.out).field("Sec-WebSocket-Extensions"), None);
    }
}

/// EX-04 (§9.1), EX-05 (§9, §9.1).
#[test]
fn an_answer_with_an_extension_that_was_not_offered_fails() {
    for value in [
        "permessage-deflate",
        "x",
        "x, y",
        "y\r\nx",
        ", ,x",
        "permessage-deflate; server_no_context_takeover",
    ] {
        To::Client.judge(
            Config::default(),
            &with_extensions(To::Client, value),
            Err(HandshakeError::ExtensionNotOffered),
        );
    }
}

/// EX-05 (§9, §9.1).
#[test]
fn reserved_bits_stay_reserved_after_an_offer() {
    fn fails<R: Side>(to: To, head: &[u8]) {
        for reserved in 1..8 {
            let wire = [head, &frame::<R>(0x81, b"a"), &frame::<R>(0x81 | reserved << 4, b"\xf2\x48\x05\0")]
                .concat();
            let outcome = to.shake(Config::default(), &wire);
            assert_eq!((outcome.events.len(), outcome.events.last()), (2, Some(&Seen::Text("a".to_owned()))));
            assert_eq!(
                (outcome.error, outcome.state),
                (Some(Error::Protocol(ProtocolError::ReservedBits)), State::End)
            );
            let frames = outcome.out.strip_prefix(if to == To::Server { RESPONSE } else { b"" }).unwrap();
            assert_eq!(frames_of::<R>(frames), [(0x88, b"\x03\xea".to_vec())]);
        }
    }
    fails::<Server>(To::Server, &with_extensions(To::Server, "permessage-deflate; client_max_window_bits"));
    fails::<Server>(To::Server, REQUEST);
    fails::<Client<Keys>>(To::Client, RESPONSE);
    // A sent frame has none: `frames_of` reads only frames without them.
    let mut server = Connection::server(Config::default());
    let (mut inbound, mut out) = (filled(&with_extensions(To::Server, "permessage-deflate")), Vec::new());
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))));
    server.accept(Accept::new(), &mut out).unwrap();
    out.clear();
    server.send_text("compressible compressible compressible", &mut out).unwrap();
    assert_eq!(out[0], 0x81);
}

/// EX-06 (RFC 7692 §5.1), LIM-06.
#[test]
fn without_an_extension_reserved_bits_fail_and_nothing_is_inflated() {
    // A compressed "Hello" (RFC 7692 §7.2.3.1), after both ends named permessage-deflate, or one of them.
    let offer =
        with_extensions(To::Server, "permessage-deflate, permessage-deflate; server_no_context_takeover");
    let mut server = Connection::server(Config::default());
    let (mut inbound, mut out) = (filled(&offer), Vec::new());
    assert!(matches!(server.receive(&mut inbound, &mut out), Ok(Some(Event::Request(_)))));
    server.accept(Accept::new(), &mut out).unwrap();
    assert!(!out.windows(24).any(|bytes| bytes == b"Sec-WebSocket-Extensions"), "nothing was accepted");
    let compressed = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    let wire = frame::<Server>(0xC1, compressed);
    let outcome = support::every_way(&server, &wire, |_, _| {});
    assert_eq!((outcome.error, outcome.events), (Some(ProtocolError::ReservedBits.into()), vec![]));
}
