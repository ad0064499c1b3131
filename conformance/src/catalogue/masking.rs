//! Masking (§5.1, §5.3): frames of the suite.

use super::family::{Family, KINDS, write};
use super::framing::CONTROLS;
use super::offences::wrong_mask;
use crate::case::{Case, Roles};
use crate::clause::Clause;
use crate::encode::encoded_len;
use crate::role::Role;
use crate::step::{Cuts, Frame, Item, Masking, Payload, Step};

const UNMASKED: Clause = Clause::rfc6455("5.1", "The server MUST close the connection upon receiving a");
const MASKED: Clause = Clause::rfc6455("5.1", "A client MUST close a connection if it detects a masked");
const KEY: Clause =
    Clause::rfc6455("5.3", "The masking key is a 32-bit value chosen at random by the client.");
const XOR: Clause = Clause::rfc6455("5.3", "i modulo 4 of the masking key (\"masking-key-octet-j\"):");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [wrong(role), keys(role), offsets(role), sweeps(role)].concat()
}

fn wrong(role: Role) -> Vec<Case> {
    let (clause, how) = match role {
        Role::Server => (UNMASKED, "that is not masked"),
        Role::Client => (MASKED, "that is masked"),
    };
    let family = Family::new(role, "5.1", "wrong-mask", clause);
    let mut frames: Vec<_> = KINDS.map(|(name, opcode)| (name, name, Frame::new(opcode, "Hello"))).into();
    frames.push(("empty", "empty text", Frame::text("")));
    frames.push(("continuation", "continuation", Frame::continuation("lo")));
    frames.extend(CONTROLS.map(|(name, opcode, payload)| (name, name, Frame::new(opcode, payload))));
    frames.push(("126", "126-byte binary", Frame::binary(Payload::counting(126))));
    frames.push(("65536", "65,536-byte binary", Frame::binary(Payload::counting(65_536))));
    let cases = frames.into_iter().map(|(name, what, frame)| {
        let mut items = Vec::new();
        if name == "continuation" {
            items.push(Item::Frame(Frame::text("Hel").unfinished()));
        }
        items.push(Item::Unanswered(frame.masking(Masking::Wrong)));
        family.fail(name, format!("a {what} frame {how}"), wrong_mask(role), items)
    });
    cases.collect()
}

fn keys(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.3", "key", KEY).roles(Roles::Server);
    let keys = [0x0000_0000, 0xffff_ffff, 0x0000_0001, 0x0100_0000, 0x8080_8080, 0x37fa_213d];
    let mut cases: Vec<_> = keys
        .map(|key: u32| {
            let title = format!("a text message with the masking key {key:08x}");
            let frame = Frame::text(Payload::ascii(67)).masking(Masking::Key(key.to_be_bytes()));
            family.echo(format_args!("{key:08x}"), title, vec![write([frame])])
        })
        .into();
    let frame = Frame::text("HellHellHell").masking(Masking::Key(*b"Hell"));
    let title = "a text message that the masking key turns into zeros";
    cases.push(family.echo("equal-to-payload", title, vec![write([frame])]));
    cases
}

/// The payload begins at each offset of a write: an endpoint may unmask several bytes at a time.
fn offsets(role: Role) -> Vec<Case> {
    /// A Pong of 3 bytes and the header of the next frame, both masked.
    const BEFORE: usize = 6 + 3 + 6;
    let family = Family::new(role, "5.3", "offset", XOR).roles(Roles::Server);
    let cases = (0..16).map(|offset| {
        let title = format!("a masked payload of 67 bytes that begins at offset {offset} of a write");
        let items = vec![Item::Frame(Frame::pong("abc")), Item::Frame(Frame::text(Payload::ascii(67)))];
        let cuts = Cuts::At(vec![BEFORE.saturating_sub(offset)]);
        family.echo(offset, title, vec![Step::Split { items, cuts, paced: false }])
    });
    cases.collect()
}

fn sweeps(role: Role) -> Vec<Case> {
    let family = Family::new(role, "5.3", "", XOR).roles(Roles::Server);
    let turns = (0..=130).map(|len| vec![write([Frame::binary(Payload::counting(len))])]);
    let lengths = family.echo_sweep("lengths-0-130", "masked payloads of each length from 0 to 130", turns);
    let items = vec![Item::Frame(Frame::binary(Payload::counting(67)))];
    let header = encoded_len(&items, role).saturating_sub(67);
    let turns = (0..16).map(|cut| {
        let cuts = Cuts::At(vec![header.saturating_add(cut)]);
        vec![Step::Split { items: items.clone(), cuts, paced: false }]
    });
    let cuts =
        family.echo_sweep("cut-payload-0-15", "a masked payload, cut after each of its first bytes", turns);
    vec![lengths, cuts]
}
