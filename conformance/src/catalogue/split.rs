//! Frames that arrive in several writes (§5.2).

use super::family::Family;
use crate::case::{Case, Script};
use crate::clause::Clause;
use crate::encode::encoded_len;
use crate::role::Role;
use crate::step::{Awaited, BINARY, Cuts, Frame, Item, Masking, Payload, Step};

const PIECES: Clause =
    Clause::rfc6455("5.2", "This wire format for the data transfer part is described by the ABNF");
const CLOSE_REPLY: Clause =
    Clause::rfc6455("5.5.1", "Close frame, the endpoint MUST send a Close frame in response.  (When");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [every_byte(role), two_way(role), headers(role)].concat()
}

/// The frames that are split: name, description, frames.
fn frames() -> [(&'static str, &'static str, Vec<Frame>); 6] {
    [
        ("text-5", "a text message of 5 bytes", vec![Frame::text("Hello")]),
        ("binary-126", "a binary message of 126 bytes", vec![Frame::binary(Payload::counting(126))]),
        ("ping-125", "a Ping of 125 bytes", vec![Frame::ping(Payload::counting(125))]),
        ("close", "a Close", vec![Frame::close(1000, b"")]),
        (
            "fragmented",
            "a text message in two fragments",
            vec![Frame::text("Hel").unfinished(), Frame::continuation("lo")],
        ),
        (
            "key-zero",
            "a text message with the masking key 0",
            vec![Frame::text("Hello").masking(Masking::Key([0; 4]))],
        ),
    ]
}

fn split(frames: &[Frame], cuts: Cuts) -> Vec<Step> {
    let items = frames.iter().cloned().map(Item::Frame).collect();
    vec![Step::Split { items, cuts, paced: false }, Step::Await(Awaited::Replies)]
}

fn every_byte(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.2", "split-every-byte", PIECES);
    let cases = frames().map(|(name, what, frames)| {
        let title = format!("{what}, one byte in each write");
        let steps = split(&frames, Cuts::Every(1));
        match name {
            "close" => family.clause(CLOSE_REPLY).close(name, title, Some(1000), steps),
            _ => family.echo(name, title, steps),
        }
    });
    cases.into()
}

fn two_way(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.2", "split-two-way", PIECES);
    let cases = frames().map(|(name, what, frames)| {
        let title = format!("{what} in two writes, cut at each place");
        let items: Vec<_> = frames.iter().cloned().map(Item::Frame).collect();
        let turns = (1..encoded_len(&items, role)).map(|cut| split(&frames, Cuts::At(vec![cut])));
        if name != "close" {
            return family.echo_sweep(name, title, turns);
        }
        let turns = turns.map(|mut steps| {
            steps.push(Step::Await(Awaited::Close));
            steps
        });
        let mut case = family.clause(CLOSE_REPLY).close(name, title, Some(1000), vec![]);
        case.script = Script::Sweep(turns.collect());
        case
    });
    cases.into()
}

fn headers(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.2", "split-header", PIECES);
    let cases = [(16, 126), (64, 65_536)].map(|(bits, len)| {
        let title = format!("a frame with its length in {bits} bits, cut at each place of its header");
        let frames = [Frame::new(BINARY, Payload::counting(len))];
        let items: Vec<_> = frames.iter().cloned().map(Item::Frame).collect();
        let header = encoded_len(&items, role).saturating_sub(len);
        let turns = (1..=header).map(|cut| split(&frames, Cuts::At(vec![cut])));
        family.echo_sweep(bits, title, turns).needs_message(len)
    });
    cases.into()
}
