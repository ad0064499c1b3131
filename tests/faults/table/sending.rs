//! The operations that send.

use websocket_proto::{CloseCode, MessageKind, PreparedMessage};

use super::{Row, nothing, opened};
use crate::endpoint::{Endpoint, Setup};
use crate::subject::{Answer, Subject, call};
use crate::support::Room;

const LONG: &str = "a text that permessage-deflate makes shorter, because it repeats a text that permessage-deflate \
                    makes shorter, because it repeats itself";
const NORMAL: CloseCode = CloseCode::NORMAL_CLOSURE;

pub(crate) fn rows<R: Endpoint>(setup: Setup) -> Vec<Row<R>> {
    let mut rows = vec![];
    messages(setup, &mut rows);
    fragments(setup, &mut rows);
    controls(setup, &mut rows);
    alone(setup, &mut rows);
    rows
}

/// Adds an operation on an open connection twice: alone, and with a Pong that waits for room.
fn add<R: Endpoint>(
    rows: &mut Vec<Row<R>>,
    setup: Setup,
    name: &str,
    step: impl Fn(&mut Subject<R>, &mut Room) -> Answer + Clone + 'static,
    act: impl Fn(&mut Subject<R>, &mut Room) -> Answer + Clone + 'static,
) {
    let step = move |subject: &mut Subject<R>, out: &mut Room| {
        if setup.has_deflate {
            // So that the windows are not empty.
            let mut first = Room::large();
            assert_eq!(call!(subject, send_text(LONG, &mut first)), Ok(()));
            subject.before.append(&mut first.bytes);
        }
        step(subject, out)
    };
    let start = opened(setup, |config| config, step.clone());
    rows.push(Row::call(name, start, act.clone()));
    let start = opened(setup, |config| config, step);
    let start = move || {
        let mut subject = start();
        subject.receive(&R::frame(0x89, b"still there?"), &mut Room::new(1, 0));
        assert!(subject.has_pending_reply());
        subject
    };
    rows.push(Row::call(format!("{name}, after a pending Pong"), start, act));
}

fn messages<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    add(rows, setup, "send_text", nothing, |subject, out| call!(subject, send_text("hi", out)).into());
    add(rows, setup, "send_text of more than 125 bytes", nothing, |subject, out| {
        call!(subject, send_text(LONG, out)).into()
    });
    add(rows, setup, "send_binary", nothing, |subject, out| {
        let bytes: Vec<u8> = (0..100u8).map(|i| i.wrapping_mul(73) ^ i >> 1).collect();
        call!(subject, send_binary(&bytes, out)).into()
    });
    add(rows, setup, "send_binary of nothing", nothing, |subject, out| {
        call!(subject, send_binary(b"", out)).into()
    });
    add(rows, setup, "send_prepared", nothing, move |subject, out| {
        let message = PreparedMessage::text(LONG);
        #[cfg(feature = "deflate")]
        let message = if setup.has_deflate { message.with_deflate(15, 6) } else { message };
        call!(subject, send_prepared(&message, out)).into()
    });
    add(rows, setup, "mask_and_encode_header", nothing, |subject, _| {
        let mut payload = *b"a payload that is not copied";
        let header = call!(subject, mask_and_encode_header(MessageKind::Binary, &mut payload));
        if header.is_ok() {
            subject.direct.extend(payload);
        } else {
            assert_eq!(payload, *b"a payload that is not copied", "an error leaves the payload unmasked");
        }
        header.map(|header| drop(subject.direct.splice(0..0, header.iter().copied()))).into()
    });
    for row in rows.iter_mut().rev().take(2) {
        row.writes = false;
    }
}

fn fragments<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    let fragment = |text: &'static str, last| {
        move |subject: &mut Subject<R>, out: &mut Room| {
            Answer::from(call!(subject, send_fragment(MessageKind::Text, text.as_bytes(), last, out)))
        }
    };
    add(rows, setup, "send_fragment, the only one", nothing, fragment(LONG, true));
    add(rows, setup, "send_fragment, the first", nothing, fragment(LONG, false));
    add(rows, setup, "send_fragment, the first and empty", nothing, fragment("", false));
    add(rows, setup, "send_fragment, in the middle", fragment(LONG, false), fragment("more", false));
    add(rows, setup, "send_fragment, the last", fragment("é, and more", false), fragment(LONG, true));
    add(rows, setup, "ping inside a message", fragment(LONG, false), |subject, out| {
        call!(subject, ping(b"?", out)).into()
    });
}

fn controls<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    add(rows, setup, "ping", nothing, |subject, out| call!(subject, ping(b"ping", out)).into());
    add(rows, setup, "ping of 125 bytes", nothing, |subject, out| {
        call!(subject, ping(&[7; 125], out)).into()
    });
    add(rows, setup, "pong", nothing, |subject, out| call!(subject, pong(b"", out)).into());
    add(rows, setup, "close", nothing, |subject, out| call!(subject, close(NORMAL, "", out)).into());
    add(rows, setup, "close with a reason", nothing, |subject, out| {
        call!(subject, close(NORMAL, "there is nothing more to say", out)).into()
    });
    add(rows, setup, "close_empty", nothing, |subject, out| call!(subject, close_empty(out)).into());
}

/// The operations during which no Pong can be pending.
fn alone<R: Endpoint>(setup: Setup, rows: &mut Vec<Row<R>>) {
    let start = opened(
        setup,
        |config| config.auto_pong(false),
        |subject: &mut Subject<R>, out| {
            let closed = call!(subject, close(NORMAL, "", out)).into();
            subject.receive(&R::frame(0x89, b"the last Ping"), out);
            closed
        },
    );
    rows.push(Row::call("pong after its own Close", start, |subject, out| {
        call!(subject, pong(b"the last Ping", out)).into()
    }));
    for (name, code) in [("close that answers", Some(NORMAL)), ("close_empty that answers", None)] {
        let start = opened(
            setup,
            |config| config.auto_close(false),
            |subject: &mut Subject<R>, out| {
                subject.receive(&R::frame(0x88, b"\x03\xe8bye"), out);
                Answer::Done
            },
        );
        rows.push(Row::call(name, start, move |subject, out| match code {
            Some(code) => call!(subject, close(code, "bye", out)).into(),
            None => call!(subject, close_empty(out)).into(),
        }));
    }
}
