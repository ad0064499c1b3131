//! The builder of cases: a family has a clause, a level and roles, and its cases differ in their bytes.

use core::fmt::Display;

use crate::capabilities::Needs;
use crate::case::{Case, Id, Open, Roles, Script, Weight};
use crate::clause::{Clause, Level};
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Awaited, Frame, Item, Step};
use crate::verdict::{Breaks, Expect};

/// Cases that share the begin of their ids, and the clause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    section: &'static str,
    name: &'static str,
    clause: Clause,
    level: Level,
    roles: Roles,
    role: Role,
}

impl Family {
    /// A family of level MUST for both roles. The name is followed by a hyphen in the ids.
    pub(super) const fn new(role: Role, section: &'static str, name: &'static str, clause: Clause) -> Self {
        Self { section, name, clause, level: Level::Must, roles: Roles::Both, role }
    }

    /// The same of level SHOULD.
    pub(super) const fn should(self) -> Self {
        Self { level: Level::Should, ..self }
    }

    /// The same of level policy.
    pub(super) const fn policy(self) -> Self {
        Self { level: Level::Policy, ..self }
    }

    /// The same for these roles only.
    pub(super) const fn roles(self, roles: Roles) -> Self {
        Self { roles, ..self }
    }

    /// The same with another clause.
    pub(super) const fn clause(self, clause: Clause) -> Self {
        Self { clause, ..self }
    }

    pub(super) fn case(&self, suffix: &dyn Display, title: String, script: Script, expect: Expect) -> Case {
        let suffix = suffix.to_string();
        let hyphen = if suffix.is_empty() || self.name.is_empty() { "" } else { "-" };
        Case {
            id: Id::new(self.section, &format!("{}{hyphen}{suffix}", self.name)),
            family: format!("{}/{}", self.section, self.name),
            title,
            clause: self.clause,
            level: self.level,
            roles: self.roles,
            role: self.role,
            needs: Needs::default(),
            open: Open::Standard,
            script,
            expect,
            alternatives: Vec::new(),
            weight: Weight::Light,
            parallel: 1,
            revision: 1,
        }
    }

    /// `E`: every message is echoed and every Ping is answered, up to a barrier at the end.
    pub(super) fn echo(&self, suffix: impl Display, title: impl Into<String>, steps: Vec<Step>) -> Case {
        let script = Script::Steps(until_barrier(steps));
        self.case(&suffix, title.into(), script, Expect::Echo)
    }

    /// `E` for each list of steps, on a connection each.
    pub(super) fn echo_sweep(
        &self,
        suffix: impl Display,
        title: impl Into<String>,
        turns: impl Iterator<Item = Vec<Step>>,
    ) -> Case {
        self.case(&suffix, title.into(), Script::Sweep(turns.map(until_barrier).collect()), Expect::Echo)
    }

    /// `F`: the items of one write break a rule; a probe follows them.
    pub(super) fn fail(
        &self,
        suffix: impl Display,
        title: impl Into<String>,
        breaks: Violation,
        items: Vec<Item>,
    ) -> Case {
        self.fail_after(suffix, title, breaks, vec![], items)
    }

    /// `F`: the same after legal steps.
    pub(super) fn fail_after(
        &self,
        suffix: impl Display,
        title: impl Into<String>,
        breaks: Violation,
        mut steps: Vec<Step>,
        mut items: Vec<Item>,
    ) -> Case {
        items.push(Item::Probe);
        steps.push(Step::Write(items));
        self.fail_in_steps(suffix, title, Breaks::Rule(breaks), steps)
    }

    /// `F`: steps that break a rule.
    pub(super) fn fail_in_steps(
        &self,
        suffix: impl Display,
        title: impl Into<String>,
        breaks: Breaks,
        steps: Vec<Step>,
    ) -> Case {
        let expect = Expect::Fail { codes: vec![1002], breaks, in_content: false, until_end: false };
        self.case(&suffix, title.into(), Script::Steps(steps), expect)
    }

