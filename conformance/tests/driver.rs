//! The driver against silence, resets, crashes and random bytes.

use core::time::Duration;

use wsconform::{
    Case, Context, Driver, End, Endpoint, Level, Outcome, Parameter, Random, Report, Role, Script, Verdict,
    Want, catalogue, judge_all_frames, run,
};

const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
const CLIENT_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const CLOSE_1002: &[u8] = b"\x88\x02\x03\xEA";
const CLOSE_1007: &[u8] = b"\x88\x02\x03\xEF";

/// A server that reacts to each write after the opening handshake as this function says. It echoes the
/// "hello" of the liveness test.
struct Server<F> {
    react: F,
    is_open: bool,
    is_closed: bool,
    is_reset: bool,
}

enum Reaction {
    Nothing,
    Write(Vec<u8>),
    WriteAndEnd(Vec<u8>),
    Reset,
}

use Reaction::{Nothing, Reset, Write, WriteAndEnd};

impl<F: FnMut(&[u8]) -> Reaction> Endpoint for Server<F> {
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        if !self.is_open {
            self.is_open = true;
            out.extend_from_slice(RESPONSE);
            return;
        }
        // A masked text of 5 bytes: the "hello" of the liveness test.
        if bytes.len() == 11 && bytes[0] == 0x81 {
            out.extend_from_slice(b"\x81\x05hello");
            return;
        }
        match (self.react)(bytes) {
            Nothing => {}
            Write(bytes) => out.extend_from_slice(&bytes),
            WriteAndEnd(bytes) => {
                out.extend_from_slice(&bytes);
                self.is_closed = true;
            }
            Reset => self.is_reset = true,
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) {
        self.is_closed = true;
    }

    fn closed(&self) -> bool {
        self.is_closed
    }

    fn reset(&self) -> bool {
        self.is_reset
    }
}

fn case(id: &str) -> Case {
    catalogue(Role::Server).into_iter().find(|case| case.id.as_str() == id).expect("a case")
}

fn run_with(id: &str, react: impl FnMut(&[u8]) -> Reaction + Clone) -> Report {
    run_case(&case(id), react)
}

fn run_case(case: &Case, react: impl FnMut(&[u8]) -> Reaction + Clone) -> Report {
    run(case, &Context::default(), || Server {
        react: react.clone(),
        is_open: false,
        is_closed: false,
        is_reset: false,
    })
}

fn results(report: &Report) -> (Verdict, Outcome) {
    (report.verdict, report.outcome.clone())
}

/// The Pong to the last frame of a write, a Ping of 8 bytes.
fn pong(bytes: &[u8]) -> Vec<u8> {
    let Some((_, frame)) = bytes.len().checked_sub(14).map(|at| bytes.split_at(at)) else { return vec![] };
    let (key, masked) = frame[2..].split_at(4);
    let payload = masked.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key);
    [0x8A, 8].into_iter().chain(payload).collect()
}

#[test]
fn a_close_with_the_code_passes() {
    let report = run_with("5.2/rsv-2-ping", |_| WriteAndEnd(CLOSE_1002.to_vec()));
    assert_eq!(results(&report), (Verdict::Pass, Outcome::Closed(1002)), "{report:?}");
}

#[test]
fn an_end_without_a_close_is_lenient() {
    let report = run_with("5.2/rsv-2-ping", |_| WriteAndEnd(vec![]));
    assert_eq!(results(&report), (Verdict::Lenient, Outcome::Eof), "{report:?}");
}

#[test]
fn a_pong_to_the_probe_fails() {
    let report = run_with("5.2/rsv-2-ping", |bytes| Write(pong(bytes)));
    assert_eq!(results(&report), (Verdict::Fail, Outcome::WentOn), "{report:?}");
}

#[test]
fn a_close_after_the_pong_is_late() {
    let late = |close: &'static [u8]| move |bytes: &[u8]| WriteAndEnd([&pong(bytes), close].concat());
    let report = run_with("5.2/rsv-2-ping", late(CLOSE_1002));
    assert_eq!(results(&report), (Verdict::Lenient, Outcome::Late(Some(1002))), "{report:?}");
    // §8.1: the endpoint may interpret the text later than it reads the frames.
    let report = run_with("8.1/invalid-80-whole", late(CLOSE_1007));
    assert_eq!(results(&report), (Verdict::Pass, Outcome::Late(Some(1007))), "{report:?}");
}

