//! The builder of cases about the opening handshake.

use core::fmt::Display;

use super::family::{Family, write};
use crate::case::{Case, Open, Script};
use crate::clause::Clause;
use crate::judge::Violation;
use crate::opening::{Ending, Parts, RawHead, RawOpening, Text};
use crate::step::{Awaited, Cuts, Frame, Item, Step};
use crate::verdict::{Expect, Pattern, Refusal, Verdict};

impl Family {
    /// `101`: the opening handshake succeeds, then a message is echoed.
    pub(super) fn opened(&self, suffix: impl Display, title: impl Into<String>, head: RawHead) -> Case {
        let steps = vec![write([Frame::text("Hello")]), Step::Barrier];
        let expect = Expect::Opened(&[Violation::ResponseAccept]);
        let mut case = self.case(&suffix, title.into(), Script::Steps(steps), expect);
        case.open = Open::Raw(RawOpening::new(head));
        case
    }

    /// `H` or `W`: a server refuses the request.
    pub(super) fn refused(
        &self,
        refusal: Refusal,
        suffix: impl Display,
        title: impl Into<String>,
        head: RawHead,
    ) -> Case {
        let expect = Expect::Refuse { refusal, rules: &[] };
        let mut case = self.case(&suffix, title.into(), Script::Steps(vec![]), expect);
        case.open = Open::Raw(RawOpening::new(head));
        case
    }

    /// `H`.
    pub(super) fn malformed(&self, suffix: impl Display, title: impl Into<String>, head: RawHead) -> Case {
        self.refused(Refusal::Malformed, suffix, title, head)
    }

    /// `R`: a client refuses the response, which a Ping follows in the same write.
    pub(super) fn rejected(&self, suffix: impl Display, title: impl Into<String>, head: RawHead) -> Case {
        let steps = vec![Step::Await(Awaited::Rejection)];
        let expect = Expect::Reject { may_keep: false };
        let mut case = self.case(&suffix, title.into(), Script::Steps(steps), expect);
        case.open = Open::Raw(RawOpening { glued: vec![Item::Probe], ..RawOpening::new(head) });
        case.needs.handshake_control = true;
        case
    }
}

impl Case {
    /// The opening, if it is a raw one.
    fn raw(mut self, change: impl FnOnce(&mut RawOpening)) -> Self {
        if let Open::Raw(raw) = &mut self.open {
            change(raw);
        }
        self
    }

    /// Frames in the same write as the head, and the steps after the handshake.
    pub(super) fn glued(mut self, items: Vec<Item>, steps: Vec<Step>) -> Self {
        self.script = Script::Steps(steps);
        self.raw(|raw| raw.glued = items)
    }

    /// No Ping after the head.
    pub(super) fn glued_nothing(self) -> Self {
        self.raw(|raw| raw.glued.clear())
    }

    /// The head in several writes.
    pub(super) fn parts(self, parts: Parts) -> Self {
        self.raw(|raw| raw.parts = parts)
    }

    /// The head in one write for each part.
    pub(super) fn cut(self, cuts: Cuts) -> Self {
        self.parts(Parts::Cut(cuts))
    }

    /// What follows the head.
    pub(super) fn ending(self, end: Ending) -> Self {
        self.raw(|raw| raw.end = end)
    }

    /// The bytes after a refusal count.
    pub(super) fn beyond_refusal(self) -> Self {
        self.raw(|raw| raw.is_decided_by_refusal = false)
    }

    /// The steps after an acceptance.
    pub(super) fn then(mut self, steps: Vec<Step>) -> Self {
        self.script = Script::Steps(steps);
        self
    }

    /// The rules that the acceptance must not break.
    pub(super) fn acceptance_obeys(mut self, obeyed: &'static [Violation]) -> Self {
        if let Expect::Opened(rules) | Expect::Refuse { rules, .. } = &mut self.expect {
            *rules = obeyed;
        }
        self
    }

    /// The client may leave the connection open.
    pub(super) fn may_keep(mut self) -> Self {
        if let Expect::Reject { may_keep } = &mut self.expect {
            *may_keep = true;
        }
        self
    }

