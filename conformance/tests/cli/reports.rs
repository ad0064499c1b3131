//! The reports, and their contents.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::endpoints::Server;
use crate::program::{file, json, program, run_of, wsconform};
use crate::reference::Fault;

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
    // A shell has a built-in `kill`. The program of that name may be missing.
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    let document = json(&fs::read_to_string(path).expect("a report"));
    assert_eq!(document["format"], "wsconform/1");
}
