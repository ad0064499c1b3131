//! Limits that the endpoint is configured with, floods, and a suite that does not read (§10.4).

use core::time::Duration;

use super::family::Family;
use crate::case::{Case, Inputs};
use crate::clause::Clause;
use crate::role::Role;
use crate::step::{Awaited, CONTINUATION, Frame, Item, Payload, Step};
use crate::verdict::Breaks;

const PROTECT: Clause =
    Clause::rfc6455("10.4", "limitations regarding the frame size or total message size after");
const LIMIT: Clause =
    Clause::rfc6455("10.4", "message.)  Such an implementation SHOULD impose a limit on frame");
const STREAM: Clause =
    Clause::rfc6455("10.4", "a long stream of small frames that are a part of a fragmented");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [message_limit(role), fragment_limit(role), fragments(role), floods(role), unread(role)].concat()
}

/// A binary message of the limit of the endpoint and `more` bytes.
fn at_limit(inputs: &Inputs<'_>, more: usize) -> Frame {
    let limit = inputs.capabilities.max_message.unwrap_or_default();
    Frame::binary(Payload::counting(limit.saturating_add(more)))
}

fn fragment_size(inputs: &Inputs<'_>) -> usize {
    inputs.capabilities.max_message.unwrap_or_default().div_ceil(4).max(1)
}

fn echoed(items: Vec<Item>) -> Vec<Step> {
    vec![Step::Write(items), Step::Await(Awaited::Replies), Step::Barrier]
}

/// Name, title and steps.
type AtLimit = (&'static str, &'static str, fn(&mut Inputs<'_>) -> Vec<Step>);

fn message_limit(role: Role) -> Vec<Case> {
    let cases = within_limit(role).into_iter().chain(over_limit(role)).map(|mut case| {
        case.needs.max_message = true;
        case.heavy()
    });
    cases.collect()
}

fn within_limit(role: Role) -> [Case; 3] {
    let family = Family::new(role, "10.4", "limit", PROTECT).policy();
    let legal: [AtLimit; 3] = [
        ("exact", "a message of the size of the limit", |inputs| {
            echoed(vec![Item::Frame(at_limit(inputs, 0))])
        }),
        ("exact-fragmented", "a message of the size of the limit, in fragments", |inputs| {
            echoed(vec![Item::Fragments(at_limit(inputs, 0), fragment_size(inputs))])
        }),
        ("controls-not-counted", "Pings inside a message of the size of the limit", |inputs| {
            let whole = at_limit(inputs, 0).payload.to_vec();
            let (first, second) = whole.split_at_checked(fragment_size(inputs)).unwrap_or_default();
            let ping = || Item::Frame(Frame::ping(Payload::ascii(125)));
            echoed(vec![
                Item::Frame(Frame::binary(first.to_vec()).unfinished()),
                ping(),
                ping(),
                Item::Frame(Frame::continuation(second.to_vec())),
            ])
        }),
    ];
    legal.map(|(name, title, derive)| family.echo(name, title, vec![]).derived(derive))
}

fn over_limit(role: Role) -> [Case; 3] {
    let family = Family::new(role, "10.4", "limit-plus-one", LIMIT).policy();
    let illegal: [AtLimit; 3] = [
        ("frame", "a frame of one byte more than the limit", |inputs| {
            vec![Step::Write(vec![Item::Unanswered(at_limit(inputs, 1)), Item::Probe])]
        }),
        ("fragmented", "a message of one byte more than the limit, in fragments", |inputs| {
            let (whole, size) = (at_limit(inputs, 1).payload.to_vec(), fragment_size(inputs));
            let count = whole.chunks(size).count();
            let parts = whole.chunks(size).enumerate().map(|(at, part)| {
                let opcode = if at == 0 { 0x2 } else { CONTINUATION };
                Item::Unanswered(Frame { fin: at + 1 == count, ..Frame::new(opcode, part.to_vec()) })
            });
            vec![Step::Write(parts.chain([Item::Probe]).collect())]
        }),
        ("header-only", "the header of a frame of one byte more than the limit", |inputs| {
            let start = Item::Start(at_limit(inputs, 1), 14);
            let quiet = Step::Quiet(Duration::from_millis(250));
            vec![Step::Write(vec![start]), quiet, Step::Write(vec![Item::Rest, Item::Probe])]
        }),
    ];
    illegal.map(|(name, title, derive)| {
        let case = family.fail_in_steps(name, title, Breaks::Limit, vec![]);
        case.codes(&[1009]).in_content().derived(derive)
    })
}

fn fragment_limit(role: Role) -> Vec<Case> {
    fn steps(inputs: &Inputs<'_>, more: usize) -> Vec<Step> {
        let limit = inputs.capabilities.max_fragments.unwrap_or_default() as usize;
        echoed(vec![Item::Fragments(Frame::text(Payload::ascii(limit.saturating_add(more))), 1)])
    }
    let family = Family::new(role, "10.4", "limit-fragments", STREAM).policy();
    let exact =
        family.survive("exact", "as many fragments as the limit", vec![]).derived(|inputs| steps(inputs, 0));
    let over = family
        .survive("plus-one", "one fragment more than the limit", vec![])
        .derived(|inputs| steps(inputs, 1));
    let cases = [exact, over].map(|mut case| {
        case.needs.max_fragments = true;
        case.heavy()
    });
    cases.into()
}

fn fragments(role: Role) -> Vec<Case> {
    let family = Family::new(role, "10.4", "fragments", STREAM).policy();
    let cases = [10_000, 100_000_u32].into_iter().flat_map(|count| {
        [("empty", ""), ("one-byte", "a")].map(|(name, payload)| {
            let frames = [
                Frame::text(payload).unfinished(),
                Frame::continuation(payload).unfinished().times(count.saturating_sub(2)),
                Frame::continuation(payload),
            ];
            let title = format!("a text message in {count} fragments ({name})");
            let case =
                family.survive(format_args!("{count}-{name}"), title, echoed(frames.map(Item::Frame).into()));
            case.heavy()
        })
    });
    cases.collect()
}

fn floods(role: Role) -> Vec<Case> {
    let family = Family::new(role, "10.4", "flood", PROTECT).policy();
    let floods = [
        ("pings-10000", "10,000 Pings in one write", Frame::ping(Payload::ascii(8)).times(10_000)),
        ("pings-100000", "100,000 Pings in one write", Frame::ping(Payload::ascii(8)).times(100_000)),
        ("pongs-100000", "100,000 Pongs in one write", Frame::pong(Payload::ascii(8)).times(100_000)),
    ];
    let cases = floods
        .map(|(name, title, frame)| family.survive(name, title, echoed(vec![Item::Frame(frame)])).heavy());
    cases.into()
}

/// Nothing is read until 8 MiB were written, or nothing more can be written.
fn unread(role: Role) -> Vec<Case> {
    const TOTAL: u32 = 8 << 20;
    let family = Family::new(role, "10.4", "unread", PROTECT).policy();
    let kinds = [
        (
            "pongs",
            "8 MiB of Pings whose Pongs are not read",
            Frame::ping(Payload::ascii(125)).times(TOTAL / 128),
        ),
        (
            "echoes",
            "8 MiB of messages whose echoes are not read",
            Frame::binary(Payload::counting(4096)).times(TOTAL / 4096),
        ),
    ];
    let cases = kinds.map(|(name, title, frame)| {
        let mut steps = vec![Step::StopReading, Step::Write(vec![Item::Frame(frame)]), Step::Read];
        steps.extend([Step::Await(Awaited::Replies), Step::Barrier]);
        family.survive(name, title, steps).heavy()
    });
    cases.into()
}
