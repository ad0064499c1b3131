//! Clients as the program runs them: a process for each case, and drivers, correct and not. This file is
//! also the process: the program starts it with the name of one test and a URI.
#![cfg(feature = "cli")]
#![allow(dead_code, unreachable_pub, reason = "other tests use more of the reference endpoint")]

extern crate alloc;

mod endpoints;
mod reference;

use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, process, thread};

use endpoints::{Kind, talk, talk_as};
use serde_json::Value;
use wsconform::{Role, catalogue};

/// The variable that says what the process does.
const ROLE: &str = "WSCONFORM_TEST_CLIENT";

/// The process of a client; without a role nothing.
#[test]
fn process_of_a_client() {
    let (Ok(role), Some(uri)) = (env::var(ROLE), env::args().find(|word| word.starts_with("ws://"))) else {
        return;
    };
    let rest = uri.strip_prefix("ws://").unwrap_or_default();
    let (server, resource) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // The name of a probe has its section.
    let is_probe = resource.contains("casetuple=probe/");
    match role.as_str() {
        "crashing" => process::abort(),
        "crashing once" if resource.ends_with("5.2/rsv-2-text") => {
            let mut stream = TcpStream::connect(server).expect("a connection");
            write!(stream, "GET {resource} HTTP/1.1\r\n\r\n").expect("a request");
            process::abort();
        }
        _ if is_probe => drop(talk(server, resource)),
        "correct" | "crashing once" => drop(talk(server, resource)),
        "silent" => drop(talk_as(Kind::Silent, server, resource)),
        "resetting" => drop(talk_as(Kind::Resetting, server, resource)),
        "garbage" => drop(talk_as(Kind::Garbage, server, resource)),
        "redirected" => drop(talk_as(Kind::Redirected, server, resource)),
        "absent" | "absent driver" => {}
        "driver" => drive(server, |_| Kind::Correct),
        "limited driver" => drive(server, |_| Kind::Limited),
        "plain driver" => drive(server, |_| Kind::Plain),
        "silent driver" => drive(server, |_| Kind::Silent),
        "resetting driver" => drive(server, |_| Kind::Resetting),
        "garbage driver" => drive(server, |_| Kind::Garbage),
        "hesitant driver" => drive(server, |number| if number == 1 { Kind::Silent } else { Kind::Correct }),
        "dying driver" => drive(server, |number| if number < 3 { Kind::Correct } else { process::exit(1) }),
        "stopping driver" => drive(server, |number| match number {
            1 | 2 => Kind::Correct,
            _ => loop {
                thread::park();
            },
        }),
        "leaving driver" => drive(server, |number| if number < 3 { Kind::Correct } else { process::exit(0) }),
        other => panic!("{other}"),
    }
}

/// Runs all cases; the number says how.
fn drive(server: &str, kind: impl Fn(u32) -> Kind) {
    let count: u32 = talk(server, "/getCaseCount").expect("a count").parse().expect("a number");
    for number in 1..=count {
        talk_as(kind(number), server, &format!("/runCase?case={number}&agent=test"));
    }
    talk(server, "/updateReports?agent=test");
}

/// A run with a client of this role: the exit code, and the document if there is one.
fn run(role: &str, arguments: &[&str]) -> (i32, Option<Value>) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{role} {}.json", arguments.join(" ").replace('/', "_")));
    let _ = fs::remove_file(&path);
    let place = if role.ends_with("driver") { "{server}" } else { "{uri}" };
    let this = env::current_exe().expect("a path");
    let status = Command::new(env!("CARGO_BIN_EXE_wsconform"))
        .args(["client", "--quiet", "--jobs", "4"])
        .args(arguments)
        .arg("--json")
        .arg(&path)
        .arg("--")
        .arg(this)
        .args(["process_of_a_client", "--exact", place])
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

#[test]
fn a_driver_gets_a_case_again_that_met_its_deadline() {
    let (code, document) = complete("hesitant driver", &["--cases", "5.5.2/*"]);
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
        let mut program = Command::new(env!("CARGO_BIN_EXE_wsconform"));
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
    for (role, timeout) in [("dying driver", "1000"), ("stopping driver", "100")] {
        let (code, document) = complete(role, &["--timeout", timeout, "--cases", "5.5.2/*"]);
        let results = results(&document);
        assert_eq!(code, 1, "{role}: {results:?}");
        let count = |name: &str| results.iter().filter(|(_, verdict, ..)| verdict == name).count();
        assert!(count("fail") > 0 && count("inconclusive") == results.len() - 2, "{role}: {results:?}");
        let is_crash = results.iter().any(|(_, _, outcome, _)| outcome == "crash");
        assert!(is_crash || role == "stopping driver", "{role}: {results:?}");
    }
    let (code, document) = complete("leaving driver", &["--cases", "5.5.2/*"]);
    let results = results(&document);
    assert_eq!((code, &document["totals"]["pass"]), (4, &Value::from(2)), "{results:?}");
}

/// A driver runs one connection at a time.
#[test]
fn no_case_of_a_client_needs_connections_at_once() {
    assert!(catalogue(Role::Client).iter().all(|case| case.parallel == 1));
}

#[cfg(unix)]
#[test]
fn a_client_that_ends_by_a_signal_fails_the_case() {
    let (code, document) = complete("crashing once", &["--cases", "5.2/rsv-*-text"]);
    assert_eq!(code, 1, "{document}");
    let failed: Vec<_> =
        results(&document).into_iter().filter(|(_, verdict, ..)| verdict == "fail").collect();
    let [(id, _, outcome, _)] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!((id.as_str(), outcome.as_str()), ("5.2/rsv-2-text", "crash"));
}
