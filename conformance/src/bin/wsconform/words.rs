//! Outcomes and verdicts in words.

use wsconform::{Breaks, Case, Expect, Level, Pattern, Refusal, Verdict};

/// The expected outcome, in the words of outcomes.
pub(crate) fn expected(expect: &Expect) -> String {
    let list = |codes: &[u16]| codes.iter().map(u16::to_string).collect::<Vec<_>>().join("|");
    match expect {
        Expect::Echo => "echoed".to_owned(),
        Expect::Close { same: true, .. } => "closed(same)".to_owned(),
        Expect::Close { codes, .. } if codes.is_empty() => "closed(empty)".to_owned(),
        Expect::Fail { codes, .. } | Expect::Close { codes, .. } => format!("closed({})", list(codes)),
        Expect::Alive => "alive".to_owned(),
        Expect::Obey(_) => "legal-frames".to_owned(),
        Expect::Opened(_) => "opened".to_owned(),
        Expect::Refuse { .. } => "refused".to_owned(),
        Expect::Reject { .. } => "rejected".to_owned(),
        other => other.to_string(),
    }
}

/// An outcome in words.
pub(crate) fn in_words(outcome: &str) -> String {
    let (name, code) = match outcome.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((name, code)) => (name, code.replace('|', " or ")),
        None => (outcome, String::new()),
    };
    match (name, code.as_str()) {
        ("closed", "empty") => "a Close without a code".to_owned(),
        ("closed", "same") => "a Close with the same code".to_owned(),
        ("closed", _) => format!("Close {code}"),
        ("answered", _) => format!("the status {code}"),
        ("late", "") => "a late end of the connection".to_owned(),
        ("late", _) => format!("a late Close {code}"),
        ("echoed", _) => "every reply".to_owned(),
        ("eof", _) => "the end of the connection".to_owned(),
        ("reset", _) => "a reset".to_owned(),
        ("accepted", _) => "an acceptance of the request".to_owned(),
        ("http2", _) => "SETTINGS of HTTP/2".to_owned(),
        ("retried", _) => "another request".to_owned(),
        ("went-on", _) => "processing that went on".to_owned(),
        ("quiet", _) => "no reaction".to_owned(),
        ("wrong", _) => "a wrong reaction".to_owned(),
        ("timeout", _) => "no reaction in time".to_owned(),
        ("crash", _) => "an endpoint that stopped answering".to_owned(),
        ("not-opened", _) => "no connection".to_owned(),
        ("alive", _) => "an endpoint that stays alive".to_owned(),
        ("legal-frames", _) => "frames and heads that obey the clause".to_owned(),
        ("opened", _) => "a 101, then every reply".to_owned(),
        ("refused", _) => "a refusal of the request".to_owned(),
        ("rejected", _) => "a refusal of the response".to_owned(),
        _ => outcome.to_owned(),
    }
}

/// The outcomes that an alternative of a case names, in words.
pub(crate) fn pattern(pattern: Pattern) -> String {
    let list = |codes: &[u16]| codes.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
    match pattern {
        Pattern::Closed(codes) => format!("Close {}", list(codes)),
        Pattern::AnyClose => "any Close".to_owned(),
        Pattern::ClosedEmpty => in_words("closed(empty)"),
        Pattern::AnyEnd => "any Close or end, at once or late".to_owned(),
        Pattern::Reset => in_words("reset"),
        Pattern::Echoed => in_words("echoed"),
        Pattern::WentOn => in_words("went-on"),
        Pattern::Answered(statuses) => format!("the status {}", list(statuses)),
        Pattern::ClientError => "a status of 4xx".to_owned(),
        Pattern::AnyAnswer => "any status but 101".to_owned(),
        Pattern::Accepted => in_words("accepted"),
        Pattern::Http2 => in_words("http2"),
        Pattern::Timeout => in_words("timeout"),
        Pattern::Quiet => in_words("quiet"),
        Pattern::Wrong => in_words("wrong"),
        other => format!("{other:?}"),
    }
}

