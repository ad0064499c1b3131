//! The syntax of an HTTP/1.1 head (RFC 9110 §5, RFC 9112 §2–§5), for both roles.

use websocket_proto::Config;
use websocket_proto::HandshakeError::{self, *};

use crate::support::{REQUEST, RESPONSE, Seen, To, with_field, with_start};

type Verdict = Result<(), HandshakeError>;

/// Lines added at the end of both heads.
#[track_caller]
fn both(lines: impl AsRef<[u8]>, verdict: Verdict) {
    for to in To::BOTH {
        to.judge(Config::default(), &with_field(to.head(), "X-New", &lines), verdict);
    }
}

#[track_caller]
pub(crate) fn request(wire: impl AsRef<[u8]>, verdict: Verdict) {
    To::Server.judge(Config::default(), wire.as_ref(), verdict);
}

#[track_caller]
pub(crate) fn response(wire: impl AsRef<[u8]>, verdict: Verdict) {
    To::Client.judge(Config::default(), wire.as_ref(), verdict);
}

/// The value of the last field of a head that opens.
fn last_value(to: To, wire: &[u8]) -> Vec<u8> {
    match to.judge(Config::default(), wire, Ok(())).events.pop() {
        Some(Seen::Request { headers, .. } | Seen::Open { headers, .. }) => headers.last().unwrap().1.clone(),
        other => panic!("{other:?}"),
    }
}

/// HTTP-01 (RFC 9112 §2.3).
#[test]
fn the_http_version_is_exact() {
    let malformed = [
        "",
        "http/1.1",
        "Http/1.1",
        "HTTP/1.10",
        "HTTP/11.1",
        "HTTP/11",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/1,1",
        "HTTP/1.x",
    ];
    for version in
        malformed.iter().chain(&["HTTP/-1.1", "HTTP1.1", "HTTPS/1.1", "HTTP//1.1", "XHTTP/1.1", "SIP/1.1"])
    {
        request(with_start(REQUEST, format!("GET /chat {version}")), Err(InvalidRequestLine));
        response(with_start(RESPONSE, format!("{version} 101 x")), Err(InvalidStatusLine));
    }
    for version in ["HTTP/0.0", "HTTP/1.2", "HTTP/2.1"] {
        request(with_start(REQUEST, format!("GET /chat {version}")), Err(UnsupportedHttpVersion));
        response(with_start(RESPONSE, format!("{version} 101 x")), Err(UnsupportedHttpVersion));
    }
}

/// HTTP-02 (RFC 9112 §3).
#[test]
fn malformed_request_lines_fail() {
    let spaces = [
        "GET  /chat HTTP/1.1",
        "GET /chat  HTTP/1.1",
        " GET /chat HTTP/1.1",
        "GET /chat HTTP/1.1 ",
        "GET /chat HTTP/1.1 x",
        "   ",
    ];
    let pieces = [
        "GET /chat",
        "GET ",
        "GET",
        "/chat HTTP/1.1",
        "GET HTTP/1.1",
        "G(T /chat HTTP/1.1",
        " /chat HTTP/1.1",
        "SSH-2.0-OpenSSH_9.2",
    ];
    for line in spaces.iter().chain(&pieces) {
        request(with_start(REQUEST, line), Err(InvalidRequestLine));
    }
    // HTTP/0.9, HTTP/2's preface, TLS, a frame: each before its line ends, if possible.
    request("GET /\r\n", Err(InvalidRequestLine));
    To::Server.judge_last_byte(Config::default(), b"PRI * HTTP/2.0\r\n", UnsupportedHttpVersion);
    for (start, error) in [
        (&b"\x16"[..], InvalidByte),
        (b"GET\t", InvalidByte),
        (b"GET /\x0b", InvalidByte),
        (b"\x81", InvalidByte),
        (b"\xef", InvalidByte), // a byte order mark
        (b"GET / HTTP/1.1\0", InvalidByte),
        (b"G\n", BareLineFeed),
        (b"\n", BareLineFeed),
        (b"\r\r", BareCarriageReturn),
        (b"GET / HTTP/1.1\rX", BareCarriageReturn),
    ] {
        To::Server.judge_last_byte(Config::default(), start, error);
    }
}

