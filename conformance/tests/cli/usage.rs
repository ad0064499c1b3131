//! Cases are selected, listed, shown and run, and the exit code says the result.

use std::fs;

use wsconform::{Role, catalogue};

use crate::endpoints::Server;
use crate::program::{file, json, wsconform};
use crate::reference::Fault;

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
    let (code, text) = wsconform(&["show", "9112:3.2/host-path"]);
    assert_eq!(code, 0);
    for line in [
        "  expected a refusal of the request\n",
        "      GET / HTTP/1.1\\r\\n\n",
        "  lenient  an acceptance of the request: RFC 9112 §3.2 \"",
        "  fail     an acceptance, a timeout, a crash\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}
