//! Outcomes, and the verdicts that follow from them.

use core::fmt;

use crate::capabilities::Parameter;
use crate::clause::{Clause, Level};
use crate::judge::{CodeClass, Violation};

/// What happened in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Every reply arrived, and the connection is still open.
    Echoed,
    /// The endpoint sent a Close with this code.
    Closed(u16),
    /// The endpoint sent a Close without a code.
    ClosedEmpty,
    /// The endpoint ended the connection without a Close.
    Eof,
    /// The endpoint reset the connection without a Close.
    Reset,
    /// The endpoint answered the opening request with this status.
    Answered(u16),
    /// The endpoint accepted an opening request that it has to refuse.
    Accepted,
    /// The endpoint answered the opening request with the SETTINGS of HTTP/2.
    Http2,
    /// A client sent another request on the connection.
    Retried,
    /// The endpoint processed the offence.
    WentOn,
    /// The endpoint went on first, and closed the connection then, with this code if there was one.
    Late(Option<u16>),
    /// The endpoint did nothing, in a case that allows to wait.
    Quiet,
    /// The endpoint sent something else.
    Wrong,
    /// An expected reaction did not arrive in time, and the endpoint is alive.
    Timeout,
    /// The endpoint accepts no connections any more.
    Crash,
    /// The connection ended before the case began.
    NotOpened,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echoed => f.write_str("echoed"),
            Self::Closed(code) => write!(f, "closed({code})"),
            Self::ClosedEmpty => f.write_str("closed(empty)"),
            Self::Eof => f.write_str("eof"),
            Self::Reset => f.write_str("reset"),
            Self::Answered(status) => write!(f, "answered({status})"),
            Self::Accepted => f.write_str("accepted"),
            Self::Http2 => f.write_str("http2"),
            Self::Retried => f.write_str("retried"),
            Self::WentOn => f.write_str("went-on"),
            Self::Late(Some(code)) => write!(f, "late({code})"),
            Self::Late(None) => f.write_str("late"),
            Self::Quiet => f.write_str("quiet"),
            Self::Wrong => f.write_str("wrong"),
            Self::Timeout => f.write_str("timeout"),
            Self::Crash => f.write_str("crash"),
            Self::NotOpened => f.write_str("not-opened"),
        }
    }
}

/// Facts that make a pass lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Note {
    /// Some Pings had no Pong, but a later one had (§5.5.3).
    SkippedPongs,
    /// A reply arrived only after the endpoint had received more (§5.5.2).
    LateReplies,
    /// The Close arrived before replies to earlier frames (§5.5.1).
    DroppedReplies,
    /// The endpoint kept the connection open after the closing handshake (§7.1.1).
    KeptOpen,
    /// The endpoint ended the connection before it was its turn (§7.1.1).
    EndedEarly,
    /// A 405 had no field Allow (RFC 9110 §15.5.6).
    NoAllow,
    /// The refusal of a version named no other (§4.4).
    NoVersion,
    /// A 100 preceded the 101 (RFC 9110 §10.1.1).
    Continued,
}

impl Note {
    /// What happened, in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SkippedPongs => "some Pings had no Pong of their own",
            Self::LateReplies => "a reply arrived late",
            Self::DroppedReplies => "the Close arrived before the replies to earlier frames",
            Self::KeptOpen => "the connection was kept open",
            Self::EndedEarly => "the endpoint ended the connection first",
            Self::NoAllow => "the 405 has no field Allow",
            Self::NoVersion => "the answer has no Sec-WebSocket-Version that names 13",
            Self::Continued => "a 100 preceded the 101",
        }
    }

    /// The clause that allows it.
    #[must_use]
    pub const fn clause(self) -> Clause {
        match self {
            Self::SkippedPongs => Clause::rfc6455(
                "5.5.3",
                "elect to send a Pong frame for only the most recently processed Ping",
            ),
            Self::LateReplies => Clause::rfc6455("5.5.2", "respond with Pong frame as soon as is practical"),
            Self::DroppedReplies => Clause::rfc6455(
                "5.5.1",
                "endpoint that has already sent a Close frame will continue to process",
            ),
            Self::KeptOpen => Clause::rfc6455(
                "7.1.1",
                "is instructed to _Close the WebSocket Connection_ it SHOULD initiate",
            ),
            Self::EndedEarly => Clause::rfc6455("7.1.1", "it SHOULD wait for a TCP Close from the server"),
            Self::NoAllow => Clause::new(
                9110,
                "15.5.6",
                "supported by the target resource.  The origin server MUST generate an",
            ),
            Self::NoVersion => Clause::rfc6455("4.4", "|Sec-WebSocket-Version| header field (or multiple"),
            Self::Continued => {
                Clause::new(9110, "10.1.1", "A server MAY omit sending a 100 (Continue) response if it has")
            }
        }
    }
}

