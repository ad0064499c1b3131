//! The table of every MUST: MUSTS.md.

use wsconform::{Case, Role, catalogue};

const TABLE: &str = include_str!("../MUSTS.md");

/// MUST and MUST NOT in the text of RFC 6455, §4 to §8.
const MUSTS: usize = 115;

struct Row {
    clause: String,
    binds: String,
    /// The patterns of ids; none if the bytes cannot show the clause.
    patterns: Vec<String>,
    last_cell: String,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = lines.skip(1).map(|line| {
        let line = line.replace("\\|", "\u{1}");
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [section, clause, binds, last_cell] = cells[..] else { panic!("{line}: not four cells") };
        assert!(section.starts_with(['4', '5', '6', '7', '8']), "{line}");
        Row {
            clause: clause.to_owned(),
            binds: binds.to_owned(),
            patterns: last_cell.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            last_cell: last_cell.to_owned(),
        }
    });
    rows.collect()
}

/// `*` stands for any characters.
fn matches(pattern: &str, id: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == id,
        Some((start, rest)) => id.strip_prefix(start).is_some_and(|tail| {
            tail.char_indices().any(|(at, _)| matches(rest, &tail[at..])) || matches(rest, "")
        }),
    }
}

fn has_case(cases: &[Case], pattern: &str) -> bool {
    cases.iter().any(|case| matches(pattern, case.id.as_str()))
}

#[test]
fn every_must_has_one_row() {
    let rows = rows();
    assert_eq!(rows.len(), MUSTS);
    for row in &rows {
        assert_eq!(row.clause.matches("MUST").count(), 1, "{}", row.clause);
        assert_eq!(rows.iter().filter(|other| other.clause == row.clause).count(), 1, "{}", row.clause);
    }
}

/// An endpoint that a clause binds has a case of the row, and each pattern is of such an endpoint.
#[test]
fn every_row_has_cases_or_a_reason() {
    let of = [("client", catalogue(Role::Client)), ("server", catalogue(Role::Server))];
    for row in rows() {
        if row.patterns.is_empty() {
            assert!(row.last_cell.len() > 10 && row.last_cell.ends_with('.'), "{}: no reason", row.clause);
            continue;
        }
        let bound: Vec<_> = of.iter().filter(|(role, _)| row.binds.contains(role)).collect();
        assert!(!bound.is_empty(), "{}: {}", row.clause, row.binds);
        for pattern in &row.patterns {
            assert!(bound.iter().any(|(_, cases)| has_case(cases, pattern)), "{}: {pattern}", row.clause);
        }
        for (role, cases) in bound {
            let has_pattern = row.patterns.iter().any(|pattern| has_case(cases, pattern));
            assert!(has_pattern, "{}: no case of a {role}", row.clause);
        }
    }
}
