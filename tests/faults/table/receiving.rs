//! The operations that read, with the replies that they write.

use core::time::Duration;

use websocket_proto::{CloseCode, CloseFrame, Config, Event, ProtocolError};

use super::{Kind, Piece, Row, nothing, opened};
use crate::endpoint::{Endpoint, Setup};
use crate::subject::{Answer, Subject, call};
use crate::support::Room;

/// A change of the configuration.
type Change = fn(Config) -> Config;

const TEXT: &str = "a text, and the same text: a text, and the same text, and the same text";

pub(crate) fn rows<R: Endpoint>(setup: Setup) -> Vec<Row<R>> {
    let mut rows = vec![];
    messages(setup, &mut rows);
    closes(setup, &mut rows);
    violations(setup, &mut rows);
    pending(setup, &mut rows);
    rows
}

fn close_event<'a>(code: CloseCode, reason: &'a str) -> Event<'a> {
    Event::Close(Some(CloseFrame { code, reason }))
}

fn messages<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    let script = vec![
        Piece::event(R::frame(0x81, b"hi"), Event::Text("hi")),
        Piece::event(R::frame(0x82, b""), Event::Binary(b"")),
        Piece::quiet(R::frame(0x01, b"one \xC3")),
        Piece::event(R::frame(0x8A, b"late"), Event::Pong(b"late")),
        Piece::event(R::frame(0x89, b"?"), Event::Ping(b"?")),
        Piece::quiet(R::frame(0x00, b"\xA9 two")),
        Piece::event(R::frame(0x80, b" three"), Event::Text("one é two three")),
        Piece::event(R::frame(0x82, &[7; 130]), Event::Binary(&[7; 130])),
    ];
    rows.push(Row::reading("receive messages and a Ping", opened(setup, |config| config, nothing), script));
    // The peer compresses it if permessage-deflate was negotiated.
    let start = || Subject::<R::Peer>::open(Setup { is_split: false, ..setup }, setup.config());
    let mut peer = start();
    let script = ["twice", "and compressed"].map(|_| {
        let mut out = Room::large();
        assert_eq!(call!(&mut peer, send_text(TEXT, &mut out)), Ok(()));
        Piece::event(out.bytes, Event::Text(TEXT))
    });
    let start = opened(setup, |config| config, nothing);
    rows.push(Row::reading("receive texts of the peer", start, script.into()).quiet());
    let long = R::frame(0x89, &[b'?'; 125]);
    let script = vec![Piece::event(long, Event::Ping(&[b'?'; 125]))];
    rows.push(Row::reading("receive a long Ping", opened(setup, |config| config, nothing), script));
    let ping = || vec![Piece::event(R::frame(0x89, b"?"), Event::Ping(b"?"))];
    let start = opened(
        setup,
        |config| config,
        |subject: &mut Subject<R>, out| call!(subject, close(CloseCode::NORMAL_CLOSURE, "", out)).into(),
    );
    rows.push(Row::reading("receive a Ping after its own Close", start, ping()));
}

fn closes<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    let code = CloseCode::GOING_AWAY;
    let forms = [
        ("receive a Close", &b"\x03\xe9"[..], close_event(code, "")),
        ("receive a Close with a reason", b"\x03\xe9it is late", close_event(code, "it is late")),
        ("receive a Close without a code", b"", Event::Close(None)),
    ];
    for (name, payload, event) in forms {
        let script = || {
            vec![
                Piece::event(R::frame(0x82, b"last"), Event::Binary(b"last")),
                Piece::event(R::frame(0x88, payload), event),
            ]
        };
        rows.push(Row::reading(name, opened(setup, |config| config, nothing), script()));
        let start = opened(
            setup,
            |config| config,
            move |subject: &mut Subject<R>, out| {
                call!(subject, close(CloseCode::NORMAL_CLOSURE, "", out)).into()
            },
        );
        rows.push(Row::reading(format!("{name} that answers"), start, script()).quiet());
        let start = opened(setup, |config| config.auto_close(false), nothing);
        rows.push(Row::reading(format!("{name} that the application answers"), start, script()).quiet());
    }
}

fn violations<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    let invalid = R::frame(0x81, b"a\xFFb");
    // §8.1: it fails at the first invalid byte, and the byte after that is discarded
    let (seen, discarded) = invalid.split_at(invalid.len() - 1);
    let long = R::frame(0x82, &[7; 50]);
    let (judged, rest) = long.split_at(2);
    let forms: [(&str, Change, _); 4] = [
        (
            "receive a violation",
            |config| config,
            vec![Piece::error([0x83], ProtocolError::ReservedOpcode), Piece::quiet(*b"\x00discarded")],
        ),
        (
            "receive a Close with an illegal code",
            |config| config,
            vec![Piece::error(R::frame(0x88, b"\x03\xed"), ProtocolError::InvalidCloseCode)],
        ),
        (
            "receive a text that is not UTF-8",
            |config| config,
            vec![
                Piece { payload: b"a".to_vec(), ..Piece::error(seen, ProtocolError::InvalidUtf8) },
                Piece::quiet(discarded),
            ],
        ),
        (
            "receive a message over the limit",
            |config| config.max_message_size(49),
            vec![Piece::error(judged, ProtocolError::MessageTooBig), Piece::quiet(rest)],
        ),
    ];
    for (name, config, script) in forms {
        let whole = |script: &[Piece]| {
            let ping = Piece::event(R::frame(0x81, b"good"), Event::Text("good"));
            [&[ping], script].concat()
        };
        rows.push(Row::reading(name, opened(setup, config, nothing), whole(&script)));
        let start = opened(setup, config, |subject: &mut Subject<R>, out| {
            call!(subject, close(CloseCode::NORMAL_CLOSURE, "", out)).into()
        });
        rows.push(Row::reading(format!("{name}, after its own Close"), start, whole(&script)).quiet());
    }
}

/// The calls that only write a pending reply.
fn pending<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    let close = [b"\x03\xe8", &b"enough"[..]].concat();
    for (name, wire) in [
        ("a Pong", R::frame(0x89, b"ping")),
        ("a Close", R::frame(0x88, &close)),
        ("the Close after a violation", vec![0x83]),
    ] {
        let start = move |wire: &[u8]| {
            let mut subject = Subject::<R>::open(setup, setup.config());
            subject.receive(wire, &mut Room::new(1, 0));
            assert!(subject.has_pending_reply());
            subject
        };
        let bytes = wire.clone();
        let flush = Row::call(format!("flush_reply, {name}"), move || start(&bytes), Subject::flush_reply);
        rows.push(Row { kind: Kind::Reply, ..flush });
        let bytes = wire.clone();
        let tick = Row::call(
            format!("tick, with {name} pending"),
            move || start(&bytes),
            |subject, out| subject.tick(Duration::ZERO, out),
        );
        rows.push(Row { kind: Kind::Reply, ..tick });
        if setup.is_split {
            continue; // `ReadHalf::receive` writes nothing
        }
        let act = |subject: &mut Subject<R>, out: &mut Room| {
            subject.receive(b"", out);
            Answer::Done
        };
        let receive = Row::call(format!("receive nothing, with {name} pending"), move || start(&wire), act);
        rows.push(Row { kind: Kind::Reply, ..receive });
    }
}
