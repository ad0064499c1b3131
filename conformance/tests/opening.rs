//! The verdicts over odd answers in the opening handshake.

use wsconform::{Context, Endpoint, Outcome, Report, Role, Verdict, catalogue, run};

use Verdict::{Fail, Lenient, Pass};

/// An endpoint that writes some bytes after the first read, and then nothing more.
struct Scripted {
    role: Role,
    /// The bytes of a client before the first read.
    request: &'static [u8],
    answer: Vec<u8>,
    /// Whether it ends the connection after its answer.
    ends: bool,
    has_read: bool,
    is_closed: bool,
}

impl Endpoint for Scripted {
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if bytes.is_empty() {
            out.extend_from_slice(self.request);
        } else if !self.has_read {
            self.has_read = true;
            out.append(&mut self.answer);
            self.is_closed = self.ends;
        } else if self.role == Role::Server && bytes.len() == 11 {
            // The text of the test of liveness.
            out.extend_from_slice(b"\x81\x05hello");
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) {
        self.is_closed = true;
    }

    fn closed(&self) -> bool {
        self.is_closed
    }
}

fn report(role: Role, id: &str, answer: &[u8], ends: bool) -> Report {
    let case = catalogue(role).into_iter().find(|case| case.id.as_str() == id).expect("a case");
    let request: &[u8] = match role {
        Role::Server => b"",
        Role::Client => REQUEST,
    };
    let mut connections = 0;
    run(&case, &Context::default(), || {
        connections += 1;
        let answer = if connections == 1 { answer } else { ACCEPTANCE };
        let (answer, ends) = (answer.to_vec(), ends && connections == 1);
        Scripted { role, request, answer, ends, has_read: false, is_closed: false }
    })
}

