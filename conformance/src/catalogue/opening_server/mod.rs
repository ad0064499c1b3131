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

/// RFC 9112 §2.2: whatever does not match the grammar.
const GRAMMAR: Clause =
    Clause::new(9112, "2.2", "receives a sequence of octets that does not match the HTTP-message");
