//! Legal responses, which a client accepts (§4.1).

use super::super::family::Family;
use super::super::opening::{
    SPACES, cased_names, glued_frames, many, obs_text, space, unknown, upgrade_options,
};
use super::family;
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{Parts, RawHead, Text};
use crate::role::Role;
use crate::step::{Awaited, Cuts, Item, Step};
use crate::verdict::{Expect, Pattern};

pub(super) fn cases(role: Role) -> Vec<Case> {
    [fields(role), forms(role), http(role), split(role), glued(role)].concat()
}

const VALIDATED: Clause =
    Clause::rfc6455("4.1", "If the server's response is validated as provided for above, it is");
const CASE: Clause = Clause::rfc6455("4.1", "both HTTP requests and HTTP responses are case-insensitive.");
const UPGRADE: Clause = Clause::rfc6455("4.1", "field contains a value that is not an ASCII case-");
const CONNECTION: Clause =
    Clause::rfc6455("4.1", "|Connection| header field doesn't contain a token that is an");

fn fields(role: Role) -> Vec<Case> {
    let family = family(role, "4.1", "accept", VALIDATED);
    let head = RawHead::response;
    let reversed = {
        let mut head = head();
        head.fields.reverse();
        head
    };
    let [lower, upper] = cased_names(&head(), &family.clause(CASE));
    let mut cases = vec![
        family.opened("minimal", "only the fields that a response needs", head()),
        family.opened("order-reversed", "the fields in reverse order", reversed),
        lower,
        upper,
    ];
    let list =
        [("connection-list", "Upgrade is the last element of Connection", "Connection: keep-alive, Upgrade")];
    cases.extend(upgrade_options(&head(), &family.clause(UPGRADE), &family.clause(CONNECTION), &list));
    cases
}

fn forms(role: Role) -> Vec<Case> {
    let family = family(role, "4.1", "accept", VALIDATED);
    let head = RawHead::response;
    let reason = Clause::new(9112, "4", "status-line = HTTP-version SP status-code SP [ reason-phrase ]");
    let opaque =
        Clause::new(9110, "5.5", "A recipient SHOULD treat other allowed octets in field content (i.e.,");
    let around = Clause::new(9112, "5.1", "A field line value might be preceded and/or followed by optional");
    let limits = Clause::new(9110, "5.4", "individual lengths are found in practice, often depending on the");
    let long = Text::from("HTTP/1.1 101 ").then(Text::repeat("Switching ", 100)).then("Protocols");
    let with = |lines: &mut dyn Iterator<Item = Text>| lines.fold(head(), RawHead::add);
    let mut cases = vec![
        family.clause(reason).opened("reason-empty", "no reason phrase", head().start("HTTP/1.1 101 ")),
        family.clause(reason).opened("reason-long", "a reason phrase of 1,000 bytes", head().start(long)),
        family
            .opened("unknown-fields-30", "30 unknown fields", with(&mut many(30)))
            .lenient(Pattern::AnyEnd, limits),
        family.opened(
            "cookies-20",
            "20 cookies",
            with(&mut (0..20).map(|n| format!("Set-Cookie: a{n}=b; Path=/; HttpOnly").into())),
        ),
        family.clause(opaque).should().opened(
            "obs-text",
            "an unknown field with the bytes 80 to FF",
            head().add(unknown(obs_text())),
        ),
        family.opened("empty-value", "an unknown field without a value", head().add(unknown(""))),
    ];
    cases.extend(SPACES.iter().filter(|(suffix, ..)| matches!(*suffix, "tab" | "none")).map(
        |(suffix, title, before, after)| {
            let head = head().map(|line| space(line, before, after));
            family.clause(around).opened(format!("ows-{suffix}"), *title, head)
        },
    ));
    cases
}

fn http(role: Role) -> Vec<Case> {
    let fold =
        Clause::new(9112, "5.2", "A user agent that receives an obs-fold in a response message that is");
    let interim =
        Clause::new(9110, "15.2", "A client MUST be able to parse one or more 1xx responses received");
    let interims = family(role, "9110:15.2", "interim", interim);
    let after = |heads: &'static str| {
        RawHead::response().start(Text::from(heads).then("HTTP/1.1 101 Switching Protocols"))
    };
    vec![
        family(role, "9112:5.2", "response-fold", fold)
            .opened("", "an unknown field in two lines", RawHead::response().add(unknown("a\r\n b")))
            .lenient(Pattern::AnyEnd, fold),
        interims.opened("100", "a 100 before the 101", after("HTTP/1.1 100 Continue\r\n\r\n")),
        interims.opened(
            "103",
            "a 103 before the 101",
            after("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"),
        ),
        interims.opened(
            "three",
            "a 100 and two 103 before the 101",
            after(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
                HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n",
            ),
        ),
    ]
}

fn split(role: Role) -> Vec<Case> {
    let family = family(role, "4.1", "split", VALIDATED);
    let opened = |suffix, title| family.opened(suffix, title, RawHead::response());
    vec![
        opened("every-byte", "one byte in each write").cut(Cuts::Every(1)),
        opened("two-way", "two writes, cut at each place").parts(Parts::EachPlace),
        opened("each-line", "one line in each write").cut(Cuts::Lines),
    ]
}

fn glued(role: Role) -> Vec<Case> {
    let reply =
        Clause::rfc6455("5.5.1", "Close frame, the endpoint MUST send a Close frame in response.  (When");
    let family: Family = family(role, "4.1", "glued", VALIDATED);
    let cases = glued_frames().map(|(suffix, what, frames)| {
        let title = format!("{what} in the same write as the response");
        let items = frames.into_iter().map(Item::Frame).collect();
        let mut case = family.opened(suffix, title, RawHead::response());
        case.expect = Expect::Echo;
        match suffix {
            "close" => case
                .glued(items, vec![Step::Await(Awaited::Close)])
                .passes(Pattern::Closed(&[1000]), reply)
                .lenient(Pattern::AnyClose, reply),
            _ => case.glued(items, vec![Step::Await(Awaited::Replies), Step::Barrier]),
        }
    });
    cases.into()
}