/// The class of the expected outcome. The letters are the notation of its `Display`, which the list of ids
/// uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expect {
    /// `E`: messages are echoed exactly, Pings are answered exactly.
    Echo,
    /// `F`: the connection fails.
    Fail {
        /// The codes of a strict pass.
        codes: Vec<u16>,
        /// The rule that the case breaks.
        breaks: Breaks,
        /// Whether the offence is in the content of a message, which an endpoint may interpret later than
        /// the frames.
        in_content: bool,
        /// Whether the verdict waits for the end of the connection: frames after the Close count.
        until_end: bool,
    },
    /// `X`: the closing handshake.
    Close {
        /// The codes of a strict pass; empty for a Close without a code.
        codes: Vec<u16>,
        /// Whether the expected code is the code that was sent, or asked for.
        same: bool,
        /// The reason that the endpoint was asked for.
        reason: Option<&'static str>,
    },
    /// `L`: the endpoint is still alive, or closed the connection with any legal code.
    Alive,
    /// `–`: no frame and no head of the endpoint breaks these rules.
    Obey(&'static [Violation]),
    /// `101`: the opening handshake succeeds, then as `E`. The acceptance breaks none of these rules.
    Opened(&'static [Violation]),
    /// `H`, `W`: the server refuses the request. If it accepts, nevertheless without breaking these rules.
    Refuse {
        /// What is wrong with the request.
        refusal: Refusal,
        /// The rules that not even an acceptance may break.
        rules: &'static [Violation],
    },
    /// `R`: the client refuses the response.
    Reject {
        /// Whether the client may leave the connection open: a response of HTTP that is no 101.
        may_keep: bool,
    },
}

/// What is wrong with a request that a server refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `H`: it is malformed.
    Malformed,
    /// `W`: it is a request of HTTP, but not of WebSocket.
    NoWebSocket,
    /// The same because of its method: a 405 names the legal ones.
    Method,
    /// The same because of its version: the answer names the legal one.
    Version,
}

/// The rule that a case breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Breaks {
    /// This rule.
    Rule(Violation),
    /// A rule that the seed chooses.
    AnyRule,
    /// No rule: a length that no endpoint has room for.
    Limit,
}

impl fmt::Display for Expect {
    /// The notation of the catalogue, such as `F(1002,1009)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |codes: &[u16]| codes.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        match self {
            Self::Echo => f.write_str("E"),
            Self::Fail { codes, .. } => write!(f, "F({})", list(codes)),
            Self::Close { same: true, .. } => f.write_str("X(same)"),
            Self::Close { codes, .. } => write!(f, "X({})", list(codes)),
            Self::Alive => f.write_str("L"),
            Self::Obey(_) => f.write_str("–"),
            Self::Opened(_) => f.write_str("101"),
            Self::Refuse { refusal: Refusal::Malformed, .. } => f.write_str("H"),
            Self::Refuse { .. } => f.write_str("W"),
            Self::Reject { .. } => f.write_str("R"),
        }
    }
}

