//! The catalogue against itself: each case keeps its own description. The bytes of a legal case are legal, and
//! those of an offence break its rule.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use std::fs;

use sha1::{Digest as _, Sha1};
use wsconform::judge::{Event, Head, HeadNext, Stream, Violation, judge_request, judge_response};
use wsconform::opening::Ending;
use wsconform::{Breaks, Case, Context, Expect, Id, Open, Role, Weight, catalogue};

/// The ids, roles, levels and expected outcomes of all cases, in the order of the catalogue.
const IDS: &str = include_str!("golden/ids.tsv");

/// A hash of the bytes that the light cases of each section write.
const BYTES: &str = include_str!("golden/bytes.txt");

fn both() -> Vec<Case> {
    [catalogue(Role::Server), catalogue(Role::Client)].concat()
}

#[test]
fn ids_roles_levels_and_outcomes_are_the_golden_ones() {
    let line = |case: &Case| format!("{}\t{}\t{}\t{}", case.id, case.roles, case.level, case.expect);
    let existing: BTreeSet<String> = both().iter().map(line).collect();
    let golden: BTreeSet<String> = IDS.lines().map(str::to_owned).collect();
    let missing: Vec<_> = golden.difference(&existing).collect();
    let unknown: Vec<_> = existing.difference(&golden).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:#?}, unknown {unknown:#?}");
}

#[test]
fn ids_are_unique_and_parse() {
    for role in [Role::Server, Role::Client] {
        let mut seen = BTreeSet::new();
        for case in catalogue(role) {
            assert_eq!(Id::parse(case.id.as_str()).as_ref(), Some(&case.id));
            assert!(seen.insert(case.id.clone()), "{} twice", case.id);
            assert!(case.roles.contain(role) && case.role == role, "{}", case.id);
        }
    }
}

/// Every case names its clause, and its title tells it from its siblings.
#[test]
fn cases_have_a_clause_and_a_title() {
    let mut titles: BTreeMap<(Role, String), Id> = BTreeMap::new();
    for case in both() {
        let quote = case.clause.quote;
        assert!(!case.title.is_empty() && !case.title.ends_with('.'), "{}", case.id);
        assert!((10..=80).contains(&quote.len()) && !quote.contains('\n'), "{}: {quote}", case.id);
        assert!(case.clause.section.starts_with(|c: char| c.is_ascii_digit()), "{}", case.id);
        let is_numbered = case.id.as_str().contains("random");
        if let Some(other) = titles.insert((case.role, case.title.clone()), case.id.clone()) {
            assert!(
                is_numbered || other.section() != case.id.section(),
                "{other} and {}: {}",
                case.id,
                case.title
            );
        }
    }
}

/// The frames that the judge reads in the bytes of one connection of a case.
fn read(case: &Case, writes: &[Vec<u8>]) -> (Vec<Event>, Vec<Violation>, bool) {
    let mut stream = Stream::new(case.role.peer());
    if let Some(parameters) = case.open.assumed() {
        stream.inflate(parameters.direction(case.role.peer()));
    }
    let mut events = Vec::new();
    for bytes in writes {
        stream.push(bytes);
        while let Some((_, event)) = stream.next_frame() {
            events.extend(event);
        }
    }
    (events, stream.violations().to_vec(), stream.is_between_frames())
}

/// Limits for the cases at the limit.
fn context() -> Context {
    let mut context = Context::default();
    context.capabilities.max_message = Some(100_000);
    context.capabilities.max_fragments = Some(1000);
    context
}

/// A case that claims to be legal is legal, and an offence breaks the rule that it claims to break, and no
/// rule before.
#[test]
fn legal_cases_are_legal_and_offences_break_their_rule() {
    // The heavy cases have the same bytes for both roles, but for the masking.
    let is_tested = |case: &&Case| {
        let is_bomb = case.needs.limit_below.is_some();
        case.weight == Weight::Light || case.role == Role::Client && !is_bomb
    };
    for case in both().iter().filter(is_tested) {
        let id = &case.id;
        for writes in case.transcript(&context(), 0) {
            let (_, violations, _) = read(case, &writes);
            match &case.expect {
                Expect::Fail { breaks: Breaks::Rule(rule), .. } => {
                    assert_eq!(violations.first(), Some(rule), "{id}");
                }
                Expect::Fail { breaks: Breaks::AnyRule, .. } => assert!(!violations.is_empty(), "{id}"),
                // After a Close, anything may be written to see what the endpoint does with it.
                Expect::Close { .. } if id.as_str().contains("/after-close-") => {}
                // The commands close first.
                _ => assert_eq!(violations, [], "{id}"),
            }
        }
    }
}

