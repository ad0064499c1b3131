//! `wsconform list`: the cases.

use std::io::{self, Write as _};

use anyhow::Result;
use serde_json::{Value, json};
use wsconform::{Case, Role, catalogue};

use crate::args::ListArguments;
use crate::selection::Selection;
use crate::words::expected;

/// Lists the selected cases; without a role those of both, each id once.
pub(crate) fn list(arguments: &ListArguments) -> Result<u8> {
    let selection = Selection::new(&arguments.selection.cases, &arguments.selection.skip);
    let mut cases: Vec<Case> = Vec::new();
    for role in [Role::Server, Role::Client] {
        if arguments.role.is_some_and(|name| Role::from(name) != role) {
            continue;
        }
        let is_new = |case: &Case, cases: &[Case]| !cases.iter().any(|other| other.id == case.id);
        for case in catalogue(role) {
            if selection.contains(case.id.as_str()) && is_new(&case, &cases) {
                cases.push(case);
            }
        }
    }
    let mut text = String::new();
    if arguments.json {
        let all: Vec<_> = cases.iter().map(describe).collect();
        text = format!("{}\n", serde_json::to_string_pretty(&all)?);
    } else {
        let width = cases.iter().map(|case| case.id.as_str().len()).max().unwrap_or_default();
        for case in &cases {
            text.push_str(&format!("{:width$}  {:6}  {}\n", case.id.as_str(), case.level, case.title));
        }
    }
    // A reader such as `head` may take a part only.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(0)
}

fn describe(case: &Case) -> Value {
    json!({
        "id": case.id.as_str(),
        "family": case.family,
        "title": case.title,
        "roles": case.roles.to_string(),
        "level": case.level.to_string(),
        "rfc": case.clause.rfc,
        "section": case.clause.section,
        "quote": case.clause.quote,
        "expected": expected(&case.expect),
        "revision": case.revision,
        "parallel": case.parallel,
    })
}
