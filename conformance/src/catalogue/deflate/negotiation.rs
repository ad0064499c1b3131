//! Offers that a server may agree to, and answers that a client agrees to (RFC 7692 §5, §7.1).

use super::deflated;
use super::refusals::REFUSED;
use crate::capabilities::Parameter;
use crate::case::{Case, Roles};
use crate::catalogue::family::{Family, exchange};
use crate::clause::Clause;
use crate::judge::Parameters;
use crate::role::Role;
use crate::step::{Awaited, Frame, Payload, Step};
use crate::verdict::{Pattern, Verdict};

const ELEMENT: Clause =
    Clause::new(7692, "5", "called \"agreed parameters\".  The element MUST represent a PMCE that");
const VALUE: Clause =
    Clause::new(7692, "7.1.2.1", "same or smaller value as the offer.  The \"server_max_window_bits\"");
const CLIENT_VALUE: Clause =
    Clause::new(7692, "7.1.2.2", "zeroes between 8 to 15 inclusive indicating the base-2 logarithm of");
const UNASKED: Clause =
    Clause::new(7692, "7.1.2.2", "extension negotiation response to the offer MUST NOT include the");
const CHOICE: Clause =
    Clause::new(7692, "5", "PMCE choices to the server by including multiple elements in the");
const TAKEOVER: Clause =
    Clause::new(7692, "7.1.1.2", "A client MUST support the \"client_no_context_takeover\" extension");
const UNOFFERED: Clause =
    Clause::new(7692, "7.1.2.1", "negotiation offer being accepted by the response didn't include the");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [offers(role), windows(role), fallbacks(role), answers(role), answered_windows(role)].concat()
}

/// Messages after an opening handshake: compressed if that was agreed.
pub(super) fn conversation() -> Vec<Step> {
    let text = || Frame::text(Payload::ascii(300));
    let mut steps = vec![Step::Write(vec![deflated(text())]), Step::Await(Awaited::Replies)];
    steps.extend(exchange([Frame::text("Hello")]));
    steps.extend([Step::Write(vec![deflated(text())]), Step::Await(Awaited::Replies)]);
    steps
}

