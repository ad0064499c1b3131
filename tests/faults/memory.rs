//! Column memory: the receive buffer is a fixed memory of `n` bytes.

use websocket_proto::{Delivery, Error, HandshakeError, ProtocolError, ReceiveBuffer};

use crate::endpoint::{Endpoint, Setup};
use crate::eof::has_close;
use crate::observed::{Case, Run, report};
use crate::subject::{Machine, Subject};
use crate::support::Room;
use crate::table::{Row, bytes_of, rows};

/// §5.2, §5.5: the longest control frame. A message must fit into the memory together with it.
const CONTROL_FRAME: usize = 131;
/// §5.2: a frame can be judged from its first two bytes on. A memory without room for them holds nothing.
const HEADER_START: usize = 2;

both_roles!(a_message_or_head_larger_than_the_memory_fails, crate::endpoint::Source);
/// LIM-01, LIM-10: the error is 1009 or 431, and only whole messages and heads are delivered.
fn a_message_or_head_larger_than_the_memory_fails<R: Endpoint>() {
    let (mut count, mut checks) = (0, 0);
    for setup in Setup::all_deliveries() {
        for row in rows::<R>(setup).iter().filter(|row| !row.script.is_empty()) {
            count += 1;
            let (whole, _) = Run::without_fault(row);
            let needed = needed(row, setup);
            for n in 0..=needed + 2 {
                check(&Case::new(row, setup, "the memory is fixed", n), row, &whole, needed);
                checks += 1;
            }
        }
    }
    report::<R>("the memory is fixed", count, checks);
}

/// The memory that suffices for a script.
fn needed<R: Endpoint>(row: &Row<R>, setup: Setup) -> usize {
    let head = row.script.first().map_or(0, |piece| piece.bytes.len() + 4);
    let is_whole = setup.delivery == Delivery::Messages;
    let message = row.script.iter().map(|piece| piece.payload.len()).max().unwrap_or_default();
    let is_open = matches!((row.start)().machine, Machine::Halves(..)) || (row.start)().is_open();
    let least = ReceiveBuffer::MIN_LEN;
    least.max(if !is_open {
        head
    } else if is_whole {
        message + CONTROL_FRAME
    } else {
        0
    })
}

fn check<R: Endpoint>(case: &Case<'_>, row: &Row<R>, whole: &Run, needed: usize) {
    let (mut subject, mut out) = ((row.start)(), Room::large());
    let mut memory = vec![0xA5; case.n];
    let mut inbound = ReceiveBuffer::fixed(&mut memory);
    let wire = bytes_of(&row.script);
    let mut rest = &wire[..];
    let has_stopped = loop {
        let count = inbound.feed(rest);
        rest = &rest[count..];
        let events = subject.events.len();
        let has_failed = subject.drain(&mut inbound, &mut out);
        if has_failed || rest.is_empty() {
            break false;
        }
        if count == 0 && subject.events.len() == events && !subject.is_over() {
            break true;
        }
        if subject.is_over() {
            break false;
        }
    };
    if case.n >= needed {
        assert!(!has_stopped, "{case}: no progress");
        assert_eq!((&subject.events, &out.bytes), (&whole.events, &whole.out), "{case}");
        return;
    }
    assert!(!has_stopped || case.n < HEADER_START, "{case}: no progress");
    if subject.events == whole.events {
        assert!(case.n < ReceiveBuffer::MIN_LEN, "{case}: it leaves no room for a control frame");
        assert_eq!(out.bytes, whole.out, "{case}");
        return;
    }
    too_small(case, subject, &out, whole, has_stopped);
}

/// The events before the error are whole, and the error has its code or status.
fn too_small<R: Endpoint>(
    case: &Case<'_>,
    mut subject: Subject<R>,
    out: &Room,
    whole: &Run,
    has_stopped: bool,
) {
    let error = if has_stopped { None } else { subject.events.pop() };
    assert!(whole.events.starts_with(&subject.events), "{case}: {:?}", subject.events);
    let is = |expected: String| error.as_ref() == Some(&expected);
    if is(format!("{:?}", Error::from(ProtocolError::MessageTooBig))) {
        assert!(
            has_close(&subject.before) || ends_with_close(R::PEER_MASKS, &out.bytes),
            "{case}: {:02x?}",
            out.bytes
        );
    } else if is(format!("{:?}", Error::from(HandshakeError::HeadTooLong))) {
        assert_eq!(out.bytes.starts_with(b"HTTP/1.1 431 "), R::PEER_MASKS, "{case}");
    } else {
        assert!(has_stopped, "{case}: {error:?}");
    }
}

/// Whether the last frame is a Close with 1009.
fn ends_with_close(is_server: bool, wire: &[u8]) -> bool {
    if is_server {
        return wire.ends_with(b"\x88\x02\x03\xf1");
    }
    match wire {
        [.., 0x88, 0x82, a, b, _, _, x, y] => [x ^ a, y ^ b] == [0x03, 0xf1],
        _ => false,
    }
}