const ACCEPTANCE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
const REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
const UNAUTHORIZED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[test]
fn answers_of_a_server() {
    let http_1_0 = b"HTTP/1.0 400 Bad Request\r\n\r\n";
    let interim = [b"HTTP/1.1 103 Early Hints\r\n\r\n", REFUSAL].concat();
    let next = [REFUSAL, ACCEPTANCE].concat();
    let echo = [REFUSAL, b"\x81\x05Hello"].concat();
    let second = [ACCEPTANCE, REFUSAL].concat();
    let close = [ACCEPTANCE, b"\x88\x02\x03\xEA"].concat();
    let pong = [b"\x8A\x05Hello", ACCEPTANCE].concat();
    let chat = b"HTTP/1.1 101 x\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
    let cases: &[(&str, &[u8], bool, Verdict, Outcome)] = &[
        ("4.2.1/upgrade-missing", REFUSAL, false, Pass, Outcome::Answered(400)),
        ("4.2.1/accept-cookie-authorization", UNAUTHORIZED, false, Lenient, Outcome::Answered(401)),
        ("4.2.1/upgrade-missing", http_1_0, true, Pass, Outcome::Answered(400)),
        ("4.2.1/upgrade-missing", &interim, false, Pass, Outcome::Answered(400)),
        ("4.2.1/upgrade-missing", b"", true, Lenient, Outcome::Eof),
        ("4.2.1/upgrade-missing", b"", false, Fail, Outcome::Timeout),
        ("4.2.1/upgrade-missing", b"HTTP/1.1 400 Bad", true, Fail, Outcome::Wrong),
        ("4.2.1/upgrade-missing", ACCEPTANCE, false, Fail, Outcome::Accepted),
        ("4.2.1/http-2.0", ACCEPTANCE, false, Lenient, Outcome::Accepted),
        ("4.2.1/http-missing", b"<html>", true, Lenient, Outcome::Wrong),
        ("4.2.1/method-POST", b"HTTP/1.1 405 No\r\n\r\n", false, Lenient, Outcome::Answered(405)),
        ("4.2.1/method-POST", b"HTTP/1.1 405 No\r\nAllow: GET\r\n\r\n", false, Pass, Outcome::Answered(405)),
        ("4.4/version-12", REFUSAL, false, Lenient, Outcome::Answered(400)),
        ("4.4/version-words", REFUSAL, false, Pass, Outcome::Answered(400)),
        ("4.4/version-twice-13", ACCEPTANCE, false, Lenient, Outcome::Accepted),
        ("9112:3/line-h2-preface", b"\0\0\0\x04\0\0\0\0\0", false, Pass, Outcome::Http2),
        ("4.2.1/accept-minimal", ACCEPTANCE, false, Fail, Outcome::Wrong),
        ("4.2.1/accept-minimal", REFUSAL, false, Fail, Outcome::Answered(400)),
        ("4.2.1/accept-origin", REFUSAL, false, Lenient, Outcome::Answered(400)),
        ("4.2.1/accept-origin", b"HTTP/1.1 500 No\r\n\r\n", false, Fail, Outcome::Answered(500)),
        ("4.2.1/accept-host-port", REFUSAL, false, Lenient, Outcome::Answered(400)),
        ("4.2.1/accept-query", b"HTTP/1.1 308 There\r\n\r\n", false, Lenient, Outcome::Answered(308)),
        ("4.2.1/accept-query", b"HTTP/1.1 200 Yes\r\n\r\n", false, Fail, Outcome::Answered(200)),
        ("4.2.1/key-15-bytes", ACCEPTANCE, false, Lenient, Outcome::Accepted),
        ("4.2.1/key-22-chars", ACCEPTANCE, false, Fail, Outcome::Accepted),
        ("9110:7.8/upgrade-list-last", b"HTTP/1.1 200 Yes\r\n\r\n", false, Lenient, Outcome::Answered(200)),
        ("11.3.4/protocol-64", REFUSAL, false, Lenient, Outcome::Answered(400)),
        ("3/target-space", ACCEPTANCE, false, Lenient, Outcome::Accepted),
        ("3/target-space", b"HTTP/1.1 301 There\r\n\r\n", false, Pass, Outcome::Answered(301)),
        ("4.2.1/accept-origin", b"HTTP/1.1 403 No\r\n\r\n", false, Lenient, Outcome::Answered(403)),
        ("9110:2.5/http-1.2", REFUSAL, false, Pass, Outcome::Answered(400)),
        ("9110:5.4/accepts-line-8k", REFUSAL, false, Pass, Outcome::Answered(400)),
        ("9110:5.4/accepts-line-8k", b"", false, Fail, Outcome::Timeout),
        ("4.2.2/glued-ping", &pong, false, Fail, Outcome::Wrong),
        ("4.2.2/glued-ping", REFUSAL, false, Lenient, Outcome::Answered(400)),
        ("11.3.4/protocol-bad-empty", ACCEPTANCE, false, Lenient, Outcome::Accepted),
        ("11.3.4/protocol-bad-empty", chat, false, Fail, Outcome::Wrong),
        ("9112:11.2/after-refusal-frame", REFUSAL, false, Pass, Outcome::Answered(400)),
        ("9112:11.2/after-refusal-frame", &echo, false, Fail, Outcome::WentOn),
        ("9112:11.2/after-refusal-request", &next, false, Lenient, Outcome::Accepted),
        ("9112:11.2/after-accept-request", &second, false, Fail, Outcome::Wrong),
        ("9112:11.2/after-accept-request", &close, true, Pass, Outcome::Closed(1002)),
        ("10.4/head-endless-line", REFUSAL, true, Pass, Outcome::Answered(400)),
        ("10.4/head-endless-line", b"", false, Lenient, Outcome::Quiet),
        ("4.2.2/silent-connect", b"", false, Pass, Outcome::Quiet),
        ("4.2.2/silent-half-close", ACCEPTANCE, false, Pass, Outcome::Accepted),
        ("7692:7/decline-unknown", REFUSAL, false, Lenient, Outcome::Answered(400)),
        ("7692:7/decline-unknown", b"", true, Fail, Outcome::Eof),
        ("7692:7/decline-unknown", b"", false, Fail, Outcome::Timeout),
        ("7692:7/decline-smwb-empty", REFUSAL, false, Pass, Outcome::Answered(400)),
        ("7692:7/decline-smwb-empty", b"", true, Lenient, Outcome::Eof),
        ("7692:5/fallback-third", REFUSAL, false, Lenient, Outcome::Answered(400)),
        ("7692:5/fallback-of-two-valid", REFUSAL, false, Fail, Outcome::Answered(400)),
        // A case about frames says nothing about a server that refuses the connection.
        ("5.2/text-0", REFUSAL, true, Verdict::Inconclusive, Outcome::Answered(400)),
    ];
    for (id, answer, ends, verdict, outcome) in cases {
        let report = report(Role::Server, id, answer, *ends);
        assert_eq!((report.verdict, &report.outcome), (*verdict, outcome), "{report:?}");
    }
}

#[test]
fn answers_of_a_client() {
    let cases: &[(&str, &[u8], bool, Verdict, Outcome)] = &[
        ("4.1/accept-value-wrong", b"", true, Pass, Outcome::Eof),
        // It waits for the end of our side.
        ("4.1/accept-value-wrong", b"", false, Lenient, Outcome::Eof),
        ("4.1/status-404", b"", false, Pass, Outcome::Eof),
        ("4.1/status-401", REQUEST, false, Pass, Outcome::Retried),
        ("4.1/accept-value-wrong", b"\x88\x82\0\0\0\0\x03\xEA", true, Lenient, Outcome::Closed(1002)),
        ("4.1/accept-value-wrong", b"\x81\x81\0\0\0\0x", true, Fail, Outcome::WentOn),
        ("4.1/ends-at-once", b"", false, Pass, Outcome::Eof),
        ("4.1/http-1.0", b"\x81\x81\0\0\0\0x", true, Lenient, Outcome::WentOn),
        ("4.1/http-lower-case", b"\x81\x81\0\0\0\0x", true, Fail, Outcome::WentOn),
        ("4.1/accept-minimal", b"", true, Fail, Outcome::Eof),
        ("4.1/accept-obs-text", b"", true, Lenient, Outcome::Eof),
        ("9112:5.2/response-fold", b"", true, Lenient, Outcome::Eof),
    ];
    for (id, answer, ends, verdict, outcome) in cases {
        let report = report(Role::Client, id, answer, *ends);
        assert_eq!((report.verdict, &report.outcome), (*verdict, outcome), "{report:?}");
    }
}
