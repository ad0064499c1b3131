//! Large requests (RFC 9110 §5.4, RFC 9112 §3, §10.4).

use super::super::opening::{many, unknown};
use super::family;
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{Ending, RawHead, Text};
use crate::role::Role;
use crate::verdict::Pattern;

pub(super) fn cases(role: Role) -> Vec<Case> {
    [targets(role), fields(role), limits(role)].concat()
}

fn of_target(len: usize) -> RawHead {
    let query = Text::from("GET {resource}?").then(Text::repeat("a", len));
    RawHead::request().start(query.then(" HTTP/1.1"))
}

fn of_line(len: usize) -> RawHead {
    RawHead::request().add(unknown(Text::repeat("a", len)))
}

fn of_fields(count: usize) -> RawHead {
    let mut head = RawHead::request();
    head.fields.extend(many(count));
    head
}

fn targets(role: Role) -> Vec<Case> {
    let clause = Clause::new(9112, "3", "support, at a minimum, request-line lengths of 8000 octets.");
    let family = family(role, "9112:3", "accepts-target", clause).should();
    let cases = [("1k", 1024), ("4k", 4096), ("7900", 7900)].map(|(suffix, len)| {
        family
            .opened(suffix, format!("a target of {len} bytes"), of_target(len))
            .lenient(Pattern::Answered(&[404, 414]), clause)
    });
    cases.into()
}

fn fields(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9110, "5.4", "set of fields larger than it wishes to process MUST respond with an");
    let family = family(role, "9110:5.4", "accepts", clause).policy();
    let four = {
        let line = || unknown(Text::repeat("a", 4000));
        RawHead::request().add(line()).add(line()).add(line()).add(line())
    };
    let heads = [
        ("line-4k", "a field of 4 KiB", of_line(4096)),
        ("line-8k", "a field of 8 KiB", of_line(8192)),
        ("fields-50", "50 unknown fields", of_fields(50)),
        ("fields-100", "100 unknown fields", of_fields(100)),
        ("head-16k", "four fields of 4,000 bytes", four),
    ];
    let cases = heads.map(|(suffix, title, head)| {
        family
            .opened(suffix, title, head)
            .passes(Pattern::ClientError, clause)
            .fails(Pattern::Timeout, clause)
    });
    cases.into()
}

const MIB: usize = 1 << 20;

fn limits(role: Role) -> Vec<Case> {
    let clause =
        Clause::new(9110, "5.4", "A server that receives a request header field line, field value, or");
    let family = family(role, "10.4", "head", clause).policy();
    let whole = [
        ("target-1m", "a target of 1 MiB", of_target(MIB)),
        ("line-1m", "a field of 1 MiB", of_line(MIB)),
        ("fields-10000", "10,000 unknown fields", of_fields(10_000)),
    ];
    let endless = [
        (
            "endless-line",
            "4 MiB of a field without an end",
            RawHead::request().end(Text::from("X-Wsconform: ").then(Text::repeat("aaaaaaaa", MIB / 2))),
        ),
        ("endless-crlf", "4 MiB of empty lines", RawHead::nothing().end(Text::repeat("\r\n", 2 * MIB))),
    ];
    let whole = whole.map(|(suffix, title, head)| family.malformed(suffix, title, head).heavy());
    let endless = endless
        .map(|(suffix, title, head)| family.malformed(suffix, title, head).ending(Ending::Endless).heavy());
    whole.into_iter().chain(endless).collect()
}
