//! The rooms of `src/`: imports go down the layers only, and a file stays about one noun.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may import from.
const ROOMS: [(&str, &[&str]); 10] = [
    ("role", &[]),
    ("wire", &[]),
    ("error", &["role", "wire"]),
    ("rules", &["wire", "error"]),
    ("handshake", &["wire", "error"]),
    ("config", &["rules", "handshake"]),
    ("buffer", &["wire"]),
    ("deflate", &[]),
    ("connection", &["role", "wire", "error", "rules", "handshake", "config", "buffer", "deflate"]),
    ("guide", &[]),
];

const MAX_LINES_OF_CODE: usize = 400;

/// A source file: its room, its path, and its code without unit tests, comments and blank lines.
struct Source {
    room: String,
    path: PathBuf,
    code: Vec<String>,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = vec![];
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
            let text = text.split("#[cfg(test)]\nmod tests").next().expect("a first piece");
            let code = text
                .lines()
                .filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//"))
                .map(str::to_owned)
                .collect();
            sources.push(Source { room, path, code });
        }
    }
    assert!(sources.len() > 20, "the walk finds the sources");
    sources
}

#[test]
fn imports_go_down_the_layers_only() {
    let mut seen = 0;
    for source in sources() {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room) else {
            assert_eq!(source.room, "lib", "{}: a room without a layer", source.path.display());
            continue;
        };
        for line in &source.code {
            for import in line.split("crate::").skip(1) {
                let name: String = import.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let path = source.path.display();
                assert!(!name.is_empty(), "{path}: names of a room are imported from it one by one: {line}");
                assert!(
                    allowed.contains(&name.as_str()) || name == source.room,
                    "{path} imports {name}: {line}"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "the search finds the imports");
}

#[test]
fn lib_declares_the_rooms_in_the_order_of_their_layers() {
    let lib = sources().into_iter().find(|source| source.room == "lib").expect("lib.rs");
    let declared: Vec<&str> = lib
        .code
        .iter()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(declared, ROOMS.map(|(room, _)| room));
}

#[test]
fn hashes_and_base64_stay_with_the_key() {
    for source in sources() {
        let foreign = source.code.iter().any(|line| line.contains("sha1::") || line.contains("base64::"));
        assert_eq!(foreign, source.path.ends_with("handshake/key.rs"), "{}", source.path.display());
    }
}

#[test]
fn a_file_has_at_most_400_lines_of_code() {
    for source in sources() {
        assert!(
            source.code.len() <= MAX_LINES_OF_CODE,
            "{}: {} lines",
            source.path.display(),
            source.code.len()
        );
    }
}
