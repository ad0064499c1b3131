//! The role of the endpoint under test.

use core::fmt;

/// The role of the endpoint under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the two roles of the RFC")]
pub enum Role {
    /// A server is tested: the suite connects to it.
    Server,
    /// A client is tested: it connects to the suite.
    Client,
}

impl Role {
    /// The role of the peer.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Server => Self::Client,
            Self::Client => Self::Server,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}
