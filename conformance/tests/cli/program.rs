//! The program, and the documents that it writes.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::endpoints::Server;

pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wsconform"))
}

pub fn wsconform(arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = program().args(arguments).output().expect("the program runs");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code().expect("an exit code"), text)
}

pub fn file(name: &str) -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let text = path.display().to_string();
    (path, text)
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a document")
}

/// The document of a run with this server, without probes.
pub fn run_of(server: &Server, arguments: &[&str]) -> Value {
    let mut all = vec!["server", &server.uri, "--no-probe", "--quiet", "--json", "-"];
    all.extend(arguments);
    let (_, text) = wsconform(&all);
    json(text.lines().next().expect("a document"))
}
