//! Every requirement of `requirements.md` has a test that is named for it.

use std::fs;
use std::path::Path;

const REQUIREMENTS: &str = include_str!("requirements.md");

/// The IDs of the list, such as `c_rs_04`.
fn requirements() -> Vec<String> {
    let ids = REQUIREMENTS.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
    ids.map(|(id, _)| id.to_lowercase().replace('-', "_")).collect()
}

/// The names of all tests below a folder.
fn tests(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a text");
            for after in text.split("#[test]").skip(1) {
                let name =
                    after.split_once("fn ").and_then(|(_, rest)| rest.split_once('(')).expect("a function").0;
                names.push(name.to_owned());
            }
        }
    }
}

#[test]
fn every_requirement_has_a_test_of_its_name() {
    let mut names = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests(&root.join("src"), &mut names);
    tests(&root.join("tests"), &mut names);
    let carries = |name: &String, id: &str| format!("_{name}_").contains(&format!("_{id}_"));
    // `s_hs_02` must not pass for a requirement `hs_02`: no ID is the end of another.
    let ids = requirements();
    assert!(
        ids.len() > 150 && ids.iter().all(|id| !ids.iter().any(|other| other.ends_with(&format!("_{id}"))))
    );
    let missing: Vec<&String> = ids.iter().filter(|id| !names.iter().any(|name| carries(name, id))).collect();
    assert!(missing.is_empty(), "no test is named for {missing:?}");
}
