//! Answers with parameters of permessage-deflate, to clients that refuse them.

use core::time::Duration;

use wsconform::{Case, Context, Driver, End, Outcome, Parameter, Report, Role, Verdict, Want, catalogue};

/// The cases of a client with these ids.
fn cases_of_client(is_wanted: impl Fn(&str) -> bool) -> Vec<Case> {
    catalogue(Role::Client).into_iter().filter(|case| is_wanted(case.id.as_str())).collect()
}

/// The context of a client that supports these parameters.
fn context(parameters: &[Parameter]) -> Context {
    let mut context = Context::default();
    context.capabilities.deflate = true;
    context.capabilities.parameters = parameters.to_vec();
    context
}

/// The report of a case about a client with this offer that gets the answer, writes these bytes, and ends the
/// connection.
fn refused_after(bytes: &[u8], case: &Case, offer: &str) -> Report {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Extensions: {offer}\r\n\r\n"
    );
    let context = &context(&Parameter::ALL);
    let (mut driver, now) = (Driver::new(case, context, 0), Duration::ZERO);
    assert_eq!(driver.next(now), Want::Connect);
    driver.connected(now);
    driver.received(now, request.as_bytes());
    let Want::Write { bytes: answer, .. } = driver.next(now) else { panic!("{}: no write", case.id) };
    let count = answer.len();
    driver.wrote(now, count);
    driver.received(now, bytes);
    driver.ended(now, End::Eof);
    let is_done = (0..100).any(|second| driver.next(Duration::from_secs(second)) == Want::Done);
    assert!(is_done, "{}", case.id);
    driver.report()
}

fn refused(case: &Case, offer: &str) -> Report {
    refused_after(b"", case, offer)
}

/// RFC 7692 §7: a client refuses a configuration that it does not support. It supports what it offers, but zlib
/// has no window of 2^8 bytes.
#[test]
fn the_refusal_of_a_window_is_lenient_unless_the_client_offered_it() {
    use Verdict::{Fail, Lenient, Pass};
    let answers = cases_of_client(|id| id.contains("1/answer-smwb-"));
    let expected = [
        ("permessage-deflate", [Lenient; 8]),
        ("permessage-deflate; client_max_window_bits", [Lenient; 8]),
        (
            "permessage-deflate; server_max_window_bits=15",
            [Lenient, Fail, Fail, Fail, Fail, Fail, Fail, Fail],
        ),
        (
            "permessage-deflate; server_max_window_bits=10",
            [Lenient, Fail, Fail, Pass, Pass, Pass, Pass, Pass],
        ),
        (
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            [Lenient, Fail, Fail, Lenient, Lenient, Lenient, Lenient, Lenient],
        ),
    ];
    for (offer, verdicts) in expected {
        let reports: Vec<_> = answers.iter().map(|case| refused(case, offer)).collect();
        let seen: Vec<_> = reports.iter().map(|report| report.verdict).collect();
        assert_eq!(seen, verdicts, "{offer}");
        for report in reports {
            let clause = report.allowed.map(|clause| (clause.rfc, clause.section));
            let is_lenient = report.verdict == Lenient;
            assert_eq!(clause, is_lenient.then_some((7692, "7")), "{offer}: {report:?}");
            assert_eq!(report.expected == "R", report.verdict == Pass, "{offer}: {report:?}");
        }
    }
}

/// §7.1.7: a client that fails the connection may send a Close.
#[test]
fn a_client_that_writes_another_frame_than_a_close_has_accepted_the_answer() {
    let case = cases_of_client(|id| id.ends_with("1/answer-smwb-9")).remove(0);
    let offer = "permessage-deflate";
    let report = refused_after(b"\x88\x82\0\0\0\0\x03\xF2", &case, offer);
    assert_eq!((report.verdict, report.outcome), (Verdict::Lenient, Outcome::Closed(1010)));
    let report = refused_after(b"\x8A\x80\0\0\0\0", &case, offer);
    assert_eq!((report.verdict, report.outcome), (Verdict::Fail, Outcome::Eof));
}

/// RFC 7692 §7.1.2.2: a client supports what it offers, but zlib has no window of 2^8 bytes.
#[test]
fn the_refusal_of_an_offered_parameter_is_lenient_for_8_bits_only() {
    for case in cases_of_client(|id| id.contains("2/answer-cmwb-")) {
        let report = refused(&case, "permessage-deflate; client_max_window_bits");
        let expected = if case.id.as_str().ends_with("-8") { Verdict::Lenient } else { Verdict::Fail };
        assert_eq!(report.verdict, expected, "{report:?}");
    }
}

#[test]
fn messages_with_a_parameter_that_a_client_does_not_support_are_skipped() {
    let cases = cases_of_client(|id| {
        let is_set = id.starts_with("7692:7.2/parameters-");
        id.starts_with("7692:7.1.2/our-window-") || is_set && (id.contains("smwb") || id.contains("list"))
    });
    assert_eq!(cases.len(), 8 + 15);
    let parameters = Parameter::ALL.into_iter().filter(|one| *one != Parameter::ServerMaxWindowBits);
    let context = context(&parameters.collect::<Vec<_>>());
    for case in cases {
        let report = Driver::new(&case, &context, 0).report();
        let seen = (report.verdict, report.reason.as_str());
        assert_eq!(seen, (Verdict::Skip, "server_max_window_bits is never agreed"), "{report:?}");
    }
}
