//! Every requirement of `docs/requirements.md` has a test whose doc comment names it.

use std::fs;
use std::path::Path;

const REQUIREMENTS: &str = include_str!("../docs/requirements.md");

/// The IDs of the list, such as `C-RS-04`.
fn requirements() -> Vec<&'static str> {
    let ids = REQUIREMENTS.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
    ids.map(|(id, _)| id).collect()
}

/// The doc comments of all tests below a folder, a string for each test.
fn doc_comments(folder: &Path, comments: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            doc_comments(&path, comments);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a text");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                // `both_roles!` stands above the comment of the function that it tests, `#[test]` below.
                let is_doc = |line: &&&str| line.starts_with("///");
                let comment: Vec<&str> = if *line == "#[test]" {
                    lines[..at].iter().rev().take_while(is_doc).copied().collect()
                } else if line.starts_with("both_roles!(") {
                    lines[at + 1..].iter().take_while(is_doc).copied().collect()
                } else {
                    continue;
                };
                comments.push(comment.join(" "));
            }
        }
    }
}

#[test]
fn every_requirement_is_named_by_the_doc_comment_of_a_test() {
    let mut comments = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    doc_comments(&root.join("src"), &mut comments);
    doc_comments(&root.join("tests"), &mut comments);
    let names = |comment: &String, id: &str| {
        comment.split(|char: char| !char.is_ascii_alphanumeric() && char != '-').any(|word| word == id)
    };
    let ids = requirements();
    assert_eq!(ids.len(), 215, "a requirement was added or removed");
    let missing: Vec<&&str> =
        ids.iter().filter(|id| !comments.iter().any(|comment| names(comment, id))).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
}
