//! Data of all kinds and sizes (RFC 7692 §7.2): enough to fill the window three times.

use super::deflated;
use crate::capabilities::Parameter;
use crate::case::{Case, Open};
use crate::catalogue::family::Family;
use crate::clause::Clause;
use crate::judge::Parameters;
use crate::role::Role;
use crate::sample::Sample;
use crate::step::{BINARY, Frame, Item, Payload, TEXT};

const COMPRESS: Clause =
    Clause::new(7692, "7.2.1", "An endpoint uses the following algorithm to compress a message.");
const FRAGMENTS: Clause =
    Clause::new(7692, "7.2.1", "An endpoint fragments a compressed message by splitting the result of");
const AGREED: Clause =
    Clause::new(7692, "5", "procedure of the PMCE configured with the \"agreed parameters\"");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [kinds(role), fragmented(role), parameters(role)].concat()
}

const SIZES: [(&str, usize); 10] = [
    ("16", 16),
    ("64", 64),
    ("256", 256),
    ("1k", 1 << 10),
    ("4k", 1 << 12),
    ("8k", 1 << 13),
    ("16k", 1 << 14),
    ("32k", 1 << 15),
    ("64k", 1 << 16),
    ("128k", 1 << 17),
];

/// At least 20 messages, and three windows.
const fn count(len: usize) -> u32 {
    let count = 3 * 32_768 / len;
    if count < 20 { 20 } else { count as u32 }
}

/// So many different messages.
fn messages(opcode: u8, sample: Sample, len: usize, count: u32) -> Frame {
    Frame::new(opcode, Payload::Sample(sample, 0, len)).times(count)
}

/// More than 1 MiB in all is heavy.
fn weighed(case: Case, len: usize, count: u32) -> Case {
    let case = case.needs_message(len);
    if len.saturating_mul(count as usize) > 1 << 20 { case.heavy() } else { case }
}

fn kinds(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:7.2", "data", COMPRESS);
    let kinds = [
        ("json", TEXT, Sample::Json),
        ("prose", TEXT, Sample::Prose),
        ("html", TEXT, Sample::Html),
        ("pixels", BINARY, Sample::Pixels),
        ("random", BINARY, Sample::Random),
    ];
    let mut cases = Vec::new();
    for (name, opcode, sample) in kinds {
        for (size, len) in SIZES {
            let count = count(len);
            let items = vec![deflated(messages(opcode, sample, len, count))];
            let title = format!("{count} compressed messages of {len} bytes: {name}");
            cases.push(weighed(family.echo_deflated(format!("{name}-{size}"), title, items), len, count));
        }
    }
    cases
}

fn fragmented(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:7.2", "data-fragmented", FRAGMENTS);
    let sizes = [
        ("8k-256", 1 << 13, 256),
        ("16k-256", 1 << 14, 256),
        ("32k-256", 1 << 15, 256),
        ("64k-256", 1 << 16, 256),
        ("128k-256", 1 << 17, 256),
        ("128k-1k", 1 << 17, 1 << 10),
        ("128k-4k", 1 << 17, 1 << 12),
        ("128k-32k", 1 << 17, 1 << 15),
    ];
    let cases = sizes.map(|(name, len, size)| {
        let items = vec![Item::Deflated(messages(TEXT, Sample::Prose, len, 20), size)];
        let title = format!("20 compressed messages of {len} bytes in fragments of {size} bytes");
        let fragments = (len / size) as u32;
        weighed(family.echo_deflated(name, title, items), len, 20).needs_fragments(fragments)
    });
    cases.into()
}

fn parameters(role: Role) -> Vec<Case> {
    let none = Parameters::default();
    let (snct, smwb) = (Parameters { snct: true, ..none }, |bits| Parameters { smwb: Some(bits), ..none });
    let sets = [
        ("none", "no parameter", vec![none]),
        ("snct", "server_no_context_takeover", vec![snct]),
        ("smwb-9", "server_max_window_bits=9", vec![smwb(9)]),
        ("smwb-15", "server_max_window_bits=15", vec![smwb(15)]),
        (
            "snct-smwb-9",
            "both parameters of the server and 9 bits",
            vec![Parameters { snct: true, ..smwb(9) }],
        ),
        (
            "snct-smwb-15",
            "both parameters of the server and 15 bits",
            vec![Parameters { snct: true, ..smwb(15) }],
        ),
        ("list", "three offers in a list", vec![Parameters { snct: true, ..smwb(9) }, snct, none]),
    ];
    let family = Family::new(role, "7692:7.2", "parameters", AGREED);
    let mut cases = Vec::new();
    for (name, what, offers) in sets {
        for (size, len) in [("16", 16), ("1k", 1 << 10), ("32k", 1 << 15)] {
            let items = vec![deflated(messages(TEXT, Sample::Json, len, 20))];
            let title = format!("20 compressed messages of {len} bytes: {what}");
            let mut case = weighed(family.echo_deflated(format!("{name}-{size}"), title, items), len, 20);
            case.open = Open::Deflate(offers.clone());
            // A client gets the first of these as the answer, and may not support it. The response of a server
            // shows which of the offers it accepts.
            if role == Role::Client && offers.first().is_some_and(|answer| answer.smwb.is_some()) {
                case = case.needs_parameter(Parameter::ServerMaxWindowBits);
            }
            cases.push(case);
        }
    }
    cases
}
