//! The process of an endpoint. It is this program: wsconform starts it with the name of one test, and a
//! variable selects its behaviour.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::{env, process, thread};

use crate::endpoints::{Kind, die_at_each_offence, talk, talk_as};

/// The variable that says what the process does.
pub const ROLE: &str = "WSCONFORM_TEST_ROLE";
/// The variable with the port of a server.
pub const PORT: &str = "WSCONFORM_TEST_PORT";

/// The command of the process. It ignores further arguments that no test has as its name.
pub fn command() -> [String; 3] {
    let this = env::current_exe().expect("a path").display().to_string();
    [this, "--exact".to_owned(), "process::process_of_an_endpoint".to_owned()]
}

/// The process of an endpoint; without a role nothing.
#[test]
fn process_of_an_endpoint() {
    let Ok(role) = env::var(ROLE) else { return };
    if role == "dying server" {
        die_at_each_offence(env::var(PORT).expect("a port").parse().expect("a number"));
        return;
    }
    if role == "waiting server" {
        let port: u16 = env::var(PORT).expect("a port").parse().expect("a number");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        // It never opens its own port, and ends when the test ends.
        let _ = stream.read(&mut [0; 1]);
        return;
    }
    let uri = env::args().find(|word| word.starts_with("ws://")).expect("a URI");
    let rest = uri.strip_prefix("ws://").unwrap_or_default();
    let (server, resource) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // The name of a probe has its section.
    let is_probe = resource.contains("casetuple=probe/");
    match role.as_str() {
        "crashing" => crash(),
        "crashing once" if resource.ends_with("5.2/rsv-2-text") => {
            let mut stream = TcpStream::connect(server).expect("a connection");
            write!(stream, "GET {resource} HTTP/1.1\r\n\r\n").expect("a request");
            crash();
        }
        "crashing late" if resource.ends_with("5.2/rsv-2-text") => {
            let _ = talk(server, resource);
            crash();
        }
        "strict" => drop(talk_as(Kind::Strict, server, resource)),
        "bounded" => drop(talk_as(Kind::Bounded, server, resource)),
        _ if is_probe => drop(talk(server, resource)),
        "correct" | "crashing once" | "crashing late" => drop(talk(server, resource)),
        "silent" => drop(talk_as(Kind::Silent, server, resource)),
        "resetting" => drop(talk_as(Kind::Resetting, server, resource)),
        "garbage" => drop(talk_as(Kind::Garbage, server, resource)),
        "redirected" => drop(talk_as(Kind::Redirected, server, resource)),
        "absent" | "absent driver" => {}
        "driver" => drive(server, |_| Kind::Correct),
        "limited driver" => drive(server, |_| Kind::Limited),
        "plain driver" => drive(server, |_| Kind::Plain),
        "parameterless driver" => drive(server, |_| Kind::Parameterless),
        "strict driver" => drive(server, |_| Kind::Strict),
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
        "early driver" => drive_to(server, 2, |_| Kind::Correct),
        "early dying driver" => {
            drive_to(server, 2, |_| Kind::Correct);
            process::exit(1);
        }
        other => panic!("{other}"),
    }
}

/// Ends the process by a signal, without a core dump.
fn crash() {
    let _ = Command::new("sh").args(["-c", "kill -KILL $PPID"]).status();
}

/// Runs all cases; the number says how.
fn drive(server: &str, kind: impl Fn(u32) -> Kind) {
    let count: u32 = talk(server, "/getCaseCount").expect("a count").parse().expect("a number");
    drive_to(server, count, kind);
}

/// Runs the cases up to this number only, and asks for the reports.
fn drive_to(server: &str, last: u32, kind: impl Fn(u32) -> Kind) {
    for number in 1..=last {
        talk_as(kind(number), server, &format!("/runCase?case={number}&agent=test"));
    }
    talk(server, "/updateReports?agent=test");
}