#[test]
fn an_early_pong_is_recorded() {
    let id = "8.1/invalid-80-whole";
    let late = run_with(id, |bytes| WriteAndEnd([&pong(bytes), CLOSE_1007].concat()));
    assert_eq!(late.early_pong, Some(true), "{late:?}");
    let prompt = run_with(id, |_| WriteAndEnd(CLOSE_1007.to_vec()));
    assert_eq!(prompt.early_pong, Some(false), "{prompt:?}");
}

/// A client that closes with unread input could reset the connection.
#[test]
fn the_probe_is_in_the_write_of_an_answer_that_is_refused() {
    let cases = catalogue(Role::Client);
    let refused: Vec<_> =
        cases.into_iter().filter(|case| case.id.as_str().starts_with("7692:7/refuse-")).collect();
    assert_eq!(refused.len(), 18);
    for case in refused {
        let mut driver = Driver::new(&case, &Context::default(), 0);
        assert_eq!(driver.next(Duration::ZERO), Want::Connect);
        driver.connected(Duration::ZERO);
        driver.received(Duration::ZERO, CLIENT_REQUEST);
        let Want::Write { bytes, .. } = driver.next(Duration::ZERO) else { panic!("{}: no write", case.id) };
        let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
        assert_eq!((bytes[at..].len(), &bytes[at..at + 2]), (10, &b"\x89\x08"[..]), "{}", case.id);
    }
}

/// RFC 7692 §7.1.2.2: a client refuses the parameter if it did not offer it.
#[test]
fn an_answer_that_was_not_offered_is_only_for_a_client_that_may_refuse() {
    let cases = catalogue(Role::Client);
    let answers: Vec<_> =
        cases.into_iter().filter(|case| case.id.as_str().contains("2/answer-cmwb-")).collect();
    assert_eq!(answers.len(), 8);
    let mut context = Context::default();
    context.capabilities.deflate = true;
    for (may_refuse, expected) in [(true, Verdict::Pass), (false, Verdict::Skip)] {
        context.capabilities.handshake_control = may_refuse;
        for case in &answers {
            let mut driver = Driver::new(case, &context, 0);
            let now = Duration::ZERO;
            assert_eq!(driver.next(now), Want::Connect);
            driver.connected(now);
            driver.received(now, CLIENT_REQUEST);
            let Want::Write { bytes, .. } = driver.next(now) else { panic!("{}: no write", case.id) };
            let text = String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(text.contains("client_max_window_bits"), may_refuse, "{}: {text}", case.id);
            driver.wrote(now, text.len());
            driver.ended(now, End::Eof);
            let is_done = (0..100).any(|second| driver.next(Duration::from_secs(second)) == Want::Done);
            assert!(is_done, "{}", case.id);
            let report = driver.report();
            assert_eq!((report.verdict, report.allowed), (expected, None), "{report:?}");
        }
    }
}

/// A server that decodes texts late still reads in order: it replies to a Close with 1000, unless it has failed the
/// connection.
#[test]
fn the_reply_to_a_close_shows_a_failure_that_is_later_still() {
    let reply = |close: &'static [u8]| {
        move |bytes: &[u8]| {
            if bytes.first() == Some(&0x88) { WriteAndEnd(close.to_vec()) } else { Write(pong(bytes)) }
        }
    };
    let report = run_with("8.1/invalid-80-whole", reply(CLOSE_1007));
    assert_eq!(results(&report), (Verdict::Pass, Outcome::Late(Some(1007))), "{report:?}");
    let normal: [&[u8]; 3] = [b"\x88\x02\x03\xE8", b"\x88\x00", b""];
    for close in normal {
        let report = run_with("8.1/invalid-80-whole", reply(close));
        assert_eq!(results(&report), (Verdict::Fail, Outcome::WentOn), "{report:?}");
    }
    let report = run_with("5.2/rsv-2-ping", reply(CLOSE_1002));
    assert_eq!(results(&report), (Verdict::Lenient, Outcome::Late(Some(1002))), "{report:?}");
}