    /// `X`: the closing handshake. The last step waits for the Close.
    pub(super) fn close(
        &self,
        suffix: impl Display,
        title: impl Into<String>,
        code: Option<u16>,
        mut steps: Vec<Step>,
    ) -> Case {
        if !steps.contains(&Step::Await(Awaited::Close)) {
            steps.push(Step::Await(Awaited::Close));
        }
        let expect = Expect::Close { codes: code.into_iter().collect(), same: false, reason: None };
        self.case(&suffix, title.into(), Script::Steps(steps), expect)
    }

    /// `L`: the endpoint survives these steps.
    pub(super) fn survive(&self, suffix: impl Display, title: impl Into<String>, steps: Vec<Step>) -> Case {
        self.case(&suffix, title.into(), Script::Steps(steps), Expect::Alive)
    }

    /// A case over the frames that the endpoint writes.
    pub(super) fn obey(
        &self,
        suffix: impl Display,
        title: impl Into<String>,
        rules: &'static [Violation],
        steps: Vec<Step>,
    ) -> Case {
        self.case(&suffix, title.into(), Script::Steps(until_barrier(steps)), Expect::Obey(rules))
    }
}

impl Case {
    /// Steps that depend on the seed, the limits of the endpoint, or the connection.
    pub(super) fn derived(mut self, derive: fn(&mut crate::case::Inputs<'_>) -> Vec<Step>) -> Self {
        self.script = Script::Derived(derive);
        self
    }

    /// Turns `F(1002)` or `X(…)` into the same class with these codes.
    pub(super) fn codes(mut self, expected: &[u16]) -> Self {
        if let Expect::Fail { codes, .. } | Expect::Close { codes, .. } = &mut self.expect {
            *codes = expected.to_vec();
        }
        self
    }

    /// The offence is in the content of a message.
    pub(super) fn in_content(mut self) -> Self {
        if let Expect::Fail { in_content, .. } = &mut self.expect {
            *in_content = true;
        }
        self
    }

    /// Frames after the Close count.
    pub(super) fn until_end(mut self) -> Self {
        if let Expect::Fail { until_end, .. } = &mut self.expect {
            *until_end = true;
        }
        self
    }

    /// The expected code of `X` is the code that was sent, or asked for.
    pub(super) fn same(mut self) -> Self {
        if let Expect::Close { same, .. } = &mut self.expect {
            *same = true;
        }
        self
    }

    /// The reason that the endpoint was asked for.
    pub(super) fn reason(mut self, expected: &'static str) -> Self {
        if let Expect::Close { reason, .. } = &mut self.expect {
            *reason = Some(expected);
        }
        self
    }

    /// The case needs a message of so many bytes.
    pub(super) fn needs_message(mut self, message: usize) -> Self {
        self.needs.message = message;
        if message > 1 << 20 {
            self.weight = Weight::Heavy;
        }
        self
    }

    /// The case needs a message of so many frames.
    pub(super) fn needs_fragments(mut self, fragments: u32) -> Self {
        self.needs.fragments = fragments;
        if fragments > 10_000 {
            self.weight = Weight::Heavy;
        }
        self
    }

    /// The case needs commands.
    pub(super) fn needs_commands(mut self) -> Self {
        self.needs.commands = true;
        self
    }

    /// The case moves much data.
    pub(super) fn heavy(mut self) -> Self {
        self.weight = Weight::Heavy;
        self
    }
}

fn until_barrier(mut steps: Vec<Step>) -> Vec<Step> {
    steps.push(Step::Barrier);
    steps
}

/// One write of legal frames.
pub(super) fn write(frames: impl IntoIterator<Item = Frame>) -> Step {
    Step::Write(frames.into_iter().map(Item::Frame).collect())
}

/// One write of legal frames, and the wait for their replies. Pings must be answered one at a time if nothing
/// follows them: §5.5.3 allows to leave out a Pong if a later Ping has arrived.
pub(super) fn exchange(frames: impl IntoIterator<Item = Frame>) -> [Step; 2] {
    [write(frames), Step::Await(Awaited::Replies)]
}

/// The two kinds of messages: name and opcode.
pub(super) const KINDS: [(&str, u8); 2] = [("text", crate::step::TEXT), ("binary", crate::step::BINARY)];
