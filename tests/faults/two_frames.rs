//! A call that can write two frames, a Pong that waits and another frame, while `out` has room for one of them.

use core::time::Duration;

use websocket_proto::Config;

use crate::endpoint::{Endpoint, Setup};
use crate::observed::{Case, Run, report};
use crate::subject::{Answer, Subject};
use crate::support::Room;
use crate::table::{Kind, Row, opened};

const OLD: &str = "Pong([111, 108, 100])"; // "old"

fn rows<R: Endpoint>(setup: Setup) -> Vec<Row<R>> {
    let start = move || {
        let config = |config: Config| config.ping_interval(Some(Duration::from_secs(10)));
        let mut subject =
            opened(setup, config, |subject: &mut Subject<R>, out| subject.tick(Duration::from_secs(1), out))(
            );
        subject.receive(&R::frame(0x89, b"old"), &mut Room::new(1, 0));
        // The silence begins.
        assert_eq!(subject.tick(Duration::from_secs(1), &mut Room::new(1, 0)), Answer::Done);
        assert!(subject.has_pending_reply());
        subject
    };
    let receive = |name: &str, wire: Vec<u8>| {
        let row = Row::call(name, start, move |subject, out| {
            subject.receive(&wire, out);
            Answer::Done
        });
        Row { kind: Kind::Reply, ..row }
    };
    vec![
        receive("receive a Ping", R::frame(0x89, b"new")),
        receive("receive a Close", R::frame(0x88, b"\x03\xe8")),
        receive("receive a violation", vec![0x83]),
        Row::call("tick, a Ping is due", start, |subject, out| subject.tick(Duration::from_secs(12), out)),
    ]
}

both_roles!(only_an_older_pong_may_be_left_out, crate::endpoint::Source);
/// LIM-07 (§5.5.2, §5.5.3): the newest reply waits, and so does the Ping; nothing is written in part or twice.
fn only_an_older_pong_may_be_left_out<R: Endpoint>() {
    let (mut count, mut checks) = (0, 0);
    for setup in Setup::all() {
        for row in rows::<R>(setup) {
            let frames = |room| {
                let (mut subject, mut out) = ((row.start)(), Room::new(1, room));
                assert_eq!((row.act)(&mut subject, &mut out), Answer::Done);
                let mut wire = out.bytes.split_off(1);
                let len = wire.len();
                let mut out = Room::large();
                subject.flush_reply(&mut out);
                subject.tick(Duration::from_secs(12), &mut out);
                wire.append(&mut out.bytes);
                let run = Run { answer: Answer::Done, events: vec![], out: wire, log: vec![], after: vec![] };
                (run.peer_events::<R>(setup, &subject.before), len)
            };
            let (all, len) = frames(usize::MAX);
            assert_eq!((all.len(), all[0].as_str()), (2, OLD), "{}: {all:?}", row.name);
            for room in 0..=len {
                let case = Case::new(&row, setup, "out has room for one frame", room);
                let (some, _) = frames(room);
                assert!(some == all || (some == all[1..] && row.kind == Kind::Reply), "{case}: {some:?}");
                checks += 1;
            }
            count += 1;
        }
    }
    report::<R>("out has room for one frame", count, checks);
}