/// A Pong to the offence itself shows as much as a Pong to the probe.
#[test]
fn a_pong_to_the_offence_fails() {
    let report = run_with("5.2/rsv-2-ping", |_| Write(b"\x8A\x05Hello".to_vec()));
    assert_eq!(results(&report), (Verdict::Fail, Outcome::WentOn), "{report:?}");
    let report = run_with("5.2/rsv-2-ping", |_| WriteAndEnd([b"\x8A\x05Hello", CLOSE_1002].concat()));
    assert_eq!(results(&report), (Verdict::Lenient, Outcome::Late(Some(1002))), "{report:?}");
}

#[test]
fn an_echo_of_the_offence_fails() {
    let report = run_with("8.1/invalid-80-whole", |_| WriteAndEnd([b"\x81\x01\x80", CLOSE_1007].concat()));
    assert_eq!(results(&report), (Verdict::Fail, Outcome::WentOn), "{report:?}");
}

#[test]
fn an_illegal_code_is_wrong() {
    let report = run_with("5.2/rsv-2-ping", |_| WriteAndEnd(b"\x88\x02\x03\xED".to_vec()));
    assert_eq!(results(&report), (Verdict::Fail, Outcome::Wrong), "{report:?}");
}

#[test]
fn silence_is_a_timeout_of_an_endpoint_that_is_alive() {
    let report = run_with("5.2/rsv-2-ping", |_| Nothing);
    assert_eq!(results(&report), (Verdict::Fail, Outcome::Timeout), "{report:?}");
    assert!(report.time.1 >= Duration::from_secs(1));
}

/// A reset may discard the Close. The second connection writes the offence alone, and reads the Close.
#[test]
fn a_reset_is_tried_again_in_calm_order() {
    let is_glued = |bytes: &[u8]| bytes.len() > 14;
    let report =
        run_with(
            "5.2/rsv-2-ping",
            move |bytes| {
                if is_glued(bytes) { Reset } else { WriteAndEnd(CLOSE_1002.to_vec()) }
            },
        );
    assert_eq!(results(&report), (Verdict::Pass, Outcome::Closed(1002)), "{report:?}");
    let report = run_with("5.2/rsv-2-ping", |_| Reset);
    assert_eq!(results(&report), (Verdict::Lenient, Outcome::Reset), "{report:?}");
}

/// Runs a driver whose first connection ends at the first write but a whole request, and which gets no other.
fn without_a_second_connection(id: &str, end: End) -> Report {
    with_connections(&case(id), 1, |_| vec![], end)
}

/// The same with a reply before the end, and with further connections that end at the request.
fn with_connections(case: &Case, accepted: u32, reply: impl Fn(&[u8]) -> Vec<u8>, end: End) -> Report {
    let (mut driver, mut connects) = (Driver::new(case, &Context::default(), 0), 0);
    let mut now = Duration::ZERO;
    loop {
        match driver.next(now) {
            Want::Connect if connects < accepted => {
                connects += 1;
                driver.connected(now);
            }
            Want::Connect => driver.not_connected(now),
            Want::Write { bytes, .. } => {
                let count = bytes.len();
                let is_request = bytes.starts_with(b"GET ") && bytes.ends_with(b"\r\n\r\n");
                let reply = reply(bytes);
                driver.wrote(now, count);
                if is_request && connects == 1 {
                    driver.received(now, RESPONSE);
                } else {
                    driver.received(now, &reply);
                    driver.ended(now, end);
                }
            }
            Want::Wait { until } => now = until,
            Want::Done => return driver.report(),
            _ => {}
        }
    }
}

#[test]
fn an_endpoint_that_accepts_no_connection_any_more_has_crashed() {
    // The reset asks for a connection in calm order, the end for one that echoes.
    for end in [End::Eof, End::Reset] {
        let report = without_a_second_connection("5.2/rsv-2-ping", end);
        assert_eq!(results(&report), (Verdict::Fail, Outcome::Crash), "{report:?}");
    }
}

