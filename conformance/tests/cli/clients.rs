//! Clients as the program runs them: a process for each case, and drivers, correct and not.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use wsconform::{Role, catalogue};

use crate::endpoints::talk;
use crate::process::{ROLE, command};
use crate::program::{file, json, program};

/// A run with a client of this role: the exit code, and the document if there is one.
fn run(role: &str, arguments: &[&str]) -> (i32, Option<Value>) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{role} {}.json", arguments.join(" ").replace('/', "_")));
    let _ = fs::remove_file(&path);
    let place = if role.ends_with("driver") { "{server}" } else { "{uri}" };
    let status = program()
        .args(["client", "--quiet", "--jobs", "4"])
        .args(arguments)
        .arg("--json")
        .arg(&path)
        .arg("--")
        .args(command())
        .arg(place)
        .env(ROLE, role)
        .status()
        .expect("the program runs");
    let document = fs::read_to_string(path).ok().map(|text| serde_json::from_str(&text).expect("a document"));
    (status.code().expect("an exit code"), document)
}

fn complete(role: &str, arguments: &[&str]) -> (i32, Value) {
    let (code, document) = run(role, arguments);
    (code, document.expect("a document"))
}

/// The verdict, the outcome and the tries of each case.
fn results(document: &Value) -> Vec<(String, String, String, u64)> {
    let cases = document["cases"].as_array().expect("cases").iter();
    let text = |case: &Value, member: &str| case[member].as_str().expect("text").to_owned();
    cases
        .map(|case| {
            let tries = case["tries"].as_u64().expect("a number");
            (text(case, "id"), text(case, "verdict"), text(case, "outcome"), tries)
        })
        .collect()
}

#[test]
fn a_process_for_each_case_is_probed_and_passes() {
    let arguments = ["--cases", "5.5.2/*", "--cases", "4.1/status-*", "--cases", "7692:7.1/answer-*"];
    let (code, document) = complete("correct", &arguments);
    assert_eq!(code, 0, "{:?}", results(&document));
    assert_eq!(document["capabilities"]["message"], 16 << 20);
    assert_eq!(document["capabilities"]["deflate"].as_array().map(Vec::len), Some(4));
    assert_eq!(document["totals"]["pass"], document["cases"].as_array().map_or(0, Vec::len));
    let results = results(&document);
    assert!(results.iter().any(|(id, ..)| id == "4.1/status-302"), "{results:?}");
}

#[test]
fn a_driver_runs_cases_without_a_connection() {
    let arguments = ["--handshake-cases", "yes", "--cases", "4.1/status-*", "--cases", "4.1/ends-*"];
    let (code, document) = complete("driver", &arguments);
    assert_eq!((code, results(&document).len()), (0, 19), "{:?}", results(&document));
    assert_eq!(document["totals"]["pass"], 19, "{:?}", results(&document));
}

#[test]
fn a_client_that_follows_a_redirect_elsewhere_passes() {
    let (code, document) = complete("redirected", &["--no-probe", "--cases", "4.1/status-30*"]);
    let results = results(&document);
    assert!(code == 0 && results.len() == 3, "{results:?}");
    assert!(
        results.iter().all(|(_, verdict, outcome, _)| verdict == "pass" && outcome == "retried"),
        "{results:?}"
    );
}

#[test]
fn the_sizes_show_the_message_limit_of_a_driver() {
    let (code, document) = complete(
        "limited driver",
        &["--cases", "5.5.2/*", "--cases", "10.4/size-*", "--cases", "10.4/fragmented-4m-*"],
    );
    let results = results(&document);
    assert_eq!(code, 0, "{results:?}");
    let verdict =
        |name: &str| results.iter().find(|(id, ..)| id == name).map(|(_, verdict, ..)| verdict.clone());
    let verdicts = ["64k-text", "64k-binary", "256k-text", "256k-binary", "16m-binary"];
    let verdicts = verdicts.map(|name| verdict(&format!("10.4/size-{name}")).expect("a verdict"));
    let is_first = verdicts == ["pass", "pass", "lenient", "skip", "skip"];
    // Either kind may be the first of its size.
    assert!(is_first || verdicts == ["pass", "pass", "skip", "lenient", "skip"], "{verdicts:?}");
    assert!(
        results.iter().filter(|(id, ..)| id.contains("fragmented")).all(|(_, verdict, ..)| verdict == "skip")
    );
    assert_eq!(document["totals"]["lenient"], 1);
    assert_eq!(document["capabilities"]["message"], 1 << 16);
}

