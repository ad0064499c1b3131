//! The judge shares no decision with the crate `websocket-proto`: the suite uses only its module `wire`,
//! which encodes any frame, legal or not.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `src/` from the bottom up: each imports only from those before it.
const ROOMS: [&[&str]; 14] = [
    &["role", "random"],
    &["sample"],
    &["step", "capabilities", "clause"],
    &["context", "judge"],
    &["deflate"],
    &["encode", "verdict", "log", "opening"],
    &["case"],
    &["report", "transcript"],
    &["driver"],
    &["in_process"],
    &["catalogue"],
    &["passive"],
    &["lib"],
    &["bin"],
];

const MAX_LINES_OF_A_FILE: usize = 400;
const MAX_LINES_OF_THE_JUDGE: usize = 150;

struct Source {
    room: String,
    path: PathBuf,
    /// The code without unit tests, comments and blank lines.
    code: Vec<String>,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![root.clone()], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).expect("below src").with_extension("");
            let room = below.iter().next().expect("a name").to_str().expect("UTF-8").to_owned();
            let text = fs::read_to_string(&path).expect("a text");
            let text = text.split("\nmod tests {").next().expect("a first piece");
            let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
            let code = text.lines().filter(is_code).map(str::to_owned).collect();
            sources.push(Source { room, path, code });
        }
    }
    assert!(sources.len() > 20, "the walk finds the sources");
    sources
}

#[test]
fn only_the_module_wire_of_the_core_is_used() {
    let mut uses = 0;
    for source in sources() {
        for line in &source.code {
            for (at, name) in line.match_indices("websocket_proto::") {
                assert!(line[at + name.len()..].starts_with("wire"), "{}: {line}", source.path.display());
                uses += 1;
            }
            assert!(!line.contains("use websocket_proto;"), "{}: {line}", source.path.display());
        }
    }
    assert!(uses > 0, "the search finds the uses");
}

#[test]
fn the_judge_uses_nothing_of_the_core() {
    for source in sources().iter().filter(|source| source.room == "judge") {
        assert!(
            !source.code.iter().any(|line| line.contains("websocket_proto")),
            "{}",
            source.path.display()
        );
    }
}

#[test]
fn rooms_import_from_below() {
    let level = |room: &str| ROOMS.iter().position(|rooms| rooms.contains(&room));
    // The program is another crate: it imports the library by its name.
    for source in sources().into_iter().filter(|source| source.room != "bin") {
        let Some(own) = level(&source.room) else { panic!("{}: no room", source.path.display()) };
        for line in source.code.iter().filter(|line| !line.contains("pub(crate)")) {
            for (at, name) in line.match_indices("crate::") {
                let rest = &line[at + name.len()..];
                let room: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(used) = level(&room) else { panic!("{}: {line}", source.path.display()) };
                let is_own = room == source.room;
                assert!(is_own || used < own, "{} imports upward: {line}", source.path.display());
            }
        }
    }
}

#[test]
fn files_are_short() {
    for source in sources() {
        let most = if source.room == "judge" { MAX_LINES_OF_THE_JUDGE } else { MAX_LINES_OF_A_FILE };
        assert!(source.code.len() <= most, "{}: {} lines", source.path.display(), source.code.len());
    }
}