#[test]
fn an_endpoint_that_accepts_one_connection_of_a_sweep_has_crashed() {
    let mut case = case("5.2/rsv-2-ping");
    let Script::Steps(steps) = case.script else { panic!("a script without steps") };
    case.script = Script::Sweep(vec![steps.clone(), steps]);
    let report = with_connections(&case, 1, |_| CLOSE_1002.to_vec(), End::Eof);
    assert_eq!(results(&report), (Verdict::Fail, Outcome::Crash), "{report:?}");
    assert_eq!(report.reason, "closed(1002); then the endpoint accepted no further connection");
}

#[test]
fn an_endpoint_that_ends_after_the_pong_may_have_crashed() {
    for end in [End::Eof, End::Reset] {
        let report = with_connections(&case("5.2/rsv-2-ping"), 1, pong, end);
        assert_eq!(results(&report), (Verdict::Fail, Outcome::Crash), "{report:?}");
    }
}

/// The frames before a crash are legal, but a crash fails every case.
#[test]
fn legal_frames_excuse_no_crash() {
    for reply in [&b"\x81\x01a"[..], b""] {
        let report = with_connections(&case("any/rsv-zero"), 1, |_| reply.to_vec(), End::Eof);
        assert_eq!(results(&report), (Verdict::Fail, Outcome::Crash), "{report:?}");
    }
}

/// The runner examines the process of a client whose connection ended.
#[test]
fn legal_frames_do_not_hide_the_end_of_a_connection() {
    let cases = catalogue(Role::Client);
    let case = cases.iter().find(|case| case.id.as_str() == "any/rsv-zero").expect("a case");
    for (end, outcome) in [(End::Eof, Outcome::Eof), (End::Reset, Outcome::Reset)] {
        let mut driver = Driver::new(case, &Context::default(), 0);
        let now = Duration::ZERO;
        assert_eq!(driver.next(now), Want::Connect);
        driver.connected(now);
        driver.received(now, CLIENT_REQUEST);
        driver.received(now, b"\x8A\x80abcd");
        driver.ended(now, end);
        let is_done = (0..100).any(|second| driver.next(Duration::from_secs(second)) == Want::Done);
        assert!(is_done);
        let report = driver.report();
        assert_eq!(results(&report), (Verdict::Pass, outcome), "{report:?}");
    }
}

/// A system may accept connections for a server that is about to end.
#[test]
fn an_endpoint_that_opens_no_connection_any_more_has_crashed() {
    for end in [End::Eof, End::Reset] {
        let report = with_connections(&case("5.2/rsv-2-ping"), 3, |_| vec![], end);
        assert_eq!(results(&report), (Verdict::Fail, Outcome::Crash), "{report:?}");
    }
}

#[test]
fn an_endpoint_that_ends_before_the_offence_may_have_crashed() {
    for end in [End::Eof, End::Reset] {
        let report = without_a_second_connection("5.4/stray-fin0-empty-after-message", end);
        assert_eq!(results(&report), (Verdict::Fail, Outcome::Crash), "{report:?}");
    }
}

#[test]
fn an_endpoint_that_ends_a_slow_request_fails() {
    let report = without_a_second_connection("10.4/slow-handshake", End::Eof);
    assert_eq!(results(&report), (Verdict::Fail, Outcome::Crash), "{report:?}");
}

#[test]
fn an_endpoint_that_does_not_open_is_inconclusive() {
    let mut driver = Driver::new(&case("5.2/text-1"), &Context::default(), 0);
    assert_eq!(driver.next(Duration::ZERO), Want::Connect);
    driver.not_connected(Duration::ZERO);
    assert_eq!(driver.next(Duration::ZERO), Want::Done);
    assert_eq!(driver.report().verdict, Verdict::Inconclusive);
}