#[test]
fn the_requests_show_the_extensions_of_a_driver() {
    let arguments = ["--cases", "7692:7.1/answer-*", "--cases", "7692:7.2.3*"];
    let (code, document) = complete("plain driver", &arguments);
    assert_eq!(code, 0, "{:?}", results(&document));
    assert_eq!(document["totals"]["skip"], results(&document).len());
    assert!(document["capabilities"]["deflate"].is_null());
    let (code, document) = complete("driver", &arguments);
    assert_eq!(code, 0, "{:?}", results(&document));
    assert_eq!(document["totals"]["skip"], 0);
    assert_eq!(document["capabilities"]["deflate"], serde_json::json!(["client_max_window_bits"]));
}

/// A driver may stop at an answer that its client refuses.
#[test]
fn a_driver_gets_no_answer_that_its_client_did_not_offer() {
    let (code, document) = complete("parameterless driver", &["--cases", "7692:7.1.2.2/answer-cmwb-*"]);
    assert_eq!((code, &document["totals"]["skip"]), (0, &Value::from(8)), "{:?}", results(&document));
}

/// The cases with server_max_window_bits in the answer.
const WINDOWS: [&str; 6] = [
    "--cases",
    "7692:7.1.2.1/answer-smwb-*",
    "--cases",
    "7692:7.1.2/our-window-*",
    "--cases",
    "7692:7.2/parameters-*",
];

/// RFC 7692 §7: the client does not support the configuration that the response represents.
#[test]
fn a_client_may_refuse_a_parameter_that_it_did_not_offer() {
    for role in ["strict", "strict driver"] {
        let (code, document) = complete(role, &WINDOWS);
        let results = results(&document);
        assert_eq!(code, 0, "{role}: {results:?}");
        for (id, verdict, ..) in &results {
            let expected = match id.as_str() {
                id if id.contains("answer-smwb") => "lenient",
                id if ["our-window", "smwb", "list"].iter().any(|part| id.contains(part)) => "skip",
                _ => "pass",
            };
            assert_eq!(verdict, expected, "{role}: {id}");
        }
        assert_eq!(document["totals"]["lenient"], 8, "{role}: {results:?}");
        assert_eq!(document["totals"]["skip"], 8 + 15, "{role}: {results:?}");
    }
}

/// The answers that it has to refuse do not hide that it supports the parameter.
#[test]
fn a_client_with_a_small_window_is_tested_up_to_it() {
    let (code, document) = complete("bounded", &WINDOWS);
    let results = results(&document);
    assert_eq!((code, &document["totals"]["lenient"]), (0, &Value::from(0)), "{results:?}");
    for (id, verdict, ..) in &results {
        let is_above = id.contains("our-window-1") && !id.ends_with("-10") || id.contains("smwb-15-");
        assert_eq!(verdict, if is_above { "skip" } else { "pass" }, "{id}");
    }
}

#[test]
fn a_driver_gets_a_case_again_that_met_its_deadline() {
    let (code, document) = complete("hesitant driver", &["--timeout", "3000", "--cases", "5.5.2/*"]);
    let results = results(&document);
    assert_eq!((code, &document["totals"]["pass"]), (0, &Value::from(results.len())), "{results:?}");
    assert_eq!(results.iter().filter(|(.., tries)| *tries == 2).count(), 1, "{results:?}");
}

#[test]
fn each_case_of_a_wrong_client_has_a_verdict() {
    let arguments = ["--no-probe", "--cases", "5.2/rsv-1-*", "--cases", "5.5.2/ping-8-*"];
    for role in ["silent", "resetting", "garbage", "silent driver", "resetting driver", "garbage driver"] {
        let (code, document) = complete(role, &arguments);
        let results = results(&document);
        assert!(code == 1 && results.len() > 2, "{role}: {results:?}");
        let is_judged = |verdict: &str| verdict == "fail" || verdict == "lenient";
        assert!(results.iter().all(|(_, verdict, ..)| is_judged(verdict)), "{role}: {results:?}");
        let again = results.iter().filter(|(.., tries)| *tries == 2).count();
        assert!(!role.starts_with("silent") || again > 0, "{role}: {results:?}");
    }
}