fn offers(role: Role) -> Vec<Case> {
    let offers: [(&str, &str, &[&'static str]); 9] = [
        ("plain", "an offer without parameters", &["permessage-deflate"]),
        (
            "snct",
            "an offer with server_no_context_takeover",
            &["permessage-deflate; server_no_context_takeover"],
        ),
        (
            "cnct",
            "an offer with client_no_context_takeover",
            &["permessage-deflate; client_no_context_takeover"],
        ),
        (
            "snct-cnct",
            "an offer without context takeover",
            &["permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
        ),
        ("cmwb", "an offer with client_max_window_bits", &["permessage-deflate; client_max_window_bits"]),
        (
            "all",
            "an offer with all four parameters",
            &["permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                server_max_window_bits=12; client_max_window_bits=11"],
        ),
        (
            "quoted",
            "an offer with quoted values",
            &["permessage-deflate; server_max_window_bits=\"10\"; client_max_window_bits=\"12\""],
        ),
        (
            "two-lines",
            "two offers in two fields",
            &["permessage-deflate; server_max_window_bits=9", "permessage-deflate"],
        ),
        ("beside-unknown", "an offer beside another extension", &["x-unknown; a=1, permessage-deflate"]),
    ];
    let family = Family::new(role, "7692:7.1", "offer", ELEMENT).roles(Roles::Server);
    offers
        .map(|(name, title, fields)| family.echo(name, title, conversation()).opens().extensions(fields))
        .into()
}

/// The fields of offers with these parameters of 8 to 15 bits.
const OFFERED_SERVER_BITS: [&str; 8] = [
    "permessage-deflate; server_max_window_bits=8",
    "permessage-deflate; server_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=11",
    "permessage-deflate; server_max_window_bits=12",
    "permessage-deflate; server_max_window_bits=13",
    "permessage-deflate; server_max_window_bits=14",
    "permessage-deflate; server_max_window_bits=15",
];
const OFFERED_CLIENT_BITS: [&str; 8] = [
    "permessage-deflate; client_max_window_bits=8",
    "permessage-deflate; client_max_window_bits=9",
    "permessage-deflate; client_max_window_bits=10",
    "permessage-deflate; client_max_window_bits=11",
    "permessage-deflate; client_max_window_bits=12",
    "permessage-deflate; client_max_window_bits=13",
    "permessage-deflate; client_max_window_bits=14",
    "permessage-deflate; client_max_window_bits=15",
];

fn windows(role: Role) -> Vec<Case> {
    let server = Family::new(role, "7692:7.1.2.1", "offer-smwb", VALUE).roles(Roles::Server);
    let client = Family::new(role, "7692:7.1.2.2", "offer-cmwb", CLIENT_VALUE).roles(Roles::Server);
    let unasked = Family::new(role, "7692:7.1.2.2", "no-cmwb-unasked", UNASKED).roles(Roles::Server);
    let mut cases = Vec::new();
    for (bits, field) in (8..).zip(OFFERED_SERVER_BITS) {
        let title = format!("an offer with server_max_window_bits={bits}");
        cases.push(server.echo(bits, title, conversation()).opens().extensions(&[field]));
    }
    for (bits, field) in (8..).zip(OFFERED_CLIENT_BITS) {
        let title = format!("an offer with client_max_window_bits={bits}");
        cases.push(client.echo(bits, title, conversation()).opens().extensions(&[field]));
    }
    let field = "permessage-deflate; server_max_window_bits=15; server_no_context_takeover";
    let title = "an offer without client_max_window_bits: the answer has none";
    cases.push(unasked.echo("", title, conversation()).opens().extensions(&[field]));
    cases
}

/// Only the last offer is legal, or any of two; an answer to an offer before it lacks its parameter.
fn fallbacks(role: Role) -> Vec<Case> {
    let fallbacks = [
        (
            "second",
            "the first of two offers is not legal",
            "permessage-deflate; server_max_window_bits=16, permessage-deflate; server_no_context_takeover",
        ),
        (
            "third",
            "the first two of three offers are not legal",
            "permessage-deflate; server_max_window_bits=16, permessage-deflate; unknown, \
            permessage-deflate; server_no_context_takeover",
        ),
        (
            "of-two-valid",
            "two legal offers, which demand different parameters",
            "permessage-deflate; server_max_window_bits=10, permessage-deflate; server_no_context_takeover",
        ),
        (
            "after-unknown",
            "an offer of another extension for compression, then a legal offer",
            "permessage-foo; x=10, permessage-deflate; server_no_context_takeover",
        ),
    ];
    let family = Family::new(role, "7692:5", "fallback", CHOICE).roles(Roles::Server);
    let case = |(name, title, field)| {
        let case = family.echo(name, title, conversation()).opens().extensions(&[field]);
        match name {
            // As with the same offers alone.
            "second" | "third" => case.allow(Pattern::ClientError, Verdict::Lenient, REFUSED),
            _ => case,
        }
    };
    fallbacks.map(case).into()
}

fn answers(role: Role) -> Vec<Case> {
    let plain = Parameters::default();
    let answers = [
        ("plain", "an answer without parameters", plain),
        ("snct", "an answer with server_no_context_takeover", Parameters { snct: true, ..plain }),
        ("cnct", "an answer with client_no_context_takeover", Parameters { cnct: true, ..plain }),
        ("snct-cnct", "an answer without context takeover", Parameters { snct: true, cnct: true, ..plain }),
    ];
    let family = Family::new(role, "7692:7.1", "answer", TAKEOVER).roles(Roles::Client);
    answers.map(|(name, title, one)| family.echo(name, title, conversation()).opens().deflate(one)).into()
}

fn answered_windows(role: Role) -> Vec<Case> {
    let server = Family::new(role, "7692:7.1.2.1", "answer-smwb", UNOFFERED).roles(Roles::Client);
    let client = Family::new(role, "7692:7.1.2.2", "answer-cmwb", CLIENT_VALUE).roles(Roles::Client);
    let mut cases = Vec::new();
    for bits in 8..=15 {
        let title = format!("an answer with server_max_window_bits={bits}");
        let answer = Parameters { smwb: Some(bits), ..Parameters::default() };
        let case = server.echo(bits, title, conversation()).opens().deflate(answer);
        // zlib has no window of 2^8 bytes. A client that offers the parameter supports the other values.
        let refusal_of = (bits != 8).then_some(Parameter::ServerMaxWindowBits);
        cases.push(case.may_be_refused(refusal_of));
    }
    for bits in 8..=15 {
        let title = format!("an answer with client_max_window_bits={bits}");
        let answer = Parameters { cmwb: Some(Some(bits)), ..Parameters::default() };
        let case = client.echo(bits, title, conversation()).opens().deflate(answer);
        cases.push(if bits == 8 { case.may_be_refused(None) } else { case });
    }
    cases
}