/// HTTP-03 (RFC 9110 §5.5, RFC 9112 §2.2), HTTP-12, HTTP-23 (RFC 9110 §5.5), HTTP-24 (RFC 9112 §2.2).
#[test]
fn each_byte_of_a_value_passes_unchanged_or_fails() {
    for byte in 0..=u8::MAX {
        let lines = [&b"X: a"[..], &[byte], b"b\r\n"].concat();
        match byte {
            b'\n' => both(&lines, Err(BareLineFeed)),
            b'\r' => both(&lines, Err(BareCarriageReturn)),
            // RFC 9110 §5.5: field-content is VCHAR, SP, HTAB and obs-text
            b'\t' | 0x20..=0x7E | 0x80.. => {
                for to in To::BOTH {
                    assert_eq!(
                        last_value(to, &with_field(to.head(), "X", &lines)),
                        [b'a', byte, b'b'],
                        "unchanged"
                    );
                }
            }
            _ => {
                both(&lines, Err(InvalidByte));
                both([&b"X:"[..], &[byte], b"\r\n"].concat(), Err(InvalidByte));
                for to in To::BOTH {
                    let head = with_field(to.head(), "X", &lines);
                    to.judge_last_byte(Config::default(), &head[..head.len() - 5], InvalidByte);
                }
            }
        }
    }
    // Not UTF-8; and code points whose low bytes are CR and LF, or that look like a colon.
    for value in [
        &b"\xff\xfe\xc3\x28\xed\xa0\x80"[..],
        "\u{10d}\u{10a}\u{10d}\u{10a}Host: x".as_bytes(),
        "\u{2028}\u{85}".as_bytes(),
    ] {
        for to in To::BOTH {
            assert_eq!(last_value(to, &with_field(to.head(), "X", [b"X: ", value, b"\r\n"].concat())), value);
        }
    }
    both("X\u{ff1a} y\r\n", Err(InvalidFieldName));
    response(with_start(RESPONSE, b"HTTP/1.1 101 \xff\t\xe9"), Ok(()));
    response(with_start(RESPONSE, b"HTTP/1.1 101 a\x07"), Err(InvalidByte));
}

/// HTTP-04 (RFC 9112 §2.2).
#[test]
fn lines_end_in_crlf() {
    for to in To::BOTH {
        let ends: Vec<usize> =
            (0..to.head().len() - 1).filter(|&at| to.head()[at..].starts_with(b"\r\n")).collect();
        for at in ends {
            let (before, after) = (&to.head()[..at], &to.head()[at + 2..]);
            to.judge_last_byte(Config::default(), &[before, b"\n"].concat(), BareLineFeed);
            to.judge(Config::default(), &[before, b"\n", after].concat(), Err(BareLineFeed));
            to.judge(Config::default(), &[before, b"\r", after, b"x"].concat(), Err(BareCarriageReturn));
            to.judge_last_byte(Config::default(), &[before, b"\r\r"].concat(), BareCarriageReturn);
        }
    }
}

/// HTTP-05 (RFC 9110 §5.1), HTTP-07 (RFC 9112 §5.1, RFC 9110 §5.5).
#[test]
fn names_ignore_case_and_values_lose_outer_whitespace() {
    for to in To::BOTH {
        let text = core::str::from_utf8(to.head()).unwrap();
        for (upper, space) in [(false, ""), (true, ""), (false, " \t \t"), (true, "\t")] {
            let line = |line: &str| match line.split_once(": ") {
                Some((name, value)) if upper => {
                    format!("{}:{space}{value}{space}", name.to_ascii_uppercase())
                }
                Some((name, value)) => format!("{}:{space}{value}{space}", name.to_ascii_lowercase()),
                None => line.to_owned(),
            };
            let head = text.split("\r\n").map(line).collect::<Vec<_>>().join("\r\n");
            assert_eq!(
                to.judge(Config::default(), head.as_bytes(), Ok(())).out,
                if to == To::Server { RESPONSE } else { b"" }
            );
        }
        assert_eq!(last_value(to, &with_field(to.head(), "X", "X: \t a \t b \t \r\n")), b"a \t b");
        assert_eq!(last_value(to, &with_field(to.head(), "X", "X: \t \r\n")), b"");
    }
    // What belongs to the other head, or to neither.
    request(
        with_field(
            REQUEST,
            "X",
            "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Accept: y\r\nServer:\r\nSec-WebSocket-X: y\r\n",
        ),
        Ok(()),
    );
    response(
        with_field(
            RESPONSE,
            "X",
            "Sec-WebSocket-Key: x\r\nHost: a b\r\nHost:\r\nSec-WebSocket-Version: 8\r\nOrigin: x\r\nOrigin: y\r\n",
        ),
        Ok(()),
    );
}

