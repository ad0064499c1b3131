//! Random scripts: legal frames, and an offence after legal frames.

use websocket_proto::wire::LengthForm;

use crate::case::Inputs;
use crate::random::Random;
use crate::step::{Awaited, BINARY, CONTINUATION, Cuts, Frame, Item, Masking, Payload, Step, TEXT};

/// The number of frames of a random script.
const FRAMES: usize = 30;
const FRAMES_BEFORE_OFFENCE: usize = 10;

/// Legal frames in a write with random cuts.
pub(super) fn legal(inputs: &mut Inputs<'_>) -> Vec<Step> {
    let random = &mut inputs.random;
    let items: Vec<_> = legal_frames(random, FRAMES).into_iter().map(Item::Frame).collect();
    // The frames have about 15 bytes each; a cut after the end has no effect.
    let mut cuts: Vec<_> = (0..8).map(|_| below(random, FRAMES * 15)).collect();
    cuts.sort_unstable();
    vec![
        Step::Split { items, cuts: Cuts::At(cuts), paced: false },
        Step::Await(Awaited::Replies),
        Step::Barrier,
    ]
}

/// Legal frames, then an offence, perhaps inside a message.
pub(super) fn offence(inputs: &mut Inputs<'_>) -> Vec<Step> {
    let random = &mut inputs.random;
    let before = legal_frames(random, FRAMES_BEFORE_OFFENCE).into_iter().map(Item::Frame).collect();
    let mut items = Vec::new();
    let is_inside = random.below(2) == 0;
    if is_inside {
        items.push(Item::Frame(Frame::new(kind(random), "Hel").unfinished()));
    }
    items.push(Item::Unanswered(illegal_frame(random, is_inside)));
    items.push(Item::Probe);
    vec![Step::Write(before), Step::Await(Awaited::Replies), Step::Write(items)]
}

/// Complete messages and control frames, about `count` frames.
fn legal_frames(random: &mut Random, count: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.len() < count {
        let number = frames.len();
        match random.below(6) {
            0 => frames.push(Frame::ping(format!("ping {number}"))),
            1 => frames.push(Frame::pong(format!("pong {number}"))),
            2 => frames.push(message(random)),
            _ => fragments(random, &mut frames),
        }
    }
    frames
}

fn kind(random: &mut Random) -> u8 {
    if random.below(2) == 0 { TEXT } else { BINARY }
}

/// Characters of each length in UTF-8, so that a fragment can end inside one.
const TEXTS: [&str; 5] = ["", "Hello", "κόσμε", "日本語", "a😀b"];

fn message(random: &mut Random) -> Frame {
    if kind(random) == TEXT {
        return Frame::text(random.choose(&TEXTS).copied().unwrap_or_default());
    }
    let len = below(random, 20);
    Frame::binary((0..len).map(|_| random.bytes::<1>()).collect::<Vec<_>>().concat())
}

/// A message in one to four fragments, with control frames between some.
fn fragments(random: &mut Random, frames: &mut Vec<Frame>) {
    let message = message(random);
    let mut rest = message.payload.to_vec();
    let mut opcode = message.opcode;
    for _ in 0..random.below(4) {
        let tail = rest.split_off(below(random, rest.len() + 1));
        let part = core::mem::replace(&mut rest, tail);
        frames.push(Frame::new(opcode, part).unfinished());
        opcode = CONTINUATION;
        if random.below(3) == 0 {
            frames.push(Frame::ping(format!("between {}", frames.len())));
        }
    }
    frames.push(Frame::new(opcode, rest));
}

fn illegal_frame(random: &mut Random, is_inside: bool) -> Frame {
    let bits = random.choose(&[1, 2, 3, 4, 5, 6, 7]).copied().unwrap_or(1);
    let opcode = random.choose(&[3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF]).copied().unwrap_or(3);
    let data = if is_inside { CONTINUATION } else { kind(random) };
    match random.below(8) {
        0 => Frame::new(data, "lo").reserved(bits),
        1 => Frame::new(opcode, "lo"),
        2 => Frame::new(data, "lo").form(LengthForm::Bits16),
        3 => Frame::new(data, "lo").masking(Masking::Wrong),
        4 => Frame::ping(Payload::ascii(126)),
        5 => Frame::ping("lo").unfinished(),
        6 if !is_inside => Frame::text(b"lo \xed\xa0\x80"),
        _ if is_inside => Frame::text("lo"),
        _ => Frame::continuation("lo"),
    }
}

/// A number below `limit`; 0 if `limit` is 0.
fn below(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.below(limit as u64)).unwrap_or_default()
}