    /// A lenient outcome.
    pub(super) fn lenient(self, pattern: Pattern, clause: Clause) -> Self {
        self.allow(pattern, Verdict::Lenient, clause)
    }

    /// Another outcome that passes.
    pub(super) fn passes(self, pattern: Pattern, clause: Clause) -> Self {
        self.allow(pattern, Verdict::Pass, clause)
    }

    /// An outcome that fails at every level.
    pub(super) fn fails(self, pattern: Pattern, clause: Clause) -> Self {
        self.allow(pattern, Verdict::Fail, clause)
    }
}

/// A field that no clause knows.
pub(super) fn unknown(value: impl Into<Text>) -> Text {
    Text::from("X-Wsconform: ").then(value)
}

/// The names of the fields of a legal `head` in lower case and in upper case.
pub(super) fn cased_names(head: &RawHead, family: &Family) -> [Case; 2] {
    let opened = |suffix, title, change: fn(&str) -> String| {
        let head = head.clone().map(|line| match line.split_once(':') {
            Some((name, value)) => format!("{}:{value}", change(name)),
            None => line.to_owned(),
        });
        family.opened(suffix, title, head)
    };
    [
        opened("names-lower", "names in lower case", str::to_lowercase),
        opened("names-upper", "names in upper case", str::to_uppercase),
    ]
}

/// The values of Upgrade and Connection in a legal `head`. `lists`: the name, the description and the line of
/// each Connection with several elements.
pub(super) fn upgrade_options(
    head: &RawHead,
    upgrade: &Family,
    connection: &Family,
    lists: &[(&str, &str, &'static str)],
) -> Vec<Case> {
    let upgraded =
        |suffix, line: &'static str| upgrade.opened(suffix, line, head.clone().replace("Upgrade", [line]));
    let connected = |suffix: &str, title: &str, lines: &[&'static str]| {
        connection.opened(suffix, title, head.clone().replace("Connection", lines.iter().copied()))
    };
    let mut cases = vec![
        upgraded("upgrade-WebSocket", "Upgrade: WebSocket"),
        upgraded("upgrade-UPPER", "Upgrade: WEBSOCKET"),
        connected("connection-lower", "Connection: upgrade", &["Connection: upgrade"]),
    ];
    cases.extend(lists.iter().map(|(suffix, title, line)| connected(suffix, title, &[line])));
    cases.push(connected(
        "connection-two-lines",
        "Upgrade is in the second line of Connection",
        &["Connection: keep-alive", "Connection: Upgrade"],
    ));
    cases
}

/// As many fields that no clause knows.
pub(super) fn many(count: usize) -> impl Iterator<Item = Text> {
    (0..count).map(|n| format!("X-Wsconform-{n}: value {n}").into())
}

/// All bytes of obs-text (RFC 9110 §5.5).
pub(super) fn obs_text() -> Text {
    (0x80..=0xFF).collect::<Vec<u8>>().into()
}

/// Whitespace around the values of fields.
pub(super) const SPACES: [(&str, &str, &str, &str); 5] = [
    ("none", "no whitespace before the values", "", ""),
    ("space", "a space before the values", " ", ""),
    ("tab", "a tab before the values", "\t", ""),
    ("many", "much whitespace around the values", " \t  \t ", "\t  \t "),
    ("trailing", "whitespace after the values", " ", " \t"),
];

/// A line with this whitespace around its value.
pub(super) fn space(line: &str, before: &str, after: &str) -> String {
    match line.split_once(": ") {
        Some((name, value)) => format!("{name}:{before}{value}{after}"),
        None => line.to_owned(),
    }
}

/// Frames in the same write as the head: name, description, frames.
pub(super) fn glued_frames() -> [(&'static str, &'static str, Vec<Frame>); 5] {
    [
        ("text", "a text message", vec![Frame::text("Hello")]),
        ("ping", "a Ping", vec![Frame::ping("Hello")]),
        ("close", "a Close", vec![Frame::close(1000, b"")]),
        (
            "fragments",
            "a message in two fragments",
            vec![Frame::text("Hel").unfinished(), Frame::continuation("lo")],
        ),
        ("two-messages", "two messages", vec![Frame::text("Hello"), Frame::binary(&[0, 1, 2])]),
    ]
}
