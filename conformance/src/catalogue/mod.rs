//! The catalogue: every case, as data. A file for each group of the clauses, a function for each family.
//!
//! To add a group: a file with `pub(super) fn cases(role: Role) -> Vec<Case>`, a line in [`GROUPS`], and its
//! ids in `tests/golden/ids.tsv`.

mod closing;
mod commands;
mod control;
mod deflate;
mod family;
mod fragments;
mod framing;
mod limits;
mod masking;
mod offences;
mod opening;
mod opening_client;
mod opening_server;
mod probes;
mod random_frames;
mod robustness;
mod split;
mod utf8;
mod utf8_invalid;
mod written;

pub use probes::Probe;

use crate::case::Case;
use crate::role::Role;

/// The groups, in the order of the catalogue.
const GROUPS: [fn(Role) -> Vec<Case>; 16] = [
    opening_server::cases,
    opening_client::cases,
    framing::cases,
    offences::cases,
    split::cases,
    masking::cases,
    written::cases,
    control::cases,
    fragments::cases,
    utf8::cases,
    utf8_invalid::cases,
    closing::cases,
    commands::cases,
    deflate::cases,
    limits::cases,
    robustness::cases,
];

/// The cases for an endpoint of this role.
#[must_use]
pub fn catalogue(role: Role) -> Vec<Case> {
    GROUPS.iter().flat_map(|cases| cases(role)).filter(|case| case.roles.contain(role)).collect()
}