#[test]
fn a_client_that_never_connects_is_not_tested() {
    for role in ["absent driver", "crashing"] {
        assert_eq!(run(role, &["--timeout", "100"]), (3, None), "{role}");
    }
    let wsconform = |arguments: &[&str]| {
        let mut program = program();
        program.args(["client", "--timeout", "20", "--"]).args(arguments).status().expect("an end").code()
    };
    for command in [&["sleep", "1000", "{uri}"][..], &["sleep", "1000"], &["true"], &["/nowhere/a-client"]] {
        assert_eq!(wsconform(command), Some(3), "{command:?}");
    }
    assert_eq!(wsconform(&["/nowhere/a-client", "{uri}"]), Some(3));
}

#[test]
fn a_client_that_connects_no_more_is_given_up() {
    let arguments = ["--no-probe", "--cases", "5.5.2/*", "--cases", "5.2/rsv-*"];
    let (code, document) = complete("absent", &arguments);
    let results = results(&document);
    assert_eq!(code, 4, "{results:?}");
    assert!(results.iter().all(|(_, verdict, ..)| verdict == "inconclusive"), "{results:?}");
    assert_eq!(results.iter().filter(|(.., tries)| *tries == 2).count(), 5, "{results:?}");
}

#[test]
fn the_last_case_of_a_driver_that_does_not_come_back_crashed_it() {
    for (role, timeout) in [("dying driver", "1000"), ("stopping driver", "300")] {
        let (code, document) = complete(role, &["--timeout", timeout, "--cases", "5.5.2/*"]);
        let results = results(&document);
        assert_eq!(code, 1, "{role}: {results:?}");
        let count = |name: &str| results.iter().filter(|(_, verdict, ..)| verdict == name).count();
        // A pause of the machine can make one more inconclusive.
        assert!(count("fail") > 0 && count("inconclusive") >= results.len() - 2, "{role}: {results:?}");
        let is_crash = results.iter().any(|(_, _, outcome, _)| outcome == "crash");
        assert!(is_crash || role == "stopping driver", "{role}: {results:?}");
    }
    let (code, document) = complete("leaving driver", &["--cases", "5.5.2/*"]);
    let results = results(&document);
    assert_eq!((code, &document["totals"]["pass"]), (4, &Value::from(2)), "{results:?}");
}

#[test]
fn a_driver_that_asks_for_the_reports_early_is_not_complete() {
    let (code, document) = complete("early driver", &["--cases", "5.5.2/*"]);
    let results = results(&document);
    assert_eq!((code, &document["totals"]["pass"]), (4, &Value::from(2)), "{results:?}");
    assert_eq!(document["totals"]["inconclusive"], results.len() - 2, "{results:?}");

    let (code, document) = complete("early dying driver", &["--cases", "5.5.2/*"]);
    assert_eq!((code, &document["totals"]["fail"]), (1, &Value::from(1)), "{document}");
    assert_eq!(document["totals"]["skip"], 0, "{document}");
}

/// A driver runs one connection at a time.
#[test]
fn no_case_of_a_client_needs_connections_at_once() {
    assert!(catalogue(Role::Client).iter().all(|case| case.parallel == 1));
}

#[cfg(unix)]
#[test]
fn a_client_that_ends_by_a_signal_fails_the_case() {
    // The second one, after it has reacted as it should.
    for role in ["crashing once", "crashing late"] {
        let (code, document) = complete(role, &["--cases", "5.2/rsv-*-text"]);
        assert_eq!(code, 1, "{document}");
        let failed: Vec<_> =
            results(&document).into_iter().filter(|(_, verdict, ..)| verdict == "fail").collect();
        let [(id, _, outcome, _)] = &failed[..] else { panic!("{failed:?}") };
        assert_eq!((id.as_str(), outcome.as_str()), ("5.2/rsv-2-text", "crash"), "{role}");
    }
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
