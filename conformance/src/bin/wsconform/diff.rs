//! `wsconform diff`: what changed between two runs.

use alloc::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::document::{CaseResult, Document};
use crate::outputs::FAILED;

/// Reads the document of a run.
pub(crate) fn read(path: &Path) -> Result<Document> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let document: Document = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let format = &document.format;
    ensure!(format == "wsconform/1", "{}: the format `{format}` is not known", path.display());
    Ok(document)
}

/// Prints what changed. The exit code is 1 if a case got worse.
pub(crate) fn diff(old: &Path, new: &Path) -> Result<u8> {
    let (old, new) = (read(old)?, read(new)?);
    ensure!(
        (&old.role, &old.transport) == (&new.role, &new.transport),
        "the runs tested different roles or transports"
    );
    let changes = changes(&old, &new);
    for (kind, line) in &changes {
        println!("{kind:7} {line}");
    }
    let count = |kind| changes.iter().filter(|(other, _)| *other == kind).count();
    println!(
        "{} better, {} worse, {} new, {} gone, {} revised",
        count("better"),
        count("worse"),
        count("new"),
        count("gone"),
        count("revised")
    );
    Ok(if count("worse") > 0 { FAILED } else { 0 })
}

fn changes(old: &Document, new: &Document) -> Vec<(&'static str, String)> {
    let by_id = |document: &Document| -> BTreeMap<String, CaseResult> {
        document.cases.iter().map(|case| (case.id.clone(), case.clone())).collect()
    };
    let (old, new) = (by_id(old), by_id(new));
    let mut changes = Vec::new();
    for (id, before) in &old {
        let Some(after) = new.get(id) else {
            changes.push(("gone", id.clone()));
            continue;
        };
        let (from, to) = (before.verdict.name(), after.verdict.name());
        if before.revision != after.revision {
            let (a, b) = (before.revision, after.revision);
            changes.push(("revised", format!("{id}  {from} → {to}  (revision {a} → {b})")));
        } else if before.verdict != after.verdict {
            let kind = if after.verdict > before.verdict { "worse" } else { "better" };
            changes.push((kind, format!("{id}  {from} → {to}  {}", after.reason)));
        }
    }
    changes.extend(new.keys().filter(|id| !old.contains_key(*id)).map(|id| ("new", id.clone())));
    changes
}
