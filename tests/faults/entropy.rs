//! Column entropy: the source of keys fails at its `n`-th call.

use websocket_proto::{Client, TransportAction};

use crate::endpoint::{Setup, Source};
use crate::observed::{Case, Run, report};
use crate::subject::{Answer, Subject};
use crate::support::Room;
use crate::table::{Kind, Row, rows};

/// MK-09 (§5.3): a call without a key is refused and changes nothing; a reply without a key is dropped.
#[test]
fn an_operation_without_a_key_writes_nothing() {
    let (mut count, mut checks) = (0, 0);
    for setup in Setup::all() {
        for row in rows::<Client<Source>>(setup) {
            let (whole, calls) = Run::without_fault(&row);
            count += usize::from(calls > 0);
            assert_eq!(
                calls == 0,
                whole.out.is_empty() && !row.name.contains("encode_header"),
                "{}",
                row.name
            );
            for n in 1..=calls {
                check(&Case::new(&row, setup, "the entropy source fails", n), &row, &whole);
                checks += 1;
            }
        }
    }
    report::<Client<Source>>("the entropy source fails", count, checks);
}

fn check(case: &Case<'_>, row: &Row<Client<Source>>, whole: &Run) {
    let (mut subject, mut out) = ((row.start)(), Room::large());
    let (before, sent) = (subject.state(), subject.before.clone());
    subject.source.fail_in(case.n);
    let answer = (row.act)(&mut subject, &mut out);
    assert_eq!((&out.bytes, &subject.direct), (&vec![], &vec![]), "{case}: bytes without a key");
    match row.kind {
        Kind::Reply | Kind::LastWords => return reply_is_dropped(case, subject, answer, whole),
        Kind::Call => {
            assert_eq!(answer, Answer::Entropy, "{case}");
            let after = Run::after_refusal(row, &mut Room::large(), case.n);
            assert_eq!(after, Run::without_operation(row), "{case}: a refused call changes nothing");
        }
        Kind::Ping => assert_eq!(answer, whole.answer, "{case}"),
    }
    assert_eq!(subject.state(), before, "{case}: a refused call changes nothing");
    assert_eq!(row.again(&mut subject, &mut out), whole.answer, "{case}: with a key");
    let run = Run::end(subject, whole.answer.clone(), out.bytes);
    // The call may have taken other keys before the failure.
    let peer_reads = |run: &Run| run.peer_events::<Client<Source>>(case.setup, &sent);
    if run != *whole {
        assert_eq!(peer_reads(&run), peer_reads(whole), "{case}: with a key");
        assert_eq!((run.events, run.log), (whole.events.clone(), whole.log.clone()), "{case}: with a key");
    }
}

/// The connection goes on or ends as with the reply, but does not count a Close that was not written.
fn reply_is_dropped(case: &Case<'_>, mut subject: Subject<Client<Source>>, answer: Answer, whole: &Run) {
    assert_eq!((&answer, &subject.events), (&whole.answer, &whole.events), "{case}");
    assert!(!subject.has_pending_reply(), "{case}: the reply does not wait");
    if subject.is_over() {
        assert!(
            subject.state().contains("sent: None"),
            "{case}: the Close was not sent: {}",
            subject.state()
        );
        assert_ne!(subject.action(), TransportAction::KeepOpen, "{case}");
    } else {
        let run = Run::end(subject, answer, vec![]);
        assert_eq!(run.log, whole.log, "{case}: the connection goes on");
    }
}