impl Expect {
    /// The verdict of the class, without the level and the alternatives of a case.
    fn verdict(&self, outcome: &Outcome) -> Verdict {
        use Verdict::{Fail, Lenient, Pass};
        let is_legal = |code: u16| CodeClass::of(code) != CodeClass::Forbidden;
        match (self, outcome) {
            (_, Outcome::Crash) => Fail,
            (Self::Echo | Self::Obey(_) | Self::Opened(_), Outcome::Echoed) => Pass,
            (Self::Refuse { refusal, .. }, outcome) => refusal.verdict(outcome),
            (Self::Reject { .. }, Outcome::Eof | Outcome::Reset) => Pass,
            (Self::Reject { .. }, Outcome::Closed(code)) if is_legal(*code) => Lenient,
            (Self::Reject { .. }, Outcome::ClosedEmpty) => Lenient,
            (Self::Reject { may_keep, .. }, Outcome::Retried) => {
                if *may_keep {
                    Pass
                } else {
                    Lenient
                }
            }
            (Self::Fail { codes, .. }, Outcome::Closed(code)) if codes.contains(code) => Pass,
            (Self::Fail { .. }, Outcome::Closed(code)) if is_legal(*code) => Lenient,
            (Self::Fail { codes, in_content: true, .. }, Outcome::Late(Some(code)))
                if codes.contains(code) =>
            {
                Pass
            }
            (Self::Fail { .. }, Outcome::Late(Some(code))) if is_legal(*code) => Lenient,
            (
                Self::Fail { .. },
                Outcome::ClosedEmpty | Outcome::Eof | Outcome::Reset | Outcome::Late(None),
            ) => Lenient,
            (Self::Fail { breaks: Breaks::Limit, .. }, Outcome::Quiet) => Pass,
            (Self::Close { codes, .. }, Outcome::Closed(code)) if codes.contains(code) => Pass,
            (Self::Close { codes, .. }, Outcome::ClosedEmpty) if codes.is_empty() => Pass,
            (Self::Close { .. }, Outcome::Closed(code)) if is_legal(*code) => Lenient,
            (Self::Close { .. }, Outcome::ClosedEmpty) => Lenient,
            (Self::Alive, Outcome::Closed(code)) if is_legal(*code) => Pass,
            (
                Self::Alive,
                Outcome::Echoed
                | Outcome::ClosedEmpty
                | Outcome::Eof
                | Outcome::Reset
                | Outcome::Quiet
                | Outcome::Answered(_)
                | Outcome::Accepted,
            ) => Pass,
            _ => Fail,
        }
    }
}

impl Refusal {
    fn verdict(self, outcome: &Outcome) -> Verdict {
        match outcome {
            Outcome::Answered(200..=399) if self == Self::Malformed => Verdict::Lenient,
            Outcome::Answered(_) => Verdict::Pass,
            Outcome::Eof | Outcome::Reset => Verdict::Lenient,
            _ => Verdict::Fail,
        }
    }
}

/// An outcome that a case judges in another way than its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alternative {
    /// The outcomes.
    pub pattern: Pattern,
    /// Their verdict.
    pub verdict: Verdict,
    /// The clause that allows or forbids them.
    pub clause: Clause,
    /// The row is only for a client that refuses an answer because of this parameter: the client did not
    /// offer it, and writes no frame but a Close.
    pub refusal_of: Option<Parameter>,
}

/// A set of outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pattern {
    /// A Close with one of these codes.
    Closed(&'static [u16]),
    /// A Close with or without a code.
    AnyClose,
    /// A Close without a code.
    ClosedEmpty,
    /// Anything that ends the connection, at once or late.
    AnyEnd,
    /// The endpoint reset the connection.
    Reset,
    /// Every reply arrived.
    Echoed,
    /// The endpoint went on.
    WentOn,
    /// One of these answers to the opening request.
    Answered(&'static [u16]),
    /// An answer of 4xx.
    ClientError,
    /// Any answer to the opening request but an acceptance.
    AnyAnswer,
    /// The endpoint accepted the opening request.
    Accepted,
    /// The endpoint speaks HTTP/2.
    Http2,
    /// Nothing arrived in time.
    Timeout,
    /// Nothing was due.
    Quiet,
    /// Something else.
    Wrong,
}

impl Pattern {
    /// Whether the outcome is in the set.
    #[must_use]
    pub fn matches(self, outcome: &Outcome) -> bool {
        let is_close = matches!(outcome, Outcome::Closed(_) | Outcome::ClosedEmpty);
        match self {
            Self::Closed(codes) => matches!(outcome, Outcome::Closed(code) if codes.contains(code)),
            Self::AnyClose => is_close,
            Self::ClosedEmpty => *outcome == Outcome::ClosedEmpty,
            Self::AnyEnd => is_close || matches!(outcome, Outcome::Eof | Outcome::Reset | Outcome::Late(_)),
            Self::Reset => *outcome == Outcome::Reset,
            Self::Echoed => *outcome == Outcome::Echoed,
            Self::WentOn => *outcome == Outcome::WentOn,
            Self::Answered(list) => matches!(outcome, Outcome::Answered(status) if list.contains(status)),
            Self::ClientError => matches!(outcome, Outcome::Answered(400..=499)),
            Self::AnyAnswer => matches!(outcome, Outcome::Answered(_)),
            Self::Accepted => *outcome == Outcome::Accepted,
            Self::Http2 => *outcome == Outcome::Http2,
            Self::Timeout => *outcome == Outcome::Timeout,
            Self::Quiet => *outcome == Outcome::Quiet,
            Self::Wrong => *outcome == Outcome::Wrong,
        }
    }
}

/// The verdict over a case, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The expected outcome.
    Pass,
    /// An outcome that a clause allows, or that only a SHOULD or an advice is against.
    Lenient,
    /// A capability is missing.
    Skip,
    /// The case could not be judged.
    Inconclusive,
    /// Any other outcome.
    Fail,
}