/// HTTP-08 (RFC 9112 §5.1), HTTP-09 (RFC 9112 §2.2), HTTP-11 (RFC 9110 §5.1, RFC 9110 §5.6.2).
#[test]
fn field_names_are_tokens_without_space_around_them() {
    for name in ["X", "Host", "Upgrade", "Connection"] {
        both(format!("{name} : y\r\n"), Err(SpaceBeforeColon));
        both(format!("{name}\t: y\r\n"), Err(SpaceBeforeColon));
    }
    both("X y: z\r\n", Err(SpaceBeforeColon));
    for lines in [":\r\n", ": y\r\n", "X\r\n", "X-Y\r\nZ: a\r\n"] {
        both(lines, Err(InvalidFieldName));
    }
    for byte in 0..=u8::MAX {
        let verdict = match byte {
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~' | b':' => {
                Ok(())
            }
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Ok(()),
            b'\n' => Err(BareLineFeed),
            b' ' | b'\t' => Err(SpaceBeforeColon),
            b'\r' | 0x21..=0x7E | 0x80.. => Err(InvalidFieldName),
            _ => Err(InvalidByte),
        };
        both([&b"X"[..], &[byte], b"Y: z\r\n"].concat(), verdict);
        if !matches!(byte, b' ' | b'\t' | b'\r' | b':') {
            both([&[byte][..], b"Y: z\r\n"].concat(), verdict);
        }
    }
    for to in To::BOTH {
        let (start, fields) =
            to.head().split_at(to.head().iter().position(|&byte| byte == b'\n').unwrap() + 1);
        for space in [&b" "[..], b"\t", b" X: y\r\n", b" \r\n"] {
            to.judge(Config::default(), &[start, space, fields].concat(), Err(SpaceBeforeFields));
        }
        to.judge_last_byte(Config::default(), &[start, b" "].concat(), SpaceBeforeFields);
        to.judge_last_byte(Config::default(), &[start, b"X "].concat(), SpaceBeforeColon);
        to.judge_last_byte(Config::default(), &[start, b":"].concat(), InvalidFieldName);
        to.judge_last_byte(Config::default(), &[start, b"X\r"].concat(), InvalidFieldName);
    }
}

/// HTTP-10 (RFC 9112 §5.2).
#[test]
fn obs_fold_fails_in_a_request_and_is_a_space_in_a_response() {
    for fold in ["\r\n ", "\r\n\t", "\r\n \r\n\t", " \r\n  \t"] {
        request(with_field(REQUEST, "X", format!("X: a{fold}b\r\n")), Err(ObsoleteFold));
        request(with_field(REQUEST, "Upgrade", format!("Upgrade:{fold}websocket\r\n")), Err(ObsoleteFold));
        // RFC 9112 §5.2: "MUST replace each received obs-fold with one or more SP octets"
        let value = last_value(To::Client, &with_field(RESPONSE, "X", format!("X: a{fold}b\r\n")));
        assert!(
            value.starts_with(b"a ")
                && value.ends_with(b"b")
                && !value.contains(&b'\r')
                && !value.contains(&b'\n'),
            "{value:?}"
        );
        response(with_field(RESPONSE, "Upgrade", format!("Upgrade:{fold}websocket{fold}\r\n")), Ok(()));
        response(
            with_field(RESPONSE, "Upgrade", format!("Upgrade: web{fold}socket\r\n")),
            Err(InvalidUpgrade),
        );
        response(with_field(RESPONSE, "Connection", format!("Connection: a,{fold}Upgrade\r\n")), Ok(()));
        // A folded line is no field.
        response(
            with_field(RESPONSE, "Upgrade", format!("X: y{fold}Upgrade: websocket\r\n")),
            Err(InvalidUpgrade),
        );
    }
    let before_fold = [&REQUEST[..REQUEST.len() - 2], b" "].concat();
    To::Server.judge_last_byte(Config::default(), &before_fold, ObsoleteFold);
    response(with_field(RESPONSE, "X", "X: a\r\n b\rc\r\n"), Err(BareCarriageReturn));
}

/// HTTP-20 (RFC 9112 §4).
#[test]
fn malformed_status_lines_fail() {
    let malformed = [
        "HTTP/1.1 101",
        "HTTP/1.1",
        "HTTP/1.1 ",
        "HTTP/1.1 10 x",
        "HTTP/1.1 1O1 x",
        "HTTP/1.1 001 x",
        "HTTP/1.1  101 x",
        "101 x",
    ];
    let more = [
        "HTTP/1.1\t101 x",
        " HTTP/1.1 101 x",
        "HTTP/1.1 101\tx",
        "HTTP/1.1 101x",
        "HTTP/1.1 -10 x",
        "<html>",
        "GET / HTTP/1.1",
        "ICY 200 OK",
    ];
    for line in malformed.iter().chain(&more) {
        let wire = with_start(RESPONSE, line);
        response(&wire, Err(InvalidStatusLine));
        let end = wire.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        To::Client.judge_last_byte(Config::default(), &wire[..end], InvalidStatusLine);
    }
    response(with_start(RESPONSE, "HTTP/1.1 101 "), Ok(()));
    response(with_start(RESPONSE, "HTTP/1.1 101  a  b "), Ok(()));
    for start in [&b"\0"[..], b"HTTP/1.1 101 \x7f"] {
        To::Client.judge_last_byte(Config::default(), start, InvalidByte);
    }
}
