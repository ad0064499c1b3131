//! The program: exit codes, output and reports, with endpoints on the loopback interface.
#![cfg(feature = "cli")]
#![allow(dead_code, unreachable_pub, reason = "other tests use more of the reference endpoint")]

extern crate alloc;

mod endpoints;
mod reference;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use endpoints::{Server, die_at_each_offence, free_port, talk};
use reference::Fault;
use serde_json::Value;
use wsconform::{Role, catalogue};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wsconform"))
}

fn wsconform(arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = program().args(arguments).output().expect("the program runs");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code().expect("an exit code"), text)
}

fn file(name: &str) -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let text = path.display().to_string();
    (path, text)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a document")
}

#[test]
fn a_correct_server_passes_and_the_document_is_complete() {
    let server = Server::correct();
    let (code, text) = wsconform(&[
        "server",
        &server.uri,
        "--json",
        "-",
        "--cases",
        "5.5*",
        "--cases",
        "any/",
        "--cases",
        "7692:7.1*",
    ]);
    assert_eq!(code, 0, "{text}");
    let line = text.lines().next().expect("a document");
    let document = json(line);
    assert_eq!((&document["format"], &document["role"]), (&json("\"wsconform/1\""), &json("\"server\"")));
    assert_eq!(document["capabilities"]["message"], 16 << 20);
    assert_eq!(document["capabilities"]["commands"], true);
    assert_eq!(document["capabilities"]["deflate"].as_array().map(Vec::len), Some(4));
    let cases = document["cases"].as_array().expect("cases");
    let ids: Vec<_> = cases.iter().map(|case| case["id"].as_str().expect("an id")).collect();
    assert!(ids.is_sorted() && ids.contains(&"any/minimal-length"), "{ids:?}");
    assert_eq!(document["totals"]["pass"], cases.len());
    let members = [
        "id",
        "revision",
        "level",
        "verdict",
        "outcome",
        "code",
        "expected",
        "allowed",
        "reason",
        "millis",
        "lag",
        "tries",
        "expected_deviation",
        "observed",
        "wire",
    ];
    for case in cases {
        let object = case.as_object().expect("an object");
        assert!(members.iter().all(|member| object.contains_key(*member)), "{case}");
    }
}

