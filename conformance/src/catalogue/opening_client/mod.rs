//! The opening handshake of a client under test (§4.1, RFC 9110, RFC 9112).

mod accepted;
mod http;
mod refused;
mod requests;

use crate::case::{Case, Roles};
use crate::clause::Clause;
use crate::role::Role;

use super::family::Family;

pub(super) fn cases(role: Role) -> Vec<Case> {
    let groups = [requests::cases, accepted::cases, refused::cases, http::cases];
    groups.iter().flat_map(|cases| cases(role)).collect()
}

const fn family(role: Role, section: &'static str, name: &'static str, clause: Clause) -> Family {
    Family::new(role, section, name, clause).roles(Roles::Client)
}
