//! A case: its id, its clause, its steps, and the expected outcome.

use core::fmt;

use crate::capabilities::{Capabilities, Needs};
use crate::clause::{Clause, Level};
use crate::judge::{Extension, Parameters};
use crate::opening::RawOpening;
use crate::random::Random;
use crate::role::Role;
use crate::step::{Cuts, Step};
use crate::verdict::{Alternative, Expect, Pattern, Verdict};

/// One case of the catalogue, for one role of the endpoint under test.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Case {
    /// The id, which never changes its meaning.
    pub id: Id,
    /// The family: the part of the id that its siblings share.
    pub family: String,
    /// One line for people who do not know the catalogue.
    pub title: String,
    /// The clause that the case tests.
    pub clause: Clause,
    /// How binding the clause is.
    pub level: Level,
    /// The roles for which the case exists.
    pub roles: Roles,
    /// The role of the endpoint under test. The steps depend on it: a masked header is longer.
    pub role: Role,
    /// The capabilities without which the case is skipped.
    pub needs: Needs,
    /// How the connection begins.
    pub open: Open,
    /// What the suite does once the connection is open.
    pub script: Script,
    /// The expected outcome.
    pub expect: Expect,
    /// Outcomes that the case judges in another way than the class of `expect` does.
    pub alternatives: Vec<Alternative>,
    /// Whether the case moves much data.
    pub weight: Weight,
    /// The number of connections at once.
    pub parallel: u16,
    /// Changes when a correction of the case can change a verdict.
    pub revision: u16,
}

impl Case {
    /// Judges an outcome in another way than the class does, because this clause allows or forbids it.
    #[must_use]
    pub fn allow(mut self, pattern: Pattern, verdict: Verdict, clause: Clause) -> Self {
        self.alternatives.push(Alternative { pattern, verdict, clause, refusal_of: None });
        self
    }

    /// The steps of each connection, one connection after another.
    #[must_use]
    pub fn turns(&self, inputs: &mut Inputs<'_>) -> Vec<Vec<Step>> {
        match &self.script {
            Script::Steps(steps) => vec![steps.clone()],
            Script::Sweep(turns) => turns.clone(),
            Script::Derived(derive) => vec![derive(inputs)],
        }
    }
}

/// The name of a case: the section of the RFC, a slash, and a name: `5.5.1/after-close-ping`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// The id with this text; `None` if it is not a section, a slash and a name of `[a-zA-Z0-9.-]`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (section, name) = text.split_once('/')?;
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let is_name = !name.is_empty() && name.chars().all(is_in_name);
        let is_section = !section.is_empty() && section.chars().all(|c| is_in_name(c) || c == ':');
        (is_name && is_section).then(|| Self(text.to_owned()))
    }

    pub(crate) fn new(section: &str, name: &str) -> Self {
        let text = format!("{section}/{name}");
        debug_assert!(Self::parse(&text).is_some(), "{text}");
        Self(text)
    }

    /// The part before the slash: a section of RFC 6455, the number of another RFC and its section, `any` or
    /// `cmd`.
    #[must_use]
    pub fn section(&self) -> &str {
        self.0.split_once('/').map_or("", |(section, _)| section)
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The roles for which a case exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the sets of roles that are not empty")]
pub enum Roles {
    /// Servers under test.
    Server,
    /// Clients under test.
    Client,
    /// Both.
    Both,
}

impl Roles {
    /// Whether a case exists for this role.
    #[must_use]
    pub const fn contain(self, role: Role) -> bool {
        matches!((self, role), (Self::Both, _) | (Self::Server, Role::Server) | (Self::Client, Role::Client))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "S",
            Self::Client => "C",
            Self::Both => "SC",
        })
    }
}

/// How the connection of a case begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Open {
    /// The plainest legal opening handshake, without extensions.
    Standard,
    /// The same, written in parts.
    InParts {
        /// The offsets at which a new write begins.
        cuts: Cuts,
        /// Whether a millisecond passes between the writes.
        paced: bool,
    },
    /// Another request, or another response, legal or not.
    Raw(RawOpening),
    /// The standard one with permessage-deflate: a server gets these offers, in this order. A client gets the
    /// first as the answer, with the parameters that its own offer demands in addition.
    Deflate(Vec<Parameters>),
    /// The standard one with these fields Sec-WebSocket-Extensions: of the request to a server, of the
    /// response to a client.
    Extensions(Vec<&'static str>),
}

impl Open {
    /// The parameters of permessage-deflate with an endpoint that agrees to the first legal offer; `None` if
    /// there is none.
    #[must_use]
    pub fn assumed(&self) -> Option<Parameters> {
        let parameters = match self {
            Self::Standard | Self::InParts { .. } | Self::Raw(_) => None,
            Self::Deflate(offers) => offers.first().copied(),
            Self::Extensions(fields) => {
                let read = |field: &&str| Extension::read_all([field.as_bytes()]);
                fields.iter().filter_map(read).flatten().find_map(|one| Parameters::read(&one))
            }
        };
        // An answer has a value.
        parameters.map(|one| Parameters { cmwb: one.cmwb.map(|bits| bits.or(Some(15))), ..one })
    }
}

/// What the suite does once the connection is open.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Script {
    /// These steps on one connection.
    Steps(Vec<Step>),
    /// Each list of steps on a fresh connection, one after another. The worst verdict counts.
    Sweep(Vec<Vec<Step>>),
    /// Steps that depend on the seed, on the limits of the endpoint, or on the connection.
    Derived(fn(&mut Inputs<'_>) -> Vec<Step>),
}

/// What a derived script depends on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inputs<'a> {
    /// A generator seeded with the seed of the run and the id of the case.
    pub random: Random,
    /// The capabilities of the endpoint.
    pub capabilities: &'a Capabilities,
    /// Which of the parallel connections of the case this is.
    pub index: u16,
}

/// Whether a case moves much data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weight {
    /// At most 1 MiB and 10,000 frames.
    Light,
    /// More. A runner runs two at a time.
    Heavy,
}
