//! Writes the reports of a run, and finds its exit code.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use wsconform::Case;

use crate::args::Options;
use crate::convert::judges_all_connections;
use crate::document::{Document, VerdictName};
use crate::expectations::Expectations;
use crate::terminal::Terminal;
use crate::{html, junit};

/// At least one unexpected failure.
pub(crate) const FAILED: u8 = 1;
pub(crate) const USAGE: u8 = 2;
/// Nothing was tested.
pub(crate) const UNREACHABLE: u8 = 3;
pub(crate) const INCONCLUSIVE: u8 = 4;
pub(crate) const INTERRUPTED: u8 = 130;

/// Reads the file of known deviations.
pub(crate) fn expectations(options: &Options) -> Result<Expectations> {
    let Some(path) = &options.expect else { return Ok(Expectations::default()) };
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Expectations::parse(&text).with_context(|| path.display().to_string())
}

/// Prints the summary, and writes the reports. Returns the exit code.
pub(crate) fn finish(
    document: &Document,
    cases: &[Case],
    options: &Options,
    expectations: &Expectations,
    terminal: &mut Terminal,
) -> Result<u8> {
    for case in cases.iter().filter(|case| judges_all_connections(case)) {
        if let Some(result) = document.cases.iter().find(|result| result.id == case.id.as_str()) {
            terminal.result(case, result);
        }
    }
    terminal.summary(document, cases);
    let stale = expectations.stale(&document.cases);
    for line in &stale {
        terminal.line(&format!("  the expectation matches nothing any more: {line}"));
    }
    if let Some(path) = &options.json {
        write(path, &format!("{}\n", serde_json::to_string(document)?))?;
    }
    if let Some(path) = &options.junit {
        write(path, &junit::junit(document, cases, options.strict, expectations))?;
    }
    if let Some(path) = &options.html {
        write(path, &html::page(core::slice::from_ref(document))?)?;
    }
    let has_stale = options.strict && !stale.is_empty();
    Ok(if has_stale || document.cases.iter().any(|case| case.fails(options.strict)) {
        FAILED
    } else if document
        .cases
        .iter()
        .any(|case| case.verdict == VerdictName::Inconclusive && !case.expected_deviation)
    {
        INCONCLUSIVE
    } else {
        0
    })
}

/// Writes a file; `-` is stdout.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if path.as_os_str() == "-" {
        return Ok(io::stdout().write_all(text.as_bytes())?);
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}