/// The reply of a correct client to short frames: an echo, a Pong, or a Close, masked with a key of zeros.
fn reply_of_client(mut frames: &[u8]) -> Vec<u8> {
    let mut reply = Vec::new();
    while let [first, len, rest @ ..] = frames {
        let (payload, next) = rest.split_at(usize::from(*len));
        reply.extend([if *first == 0x89 { 0x8A } else { *first }, 0x80 | len, 0, 0, 0, 0]);
        reply.extend_from_slice(payload);
        frames = next;
    }
    reply
}

#[test]
fn a_client_that_leaves_out_connections_of_a_case_is_inconclusive() {
    let mut cases = catalogue(Role::Client);
    cases.retain(|case| case.id.as_str() == "4.1/split-two-way");
    let (mut driver, mut now) = (Driver::new(&cases[0], &Context::default(), 0), Duration::ZERO);
    assert_eq!(driver.next(now), Want::Connect);
    driver.connected(now);
    driver.received(now, CLIENT_REQUEST);
    let mut response = Vec::new();
    loop {
        match driver.next(now) {
            Want::Write { bytes, .. } => {
                let bytes = bytes.to_vec();
                driver.wrote(now, bytes.len());
                if response.ends_with(b"\r\n\r\n") {
                    driver.received(now, &reply_of_client(&bytes));
                } else {
                    response.extend(bytes);
                }
            }
            Want::Wait { until } => now = until,
            Want::Connect => break,
            Want::Done => panic!("one connection: {:?}", driver.report()),
            _ => {}
        }
    }
    driver.not_connected(now);
    assert_eq!(results(&driver.report()), (Verdict::Inconclusive, Outcome::NotOpened));
}

#[test]
fn a_missing_capability_skips_the_case() {
    let mut context = Context::default();
    context.capabilities.message = 1000;
    let mut driver = Driver::new(&case("5.2/text-65536"), &context, 0);
    assert_eq!(driver.next(Duration::ZERO), Want::Done);
    assert_eq!(driver.report().verdict, Verdict::Skip);
}

/// Violations are booked once, under the case about them.
#[test]
fn frames_of_all_cases_are_judged_together() {
    let cases = [case("any/rsv-zero"), case("5.2/text-1"), case("any/utf8")];
    let mut reports: Vec<_> = cases
        .iter()
        .map(|case| run_with(case.id.as_str(), |_| WriteAndEnd(b"\x91\x01!\x88\x02\x03\xE8".to_vec())))
        .collect();
    reports[0].violations.clear();
    judge_all_frames(&cases, &mut reports);
    assert_eq!(reports[0].verdict, Verdict::Fail);
    assert_eq!(reports[0].reason, "ReservedBits in 2 cases, such as 5.2/text-1, any/utf8");
    assert_ne!(reports[2].verdict, Verdict::Fail);
}

/// In the connections of the case itself, and in those of all cases.
#[test]
fn frames_against_a_should_are_lenient_and_those_of_a_crash_fail() {
    let of_level = |level| {
        let mut case = case("any/rsv-zero");
        case.level = level;
        case
    };
    for (level, expected) in
        [(Level::Must, Verdict::Fail), (Level::Should, Verdict::Lenient), (Level::Policy, Verdict::Lenient)]
    {
        let case = of_level(level);
        let report = run_case(&case, |_| WriteAndEnd(b"\x91\x01!\x88\x02\x03\xE8".to_vec()));
        assert_eq!(results(&report), (expected, Outcome::Wrong));
        let mut reports = [report];
        (reports[0].verdict, reports[0].outcome) = (Verdict::Pass, Outcome::Echoed);
        judge_all_frames(&[case], &mut reports);
        assert_eq!(results(&reports[0]), (expected, Outcome::Wrong));
        (reports[0].verdict, reports[0].outcome) = (Verdict::Fail, Outcome::Crash);
        judge_all_frames(&[of_level(level)], &mut reports);
        assert_eq!(results(&reports[0]), (Verdict::Fail, Outcome::Crash));
    }
}

