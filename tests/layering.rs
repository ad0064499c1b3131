//! The rooms of `src/`: imports go down the layers only, inside a room as well, and files and functions stay
//! short.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
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

const MAX_LINES_OF_A_FILE: usize = 400;
const MAX_LINES_OF_A_FUNCTION: usize = 50;
const MAX_COLUMNS: usize = 110;

/// A source file: its room, its path, and its code without unit tests, comments and blank lines.
struct Source {
    room: String,
    /// Such as `["handshake", "key"]`; the module of a `mod.rs` is its folder.
    module: Module,
    path: PathBuf,
    code: Vec<String>,
}

type Module = Vec<String>;

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
            let text = text.split("mod tests {").next().expect("a first piece");
            let code = text
                .lines()
                .filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//"))
                .map(str::to_owned)
                .collect();
            let module = below
                .iter()
                .map(|name| name.to_str().expect("UTF-8").to_owned())
                .filter(|name| name != "mod");
            sources.push(Source { room, module: module.collect(), path, code });
        }
    }
    assert!(sources.len() > 20, "the walk finds the sources");
    sources
}

/// The paths in `text` that begin with `root`, such as `super::`; a group in braces is several paths.
fn paths(text: &str, root: &str) -> Vec<Module> {
    let is_in_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let starts = text.match_indices(root).filter(|(at, _)| !text[..*at].ends_with(is_in_name));
    starts.flat_map(|(at, _)| expand(&text[at..])).collect()
}

/// The paths of the use tree that `text` begins with.
fn expand(text: &str) -> Vec<Module> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(rest) = text[name.len()..].strip_prefix("::") else { return vec![vec![name]] };
    let mut branches = vec![];
    match rest.strip_prefix('{') {
        None => branches.push(rest),
        Some(group) => {
            let mut depth = 0;
            let mut start = 0;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        branches.push(group[start..at].trim());
                        start = at + 1;
                    }
                    _ => {}
                }
                if c == '}' && start == at + 1 {
                    break;
                }
            }
        }
    }
    let tails = branches.into_iter().filter(|branch| !branch.is_empty()).flat_map(expand);
    tails.map(|tail| [vec![name.clone()], tail].concat()).collect()
}

/// The modules of one room, and which of them each imports from.
struct Imports {
    /// The names that a `mod.rs` re-exports, and the files that they are from.
    exports: BTreeMap<Module, BTreeMap<String, Module>>,
    edges: BTreeMap<Module, BTreeSet<Module>>,
}

impl Imports {
    fn of(room: &[&Source]) -> Self {
        let mut imports = Self {
            exports: BTreeMap::new(),
            edges: room.iter().map(|source| (source.module.clone(), BTreeSet::new())).collect(),
        };
        for source in room.iter().filter(|source| source.path.ends_with("mod.rs")) {
            let re_exports = imports.children(source, true).into_iter();
            let names =
                re_exports.map(|(path, child)| (path.last().expect("a name").clone(), child)).collect();
            imports.exports.insert(source.module.clone(), names);
        }
        for source in room {
            let mut used: BTreeSet<Module> =
                Self::absolute_paths(source).map(|path| imports.file(&path)).collect();
            if source.path.ends_with("mod.rs") {
                used.extend(imports.children(source, false).into_iter().map(|(_, child)| child));
            }
            used.remove(&source.module);
            used.retain(|module| imports.edges.contains_key(module));
            imports.edges.insert(source.module.clone(), used);
        }
        imports
    }

    /// The paths from `crate` that `super::` and `crate::` begin.
    fn absolute_paths(source: &Source) -> impl Iterator<Item = Module> {
        let text = source.code.join(" ");
        let above = paths(&text, "super::").into_iter().map(|path| {
            let up = path.iter().take_while(|name| *name == "super").count();
            let base = &source.module[..source.module.len().saturating_sub(up)];
            [base, &path[up..]].concat()
        });
        let from_root = paths(&text, "crate::").into_iter().map(|path| path[1..].to_vec());
        above.chain(from_root).collect::<Vec<_>>().into_iter()
    }

    /// The paths in a `mod.rs` that begin with a child module, in re-exports or elsewhere, and their files.
    fn children(&self, source: &Source, in_exports: bool) -> Vec<(Module, Module)> {
        let text = source.code.join(" ");
        let statements = text.split_inclusive([';', '}']);
        let chosen: String = statements
            .scan(false, |in_use, statement| {
                // An attribute can be in front of it.
                let begins = ["pub use ", "pub(crate) use ", "pub(super) use "]
                    .iter()
                    .any(|word| statement.contains(word));
                *in_use |= begins;
                let chosen = *in_use == in_exports;
                *in_use &= !statement.ends_with(';');
                Some(if chosen { statement } else { "" })
            })
            .collect();
        let below =
            |module: &&Module| module.len() == source.module.len() + 1 && module.starts_with(&source.module);
        let children = self.edges.keys().filter(below);
        let paths =
            children.flat_map(|child| paths(&chosen, &format!("{}::", child.last().expect("a name"))));
        paths.map(|path| (path.clone(), self.file(&[source.module.clone(), path].concat()))).collect()
    }

