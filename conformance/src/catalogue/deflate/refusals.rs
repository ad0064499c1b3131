//! Offers that a server must decline, and answers that a client must refuse (RFC 7692 §5, §7).

use super::negotiation::conversation;
use crate::case::{Case, Roles, Script};
use crate::catalogue::family::Family;
use crate::clause::Clause;
use crate::role::Role;
use crate::step::{Awaited, Item, Step};
use crate::verdict::{Pattern, Verdict};

const UNKNOWN: Clause =
    Clause::new(7692, "7", "The negotiation offer contains an extension parameter not defined");
const VALUE: Clause = Clause::new(7692, "7", "The negotiation offer contains an extension parameter with an");
const TWICE: Clause =
    Clause::new(7692, "7", "The negotiation offer contains multiple extension parameters with");
const GRAMMAR: Clause =
    Clause::rfc6455("9.1", "below, the recipient of such malformed data MUST immediately _Fail");
pub(super) const REFUSED: Clause =
    Clause::rfc6455("4.2.1", "processing the client's handshake and return an HTTP response with an");

const ANSWER_UNKNOWN: Clause =
    Clause::new(7692, "7", "The negotiation response contains an extension parameter not");
const ANSWER_VALUE: Clause =
    Clause::new(7692, "7", "The negotiation response contains an extension parameter with an");
const ANSWER_TWICE: Clause =
    Clause::new(7692, "7", "The negotiation response contains multiple extension parameters");
const INVALID: Clause =
    Clause::new(7692, "5", "If a server gives an invalid response, such as accepting a PMCE that");
const CLOSES: Clause =
    Clause::new(7692, "5.1", "PMCE enabled.  Otherwise, the client starts the closing handshake");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [declined(role), refused(role)].concat()
}

fn declined(role: Role) -> Vec<Case> {
    let offers = [
        ("unknown", UNKNOWN, "permessage-deflate; unknown_parameter"),
        ("snct-value", VALUE, "permessage-deflate; server_no_context_takeover=1"),
        ("cnct-value", VALUE, "permessage-deflate; client_no_context_takeover=1"),
        ("smwb-no-value", VALUE, "permessage-deflate; server_max_window_bits"),
        ("smwb-7", VALUE, "permessage-deflate; server_max_window_bits=7"),
        ("smwb-16", VALUE, "permessage-deflate; server_max_window_bits=16"),
        ("smwb-0", VALUE, "permessage-deflate; server_max_window_bits=0"),
        ("smwb-08", VALUE, "permessage-deflate; server_max_window_bits=08"),
        ("smwb-plus10", VALUE, "permessage-deflate; server_max_window_bits=+10"),
        ("smwb-10.0", VALUE, "permessage-deflate; server_max_window_bits=10.0"),
        ("smwb-1000", VALUE, "permessage-deflate; server_max_window_bits=1000"),
        ("smwb-abc", VALUE, "permessage-deflate; server_max_window_bits=abc"),
        ("smwb-empty", GRAMMAR, "permessage-deflate; server_max_window_bits="),
        ("cmwb-7", VALUE, "permessage-deflate; client_max_window_bits=7"),
        ("cmwb-16", VALUE, "permessage-deflate; client_max_window_bits=16"),
        ("cmwb-010", VALUE, "permessage-deflate; client_max_window_bits=010"),
        ("cmwb-abc", VALUE, "permessage-deflate; client_max_window_bits=abc"),
        ("smwb-twice", TWICE, "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10"),
        ("cmwb-twice", TWICE, "permessage-deflate; client_max_window_bits; client_max_window_bits=10"),
        ("snct-twice", TWICE, "permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
    ];
    let cases = offers.map(|(name, clause, field)| {
        let family = Family::new(role, "7692:7", "decline", clause).roles(Roles::Server);
        let (_, parameters) = field.split_once("; ").unwrap_or_default();
        let case = family.echo(name, format!("an offer with {parameters}"), conversation());
        let case = case.opens().extensions(&[field]);
        match name {
            "smwb-empty" => {
                let case = case.allow(Pattern::ClientError, Verdict::Pass, GRAMMAR);
                case.allow(Pattern::AnyEnd, Verdict::Lenient, GRAMMAR)
            }
            _ => case.allow(Pattern::ClientError, Verdict::Lenient, REFUSED),
        }
    });
    cases.into()
}

fn refused(role: Role) -> Vec<Case> {
    let answers = [
        ("unknown", ANSWER_UNKNOWN, "permessage-deflate; unknown_parameter"),
        ("snct-value", ANSWER_VALUE, "permessage-deflate; server_no_context_takeover=1"),
        ("cnct-value", ANSWER_VALUE, "permessage-deflate; client_no_context_takeover=1"),
        ("smwb-no-value", ANSWER_VALUE, "permessage-deflate; server_max_window_bits"),
        ("smwb-7", ANSWER_VALUE, "permessage-deflate; server_max_window_bits=7"),
        ("smwb-16", ANSWER_VALUE, "permessage-deflate; server_max_window_bits=16"),
        ("smwb-0", ANSWER_VALUE, "permessage-deflate; server_max_window_bits=0"),
        ("smwb-010", ANSWER_VALUE, "permessage-deflate; server_max_window_bits=010"),
        ("smwb-plus10", ANSWER_VALUE, "permessage-deflate; server_max_window_bits=+10"),
        ("smwb-1000", ANSWER_VALUE, "permessage-deflate; server_max_window_bits=1000"),
        ("smwb-abc", ANSWER_VALUE, "permessage-deflate; server_max_window_bits=abc"),
        ("cmwb-7", ANSWER_VALUE, "permessage-deflate; client_max_window_bits=7"),
        ("cmwb-16", ANSWER_VALUE, "permessage-deflate; client_max_window_bits=16"),
        ("cmwb-no-value", ANSWER_VALUE, "permessage-deflate; client_max_window_bits"),
        (
            "smwb-twice",
            ANSWER_TWICE,
            "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        ),
        (
            "snct-twice",
            ANSWER_TWICE,
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        ),
        ("extension-twice", INVALID, "permessage-deflate, permessage-deflate"),
        ("not-offered", INVALID, "permessage-foo"),
    ];
    let cases = answers.map(|(name, clause, field)| {
        let family = Family::new(role, "7692:7", "refuse", clause).roles(Roles::Client);
        let what = field.strip_prefix("permessage-deflate; ").map_or(field, |parameters| parameters);
        let mut case =
            family.echo(name, format!("an answer with {what}"), vec![]).refused().extensions(&[field]);
        // The driver writes the probe together with the answer.
        let steps = vec![Step::Write(vec![Item::Probe]), Step::Await(Awaited::Rejection)];
        case.script = Script::Steps(steps);
        // §5.1 lets a client close with 1010 instead.
        case.allow(Pattern::Closed(&[1010]), Verdict::Pass, CLOSES)
    });
    cases.into()
}
