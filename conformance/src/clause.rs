//! Clauses of the RFCs, and how binding they are.

use core::fmt;

/// The clause that a case tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clause {
    /// The number of the RFC.
    pub rfc: u16,
    /// The section.
    pub section: &'static str,
    /// A quotation, at most one line of the RFC's text.
    pub quote: &'static str,
}

impl Clause {
    /// A clause of RFC 6455.
    #[must_use]
    pub const fn rfc6455(section: &'static str, quote: &'static str) -> Self {
        Self { rfc: 6455, section, quote }
    }

    /// A clause of any RFC.
    #[must_use]
    pub const fn new(rfc: u16, section: &'static str, quote: &'static str) -> Self {
        Self { rfc, section, quote }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rfc != 6455 {
            write!(f, "RFC {} ", self.rfc)?;
        }
        write!(f, "§{} \"{}\"", self.section, self.quote)
    }
}

/// How binding a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// MUST and MUST NOT: another outcome fails the run.
    Must,
    /// SHOULD: another outcome is lenient.
    Should,
    /// Advice from advisories and practice: another outcome is lenient, except for a crash and what the case
    /// names as a failure.
    Policy,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Policy => "policy",
        })
    }
}
