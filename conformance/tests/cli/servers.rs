//! Servers that are wrong in any way: each case has a verdict, and the run ends.

use core::time::Duration;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;
use wsconform::{Role, catalogue};

use crate::endpoints::{Server, free_port};
use crate::process::{PORT, ROLE, command};
use crate::program::{file, json, program, wsconform};
use crate::reference::Fault;

#[test]
fn a_server_that_does_not_echo_is_not_tested() {
    for server in [Server::silent(), Server::garbage(), Server::ending()] {
        let (code, text) = wsconform(&["server", &server.uri, "--timeout", "200"]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("did not echo \"hello\""), "{text}");
    }
    let absent = format!("ws://127.0.0.1:{}/", free_port());
    assert_eq!(wsconform(&["server", &absent]).0, 3);
    assert_eq!(wsconform(&["server", &absent, "--", "/nowhere/a-server"]).0, 3);
}

#[test]
fn a_server_that_hangs_times_out_twice() {
    let server = Server::hanging();
    let arguments =
        ["server", &server.uri, "--no-probe", "--timeout", "500", "--cases", "5.2/rsv-1-*", "--json", "-"];
    let (code, text) = wsconform(&arguments);
    assert_eq!(code, 1, "{text}");
    let document = json(text.lines().next().expect("a document"));
    let cases = document["cases"].as_array().expect("cases");
    assert!(cases.iter().all(|case| case["outcome"] == "timeout"), "{text}");
    let tries: Vec<_> = cases.iter().filter(|case| case["tries"] == 2).collect();
    assert_eq!(tries.len(), 1, "one case of the family runs again");
}

#[test]
fn a_server_that_dies_fails_the_case_and_the_others_are_inconclusive() {
    let server = Server::dying();
    let arguments = [
        "server",
        &server.uri,
        "--no-probe",
        "--jobs",
        "1",
        "--timeout",
        "500",
        "--cases",
        "5.2/rsv-*-text",
        "--json",
        "-",
    ];
    let (code, text) = wsconform(&arguments);
    assert_eq!(code, 1, "{text}");
    let document = json(text.lines().next().expect("a document"));
    let count = |outcome: &str, verdict: &str| {
        let cases = document["cases"].as_array().expect("cases").iter();
        cases.filter(|case| case["outcome"] == outcome && case["verdict"] == verdict).count()
    };
    assert_eq!((count("crash", "fail"), count("not-opened", "inconclusive")), (1, 6), "{text}");
}

#[test]
fn a_server_that_is_gone_after_its_last_case_crashed() {
    let server = Server::correct_twice();
    let arguments = ["--no-probe", "--timeout", "500", "--cases", "5.5.2/ping-8-ascii", "--json", "-"];
    let (code, text) = wsconform(&[&["server", &server.uri], &arguments[..]].concat());
    let document = json(text.lines().next().expect("a document"));
    let case = &document["cases"][0];
    assert_eq!((code, &case["verdict"], &case["outcome"]), (1, &"fail".into(), &"crash".into()), "{text}");
}

/// What the probes see is judged by the cases, unless the server has a limit.
#[test]
fn a_length_that_a_server_refuses_as_illegal_is_no_limit() {
    let server = Server::faulty(Fault::OffByOne65536);
    let arguments = ["--timeout", "500", "--cases", "5.2/binary-65536*", "--json", "-"];
    let (code, text) = wsconform(&[&["server", &server.uri], &arguments[..]].concat());
    let document = json(text.lines().next().expect("a document"));
    let case = &document["cases"][0];
    assert_eq!((code, &case["verdict"], &case["code"]), (1, &"fail".into(), &1002.into()));
}

const OPENINGS: [&str; 2] = ["4.2.1/method-*", "4.2.1/upgrade-*"];
const FRAMES: [&str; 3] = ["5.2/rsv-*", "5.5.2/ping-*", "10.4/isolation-64"];

