//! The HTTP/1.1 of the opening handshake (RFC 9110 §5, RFC 9112 §2–§6), for both roles.

use websocket_proto::HandshakeError::{self, *};
use websocket_proto::{
    Accept, Config, Connection, Error, ProtocolError, ReceiveBuffer, SendSlice, Server, State,
    TransportAction,
};

use crate::support::{
    self, Answer, REQUEST, RESPONSE, Seen, To, every_way, filled, frames_of, with_field, with_start,
};

type Verdict = Result<(), HandshakeError>;

/// Lines added at the end of both heads.
#[track_caller]
fn both(lines: impl AsRef<[u8]>, verdict: Verdict) {
    for to in To::BOTH {
        to.judge(Config::default(), &with_field(to.head(), "X-New", &lines), verdict);
    }
}

#[track_caller]
fn request(wire: impl AsRef<[u8]>, verdict: Verdict) {
    To::Server.judge(Config::default(), wire.as_ref(), verdict);
}

#[track_caller]
fn response(wire: impl AsRef<[u8]>, verdict: Verdict) {
    To::Client.judge(Config::default(), wire.as_ref(), verdict);
}

/// The value of the last field of a head that opens.
fn last_value(to: To, wire: &[u8]) -> Vec<u8> {
    match to.judge(Config::default(), wire, Ok(())).events.pop() {
        Some(Seen::Request { headers, .. } | Seen::Open { headers, .. }) => headers.last().unwrap().1.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn http_01_the_version() {
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

#[test]
fn http_02_request_lines() {
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
    // HTTP/0.9, HTTP/2's preface, TLS, a frame: each before its line ends, where it can be known.
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

#[test]
fn http_03_http_12_http_23_http_24_bytes_of_a_value() {
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

#[test]
fn http_04_lines_end_in_crlf() {
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

#[test]
fn http_05_http_07_names_in_any_case_and_values_without_whitespace() {
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

#[test]
fn http_06_http_19_lim_11_lists_over_several_lines() {
    let connection = "Connection: a, b\r\nX: y\r\nconnection:\r\nCONNECTION: c , upgrade\r\n";
    request(with_field(REQUEST, "Connection", connection), Ok(()));
    response(with_field(RESPONSE, "Connection", connection), Ok(()));
    request(
        with_field(REQUEST, "Upgrade", "Upgrade: h2c\r\nupgrade:,,\r\nUpgrade: foo/1 , WebSocket\r\n"),
        Ok(()),
    );
    response(with_field(RESPONSE, "Upgrade", "Upgrade:\r\nUpgrade: ,, websocket\t,\r\n"), Ok(()));
    // RFC 9110 §5.6.1.2: "a reasonable number of empty list elements"; a line's worth.
    let line = |name: &str, rest: &str, len: usize| {
        format!("{name}:{}{rest}\r\n", ",".repeat(len - name.len() - 1 - rest.len()))
    };
    for (name, rest) in [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Protocol", "a"),
        ("Sec-WebSocket-Extensions", "a"),
    ] {
        request(with_field(REQUEST, name, line(name, rest, 8192)), Ok(()));
        request(with_field(REQUEST, name, line(name, rest, 8193)), Err(FieldLineTooLong));
    }
    response(with_field(RESPONSE, "Connection", line("Connection", "Upgrade", 8192)), Ok(()));
    response(with_field(RESPONSE, "Connection", line("Connection", "Upgrade", 8193)), Err(FieldLineTooLong));
}

#[test]
fn http_08_http_09_http_11_names() {
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

#[test]
fn http_10_obs_fold_in_a_request_and_in_a_response() {
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

#[test]
fn http_13_lim_11_empty_lines_before_a_head() {
    for count in 0..=4 {
        request([&b"\r\n".repeat(count), REQUEST].concat(), Ok(()));
    }
    To::Server.judge_last_byte(Config::default(), &b"\r\n".repeat(5), TooManyEmptyLines);
    To::Server.judge_last_byte(Config::default(), b"\r\n\n", BareLineFeed);
    To::Server.judge_last_byte(Config::default(), b"\r\n\rG", BareCarriageReturn);
    request([b"\r\n ", REQUEST].concat(), Err(InvalidRequestLine));
    // RFC 9112 §2.2 allows them to a server alone.
    To::Client.judge_last_byte(Config::default(), b"\r", InvalidStatusLine);
}

#[test]
fn http_14_http_15_content_of_a_request() {
    for (lines, verdict) in [
        ("Content-Length: 0", Ok(())),
        ("Content-Length:\t000 ", Ok(())),
        ("Content-Length: 1", Err(ContentNotAllowed)),
        ("content-length: 99999999999999999999999999", Err(ContentNotAllowed)),
        ("Content-Length: 18446744073709551616", Err(ContentNotAllowed)), // 2^64
        ("Content-Length: 0\r\nContent-Length: 5", Err(ContentNotAllowed)),
        ("Content-Length:", Err(InvalidContentLength)),
        ("Content-Length: +0", Err(InvalidContentLength)),
        ("Content-Length: -1", Err(InvalidContentLength)),
        ("Content-Length: 0x0", Err(InvalidContentLength)),
        ("Content-Length: 0.0", Err(InvalidContentLength)),
        ("Content-Length: 0, 5", Err(InvalidContentLength)),
        ("Content-Length: 0 0", Err(InvalidContentLength)),
        ("Content-Length: \u{661}", Err(InvalidContentLength)),
        ("Transfer-Encoding: chunked", Err(TransferEncodingNotAllowed)),
        ("TRANSFER-ENCODING:identity", Err(TransferEncodingNotAllowed)),
        ("Transfer-Encoding:", Err(TransferEncodingNotAllowed)),
        ("Transfer-Encoding: chunked, gzip", Err(TransferEncodingNotAllowed)),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked", Err(TransferEncodingNotAllowed)),
    ] {
        // The content would be a frame; it is none.
        let wire = with_field(REQUEST, "X", format!("{lines}\r\n"));
        request(&wire, verdict);
        request(with_field(&wire, "Upgrade", ""), verdict.and(Err(NotAnUpgrade)));
        let mut plain = Config::default();
        plain.allow_plain_http = true;
        assert_eq!(To::Server.shake(plain, &wire).error, verdict.err().map(Error::Handshake));
    }
}

#[test]
fn http_16_http_17_limits_are_exact_and_early() {
    let base = |to: To| String::from_utf8(to.head().strip_suffix(b"\r\n").unwrap().to_vec()).unwrap();
    let start = |to: To, len: usize| match to {
        To::Server => format!("GET /{} HTTP/1.1", "a".repeat(len - 14)),
        To::Client => format!("HTTP/1.1 101 {}", "a".repeat(len - 13)),
    };
    let field = |to: To, len: usize| format!("{}X: {}", base(to), "a".repeat(len - 3));
    let lines = |to: To| to.head().split(|&byte| byte == b'\n').count() - 1;
    let fields = |to: To, count: usize| base(to) + &"A:\r\n".repeat(count + 2 - lines(to));
    let head = |to: To, len: usize| {
        let rest = len - base(to).len() - 2;
        format!(
            "{}{}Y:{}\r\n\r\n",
            base(to),
            format!("X:{}\r\n", "a".repeat(196)).repeat(rest / 200 - 1),
            "a".repeat(rest % 200 + 196)
        )
    };
    let mut small = Config::default();
    (small.max_header_line, small.max_headers, small.max_head_size) = (400, 10, 1000);
    for to in To::BOTH {
        // RFC 9112 §3: at least 8000 octets of a request line; the defaults of DESIGN.md.
        for (config, line, count, total) in [(small, 400, 10, 1000), (Config::default(), 8192, 100, 16_384)] {
            for (passes, fails, error) in [
                (with_start(to.head(), start(to, line)), start(to, line + 1), StartLineTooLong),
                ((field(to, line) + "\r\n\r\n").into_bytes(), field(to, line + 1), FieldLineTooLong),
                (
                    format!("{}X{}:\r\n\r\n", base(to), "a".repeat(line - 2)).into_bytes(),
                    base(to) + &"a".repeat(line + 1),
                    FieldLineTooLong,
                ),
                ((fields(to, count) + "\r\n").into_bytes(), fields(to, count) + "A", TooManyFields),
                (head(to, total).into_bytes(), head(to, total + 1), HeadTooLong),
            ] {
                let mut config = config;
                if error == HeadTooLong {
                    config.max_headers = 1000;
                }
                to.judge(config, &passes, Ok(()));
                to.judge_last_byte(config, fails.as_bytes(), error);
            }
        }
        assert_eq!(head(to, 16_384).len(), 16_384);
    }
    assert_eq!(
        [StartLineTooLong, FieldLineTooLong, TooManyFields, HeadTooLong]
            .map(|error| error.http_status().unwrap()),
        [414, 431, 431, 431]
    );
    // Empty lines before a request count; a start line that the whole limit cuts is a head that is too long.
    small.max_head_size = 100;
    To::Server.judge_last_byte(small, format!("\r\n\r\nGET /{}", "a".repeat(92)).as_bytes(), HeadTooLong);
}

#[test]
fn http_17_a_fixed_buffer_is_a_limit() {
    for (room, error) in [(REQUEST.len(), None), (REQUEST.len() - 1, Some(Error::Handshake(HeadTooLong)))] {
        for chunk in [1, 50, 1000] {
            let mut memory = vec![0; room];
            let inbound = ReceiveBuffer::fixed(&mut memory);
            let server = Connection::server(Config::default());
            let outcome = support::feed(server, inbound, REQUEST.chunks(chunk), |server, out| {
                server.accept(Accept::new(), out).unwrap()
            });
            assert_eq!(outcome.error, error);
            match error {
                None => assert_eq!(outcome.out, RESPONSE),
                Some(_) => To::Server.assert_over(&outcome, HeadTooLong),
            }
        }
    }
}

#[test]
fn http_18_nothing_is_accepted_before_the_empty_line() {
    for to in To::BOTH {
        for len in 0..to.head().len() {
            let outcome = to.shake(Config::default(), &to.head()[..len]);
            assert_eq!(
                (outcome.events, outcome.out, outcome.error, outcome.state),
                (vec![], vec![], None, State::Handshake)
            );
            assert_eq!(outcome.transport_action, TransportAction::KeepOpen);
        }
    }
    // What the fields lack is not known before either: a later line can have it.
    To::Server.judge_last_byte(Config::default(), &with_field(REQUEST, "Sec-WebSocket-Key", ""), MissingKey);
    To::Client.judge_last_byte(Config::default(), &with_field(RESPONSE, "Upgrade", ""), InvalidUpgrade);
}

#[test]
fn http_20_status_lines() {
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

#[test]
fn http_21_one_message_a_connection() {
    // The second is frames: `G` has a reserved opcode, `H` is a fragment of a Close.
    let outcome = To::Server.shake(Config::default(), &REQUEST.repeat(2));
    assert_eq!(
        (outcome.events.len(), outcome.error),
        (1, Some(Error::Protocol(ProtocolError::ReservedOpcode)))
    );
    assert_eq!(
        frames_of::<Server>(outcome.out.strip_prefix(RESPONSE).unwrap()),
        [(0x88, b"\x03\xea".to_vec())]
    );
    let outcome = To::Client.shake(Config::default(), &RESPONSE.repeat(2));
    assert_eq!(
        (outcome.events.len(), outcome.error),
        (1, Some(Error::Protocol(ProtocolError::ControlFragmented)))
    );
    // After a refusal, nothing.
    let two = [b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", REQUEST].concat();
    request(two, Err(ContentNotAllowed));
    let outcome = To::Client.shake(Config::default(), &[b"HTTP/1.1 401 x\r\n\r\n", RESPONSE].concat());
    assert_eq!(
        (outcome.events, outcome.state),
        (vec![Seen::Rejected { status: 401, headers: vec![] }], State::End)
    );
}

#[test]
fn http_22_expect_is_ignored() {
    let wire = with_field(REQUEST, "X", "Expect: 100-continue\r\n");
    assert_eq!(To::Server.judge(Config::default(), &wire, Ok(())).out, RESPONSE);
    assert_eq!(every_way(&Connection::server(Config::default()), &wire, |_, _| {}).out, b"", "no 100 either");
}

#[test]
fn http_25_every_refusal_is_a_response() {
    let bad = [
        BareLineFeed,
        BareCarriageReturn,
        InvalidByte,
        TooManyEmptyLines,
        InvalidFieldName,
        SpaceBeforeColon,
        SpaceBeforeFields,
    ];
    let more = [
        ObsoleteFold,
        InvalidRequestLine,
        InvalidTarget,
        MissingHost,
        RepeatedHost,
        InvalidHost,
        InvalidContentLength,
    ];
    let fields = [
        ContentNotAllowed,
        TransferEncodingNotAllowed,
        RepeatedVersion,
        MissingKey,
        RepeatedKey,
        InvalidKey,
        InvalidSubprotocol,
    ];
    let last = [RepeatedOrigin, RepeatedSubprotocol, TooManySubprotocols, InvalidExtensions];
    assert!(
        bad.iter().chain(&more).chain(&fields).chain(&last).all(|error| error.http_status() == Some(400))
    );
    assert!([NotAnUpgrade, Hixie76, UnsupportedVersion].iter().all(|error| error.http_status() == Some(426)));
    assert_eq!(
        (MethodNotAllowed.http_status(), UnsupportedHttpVersion.http_status()),
        (Some(405), Some(505))
    );
    // Where there is no room for it, it waits; the transport is to be kept until it is written, once.
    let whole = To::Server.judge(Config::default(), b"\0", Err(InvalidByte)).out;
    assert!(
        whole.starts_with(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
            && !Answer::parse(&whole).body.is_empty()
    );
    for room in 0..=whole.len() {
        let (mut server, mut inbound, mut memory) =
            (Connection::server(Config::default()), filled(b"\0"), [0xA5; 512]);
        let mut out = SendSlice::new(&mut memory[..room]);
        assert!(server.receive(&mut inbound, &mut out).is_err());
        let fits = room == whole.len();
        assert_eq!(
            (out.as_slice(), server.has_pending_reply()),
            if fits { (&whole[..], false) } else { (&b""[..], true) }
        );
        assert_eq!(
            (server.state(), server.transport_action()),
            (State::End, if fits { TransportAction::Close } else { TransportAction::KeepOpen })
        );
        let mut later = Vec::new();
        for _ in 0..2 {
            assert_eq!(
                server.receive(&mut inbound, &mut later).map(|_| ()),
                Err(Error::Handshake(InvalidByte))
            );
            assert_eq!(
                (&later[..], server.transport_action()),
                (if fits { &b""[..] } else { &whole }, TransportAction::Close)
            );
        }
    }
}

#[test]
fn lim_09_a_long_head_takes_linear_work() {
    // A megabyte, byte by byte: what is looked at again for each byte would not come to an end.
    let mut config = Config::default();
    (config.max_head_size, config.max_header_line, config.max_headers) = (usize::MAX, usize::MAX, usize::MAX);
    let long = 1_000_000;
    for lines in [
        format!("X: {}\r\n", "a".repeat(long)),
        "A:\r\n".repeat(long / 4),
        format!("Connection: {}\r\n", "a, ".repeat(long / 3)),
        format!("Sec-WebSocket-Protocol: a{}\r\n", ",".repeat(long)),
        format!("Sec-WebSocket-Protocol: a\r\n{}", "Sec-WebSocket-Protocol:\r\n".repeat(long / 25)),
    ] {
        let wire = with_field(REQUEST, "X", &lines);
        let accept =
            |server: &mut Connection<Server>, out: &mut Vec<u8>| server.accept(Accept::new(), out).unwrap();
        let outcome = support::feed(Connection::server(config), ReceiveBuffer::new(), wire.chunks(1), accept);
        assert_eq!((outcome.out, outcome.error), (RESPONSE.to_vec(), None));
    }
    for lines in [
        format!("X: a{}\r\n", "\r\n b".repeat(long / 4)),
        format!("Connection: {}\r\n", ", a".repeat(long / 3)),
    ] {
        let wire = with_field(RESPONSE, "X", &lines);
        let outcome =
            support::feed(support::asking(config, &[]), ReceiveBuffer::new(), wire.chunks(1), |_, _| {});
        assert_eq!((outcome.events.len(), outcome.error), (1, None));
    }
}
