//! Column `out`: it has room for `n` bytes only, or holds as many bytes as `max_write_buffer` permits.

use websocket_proto::TransportAction;
use websocket_proto::wire::FrameHeader;

use crate::endpoint::{Endpoint, Setup};
use crate::observed::{Case, Run, report};
use crate::subject::{Answer, Machine, Subject};
use crate::support::Room;
use crate::table::{Kind, Row, rows};

/// The largest room that an operation can need beyond the bytes that it writes: before it compresses, `out`
/// must have room for the longest compressed form and a reply.
const MOST_SPARE: usize = 400;

both_roles!(an_operation_writes_all_its_bytes_or_none, crate::endpoint::Source);
/// LIM-07, ST-09, ST-11, CT-08: a call without room is refused and changes nothing; a reply is pending.
fn an_operation_writes_all_its_bytes_or_none<R: Endpoint>() {
    let (mut count, mut checks) = (0, 0);
    for setup in Setup::all() {
        for row in rows::<R>(setup) {
            let (whole, _) = Run::without_fault(&row);
            count += 1;
            for held in [0, 1] {
                checks += every_room(&row, setup, held, &whole);
            }
        }
    }
    report::<R>("out is full", count, checks);
}

both_roles!(an_operation_over_the_write_limit_writes_nothing, crate::endpoint::Source);
/// LIM-07: `max_write_buffer` limits what `out` holds.
fn an_operation_over_the_write_limit_writes_nothing<R: Endpoint>() {
    let (mut count, mut checks) = (0, 0);
    for setup in Setup::all() {
        let setup = Setup { max_write_buffer: 1, ..setup };
        for row in rows::<R>(setup) {
            let (whole, _) = Run::without_fault(&row);
            let case = Case::new(&row, setup, "out is at its limit", 1);
            let (mut subject, mut out) = ((row.start)(), Room::new(1, usize::MAX));
            let before = subject.state();
            let answer = (row.act)(&mut subject, &mut out);
            if !whole.out.is_empty() {
                assert_eq!(out.bytes.split_off(1), b"", "{case}");
                written_nothing(&case, &mut subject, &before, &answer, &whole);
            }
            (count, checks) = (count + 1, checks + 1);
        }
    }
    report::<R>("out is at its limit", count, checks);
}

/// Every room from 0 bytes up, to the first that suffices. Returns the number of checks.
fn every_room<R: Endpoint>(row: &Row<R>, setup: Setup, held: usize, whole: &Run) -> usize {
    let fault = if held == 0 { "an empty out is full" } else { "out is full" };
    let without_operation = Run::without_operation(row);
    for room in 0.. {
        let case = Case::new(row, setup, fault, room);
        assert!(room <= whole.out.len() + if setup.has_deflate { MOST_SPARE } else { 0 }, "{case}: refused");
        let (mut subject, mut out) = ((row.start)(), Room::new(held, room));
        let (before, calls, sent) = (subject.state(), subject.source.calls(), subject.before.clone());
        let answer = (row.act)(&mut subject, &mut out);
        let mut written = out.bytes.split_off(held);
        if written == whole.out {
            assert_eq!(&Run::end(subject, answer, written), whole, "{case}");
            return room + 1;
        }
        if written.is_empty() {
            let is_unborn = matches!(subject.machine, Machine::Unborn);
            assert!(is_unborn || subject.source.calls() == calls, "{case}: a key for nothing");
            written_nothing(&case, &mut subject, &before, &answer, whole);
            if row.kind == Kind::LastWords {
                continue;
            }
            if row.kind == Kind::Call && held > 0 {
                let after = Run::after_refusal(row, &mut Room::new(held, room), 0);
                assert_eq!(after, without_operation, "{case}: a refused call changes nothing");
            }
            let mut large = Room::large();
            assert_eq!(row.again(&mut subject, &mut large), whole.answer, "{case}: with room");
            written = large.bytes;
            if written == whole.out {
                assert_eq!(&Run::end(subject, whole.answer.clone(), written), whole, "{case}: with room");
                continue;
            }
        }
        written_otherwise::<R>(&case, held, &Run::end(subject, answer, written), whole, &sent);
    }
    unreachable!("a room suffices")
}

/// The operation wrote nothing: a call is refused and changes nothing, a reply is pending.
fn written_nothing<R: Endpoint>(
    case: &Case<'_>,
    subject: &mut Subject<R>,
    before: &str,
    answer: &Answer,
    whole: &Run,
) {
    match case.kind {
        Kind::Call => {
            assert_eq!(answer, &Answer::Full, "{case}");
            assert_eq!(subject.state(), before, "{case}: a refused call changes nothing");
        }
        Kind::Ping => {
            assert_eq!(answer, &whole.answer, "{case}");
            assert_eq!(subject.state(), before, "{case}: a Ping that was not written changes nothing");
        }
        Kind::Reply => {
            assert_eq!((answer, &subject.events), (&whole.answer, &whole.events), "{case}");
            let waits = (subject.has_pending_reply(), subject.action());
            assert_eq!(waits, (true, TransportAction::KeepOpen), "{case}: the reply waits for room");
        }
        Kind::LastWords => {
            assert_eq!(answer, &whole.answer, "{case}");
            let waits = (subject.has_pending_reply(), subject.action());
            assert_eq!(waits, (false, TransportAction::Close), "{case}: no later call writes the reply");
            assert!(subject.state().contains("sent: None"), "{case}: the Close was not sent");
        }
    }
}

/// The operation wrote other bytes than with room. Two reasons permit that: a message was not compressed, or
/// `out` can never hold a Pong (§5.5.3) or the reason of a Close (§5.5.1). The peer reads the same otherwise.
fn written_otherwise<R: Endpoint>(case: &Case<'_>, held: usize, run: &Run, whole: &Run, before: &[u8]) {
    let (mut expected, mut events) =
        (whole.peer_events::<R>(case.setup, before), run.peer_events::<R>(case.setup, before));
    if expected != events {
        let (header, len) = FrameHeader::parse(&whole.out).expect("legal").complete().expect("whole");
        let reply_len = len + header.payload_len as usize;
        assert!(held == 0 && case.n < reply_len, "{case}: out can hold the reply: {:02x?}", run.out);
        (expected, events) = (without_optional(expected), without_optional(events));
    } else {
        assert!(case.setup.has_deflate, "{case}: other bytes: {:02x?}", run.out);
    }
    assert_eq!(events, expected, "{case}: the peer reads");
    assert_eq!((&run.answer, &run.events, &run.log), (&whole.answer, &whole.events, &whole.log), "{case}");
}

/// The events without Pongs and without the reasons of Closes.
fn without_optional(events: Vec<String>) -> Vec<String> {
    let is_needed = |event: &String| !event.starts_with("Pong(");
    let code = |event: String| event.split("reason: ").next().unwrap_or_default().to_owned();
    events.into_iter().filter(is_needed).map(code).collect()
}