/// The verdicts of the outcomes for which the case lists no alternative, from the best to the worst.
pub(crate) fn verdicts(case: &Case) -> Vec<(Verdict, String)> {
    let mut rows: Vec<(Verdict, String)> = Vec::new();
    let class = class(&case.expect).into_iter().map(|(verdict, outcomes)| match (verdict, case.level) {
        (Verdict::Fail, Level::Should | Level::Policy) => (Verdict::Lenient, outcomes),
        _ => (verdict, outcomes),
    });
    for (verdict, outcomes) in class.chain([(Verdict::Fail, "a crash")]) {
        match rows.last_mut() {
            Some((last, list)) if *last == verdict => *list = format!("{list}, {outcomes}"),
            _ => rows.push((verdict, outcomes.to_owned())),
        }
    }
    rows
}

/// The verdicts of the class for a case of level MUST, without that of a crash.
fn class(expect: &Expect) -> Vec<(Verdict, &'static str)> {
    use Verdict::{Fail, Lenient, Pass};
    match expect {
        Expect::Echo => {
            vec![(Pass, "every reply arrives"), (Fail, "a Close, an end, a wrong reply, a timeout")]
        }
        Expect::Fail { breaks, in_content, .. } => vec![
            (
                Pass,
                match (breaks, in_content) {
                    (Breaks::Limit, _) => "a Close with an expected code, no reaction",
                    (_, true) => "a Close with an expected code, at once or late",
                    (_, false) => "a Close with an expected code",
                },
            ),
            (Lenient, "another legal code, a Close without a code, an end, a late end"),
            (Fail, "processing that goes on, an illegal code, a timeout"),
        ],
        Expect::Close { .. } => vec![
            (Pass, "a Close with an expected code"),
            (Lenient, "another legal code, or none"),
            (Fail, "no Close, an illegal code, a second Close"),
        ],
        Expect::Alive => {
            vec![(Pass, "alive, or closed with a legal code"), (Fail, "a timeout, wrong bytes")]
        }
        Expect::Obey(_) => {
            vec![(Pass, "nothing that the endpoint sends breaks the clause"), (Fail, "something breaks it")]
        }
        Expect::Opened(_) => vec![
            (Pass, "a legal 101, then every reply arrives"),
            (Fail, "another status, an illegal 101, an end, a wrong reply, a timeout"),
        ],
        Expect::Refuse { refusal: Refusal::Malformed, .. } => vec![
            (Pass, "a status of 4xx or 5xx"),
            (Lenient, "a status of 2xx or 3xx, an end without a response"),
            (Fail, "an acceptance, a timeout"),
        ],
        Expect::Refuse { .. } => vec![
            (Pass, "any status but 101"),
            (Lenient, "an end without a response"),
            (Fail, "an acceptance, a timeout"),
        ],
        Expect::Reject { may_keep: true } => vec![
            (Pass, "an end of the connection, another request"),
            (Lenient, "a Close with a legal code, or none"),
            (Fail, "a reply, a timeout"),
        ],
        Expect::Reject { .. } => vec![
            (Pass, "an end of the connection"),
            (Lenient, "another request, a Close with a legal code, or none"),
            (Fail, "a reply, a timeout"),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use wsconform::{Expect, Level, Outcome, Role, Verdict, catalogue};

    use super::{expected, in_words, pattern, verdicts};

    #[test]
    fn outcomes_are_words() {
        assert_eq!(in_words("closed(1002|1009)"), "Close 1002 or 1009");
        assert_eq!(in_words("late"), "a late end of the connection");
        assert_eq!(in_words("other(1)"), "other(1)");
        for outcome in [Outcome::Accepted, Outcome::Http2, Outcome::Retried, Outcome::Answered(400)] {
            assert_ne!(in_words(&outcome.to_string()), outcome.to_string());
        }
    }

    #[test]
    fn every_expectation_and_alternative_has_words() {
        for case in [Role::Server, Role::Client].into_iter().flat_map(catalogue) {
            let expected = expected(&case.expect);
            assert_ne!(in_words(&expected), expected, "{}", case.id);
            for row in &case.alternatives {
                assert_ne!(pattern(row.pattern), format!("{:?}", row.pattern), "{}", case.id);
            }
            assert!(verdicts(&case).len() > 1, "{}", case.id);
        }
    }

    #[test]
    fn only_a_must_fails_by_its_class() {
        let mut cases = catalogue(Role::Server);
        cases.retain(|case| case.expect == Expect::Echo);
        for case in cases {
            let (verdict, outcomes) = verdicts(&case).pop().expect("a row");
            assert_eq!(verdict, Verdict::Fail);
            assert_eq!(outcomes == "a crash", case.level != Level::Must, "{}: {outcomes}", case.id);
        }
    }
}