    /// The file that a path leads to: a re-export leads on.
    fn file(&self, path: &[String]) -> Module {
        let known = |len: &usize| self.edges.contains_key(&path[..*len]);
        let len = (0..=path.len()).rev().find(known).unwrap_or(0);
        let module = path[..len].to_vec();
        let export = path.get(len).and_then(|name| self.exports.get(&module)?.get(name));
        export.cloned().unwrap_or(module)
    }

    /// Modules that import from each other, the first one again at the end.
    fn circle(&self) -> Option<Vec<Module>> {
        let mut done = BTreeSet::new();
        self.edges.keys().find_map(|module| self.circle_from(module, &mut vec![], &mut done))
    }

    fn circle_from(
        &self,
        at: &Module,
        way: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(first) = way.iter().position(|module| module == at) {
            return Some([&way[first..], core::slice::from_ref(at)].concat());
        }
        if !done.insert(at.clone()) {
            return None;
        }
        way.push(at.clone());
        let circle = self.edges[at].iter().find_map(|next| self.circle_from(next, way, done));
        way.pop();
        circle
    }
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
fn the_files_of_a_room_form_no_circle() {
    let sources = sources();
    let mut seen = 0;
    for (room, _) in ROOMS {
        let room: Vec<&Source> = sources.iter().filter(|source| source.room == room).collect();
        let imports = Imports::of(&room);
        let names =
            |circle: Vec<Module>| circle.into_iter().map(|module| module.join("::")).collect::<Vec<_>>();
        assert_eq!(imports.circle().map(names), None);
        seen += imports.edges.values().map(BTreeSet::len).sum::<usize>();
    }
    assert!(seen > 30, "the search finds the imports: {seen}");
}

#[test]
fn imports_are_read_as_rust_reads_them() {
    let source = |path: &str, code: &str| Source {
        room: "a".to_owned(),
        module: path.trim_end_matches("/mod").split('/').map(str::to_owned).collect(),
        path: PathBuf::from(format!("{path}.rs")),
        code: code.lines().map(str::to_owned).collect(),
    };
    let circle = |sources: &[Source]| Imports::of(&sources.iter().collect::<Vec<_>>()).circle();
    let root = || {
        source(
            "a/mod",
            "mod b;\nmod c;\n#[cfg(x)]\npub use b::B;\npub(crate) use c::{\n    C, D};\nconst X: u8 = 1;",
        )
    };
    let b = || source("a/b", "use super::c::{self, C};");
    for harmless in
        ["use super::X;", "use core::fmt;", "use crate::z::b::B;", "fn f(superb: u8) { mysuper::b::B }"]
    {
        assert_eq!(circle(&[root(), b(), source("a/c", harmless)]), None, "{harmless}");
    }
    for upward in [
        "use super::b::B;",
        "use crate::a::b::{D, E};",
        "use super::{\n    X,\n    b::{B, C},\n};",
        "use super::B;",
        "use crate::a::{X, B};",
        "fn f() -> super::b::B {}",
    ] {
        assert!(circle(&[root(), b(), source("a/c", upward)]).is_some(), "{upward}");
    }
    let root = source("a/mod", "mod b;\nuse b::B;\npub struct X(B);");
    assert!(circle(&[root, source("a/b", "use super::X;")]).is_some());
    let deep = source("a/d/e", "use super::super::b::B;");
    assert!(
        circle(&[source("a/mod", ""), source("a/b", "use super::d::e::E;"), source("a/d/mod", ""), deep])
            .is_some()
    );
}

#[test]
fn a_file_has_at_most_400_lines_of_code() {
    for source in sources() {
        let lines = source.code.len();
        assert!(lines <= MAX_LINES_OF_A_FILE, "{}: {lines} lines", source.path.display());
    }
}

#[test]
fn a_function_has_at_most_50_lines_of_code() {
    let mut seen = 0;
    for source in sources() {
        let indent = |line: &str| line.len() - line.trim_start().len();
        for (at, line) in source.code.iter().enumerate() {
            let words = line.split_whitespace().take_while(|word| !word.contains('='));
            if words.take(6).any(|word| word == "fn") && !line.ends_with([';', '}']) {
                // rustfmt: the end has the indentation of the beginning
                let ends = |end: &&String| {
                    indent(end) == indent(line) && (end.trim_start().starts_with('}') || end.ends_with(';'))
                };
                let len = 1 + source.code[at..].iter().position(|end| ends(&end)).expect("an end");
                assert!(len <= MAX_LINES_OF_A_FUNCTION, "{}: {len} lines: {line}", source.path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "the search finds the functions: {seen}");
}

#[test]
fn a_line_of_code_has_at_most_110_columns() {
    for source in sources() {
        for line in &source.code {
            assert!(line.chars().count() <= MAX_COLUMNS, "{}: {line}", source.path.display());
        }
    }
}
