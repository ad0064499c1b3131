//! Column transport: it ends after the `n`-th byte of the peer.

use core::time::Duration;

use websocket_proto::wire::FrameHeader;
use websocket_proto::{CloseFrameStatus, CloseStatus, MessageKind, SendError, State, TransportAction};

use crate::endpoint::{Endpoint, Setup};
use crate::observed::{Case, report};
use crate::subject::{Answer, Machine, Subject, call};
use crate::support::Room;
use crate::table::{Piece, Row, bytes_of, rows};

both_roles!(an_endpoint_reads_what_is_whole_before_the_transport_ends, crate::endpoint::Source);
/// ST-04, ST-05, CL-13 (§7.1.4, §7.1.5).
fn an_endpoint_reads_what_is_whole_before_the_transport_ends<R: Endpoint>() {
    let (mut count, mut checks) = (0, 0);
    for setup in Setup::all_deliveries() {
        for row in rows::<R>(setup).iter().filter(|row| !row.script.is_empty()) {
            count += 1;
            let wire = bytes_of(&row.script);
            for n in 0..=wire.len() {
                check(&Case::new(row, setup, "the transport ends", n), row, &wire[..n], Room::large());
                let case = Case::new(row, setup, "the transport ends before the reply is written", n);
                check(&case, row, &wire[..n], Room::new(0, 0));
                checks += 2;
            }
        }
    }
    report::<R>("the transport ends", count, checks);
}

fn check<R: Endpoint>(case: &Case<'_>, row: &Row<R>, wire: &[u8], mut out: Room) {
    let mut subject = (row.start)();
    subject.receive(wire, &mut out);
    let expected = expected(&row.script, wire.len());
    assert_eq!(subject.events.len(), expected.len(), "{case}: {:?}", subject.events);
    for (event, expected) in subject.events.iter().zip(&expected) {
        assert!(event.starts_with(*expected), "{case}: {event} instead of {expected}");
    }
    let is_part = |piece: &Piece| piece.payload.starts_with(&subject.unfinished);
    assert!(row.script.iter().any(is_part) || subject.unfinished.is_empty(), "{case}: no part of a message");
    let status = call!(&mut subject, receive_eof());
    let received = subject.events.last().is_some_and(|event| event.starts_with("Close("));
    let sent = has_close(&[&subject.before[..], &out.bytes].concat());
    assert_eq!((is_some(status.received), is_some(status.sent)), (received, sent), "{case}: {status:?}");
    assert_eq!(status.clean(), received && sent, "{case}: {status:?}");
    ended(case, &mut subject, status, &mut out);
}

/// The end of a connection: no later call changes it.
fn ended<R: Endpoint>(case: &Case<'_>, subject: &mut Subject<R>, status: CloseStatus, out: &mut Room) {
    let (written, events) = (out.bytes.len(), subject.events.clone());
    for _ in 0..2 {
        let end = (call!(subject, state()), subject.action(), call!(subject, close_status()));
        assert_eq!(end, (State::End, TransportAction::Close, status), "{case}");
        assert!(!subject.has_pending_reply(), "{case}");
        if let Machine::Whole(_) = subject.machine {
            subject.receive(b"\x81\x00", out);
        }
        subject.flush_reply(out);
        assert_eq!(subject.tick(Duration::from_secs(3600), out), Answer::Done, "{case}");
        for sent in [
            call!(subject, send_text("late", out)),
            call!(subject, send_fragment(MessageKind::Binary, b"late", false, out)),
            call!(subject, ping(b"late", out)),
            call!(subject, pong(b"late", out)),
            call!(subject, close_empty(out)),
        ] {
            assert!(matches!(sent, Err(SendError::NotOpen | SendError::Closed)), "{case}: {sent:?}");
        }
        if subject.events.len() > events.len() {
            let again = subject.events.pop();
            let is_error = again.as_ref().is_some_and(|error| !error.starts_with("Close("));
            assert!(is_error && again.as_ref() == events.last(), "{case}: an event after the end: {again:?}");
        }
        assert_eq!((out.bytes.len(), &subject.events), (written, &events), "{case}: nothing follows");
        assert_eq!(call!(subject, receive_eof()), status, "{case}");
    }
}

/// The texts with which the events of the first `len` bytes begin.
fn expected(script: &[Piece], len: usize) -> Vec<&str> {
    let ends = script.iter().scan(0, |end, piece| {
        *end += piece.bytes.len();
        Some((*end, piece.event.as_deref()))
    });
    ends.filter(|(end, _)| *end <= len).filter_map(|(_, event)| event).collect()
}

fn is_some(status: CloseFrameStatus) -> bool {
    status != CloseFrameStatus::None
}

/// Whether there is a Close in some whole frames, which can follow a head.
pub(crate) fn has_close(wire: &[u8]) -> bool {
    let mut rest = match wire.windows(4).position(|end| end == b"\r\n\r\n") {
        Some(_) if wire.starts_with(b"HTTP/1.1 4") => b"",
        Some(end) => &wire[end + 4..],
        None => wire,
    };
    let mut has_close = false;
    while !rest.is_empty() {
        let (header, len) = FrameHeader::parse(rest).expect("legal").complete().expect("whole");
        has_close |= rest[0] == 0x88;
        rest = &rest[len + header.payload_len as usize..];
    }
    has_close
}