impl Verdict {
    /// The verdict of an outcome that breaks a clause of this level.
    pub(crate) const fn of_violation(level: Level) -> Self {
        match level {
            Level::Must => Self::Fail,
            Level::Should | Level::Policy => Self::Lenient,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Lenient => "lenient",
            Self::Skip => "skip",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}

/// A verdict, and the clause that allows the outcome if it is lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) allowed: Option<Clause>,
}

/// Judges an outcome. If the opening handshake `is_standard`, a case about frames says nothing about an
/// endpoint that does not open the connection.
pub(crate) fn judge(
    is_standard: bool,
    expect: &Expect,
    level: Level,
    alternatives: &[Alternative],
    outcome: &Outcome,
    notes: &[Note],
) -> Judgement {
    let is_about_frames = is_standard && matches!(outcome, Outcome::Answered(_));
    if is_about_frames || *outcome == Outcome::NotOpened {
        return Judgement { verdict: Verdict::Inconclusive, allowed: None };
    }
    let row = alternatives.iter().find(|alternative| alternative.pattern.matches(outcome));
    let mut judgement = match row {
        Some(row) => Judgement { verdict: row.verdict, allowed: Some(row.clause) },
        None => Judgement { verdict: expect.verdict(outcome), allowed: None },
    };
    match notes.first() {
        Some(note) if judgement.verdict == Verdict::Pass => {
            judgement = Judgement { verdict: Verdict::Lenient, allowed: Some(note.clause()) };
        }
        _ => {}
    }
    // A failure that a row names fails at every level, as a crash does.
    if judgement.verdict == Verdict::Fail && row.is_none() && *outcome != Outcome::Crash {
        judgement.verdict = Verdict::of_violation(level);
    }
    judgement
}

#[cfg(test)]
mod tests {
    use super::{
        Alternative, Breaks, Clause, Expect, Level, Note, Outcome, Pattern, Refusal, Verdict, judge,
    };

    const CLAUSE: Clause = Clause::rfc6455("7.1.7", "An endpoint MAY omit sending a Close frame");

    fn fail(code: u16, in_content: bool) -> Expect {
        Expect::Fail { codes: vec![code], breaks: Breaks::AnyRule, in_content, until_end: false }
    }

    fn verdict(expect: &Expect, level: Level, outcome: &Outcome) -> Verdict {
        judge(true, expect, level, &[], outcome, &[]).verdict
    }

    #[test]
    fn a_failed_connection_passes_with_the_code_and_is_lenient_without() {
        use Verdict::{Fail, Lenient, Pass};
        let expected = [
            (Outcome::Closed(1002), Pass),
            (Outcome::Closed(1000), Lenient),
            (Outcome::Closed(4999), Lenient),
            (Outcome::Closed(1005), Fail),
            (Outcome::ClosedEmpty, Lenient),
            (Outcome::Eof, Lenient),
            (Outcome::Reset, Lenient),
            (Outcome::Late(Some(1002)), Lenient),
            (Outcome::Late(None), Lenient),
            (Outcome::WentOn, Fail),
            (Outcome::Wrong, Fail),
            (Outcome::Timeout, Fail),
            (Outcome::Quiet, Fail),
            (Outcome::Crash, Fail),
            (Outcome::NotOpened, Verdict::Inconclusive),
        ];
        for (outcome, expected) in expected {
            assert_eq!(verdict(&fail(1002, false), Level::Must, &outcome), expected, "{outcome}");
            let below = if expected == Fail && outcome != Outcome::Crash { Lenient } else { expected };
            assert_eq!(verdict(&fail(1002, false), Level::Should, &outcome), below, "{outcome}");
            assert_eq!(verdict(&fail(1002, false), Level::Policy, &outcome), below, "{outcome}");
        }
    }

