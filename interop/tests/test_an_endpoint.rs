//! The example `test_an_endpoint` as a program.
#![cfg(feature = "alloc")]

mod program;

use program::Program;

/// The lines of the table with this verdict.
fn cases<'a>(lines: &'a [String], verdict: &str) -> Vec<&'a str> {
    let cases = lines.iter().filter(|line| line.ends_with(verdict));
    cases.filter_map(|line| line.split("  ").next()).collect()
}

#[test]
fn tungstenite_breaks_no_rule_of_a_receiver() {
    let mut program = Program::start("test_an_endpoint", &[]);
    let (status, lines) = program.wait();
    assert!(status.success());
    assert_eq!(lines.len(), 1 + 12, "{lines:#?}");
    assert_eq!(cases(&lines, "RULE"), [""; 0]);
    // What an update of tungstenite may change.
    assert_eq!(cases(&lines, "lenient: the sender broke a rule"), ["length not minimal"]);
    let without_close = ["RSV1, no extension", "reserved opcode", "text not UTF-8"];
    assert_eq!(cases(&lines, "SHOULD send a Close"), without_close);
}

#[test]
fn a_server_that_breaks_a_rule_is_noticed() {
    let mut program = Program::start("test_an_endpoint", &["--accept-unmasked"]);
    let (status, lines) = program.wait();
    assert_eq!(status.code(), Some(1));
    assert_eq!(cases(&lines, "BREAKS THE RULE"), ["no mask"]);
}
