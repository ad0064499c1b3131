//! The opening handshake of a server under test (§4.2, RFC 9110, RFC 9112).

mod accepted;
mod after;
mod fields;
mod line;
mod offers;
mod refused;
mod responses;
mod sizes;

use crate::case::{Case, Roles};
use crate::clause::Clause;
use crate::role::Role;

use super::family::Family;

pub(super) fn cases(role: Role) -> Vec<Case> {
    let groups = [
        accepted::cases,
        refused::cases,
        line::cases,
        fields::cases,
        after::cases,
        offers::cases,
        sizes::cases,
        responses::cases,
    ];
    groups.iter().flat_map(|cases| cases(role)).collect()
}

const fn family(role: Role, section: &'static str, name: &'static str, clause: Clause) -> Family {
    Family::new(role, section, name, clause).roles(Roles::Server)
}

/// Fields of more bytes than the server takes.
const TOO_LARGE: Clause =
    Clause::new(9110, "5.4", "set of fields larger than it wishes to process MUST respond with an");

/// Whether a key has 16 bytes.
const NEED_NOT_DECODE: Clause =
    Clause::rfc6455("4.2.2", "connection.  It is not necessary for the server to base64-");

/// RFC 9112 §2.2: whatever does not match the grammar.
const GRAMMAR: Clause =
    Clause::new(9112, "2.2", "receives a sequence of octets that does not match the HTTP-message");