    #[test]
    fn only_a_standard_opening_makes_a_refusal_inconclusive() {
        let verdict = |is_standard| {
            judge(is_standard, &Expect::Echo, Level::Must, &[], &Outcome::Answered(404), &[]).verdict
        };
        assert_eq!([verdict(true), verdict(false)], [Verdict::Inconclusive, Verdict::Fail]);
    }

    #[test]
    fn a_refusal_is_an_answer() {
        use Verdict::{Fail, Lenient, Pass};
        let expected = [
            (Outcome::Answered(400), Pass, Pass),
            (Outcome::Answered(505), Pass, Pass),
            (Outcome::Answered(200), Lenient, Pass),
            (Outcome::Answered(301), Lenient, Pass),
            (Outcome::Eof, Lenient, Lenient),
            (Outcome::Reset, Lenient, Lenient),
            (Outcome::Accepted, Fail, Fail),
            (Outcome::WentOn, Fail, Fail),
            (Outcome::Wrong, Fail, Fail),
            (Outcome::Timeout, Fail, Fail),
        ];
        let refuse = |refusal| Expect::Refuse { refusal, rules: &[] };
        for (outcome, malformed, no_websocket) in expected {
            let judged = [Refusal::Malformed, Refusal::NoWebSocket]
                .map(|refusal| judge(false, &refuse(refusal), Level::Must, &[], &outcome, &[]).verdict);
            assert_eq!(judged, [malformed, no_websocket], "{outcome}");
        }
    }

    #[test]
    fn a_rejection_is_an_end_without_a_frame() {
        use Verdict::{Fail, Lenient, Pass};
        let expected = [
            (Outcome::Eof, Pass, Pass),
            (Outcome::Reset, Pass, Pass),
            (Outcome::Closed(1002), Lenient, Lenient),
            (Outcome::Closed(1006), Fail, Fail),
            (Outcome::ClosedEmpty, Lenient, Lenient),
            (Outcome::Retried, Lenient, Pass),
            (Outcome::WentOn, Fail, Fail),
            (Outcome::Timeout, Fail, Fail),
            (Outcome::NotOpened, Verdict::Inconclusive, Verdict::Inconclusive),
        ];
        for (outcome, strict, of_http) in expected {
            let judged =
                [false, true].map(|may_keep| verdict(&Expect::Reject { may_keep }, Level::Must, &outcome));
            assert_eq!(judged, [strict, of_http], "{outcome}");
        }
    }

    #[test]
    fn late_is_a_pass_for_content_with_the_code() {
        let content = fail(1007, true);
        assert_eq!(verdict(&content, Level::Must, &Outcome::Late(Some(1007))), Verdict::Pass);
        assert_eq!(verdict(&content, Level::Must, &Outcome::Late(Some(1002))), Verdict::Lenient);
        assert_eq!(verdict(&content, Level::Must, &Outcome::Late(None)), Verdict::Lenient);
    }

    #[test]
    fn a_row_overrides_the_class_and_the_level() {
        let row = |pattern, verdict| [Alternative { pattern, verdict, clause: CLAUSE, refusal_of: None }];
        let rows = row(Pattern::WentOn, Verdict::Fail);
        assert_eq!(
            judge(true, &fail(1002, false), Level::Policy, &rows, &Outcome::WentOn, &[]).verdict,
            Verdict::Fail
        );
        let rows = row(Pattern::AnyEnd, Verdict::Pass);
        for outcome in [Outcome::Closed(1016), Outcome::ClosedEmpty, Outcome::Eof, Outcome::Late(None)] {
            assert_eq!(
                judge(true, &fail(1002, false), Level::Must, &rows, &outcome, &[]).verdict,
                Verdict::Pass
            );
        }
    }

    #[test]
    fn a_note_makes_a_pass_lenient_and_names_the_clause() {
        let judgement = judge(true, &Expect::Echo, Level::Must, &[], &Outcome::Echoed, &[Note::SkippedPongs]);
        assert_eq!(
            (judgement.verdict, judgement.allowed.map(|clause| clause.section)),
            (Verdict::Lenient, Some("5.5.3"))
        );
        let judgement = judge(true, &Expect::Echo, Level::Must, &[], &Outcome::Eof, &[Note::SkippedPongs]);
        assert_eq!(judgement.verdict, Verdict::Fail);
    }
}
