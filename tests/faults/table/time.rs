//! The deadlines: `tick` writes a Ping or a Close.

use core::time::Duration;

use websocket_proto::{CloseCode, Config};

use super::{Kind, Row, opened};
use crate::endpoint::{Endpoint, Setup};
use crate::subject::{Answer, Subject, call};
use crate::support::Room;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn deadlines(config: Config) -> Config {
    config.ping_interval(Some(seconds(10))).pong_timeout(Some(seconds(10))).close_timeout(Some(seconds(10)))
}

/// The first call of `tick`.
fn begin<R: Endpoint>(subject: &mut Subject<R>, out: &mut Room) -> Answer {
    subject.tick(seconds(1), out)
}

pub(crate) fn rows<R: Endpoint>(setup: Setup) -> Vec<Row<R>> {
    pings(setup).into_iter().chain(ends(setup)).collect()
}

fn pings<R: Endpoint>(setup: Setup) -> [Row<R>; 2] {
    let late = |subject: &mut Subject<R>, out: &mut Room| {
        begin(subject, out);
        subject.tick(seconds(12), &mut Room::new(1, 0))
    };
    let tick = |subject: &mut Subject<R>, out: &mut Room| subject.tick(seconds(12), out);
    let due = Row::call("tick, a Ping is due", opened(setup, deadlines, begin), tick);
    let late = Row::call("tick, the Ping had no room", opened(setup, deadlines, late), tick);
    [due, late].map(|row| Row { kind: Kind::Ping, ..row })
}

fn ends<R: Endpoint>(setup: Setup) -> [Row<R>; 3] {
    let ping = |subject: &mut Subject<R>, out: &mut Room| {
        begin(subject, out);
        subject.tick(seconds(12), out);
        // The wait of a write half begins with the next call.
        subject.tick(seconds(12), out)
    };
    let close = |subject: &mut Subject<R>, out: &mut Room| {
        assert_eq!(call!(subject, close(CloseCode::NORMAL_CLOSURE, "", out)), Ok(()));
        begin(subject, out)
    };
    let reply = move || {
        let mut subject = Subject::<R>::open(setup, deadlines(setup.config()));
        subject.receive(&R::frame(0x88, b"\x03\xe8"), &mut Room::new(1, 0));
        assert_eq!(begin(&mut subject, &mut Room::new(1, 0)), Answer::Done);
        subject
    };
    let tick = |subject: &mut Subject<R>, out: &mut Room| subject.tick(seconds(30), out);
    let no_pong = Row::call("tick, no Pong arrived", opened(setup, deadlines, ping), tick);
    let no_close = Row::call("tick, no Close arrived", opened(setup, deadlines, close), tick).quiet();
    let no_room = Row::call("tick, the reply has no room", reply, |subject, _| {
        subject.tick(seconds(30), &mut Room::new(1, 0))
    });
    [no_pong, no_close, no_room.quiet()].map(|row| Row { kind: Kind::LastWords, ..row })
}
