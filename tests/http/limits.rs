//! The limits of an HTTP/1.1 head (RFC 9110 §5.4, RFC 9112 §3), for both roles.

use websocket_proto::HandshakeError::*;
use websocket_proto::{Accept, Config, Connection, Error, ReceiveBuffer, Server};

use crate::support::{self, REQUEST, RESPONSE, To, with_field, with_start};

use super::syntax::{request, response};

/// HTTP-06 (RFC 9110 §5.2), HTTP-19 (RFC 9110 §5.6.1.2), LIM-11.
#[test]
fn lists_over_several_lines_are_combined() {
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

/// HTTP-13 (RFC 9112 §2.2), LIM-11.
#[test]
fn empty_lines_before_a_request_are_bounded() {
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

/// HTTP-16 (RFC 9112 §3), HTTP-17 (RFC 9110 §5.4).
#[test]
fn limits_are_exact_and_early() {
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
    // Empty lines before a request count for the whole limit only; a start line that it cuts is a head that is
    // too long.
    let after_empty_lines =
        |len: usize| [b"\r\n\r\n", &with_start(REQUEST, start(To::Server, len))[..]].concat();
    To::Server.judge(small, &after_empty_lines(400), Ok(()));
    To::Server.judge_last_byte(small, &after_empty_lines(401)[..4 + 401], StartLineTooLong);
    small.max_head_size = 100;
    To::Server.judge_last_byte(small, format!("\r\n\r\nGET /{}", "a".repeat(92)).as_bytes(), HeadTooLong);
}

/// HTTP-17 (RFC 9110 §5.4).
#[test]
fn a_fixed_buffer_is_a_limit() {
    // Unread bytes leave room for a code point of a message (`ReceiveBuffer::MIN_LEN`).
    let least = REQUEST.len() + 4;
    for (room, error) in [(least, None), (least - 1, Some(Error::Handshake(HeadTooLong)))] {
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

/// LIM-09.
#[test]
fn a_long_head_takes_linear_work() {
    // A megabyte, byte by byte: work that is repeated for each byte would take hours.
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