/// Whatever the endpoint writes and whenever it ends: every case ends with a report.
#[test]
fn random_bytes_are_a_result() {
    let mut context = Context::default();
    context.capabilities.commands = true;
    context.capabilities.deflate = true;
    context.capabilities.parameters = Parameter::ALL.to_vec();
    for role in [Role::Server, Role::Client] {
        for (number, case) in catalogue(role).iter().enumerate() {
            if ["10.4/", "7692:8/", "7692:7.2/"].iter().any(|begin| case.id.as_str().starts_with(begin)) {
                continue;
            }
            let mut random = Random::new(7, case.id.as_str(), number as u64);
            let mut react = || {
                let bytes: Vec<u8> = (0..random.below(40)).flat_map(|_| random.bytes::<1>()).collect();
                match random.below(8) {
                    0 => Nothing,
                    1 => Reset,
                    2 => WriteAndEnd(bytes),
                    3 => Write([RESPONSE, &bytes].concat()),
                    _ => Write(bytes),
                }
            };
            let report = run(case, &context, || {
                let reactions: Vec<_> = (0..20).map(|_| react()).collect();
                let mut reactions = reactions.into_iter();
                let react = move |_: &[u8]| reactions.next().unwrap_or(Nothing);
                Server { react, is_open: role == Role::Client, is_closed: false, is_reset: false }
            });
            // The endpoint agrees to no extension.
            assert!(report.verdict != Verdict::Skip || case.needs.deflate);
        }
    }
}

/// §4.1: a client may follow a redirect. One that does so on another connection may keep the first.
#[test]
fn a_request_for_the_resource_of_a_redirect_is_a_reaction() {
    let request = b"GET /a?b=1&c=2 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for (id, is_redirect) in [("4.1/status-302", true), ("5.5.2/ping-empty", false)] {
        let cases = catalogue(Role::Client);
        let case = cases.iter().find(|case| case.id.as_str() == id).expect(id);
        let mut driver = Driver::new(case, &Context::default(), 0);
        let now = Duration::ZERO;
        assert_eq!(driver.next(now), Want::Connect);
        driver.connected(now);
        driver.received(now, request);
        let Want::Write { bytes, .. } = driver.next(now) else { panic!("no response") };
        let (count, response) = (bytes.len(), String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(response.contains("\r\nLocation: /redirected?b=1&c=2\r\n"), is_redirect, "{response}");
        driver.wrote(now, count);
        driver.redirected();
        let is_released = (0..10).any(|_| driver.next(now) == Want::Release);
        assert_eq!(is_released, is_redirect, "{id}");
        let report = driver.report();
        let expected = if is_redirect { Verdict::Pass } else { Verdict::Inconclusive };
        assert_eq!((report.outcome == Outcome::Retried, report.verdict), (is_redirect, expected), "{id}");
    }
}

/// The report on a server that answers each request with `answer`, echoes the "hello" of the liveness test, and
/// writes `stream` every 100 ms.
fn with_stream(id: &str, answer: &[u8], stream: &[u8]) -> Report {
    let mut driver = Driver::new(&case(id), &Context::default(), 0);
    let mut is_open = false;
    for tick in 0..10_000 {
        let now = Duration::from_millis(tick * 100);
        match driver.next(now) {
            Want::Connect => {
                is_open = false;
                driver.connected(now);
            }
            Want::Write { bytes, .. } => {
                let (count, is_hello) = (bytes.len(), bytes.len() == 11 && bytes[0] == 0x81);
                driver.wrote(now, count);
                if !is_open {
                    driver.received(now, answer);
                    is_open = true;
                } else if is_hello {
                    driver.received(now, b"\x81\x05hello");
                }
            }
            Want::Done => return driver.report(),
            _ => {}
        }
        if is_open {
            driver.received(now, stream);
        }
    }
    panic!("the case does not end");
}

#[test]
fn pings_without_end_do_not_keep_a_case_open() {
    let report = with_stream("5.5.2/ping-8-ascii", RESPONSE, &b"\x89\x00".repeat(1000));
    assert_eq!(report.outcome, Outcome::Timeout);
}

#[test]
fn a_refusal_with_endless_content_does_not_keep_a_case_open() {
    for id in ["9112:11.2/after-refusal-frame", "9112:11.2/after-refusal-request"] {
        let report = with_stream(id, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"data: more\n\n");
        assert_eq!(report.outcome, Outcome::Answered(400), "{id}");
    }
}
