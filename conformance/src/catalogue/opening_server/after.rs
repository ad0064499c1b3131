//! Bytes that follow a request in the same write, after a refusal and after an acceptance (RFC 9112 §11.2).

use super::family;
use crate::case::Case;
use crate::clause::Clause;
use crate::opening::{RawHead, Text};
use crate::role::Role;
use crate::step::{Awaited, Frame, Item, Step};
use crate::verdict::{Pattern, Refusal};

/// A request that a server accepts, and the bytes that follow each line of it.
const NEXT: &str = "GET {resource} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n";

pub(super) fn cases(role: Role) -> Vec<Case> {
    let smuggling =
        Clause::new(9112, "11.2", "differences in protocol parsing among various recipients to hide");
    let pipeline =
        Clause::new(9112, "9.3.2", "A client that supports persistent connections MAY \"pipeline\" its");
    let frames =
        Clause::rfc6455("4.2.2", "the WebSocket connection to be established and that the WebSocket");
    let family = family(role, "9112:11.2", "after", smuggling);
    let refused = || RawHead::request().without("Upgrade");
    let followed = |head: RawHead| head.end(Text::from("\r\n").then(NEXT));
    let version = RawHead::request().replace("Sec-WebSocket-Version", ["Sec-WebSocket-Version: 12"]);
    let build = |suffix, title, head| family.refused(Refusal::NoWebSocket, suffix, title, head);
    vec![
        build("refusal-frame", "a frame after a request without Upgrade", refused())
            .beyond_refusal()
            .glued(vec![Item::Unanswered(Frame::text("Hello"))], vec![]),
        build("refusal-request", "a legal request after one without Upgrade", followed(refused()))
            .beyond_refusal()
            .lenient(Pattern::Accepted, pipeline),
        build("version-refusal-request", "a legal request after one of version 12", followed(version))
            .beyond_refusal()
            .lenient(Pattern::Accepted, pipeline),
        build("accept-request", "a request in the place of the first frame", followed(RawHead::request()))
            .then(vec![Step::Await(Awaited::Reaction)])
            .passes(Pattern::AnyClose, frames),
    ]
}
