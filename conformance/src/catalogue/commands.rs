//! The endpoint acts first, because a command tells it to: README.md, "What the endpoint must do".

use super::family::{Family, write};
use crate::case::Case;
use crate::clause::Clause;
use crate::role::Role;
use crate::step::{Awaited, Frame, Item, Payload, Reply, Step};

const START: Clause =
    Clause::rfc6455("7.1.2", "/reason/, an endpoint MUST send a Close control frame, as described");
const PING: Clause =
    Clause::rfc6455("5.5.2", "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in");
const NO_DATA: Clause =
    Clause::rfc6455("5.5.1", "The application MUST NOT send any more data frames after sending a");
const ONCE: Clause =
    Clause::rfc6455("5.5.1", "If an endpoint receives a Close frame and did not previously send a");
const BOTH: Clause =
    Clause::rfc6455("5.5.1", "If a client and server both send a Close message at the same time,");
const SEND_PING: Clause =
    Clause::rfc6455("5.5.2", "An endpoint MAY send a Ping frame any time after the connection is");
const SEND_PONG: Clause = Clause::rfc6455("5.5.3", "A Pong frame MAY be sent unsolicited.  This serves as a");
const DATA: Clause =
    Clause::rfc6455("5.1", "A data frame MAY be transmitted by either the client or the server at");

pub(super) fn cases(role: Role) -> Vec<Case> {
    let cases = [closes(role), after_close(role), acts(role)].concat();
    cases.into_iter().map(Case::needs_commands).collect()
}

fn command(text: &'static str) -> Step {
    Step::Write(vec![Item::Command(text.into())])
}

fn closes(role: Role) -> Vec<Case> {
    let family = Family::new(role, "cmd", "close", START);
    let commands = [
        ("empty", None, "wsconform:close"),
        ("1000", Some(1000), "wsconform:close 1000"),
        ("1001", Some(1001), "wsconform:close 1001"),
        ("3000", Some(3000), "wsconform:close 3000"),
        ("4999", Some(4999), "wsconform:close 4999"),
    ];
    let title = |name| format!("the endpoint closes first: {name}");
    let mut cases: Vec<_> = commands
        .map(|(name, code, text)| family.close(name, title(name), code, vec![command(text)]).same())
        .into();
    let steps = vec![command("wsconform:close 1000 going home")];
    cases.push(family.close("reason", title("reason"), Some(1000), steps).same().reason("going home"));
    cases
}

/// The Close of the endpoint is out, and ours is not.
fn after_close(role: Role) -> Vec<Case> {
    let closed = || vec![command("wsconform:close 1000"), Step::Await(Awaited::Close)];
    let ping = [closed(), vec![write([Frame::ping("after")]), Step::Await(Awaited::RepliesSoon)]].concat();
    let text = [closed(), vec![Step::Write(vec![Item::Unanswered(Frame::text("after"))])]].concat();
    let family = |clause| Family::new(role, "cmd", "after-close", clause);
    vec![
        family(PING).close("ping", "a Ping after the Close of the endpoint", Some(1000), ping),
        family(NO_DATA).close("text", "a text message after the Close of the endpoint", Some(1000), text),
        family(ONCE).close("close", "a Close after the Close of the endpoint", Some(1000), closed()),
    ]
}

fn acts(role: Role) -> Vec<Case> {
    let messages = |text, len, count| Reply::Messages { text, payload: Payload::Repeat(b"a", len), count };
    let acting = |reply, text| vec![Step::Owe(reply), command(text), Step::Await(Awaited::Replies)];
    let family = |name, clause| Family::new(role, "cmd", name, clause);
    let close = Item::Frame(Frame::close(1000, b""));
    let both = vec![Step::Write(vec![Item::Command("wsconform:close 1000".into()), close])];
    vec![
        family("simultaneous-close", BOTH).close("", "both sides close at once", Some(1000), both),
        family("ping", SEND_PING).echo(
            "",
            "the endpoint sends a Ping",
            acting(Reply::Ping("abc".into()), "wsconform:ping abc"),
        ),
        family("pong", SEND_PONG).echo(
            "",
            "the endpoint sends a Pong",
            acting(Reply::Pong("abc".into()), "wsconform:pong abc"),
        ),
        family("send-text", DATA).echo(
            "",
            "the endpoint sends a text message",
            acting(messages(true, 100, 1), "wsconform:send text 100 1"),
        ),
        family("send-binary", DATA).echo(
            "",
            "the endpoint sends a binary message",
            acting(messages(false, 100, 1), "wsconform:send binary 100 1"),
        ),
        family("send-100", DATA).echo(
            "",
            "the endpoint sends 100 messages",
            acting(messages(true, 10, 100), "wsconform:send text 10 100"),
        ),
    ]
}
