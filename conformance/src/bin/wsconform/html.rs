//! The page of one or several runs: one file, readable without its script as a plain table.

use alloc::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use wsconform::{Case, Role, catalogue};

use crate::diff::read;
use crate::document::{CaseResult, Document, VerdictName};
use crate::outputs::write;

const TEMPLATE: &str = include_str!("report.html");

/// `wsconform report`: the matrix of several runs.
pub(crate) fn report(runs: &[PathBuf], html: &Path) -> Result<u8> {
    let documents = runs.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    write(html, &page(&documents)?)?;
    Ok(0)
}

/// The page of these runs, a column each.
pub(crate) fn page(documents: &[Document]) -> Result<String> {
    let cases = known_cases(documents);
    let about: BTreeMap<&str, Value> = cases.iter().map(|case| (case.id.as_str(), describe(case))).collect();
    let data = serde_json::to_string(&json!({ "runs": documents, "about": about }))?;
    // `<` ends the element that holds the data.
    let data = data.replace('<', "\\u003c");
    let parts = [
        ("{{totals}}", totals(documents)),
        ("{{head}}", documents.iter().map(|run| format!("<th>{}</th>", escape(&run.agent))).collect()),
        ("{{rows}}", rows(documents, &cases)),
        ("{{data}}", data),
    ];
    // One pass over the template: text of a report that looks like a mark stays as it is.
    let (mut page, mut rest) = (String::new(), TEMPLATE);
    for (mark, text) in parts {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        page.push_str(before);
        page.push_str(&text);
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

/// The cases of the catalogue that are in a run, each id once.
fn known_cases(documents: &[Document]) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for role in [Role::Server, Role::Client] {
        if !documents.iter().any(|run| run.role == role.to_string()) {
            continue;
        }
        for case in catalogue(role) {
            if !cases.iter().any(|other| other.id == case.id) {
                cases.push(case);
            }
        }
    }
    let is_in = |id: &str| documents.iter().any(|run| run.cases.iter().any(|case| case.id == id));
    cases.retain(|case| is_in(case.id.as_str()));
    cases
}

fn describe(case: &Case) -> Value {
    let rfc = case.clause.rfc;
    json!({ "title": case.title, "clause": format!("RFC {rfc} §{}", case.clause.section), "quote": case.clause.quote })
}

fn totals(documents: &[Document]) -> String {
    let mut text = String::new();
    for run in documents {
        let t = run.totals;
        text.push_str(&format!(
            "<p><b>{}</b> ({}, {}): {} passed, {} lenient, {} failed, {} skipped, {} inconclusive; {:.1} s, seed {}, {}</p>\n",
            escape(&run.agent),
            escape(&run.role),
            escape(&run.target),
            t.pass,
            t.lenient,
            t.fail,
            t.skip,
            t.inconclusive,
            run.millis as f64 / 1000.0,
            run.seed,
            escape(&run.started)
        ));
    }
    text
}

/// A body of the table for each family: its row, and a row for each case.
fn rows(documents: &[Document], cases: &[Case]) -> String {
    let by_id: Vec<BTreeMap<&str, &CaseResult>> =
        documents.iter().map(|run| run.cases.iter().map(|case| (case.id.as_str(), case)).collect()).collect();
    let mut html = String::new();
    for family in cases.chunk_by(|a, b| a.family == b.family) {
        let Some(first) = family.first() else { continue };
        html.push_str("<tbody>");
        if family.len() > 1 {
            let cells: String = by_id.iter().map(|run| family_cell(run, family)).collect();
            html.push_str(&format!(
                "<tr class=\"family\"><th>{} <small>× {}</small></th><td>{}</td>{cells}</tr>\n",
                escape(&first.family),
                family.len(),
                first.level
            ));
        }
        for case in family {
            let cells: String = by_id
                .iter()
                .enumerate()
                .map(|(run, results)| cell(run, results.get(case.id.as_str()).copied()))
                .collect();
            let class = if family.len() > 1 { "case" } else { "case alone" };
            let (id, title) = (case.id.as_str(), escape(&case.title));
            html.push_str(&format!(
                "<tr class=\"{class}\" data-id=\"{id}\" data-level=\"{}\"><th title=\"{title}\">{id}</th><td>{0}</td>{cells}</tr>\n",
                case.level
            ));
        }
        html.push_str("</tbody>\n");
    }
    html
}

/// The worst verdict of the family, and how many cases have it.
fn family_cell(results: &BTreeMap<&str, &CaseResult>, family: &[Case]) -> String {
    let verdicts = || family.iter().filter_map(|case| results.get(case.id.as_str())).map(|case| case.verdict);
    let Some(worst) = verdicts().max() else { return "<td></td>".to_owned() };
    let count = verdicts().filter(|verdict| *verdict == worst).count();
    let of = if count == family.len() { String::new() } else { format!(" {count}") };
    format!("<td class=\"{}\">{}{of}</td>", worst.name(), letter(worst))
}

fn cell(run: usize, result: Option<&CaseResult>) -> String {
    let Some(result) = result else { return "<td></td>".to_owned() };
    let (verdict, known) = (result.verdict, if result.expected_deviation { "*" } else { "" });
    let title = escape(&format!("{}: {} {}", verdict.name(), result.outcome_with_code(), result.reason));
    let name = verdict.name();
    format!("<td class=\"{name}\" data-run=\"{run}\" title=\"{title}\">{}{known}</td>", letter(verdict))
}

const fn letter(verdict: VerdictName) -> &'static str {
    match verdict {
        VerdictName::Pass => "P",
        VerdictName::Lenient => "L",
        VerdictName::Fail => "F",
        VerdictName::Skip => "–",
        VerdictName::Inconclusive => "?",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::TEMPLATE;

    #[test]
    fn the_script_is_short_and_the_page_loads_nothing() {
        let (_, script) = TEMPLATE.rsplit_once("<script>").expect("a script");
        assert!(script.lines().count() <= 200);
        for reference in ["src=", "href=", "url(", "http://", "https://"] {
            assert!(!TEMPLATE.contains(reference), "{reference}");
        }
        let marks = ["{{totals}}", "{{head}}", "{{rows}}", "{{data}}"];
        let places: Vec<_> = marks.iter().map(|mark| TEMPLATE.find(mark).expect("a mark")).collect();
        assert!(places.is_sorted(), "the marks are in the order in which they are filled in");
    }
}
