//! The table is complete: its rows call every method that writes or reads.

use alloc::collections::BTreeSet;
use std::fs;
use std::path::Path;

use websocket_proto::{Client, Server};

use crate::endpoint::{Endpoint, Setup, Source};
use crate::support::Room;
use crate::table::rows;

/// The public methods of the connection and its halves that write or read, such as `WriteHalf::ping`: they take
/// `out`, `inbound` or a signal, or they return a frame header.
fn methods(source: &str) -> BTreeSet<String> {
    let shared = "sending_methods!();";
    let (mut owner, mut methods) = (String::new(), BTreeSet::new());
    let lines: Vec<&str> = source.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        // `impl<R: Role> WriteHalf<R> {`
        if line.starts_with("impl") && !line.contains(" for ") {
            let name = line.trim_end_matches(" {").rsplit(' ').next().expect("a name");
            let generic =
                ["Connection<", "ReadHalf<", "WriteHalf<"].iter().find(|name| line.contains(**name));
            owner = generic.map_or(name, |name| name.trim_end_matches('<')).to_owned();
        }
        if line.trim() == shared {
            methods.insert(format!("{owner}::{shared}"));
        }
        let Some((_, name)) = line.split_once("pub fn ") else { continue };
        let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let end = lines[at..].iter().position(|line| line.trim_end().ends_with('{')).expect("a body");
        let signature = lines[at..=at + end].join(" ");
        if signature.contains("SendBuffer")
            || signature.contains("ReceiveBuffer")
            || signature.contains("Signal")
            || signature.contains("HeaderBytes")
        {
            methods.insert(format!("{owner}::{name}"));
        }
    }
    methods
}

/// The methods of `src/connection`.
fn methods_of_the_crate() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connection");
    let mut found = BTreeSet::new();
    let mut shared = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let methods = methods(&fs::read_to_string(&path).expect("a text"));
        if path.ends_with("sending.rs") { shared = methods } else { found.extend(methods) }
    }
    let marker = "::sending_methods!();";
    let owners: Vec<String> =
        found.iter().filter_map(|name| name.strip_suffix(marker)).map(str::to_owned).collect();
    assert_eq!(owners, ["Connection", "WriteHalf"], "the types with the shared methods");
    found.retain(|name| !name.ends_with(marker));
    for owner in owners {
        found.extend(shared.iter().map(|name| format!("{owner}{name}")));
    }
    found
}

/// The methods that the rows of a role call.
fn called<R: Endpoint>() -> BTreeSet<String> {
    let (mut called, mut names) = (BTreeSet::new(), BTreeSet::new());
    for row in Setup::all().flat_map(rows::<R>) {
        let mut subject = (row.start)();
        (row.act)(&mut subject, &mut Room::large());
        names.insert(row.name);
        called.extend(subject.calls.into_iter().map(str::to_owned));
    }
    println!("{} operations of a {}", names.len(), R::name());
    called
}

#[test]
fn every_method_that_writes_or_reads_has_a_row() {
    let methods = methods_of_the_crate();
    assert!(methods.len() > 20, "the search finds the methods: {methods:?}");
    let called = &called::<Server>() | &called::<Client<Source>>();
    let missing: Vec<_> = methods.difference(&called).collect();
    assert!(missing.is_empty(), "no row calls {missing:?}");
    println!("{} methods have rows", methods.len());
}

#[test]
fn methods_are_read_as_rust_reads_them() {
    let source = "impl<R: Role> WriteHalf<R> {\n    pub fn a(&mut self, out: &mut impl SendBuffer) {\n    }\n    \
                  pub fn b<S: Storage>(\n        inbound: &mut ReceiveBuffer<S>,\n    ) -> Result<(), Error> {\n    }\n    \
                  fn private(out: &mut impl SendBuffer) {\n    }\n    pub fn query(&self) -> bool {\n    }\n    \
                  sending_methods!();\n}\nimpl fmt::Debug for WriteHalf<R> {\n}\n";
    let expected = ["WriteHalf::a", "WriteHalf::b", "WriteHalf::sending_methods!();"];
    assert_eq!(methods(source), expected.map(str::to_owned).into());
}