/// §10.4 allows limits, so a case names the size of its messages. Messages up to 1,000 bytes and 32 frames
/// count as short.
#[test]
fn cases_need_their_long_messages() {
    let has_limit = |case: &Case| case.needs.max_message || case.needs.max_fragments;
    let is_tested =
        |case: &&Case| case.weight == Weight::Light && case.expect == Expect::Echo && !has_limit(case);
    let mut missing = BTreeSet::new();
    for case in both().iter().filter(is_tested) {
        for writes in case.transcript(&context(), 0) {
            let mut stream = Stream::new(case.role.peer());
            if let Some(parameters) = case.open.assumed() {
                stream.inflate(parameters.direction(case.role.peer()));
            }
            stream.push(&writes.concat());
            let mut frames = 0;
            while let Some((frame, event)) = stream.next_frame() {
                frames += u32::from(frame.opcode < 8);
                let Some(Event::Message { payload, .. }) = event else { continue };
                let is_named =
                    payload.len() <= 1000.max(case.needs.message) && frames <= 32.max(case.needs.fragments);
                if !is_named {
                    missing.insert(format!("{}: {} bytes, {frames} frames", case.id, payload.len()));
                }
                frames = 0;
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Every legal message ends, and every write ends between two frames, unless that is the point of the case.
#[test]
fn legal_cases_write_whole_frames() {
    let parts = ["7.2.1/eof-in-header", "7.2.1/eof-in-payload", "5.5.1/after-close-garbage"];
    for case in both().iter().filter(|case| case.weight == Weight::Light) {
        let is_legal =
            matches!(case.expect, Expect::Echo | Expect::Close { .. } | Expect::Alive | Expect::Obey(_));
        for writes in case.transcript(&context(), 0) {
            let (events, _, is_between_frames) = read(case, &writes);
            if is_legal && !parts.contains(&case.id.as_str()) {
                assert!(is_between_frames, "{}", case.id);
                let writes_nothing = writes.is_empty() || case.id.as_str() == "7.2.1/reset-in-message";
                assert!(
                    writes_nothing || !events.is_empty() || case.id.as_str() == "7.2.1/eof-in-message",
                    "{}",
                    case.id
                );
            }
        }
    }
}

/// The request that a legal response answers.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The rules that the opening of a case breaks; `None` if it is no head.
fn judge_opening(case: &Case) -> Option<Vec<Violation>> {
    let opening = case.opening(&context(), 0);
    let read = |bytes: &[u8]| match Head::read(bytes) {
        HeadNext::Head(head, _) => Some(head),
        HeadNext::More | HeadNext::Malformed(_) => None,
    };
    match case.role {
        Role::Server => Some(judge_request(&read(opening.strip_prefix(b"\r\n").unwrap_or(&opening))?)),
        Role::Client => Some(judge_response(&read(REQUEST)?, &read(&opening)?)),
    }
}

/// An opening that has to succeed breaks no rule.
#[test]
fn legal_openings_are_legal() {
    // A version above 1.1, heads that the strict reader of the judge does not read, and an offer without the
    // grammar, which a server declines.
    let exceptions =
        ["9110:2.5/http-1.2", "9112:5.2/response-fold", "9110:15.2/interim-", "7692:7/decline-smwb-empty"];
    for case in both() {
        let is_exception = exceptions.iter().any(|begin| case.id.as_str().starts_with(begin));
        if matches!(case.expect, Expect::Opened(_)) && !is_exception {
            assert_eq!(judge_opening(&case), Some(vec![]), "{}", case.id);
        }
    }
}

/// An opening that has to be refused breaks a rule, or is no head.
#[test]
fn offences_in_openings_break_a_rule() {
    let mut unjudged = vec![];
    for case in both() {
        let is_offence = matches!(case.expect, Expect::Refuse { .. } | Expect::Reject { .. });
        if is_offence && judge_opening(&case) == Some(vec![]) {
            unjudged.push(case.id.to_string());
        }
    }
    assert_eq!(unjudged, UNJUDGED);
}

/// The offence is the size, the bytes after a legal request, or in what the judge does not look at: the port
/// and the address in Host, a second Content-Length, control characters of a response.
const UNJUDGED: &[&str] = &[
    "9112:3.2/host-port-letters",
    "9112:3.2/host-bad-ipv6",
    "9112:6.3/length-twice-different",
    "9112:11.2/after-accept-request",
    "10.4/head-target-1m",
    "10.4/head-line-1m",
    "10.4/head-fields-10000",
    "9112:5/field-nul",
    "9112:5/field-bare-cr",
    "10.4/response-line-1m",
    "10.4/response-fields-10000",
];

/// An answer is due to every request, and to every response with a Ping after it.
#[test]
fn openings_are_complete() {
    for case in both() {
        let Open::Raw(raw) = &case.open else { continue };
        let is_due = raw.end == Ending::Open && case.expect != Expect::Alive;
        let is_endless = case.id.as_str() == "10.4/response-endless";
        if is_due && !is_endless {
            let opening = case.opening(&context(), 0);
            assert!(opening.windows(4).any(|bytes| bytes == b"\r\n\r\n"), "{}", case.id);
        }
    }
}

/// Nothing but the seed changes the bytes of a case: one case alone writes the same bytes as in a full run.
#[test]
fn the_bytes_of_a_case_depend_on_the_seed_only() {
    let other_seed = {
        let mut context = context();
        context.seed = 2;
        context
    };
    let mut sums: BTreeMap<String, Sha1> = BTreeMap::new();
    for case in both().iter().filter(|case| case.weight == Weight::Light) {
        let transcript = case.transcript(&context(), 0);
        assert_eq!(transcript, case.transcript(&context(), 0), "{}", case.id);
        let is_masked = case.role == Role::Server && transcript.iter().flatten().any(|write| write.len() > 6);
        if is_masked && !case.id.as_str().contains("key-") && !case.id.as_str().starts_with("7.2.1") {
            assert_ne!(transcript, case.transcript(&other_seed, 0), "{}", case.id);
        }
        let sum = sums.entry(format!("{} {}", case.role, case.id.section())).or_default();
        sum.update(case.id.as_str());
        if let Open::Raw(_) = case.open {
            sum.update(case.opening(&context(), 0));
        }
        transcript.iter().flatten().for_each(|write| sum.update(write));
    }
    let lines = sums.into_iter().map(|(group, sum)| {
        let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{group} {sum}\n")
    });
    let lines: String = lines.collect();
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/bytes.txt");
    fs::write(path, &lines).expect("a writable folder");
    assert_eq!(lines, BYTES, "the bytes of cases changed: give them a new revision, then copy {path}");
}