#[test]
fn a_fault_is_named_and_fails_the_run() {
    let server = Server::faulty(Fault::AcceptRsv1);
    let (code, text) = wsconform(&["server", &server.uri, "--no-probe", "--cases", "5.2/rsv-*-text"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("FAIL 5.2/rsv-4-text  §5.2 \""), "{text}");
    assert!(text.contains("\n     expected Close 1002; got processing that went on: "), "{text}");
    assert!(text.ends_with("  failed  5.2/rsv-4-text\n"), "{text}");
}

#[test]
fn cases_and_skip_select_by_glob() {
    let server = Server::correct();
    let arguments =
        ["server", &server.uri, "--no-probe", "--cases", "5.2/rsv-*", "--skip", "*-text", "--json", "-"];
    let (_, text) = wsconform(&arguments);
    let expected = catalogue(Role::Server)
        .into_iter()
        .filter(|case| case.id.as_str().starts_with("5.2/rsv-") && !case.id.as_str().ends_with("-text"));
    let document = json(text.lines().next().expect("a document"));
    assert_eq!(document["cases"].as_array().map(Vec::len), Some(expected.count()));
}

#[test]
fn expected_failures_do_not_fail_the_run() {
    let server = Server::faulty(Fault::AcceptRsv1);
    let (path, name) = file("expect.txt");
    let run = |rules: &str, options: &[&str]| {
        fs::write(&path, rules).expect("a file");
        let mut arguments = vec!["server", &server.uri, "--no-probe", "--cases", "5.2/rsv-*-text"];
        arguments.extend(["--expect", &name]);
        arguments.extend(options);
        wsconform(&arguments)
    };
    assert_eq!(run("5.2/rsv-4-* = fail # known\n", &["--strict"]).0, 0);
    let stale = "*-text = fail\n7.4/* = lenient\n";
    let (code, text) = run(stale, &[]);
    assert!(text.contains("matches nothing any more: line 2: 7.4/* = lenient"), "{text}");
    assert_eq!((code, run(stale, &["--strict"]).0), (0, 1));
    assert_eq!(run("*-text: fail", &[]).0, 2);
}

#[test]
fn a_server_that_does_not_echo_is_not_tested() {
    for server in [Server::silent(), Server::garbage(), Server::ending()] {
        let (code, text) = wsconform(&["server", &server.uri, "--timeout", "200"]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("did not echo \"hello\""), "{text}");
    }
    let gone = Server::correct().end();
    assert_eq!(wsconform(&["server", &gone]).0, 3);
    assert_eq!(wsconform(&["server", &gone, "--", "/nowhere/a-server"]).0, 3);
}

#[test]
fn a_server_that_hangs_times_out_twice() {
    let server = Server::hanging();
    let arguments =
        ["server", &server.uri, "--no-probe", "--timeout", "100", "--cases", "5.2/rsv-1-*", "--json", "-"];
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
        "200",
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

const OPENINGS: [&str; 2] = ["4.2.1/method-*", "4.2.1/upgrade-*"];
const FRAMES: [&str; 3] = ["5.2/rsv-*", "5.5.2/ping-*", "10.4/isolation-64"];

/// The server answers no more once the run has begun: each case has a verdict, and none passes.
fn every_case_has_a_verdict(server: &Server, name: &str, selected: &[&str]) {
    let (path, file) = file(name);
    let mut arguments = vec!["server", &server.uri, "--no-probe", "--timeout", "100", "--json", &file];
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

/// The process of a server: see the next test.
#[test]
#[ignore = "a process that another test starts"]
fn dying_server() {
    if let Some(port) = std::env::var("WSCONFORM_TEST_PORT").ok().and_then(|port| port.parse().ok()) {
        die_at_each_offence(port);
    }
}

#[test]
fn a_server_that_dies_is_started_again() {
    let port = free_port();
    let this = std::env::current_exe().expect("this program");
    let (path, report) = file("dying.json");
    let output = program()
        .env("WSCONFORM_TEST_PORT", port.to_string())
        .args(["server", &format!("ws://127.0.0.1:{port}/"), "--no-probe", "--json", &report])
        .args(["--cases", "5.2/rsv-*-text", "--cases", "5.5.2/ping-*", "--"])
        .arg(this)
        .args(["--exact", "dying_server", "--ignored", "--nocapture"])
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

/// §8.5 of the design: how the bytes are split into reads changes no verdict.
#[test]
fn a_proxy_that_splits_every_write_changes_no_verdict() {
    let server = Server::correct();
    let proxy = server.byte_by_byte();
    let mut arguments = vec!["server", &proxy.uri, "--no-probe", "--timeout", "10000", "--skip", "*65536*"];
    let sections = ["3/", "4.*", "5.*", "7.*", "8.1/", "9.1/", "any/", "7692:6*", "7692:7/*", "7692:7.1*"];
    arguments.extend(sections.iter().flat_map(|glob| ["--cases", glob]));
    let (code, text) = wsconform(&arguments);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(" 0 lenient  0 failed  0 skipped  0 inconclusive"), "{text}");
}

/// The document of a run without probes.
fn run_of(server: &Server, arguments: &[&str]) -> Value {
    let mut all = vec!["server", &server.uri, "--no-probe", "--quiet", "--json", "-"];
    all.extend(arguments);
    let (_, text) = wsconform(&all);
    json(text.lines().next().expect("a document"))
}

#[test]
fn a_full_log_keeps_all_bytes() {
    let server = Server::correct();
    let (page, name) = file("full.html");
    let bytes = |arguments: &[&str]| {
        let mut all = vec!["--cases", "10.4/size-64k-binary", "--html", &name];
        all.extend(arguments);
        let document = run_of(&server, &all);
        let wire = document["cases"][0]["wire"].as_array().expect("a wire log").clone();
        let of_client = wire.iter().filter(|entry| entry[0] == "out");
        of_client.map(|entry| entry[2].as_str().map_or(0, str::len) / 2).sum::<usize>()
    };
    assert_eq!(bytes(&[]), 4096 + 256);
    let short = fs::metadata(&page).expect("a page").len();
    assert!(bytes(&["--log", "full"]) > 65_536);
    let full = fs::metadata(&page).expect("a page").len();
    assert!(full - short > 4 * 61_000, "the page has both directions in hex");
}

#[test]
fn facts_are_recorded_and_not_judged() {
    let server = Server::correct();
    let cases = ["10.4/size-256k-binary", "10.4/round-trips-16-text", "5.2/rsv-2-ping", "5.5.2/ping-1-ascii"];
    let arguments: Vec<_> = cases.iter().flat_map(|id| ["--cases", id]).collect();
    let document = run_of(&server, &arguments);
    let observed = |id: &str| {
        let cases = document["cases"].as_array().expect("cases");
        let observed = &cases.iter().find(|case| case["id"] == id).expect("the case")["observed"];
        ["bytes_per_second", "early_pong", "round_trip"].map(|name| observed[name].clone())
    };
    let [rate, pong, trip] = observed(cases[0]);
    assert!(rate.is_u64() && pong.is_null() && trip.is_null(), "{document}");
    let [rate, pong, trip] = observed(cases[1]);
    assert!(rate.is_null() && pong.is_null() && trip.is_f64(), "{document}");
    let [rate, pong, trip] = observed(cases[2]);
    assert!(rate.is_null() && pong == false && trip.is_null(), "{document}");
    assert!(observed(cases[3]).iter().all(Value::is_null), "{document}");
}

#[test]
fn without_probes_deflate_runs_as_the_options_say() {
    let server = Server::correct();
    let totals = |options: &[&str]| {
        let mut all = vec!["--cases", "7692:7.2.1/takeover-*"];
        all.extend(options);
        let totals = &run_of(&server, &all)["totals"];
        ["pass", "skip"].map(|name| totals[name].as_u64().expect("a number"))
    };
    assert_eq!(totals(&[]), [6, 0]);
    assert_eq!(totals(&["--offer-deflate", "yes"]), [6, 0]);
    assert_eq!(totals(&["--offer-deflate", "no"]), [0, 6]);
}

#[test]
fn errors_of_usage_have_their_code() {
    for arguments in [
        &["server"][..],
        &["server", "http://127.0.0.1"],
        &["server", "wss://127.0.0.1"],
        &["server", "ws://127.0.0.1", "--jobs", "0"],
        &["server", "ws://127.0.0.1", "--cases", "no/case"],
        &["server", "ws://127.0.0.1", "--header", "no field"],
        &["show", "no/case"],
        &["diff", "/nowhere/a", "/nowhere/b"],
    ] {
        assert_eq!(wsconform(arguments).0, 2, "{arguments:?}");
    }
}

#[test]
fn every_case_is_listed_and_shown() {
    for (name, role) in [("server", Role::Server), ("client", Role::Client)] {
        let (code, text) = wsconform(&["list", "--role", name]);
        assert_eq!((code, text.lines().count()), (0, catalogue(role).len()));
        let (_, text) = wsconform(&["list", "--role", name, "--json", "--cases", "7.4/"]);
        assert!(json(&text).as_array().is_some_and(|cases| {
            cases.iter().all(|case| {
                case["section"] == "7.4.2" || case["id"].as_str().is_some_and(|id| id.starts_with("7.4/"))
            })
        }));
    }
    let (code, text) = wsconform(&["show", "5.2/rsv-1-text", "--role", "client"]);
    assert_eq!(code, 0);
    assert!(text.contains("§5.2") && text.contains("write 910548656c6c6f8908"), "{text}");
}

#[test]
fn diff_fails_if_a_case_got_worse() {
    let (good, bad) = (Server::correct(), Server::faulty(Fault::AcceptRsv1));
    let ((_, old), (_, new)) = (file("old.json"), file("new.json"));
    for (server, name) in [(&good, &old), (&bad, &new)] {
        wsconform(&["server", &server.uri, "--no-probe", "--cases", "5.2/rsv-*-text", "--json", name]);
    }
    assert_eq!(wsconform(&["diff", &old, &old]).0, 0);
    let (code, text) = wsconform(&["diff", &old, &new]);
    assert!(code == 1 && text.starts_with("worse   5.2/rsv-4-text  pass → fail"), "{text}");
    let (code, text) = wsconform(&["diff", &new, &old]);
    assert!(code == 0 && text.contains("1 better, 0 worse"), "{text}");
    let (page, name) = file("matrix.html");
    assert_eq!(wsconform(&["report", &old, &new, "--html", &name]).0, 0);
    let page = fs::read_to_string(page).expect("a page");
    assert!(
        page.contains("data-id=\"5.2/rsv-4-text\"") && page.contains("<td class=\"fail\" data-run=\"1\"")
    );
}

#[test]
fn junit_has_a_failure_and_its_wire_log() {
    let server = Server::faulty(Fault::AcceptRsv1);
    let arguments = ["server", &server.uri, "--no-probe", "--cases", "5.2/rsv-*-text", "--junit", "-"];
    let (_, text) = wsconform(&arguments);
    assert!(text.contains("<testsuite name=\"5.2\" tests=\"7\" failures=\"1\" errors=\"0\" skipped=\"0\">"));
    let failure = "<testcase classname=\"server.5_2\" name=\"5.2/rsv-4-text\"";
    assert!(text.contains(failure) && text.contains("<failure type=\"went-on\""), "{text}");
}

#[test]
fn an_interrupt_writes_the_reports() {
    let server = Server::hanging();
    let (path, name) = file("interrupted.json");
    let mut child = program()
        .args([
            "server",
            &server.uri,
            "--no-probe",
            "--timeout",
            "60000",
            "--cases",
            "5.2/rsv-*",
            "--json",
            &name,
        ])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    // The probe, and then cases that wait for a minute.
    server.wait_for_connections(4);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    let document = json(&fs::read_to_string(path).expect("a report"));
    assert_eq!(document["format"], "wsconform/1");
}

#[test]
fn a_driver_runs_the_cases_of_a_client() {
    let (path, name) = file("driver.json");
    let mut child = program()
        .args([
            "client",
            "--listen",
            "127.0.0.1:0",
            "--cases",
            "5.5*",
            "--cases",
            "7692:7/refuse*",
            "--cases",
            "7692:7.1*/own-*",
            "--skip",
            "cmd/",
            "--json",
            &name,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let line = lines.next().expect("a line").expect("text");
    let server = line.split(['/', ',']).nth(2).expect("an address").to_owned();
    let count: u32 = talk(&server, "/getCaseCount").expect("a count").parse().expect("a number");
    for number in 1..=count {
        talk(&server, &format!("/runCase?agent=the%20reference&case={number}"));
    }
    let status = talk(&server, "/getCaseStatus?case=1&agent=the%20reference");
    assert_eq!(status.as_deref(), Some("{\"behavior\":\"OK\"}"));
    assert!(talk(&server, "/getCaseInfo?case=1").is_some_and(|info| info.contains("\"id\":\"5.5")));
    talk(&server, "/updateReports?agent=the%20reference");
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().expect("an end").code(), Some(0), "{rest:?}");
    let document = json(&fs::read_to_string(path).expect("a report"));
    assert_eq!(document["agent"], "the reference");
    // The client agrees to each parameter of permessage-deflate, so no case is skipped.
    assert_eq!(document["totals"]["pass"], document["cases"].as_array().map_or(0, Vec::len));
    let ids: Vec<_> = document["cases"].as_array().into_iter().flatten().map(|case| &case["id"]).collect();
    let has = |id: &str| ids.iter().any(|one| one.as_str().is_some_and(|one| one.starts_with(id)));
    assert!(has("5.5/") && has("7692:7.1.1/own-") && has("7692:7.1.2/own-window-9"), "{ids:?}");
    // A driver may stop at a case in which no connection comes about.
    assert!(!has("7692:7/refuse"), "{ids:?}");
}