/// The server answers no more once the run has begun: each case has a verdict, and none passes.
fn every_case_has_a_verdict(server: &Server, name: &str, selected: &[&str]) {
    let (path, file) = file(name);
    let mut arguments = vec!["server", &server.uri, "--no-probe", "--timeout", "500", "--json", &file];
    arguments.extend(selected.iter().flat_map(|glob| ["--cases", glob]));
    let (code, text) = wsconform(&arguments);
    assert_eq!(code, 1, "{text}");
    let document = json(&fs::read_to_string(path).expect("a report"));
    let is_selected = |id: &str| selected.iter().any(|glob| id.starts_with(glob.trim_end_matches('*')));
    let expected = catalogue(Role::Server).iter().filter(|case| is_selected(case.id.as_str())).count();
    let cases = document["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), expected);
    let is_crash = |case: &Value| case["verdict"] == "fail" && case["outcome"] == "crash";
    let is_open = |case: &Value| case["verdict"] == "inconclusive" && case["outcome"] == "not-opened";
    assert!(cases.iter().any(is_crash), "{text}");
    assert!(cases.iter().all(|case| is_crash(case) || is_open(case)), "{document}");
}

#[test]
fn a_server_that_falls_silent_crashed() {
    every_case_has_a_verdict(
        &Server::correct_then_silent(),
        "silent.json",
        &[&OPENINGS[..], &FRAMES].concat(),
    );
}

#[test]
fn a_server_that_writes_garbage_crashed() {
    every_case_has_a_verdict(
        &Server::correct_then_garbage(),
        "garbage.json",
        &[&OPENINGS[..], &FRAMES].concat(),
    );
}

#[test]
fn a_server_that_resets_each_connection_crashed() {
    every_case_has_a_verdict(
        &Server::correct_then_resetting(),
        "resetting.json",
        &[&OPENINGS[..], &FRAMES].concat(),
    );
}

#[test]
fn a_server_that_ends_each_connection_crashed() {
    every_case_has_a_verdict(
        &Server::correct_then_ending(),
        "ending.json",
        &[&OPENINGS[..], &FRAMES].concat(),
    );
}

#[test]
fn a_server_that_is_mute_after_the_opening_crashed() {
    every_case_has_a_verdict(&Server::correct_then_mute(), "mute.json", &FRAMES);
}

#[test]
fn a_server_that_dies_is_started_again() {
    let port = free_port();
    let (path, report) = file("dying.json");
    let output = program()
        .env(PORT, port.to_string())
        .args(["server", &format!("ws://127.0.0.1:{port}/"), "--no-probe", "--json", &report])
        .args(["--cases", "5.2/rsv-*-text", "--cases", "5.5.2/ping-*", "--"])
        .args(command())
        .env(ROLE, "dying server")
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let document = json(&fs::read_to_string(path).expect("a report"));
    for case in document["cases"].as_array().expect("cases") {
        let is_offence = case["id"].as_str().is_some_and(|id| id.contains("rsv"));
        let expected = if is_offence { ("fail", "crash") } else { ("pass", "echoed") };
        assert!(case["verdict"] == expected.0 && case["outcome"] == expected.1, "{case}");
    }
}

#[test]
fn a_server_that_uses_the_port_before_the_command_is_not_tested() {
    let server = Server::correct();
    let output = program()
        .env(PORT, server.uri.trim_matches(|c: char| !c.is_ascii_digit()).rsplit(':').next().expect("a port"))
        .args(["server", &server.uri, "--no-probe", "--cases", "5.5.2/ping-8-ascii", "--"])
        .args(command())
        .env(ROLE, "dying server")
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("another process accepts connections at the port"), "{output:?}");
}

#[cfg(unix)]
#[test]
fn a_signal_during_the_start_ends_the_command() {
    for signal in ["-INT", "-TERM"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut child = program()
            .env(PORT, listener.local_addr().expect("an address").port().to_string())
            .args(["server", &format!("ws://127.0.0.1:{}/", free_port()), "--"])
            .args(command())
            .env(ROLE, "waiting server")
            .spawn()
            .expect("the program runs");
        let (mut stream, _) = listener.accept().expect("a connection of COMMAND");
        Command::new("kill").args([signal, &child.id().to_string()]).status().expect("a signal");
        assert_eq!(child.wait().expect("an end").code(), Some(130), "{signal}");
        // A guard: a process that keeps running keeps its connection.
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a guard");
        assert_eq!(stream.read(&mut [0; 1]).ok(), Some(0), "{signal}");
    }
}

/// §8.5 of the design: how the bytes are split into reads changes no verdict.
#[test]
fn a_proxy_that_splits_every_write_changes_no_verdict() {
    let server = Server::correct();
    let proxy = server.byte_by_byte();
    // Four at a time: a reply that is a quarter of a second late makes a case lenient.
    let mut arguments =
        vec!["server", &proxy.uri, "--no-probe", "--jobs", "4", "--timeout", "10000", "--skip", "*65536*"];
    let sections = ["3/", "4.*", "5.*", "7.*", "8.1/", "9.1/", "any/", "7692:6*", "7692:7/*", "7692:7.1*"];
    arguments.extend(sections.iter().flat_map(|glob| ["--cases", glob]));
    let (code, text) = wsconform(&arguments);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(" 0 lenient  0 failed  0 skipped  0 inconclusive"), "{text}");
}
