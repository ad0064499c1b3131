//! The results of a run, and the events of a peer that reads its bytes.

use core::fmt;

use crate::endpoint::{Endpoint, Setup};
use crate::subject::{Answer, Subject};
use crate::support::Room;
use crate::table::{Kind, Row};

/// A run of an operation, and of the calls after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) answer: Answer,
    pub(crate) events: Vec<String>,
    /// What the operation wrote to `out`.
    pub(crate) out: Vec<u8>,
    /// All results of the queries after the operation, and of the calls that follow it.
    pub(crate) log: Vec<String>,
    /// What the following calls wrote.
    pub(crate) after: Vec<u8>,
}

impl Run {
    /// The run without a fault, and the number of its calls of the entropy source.
    pub(crate) fn without_fault<R: Endpoint>(row: &Row<R>) -> (Self, usize) {
        let (mut subject, mut out) = ((row.start)(), Room::large());
        let calls = subject.source.calls();
        let answer = (row.act)(&mut subject, &mut out);
        let calls = subject.source.calls() - calls;
        assert_eq!(row.writes, !out.bytes.is_empty(), "{}: {:02x?}", row.name, out.bytes);
        (Self::end(subject, answer, out.bytes), calls)
    }

    /// The results and the number of bytes of the following calls, without the operation.
    pub(crate) fn without_operation<R: Endpoint>(row: &Row<R>) -> (Vec<String>, usize) {
        let (log, after) = (row.start)().go_on();
        (log, after.len())
    }

    /// The same after an operation that was refused.
    pub(crate) fn after_refusal<R: Endpoint>(
        row: &Row<R>,
        out: &mut Room,
        fails_in: usize,
    ) -> (Vec<String>, usize) {
        let mut subject = (row.start)();
        if fails_in > 0 {
            subject.source.fail_in(fails_in);
        }
        (row.act)(&mut subject, out);
        let (log, after) = subject.go_on();
        (log, after.len())
    }

    /// Goes on after the operation.
    pub(crate) fn end<R: Endpoint>(mut subject: Subject<R>, answer: Answer, out: Vec<u8>) -> Self {
        let (log, after) = subject.go_on();
        Self { answer, events: subject.events, out, log, after }
    }

    /// The events of a peer that reads all bytes of the endpoint.
    pub(crate) fn peer_events<R: Endpoint>(&self, setup: Setup, before: &[u8]) -> Vec<String> {
        let config = setup.config().auto_close(false);
        let mut peer = Subject::<R::Peer>::open(Setup { is_split: false, ..setup }, config);
        peer.receive(&[before, &self.out, &self.after].concat(), &mut Room::large());
        assert!(peer.inbound.is_empty(), "the peer reads whole messages");
        peer.events
    }
}

/// Names a check. If the check fails in a function that does not know it, its name is printed, too.
pub(crate) struct Case<'a> {
    pub(crate) row: &'a str,
    pub(crate) role: &'static str,
    pub(crate) kind: Kind,
    pub(crate) setup: Setup,
    pub(crate) fault: &'static str,
    pub(crate) n: usize,
}

impl<'a> Case<'a> {
    pub(crate) fn new<R: Endpoint>(row: &'a Row<R>, setup: Setup, fault: &'static str, n: usize) -> Self {
        Self { row: &row.name, role: R::name(), kind: row.kind, setup, fault, n }
    }
}

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed: {self}");
        }
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, role, setup, fault, n, .. } = self;
        let form = if setup.is_split { "split" } else { "whole" };
        let delivery = setup.delivery;
        let deflate = if setup.has_deflate { " with deflate" } else { "" };
        write!(f, "{row}, {form} {role}{deflate}, {delivery:?}: {fault}, n = {n}")
    }
}

/// Prints the number of checks of a column.
pub(crate) fn report<R: Endpoint>(column: &str, rows: usize, checks: usize) {
    println!("{column}, {}: {rows} rows, {checks} checks", R::name());
    assert!(rows > 0 && checks >= rows, "the table has rows for this column");
}
