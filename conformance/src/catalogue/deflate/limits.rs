//! Messages that are much larger than their payloads (RFC 7692 §8, RFC 6455 §10.4).

use super::{deflated, first};
use crate::case::{Case, Inputs};
use crate::catalogue::family::Family;
use crate::clause::Clause;
use crate::deflate::compress;
use crate::role::Role;
use crate::step::{Awaited, BINARY, CONTINUATION, Frame, Item, Payload, Step};
use crate::verdict::{Breaks, Expect};

const LIMIT: Clause =
    Clause::rfc6455("10.4", "message.)  Such an implementation SHOULD impose a limit on frame");
const PROTECT: Clause =
    Clause::rfc6455("10.4", "limitations regarding the frame size or total message size after");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [bombs(role), at_limit(role)].concat()
}

const MEBIBYTE: usize = 1 << 20;

/// So many mebibytes of `a`: a thousandth on the wire. `base` is the payload of one.
fn bomb(base: &[u8], mebibytes: usize) -> Vec<u8> {
    let mut payload = [base, b"\x00\x00\xff\xff"].concat().repeat(mebibytes);
    payload.truncate(payload.len().saturating_sub(4));
    payload
}

fn bombs(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:8", "bomb", LIMIT).policy();
    let base = compress(&vec![b'a'; MEBIBYTE]);
    let cases = [("1m", 1), ("16m", 16), ("64m", 64), ("1g", 1024)].map(|(name, mebibytes)| {
        let frame = first(BINARY, bomb(&base, mebibytes));
        let title = format!("a message of {mebibytes} MiB that is compressed to a thousandth");
        let len = mebibytes.saturating_mul(MEBIBYTE);
        if mebibytes > 16 {
            let items = vec![Item::Compressed { frame, completes: None }];
            let steps = vec![Step::Write(items), Step::Await(Awaited::Reaction)];
            let mut case = family.survive(name, title, steps).deflated().heavy();
            case.needs.limit_below = Some(len);
            return case;
        }
        let completes = Some((false, Payload::Repeat(b"a", len)));
        let items = vec![Item::Compressed { frame, completes }];
        let steps = vec![Step::Write(items), Step::Await(Awaited::Replies), Step::Barrier];
        family.survive(name, title, steps).deflated().heavy()
    });
    cases.into()
}

fn repeated(inputs: &Inputs<'_>, more: usize) -> Payload {
    let limit = inputs.capabilities.max_message.unwrap_or_default();
    Payload::Repeat(b"0123456789abcdef", limit.saturating_add(more))
}

fn at_limit(role: Role) -> Vec<Case> {
    let exact = Family::new(role, "7692:8", "limit", PROTECT).policy();
    let family = Family::new(role, "7692:8", "limit", LIMIT).policy();
    let over = |name, title, derive: fn(&mut Inputs<'_>) -> Vec<Step>| {
        let case = family.fail_in_steps(name, title, Breaks::Limit, vec![]);
        case.codes(&[1009]).in_content().derived(derive)
    };
    let exact =
        exact.echo("exact", "a compressed message of the size of the limit", vec![]).derived(|inputs| {
            let message = deflated(Frame::binary(repeated(inputs, 0)));
            vec![Step::Write(vec![message]), Step::Await(Awaited::Replies), Step::Barrier]
        });
    debug_assert!(exact.expect == Expect::Echo);
    let one = over("plus-one", "a compressed message of one byte more than the limit", |inputs| {
        let payload = compress(&repeated(inputs, 1).to_vec());
        vec![Step::Write(vec![Item::Unanswered(first(BINARY, payload)), Item::Probe])]
    });
    let title = "a compressed message of one byte more than the limit, in two fragments";
    let fragmented = over("plus-one-fragmented", title, |inputs| {
        let payload = compress(&repeated(inputs, 1).to_vec());
        let (start, end) = payload.split_at_checked(payload.len() / 2).unwrap_or_default();
        let start = Item::Unanswered(first(BINARY, start.to_vec()).unfinished());
        let end = Item::Unanswered(Frame::new(CONTINUATION, end.to_vec()));
        vec![Step::Write(vec![start, end, Item::Probe])]
    });
    [exact, one, fragmented]
        .map(|case| {
            let mut case = case.deflated();
            case.needs.max_message = true;
            case
        })
        .into()
}
