//! The opening handshake (§4): the standard one of the cases that begin after it, and the ones that are under
//! test.

use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::End;
use super::conversation::{Content, Conversation, LATE, Order, Phase};
use super::extensions::{self, Terms};
use super::finding::Finding;
use crate::case::{Case, Open, Script};
use crate::context::Context;
use crate::judge::{Head, HeadNext, Violation, elements, judge_request, judge_response};
use crate::opening::{Ending, Parts, RawHead, RawOpening, Values};
use crate::random::Random;
use crate::role::Role;
use crate::step::{Cuts, Item, Step};
use crate::verdict::{Expect, Note, Outcome, Refusal};

/// An opening handshake in progress.
#[derive(Debug)]
pub(super) struct Opening {
    role: Role,
    received: Vec<u8>,
    /// The request of the suite, if it has the form of one.
    request: Option<Head>,
    /// The server answered with 100.
    has_continued: bool,
    /// The status with which the server refused the request. The bytes after the refusal count.
    refused: Option<u16>,
}

/// What arrived in an opening handshake.
#[derive(Debug)]
pub(super) enum Progress {
    /// A part of something.
    More,
    /// The request of a client, and bytes that follow it.
    Request(Head, Vec<u8>),
    /// The response of a server that accepts, and bytes that follow it.
    Accepted(Head, Vec<u8>),
    /// The response of a server that refuses, and its status.
    Refused(Head, u16),
    /// After a refusal: an echo of the frame that followed the request.
    Echoed,
    /// After a refusal: the acceptance of the next request.
    NextAccepted,
    /// SETTINGS of HTTP/2.
    Settings,
    /// Something else.
    Malformed(&'static str),
}

/// The begin of the response that accepts the next request.
const NEXT: &[u8] = b"HTTP/1.1 101 ";

/// The begin of each response.
const HTTP: &[u8] = b"HTTP/";

impl Opening {
    /// Begins the handshake with an endpoint of this role. Returns the bytes that the suite writes at once.
    pub(super) fn new(
        role: Role,
        open: &Open,
        context: &Context,
        random: &mut Random,
    ) -> (Self, Option<Vec<u8>>) {
        let bytes = match role {
            Role::Server => Some(request(open, context, random)),
            Role::Client => None,
        };
        let request = bytes.as_ref().and_then(|bytes| match Head::read(bytes.trim_ascii_start()) {
            HeadNext::Head(head, _) => Some(head),
            _ => None,
        });
        (Self { role, received: Vec::new(), request, has_continued: false, refused: None }, bytes)
    }

    pub(super) fn received(&mut self, bytes: &[u8]) -> Progress {
        self.received.extend_from_slice(bytes);
        if self.refused.is_some() {
            return self.after_refusal();
        }
        loop {
            if self.role == Role::Server && !self.received.iter().zip(HTTP).all(|(a, b)| a == b) {
                return not_http(&self.received);
            }
            let (head, len) = match Head::read(&self.received) {
                HeadNext::Head(head, len) => (head, len),
                HeadNext::More => return Progress::More,
                HeadNext::Malformed(reason) => return Progress::Malformed(reason),
            };
            self.received.drain(..len);
            let rest = core::mem::take(&mut self.received);
            if self.role == Role::Client {
                return Progress::Request(head, rest);
            }
            match head.refusal() {
                Some(101) => return Progress::Accepted(head, rest),
                // RFC 9110 §15.2: an interim response precedes the final one.
                Some(status @ 100..=199) => {
                    let expects = self.request.as_ref().is_some_and(|head| head.value("Expect").is_some());
                    self.has_continued |= status == 100 && expects;
                    self.received = rest;
                }
                Some(status) => {
                    self.received = rest;
                    return Progress::Refused(head, status);
                }
                None => return Progress::Malformed("a response without a status line of HTTP/1.1"),
            }
        }
    }

    fn after_refusal(&mut self) -> Progress {
        let contains = |part: &[u8]| self.received.windows(part.len()).any(|window| window == part);
        if contains(b"\x81\x05Hello") {
            Progress::Echoed
        } else if contains(NEXT) {
            Progress::NextAccepted
        } else {
            // The rest can be a part of them. The content of the refusal can be endless.
            self.received.drain(..self.received.len().saturating_sub(NEXT.len()));
            Progress::More
        }
    }
}

/// RFC 9113 §6.5: nine bytes of header, with type 4 and stream 0.
fn not_http(bytes: &[u8]) -> Progress {
    match bytes {
        [_, _, _, 4, _, 0, 0, 0, 0, ..] => Progress::Settings,
        [0, tail @ ..] if tail.len() < 8 => Progress::More,
        _ => Progress::Malformed("bytes of another protocol before the response"),
    }
}

/// The request to a server.
fn request(open: &Open, context: &Context, random: &mut Random) -> Vec<u8> {
    let mut values = Values::default();
    values.set("host", context.host.as_str());
    values.set("resource", context.resource.as_str());
    values.set("key", STANDARD.encode(random.bytes::<16>()));
    match open {
        Open::Raw(raw) => raw.head.render(&values, &context.extra_fields),
        _ => {
            let mut extra = extensions::request_fields(open);
            extra.extend_from_slice(&context.extra_fields);
            RawHead::request().render(&values, &extra)
        }
    }
}

/// The response to the request of a client, and the extensions that it agrees on.
fn response(open: &Open, request: &Head, may_refuse: bool) -> (Vec<u8>, Terms) {
    let values = Values::of_request(request);
    let (fields, terms) = extensions::answer_to(open, request, may_refuse);
    let response = match open {
        Open::Raw(raw) => raw.head.render(&values, &[]),
        _ => RawHead::response().render(&values, &fields),
    };
    (response, terms)
}

impl Conversation {
    /// Acts on what arrived in the opening handshake.
    pub(super) fn opened(&mut self, progress: Progress) {
        match progress {
            Progress::More => {}
            Progress::Request(head, rest) => self.answer(head, &rest),
            Progress::Accepted(head, rest) => self.accepted(head, &rest),
            Progress::Refused(head, status) => self.refused(&head, status),
            Progress::Echoed => {
                self.find(Finding::new(Outcome::WentOn, "the frame after the refused request was echoed"));
            }
            Progress::NextAccepted => {
                self.find(Finding::new(Outcome::Accepted, "the request after the refused one was accepted"));
            }
            Progress::Settings => self.find(Finding::new(Outcome::Http2, "the endpoint speaks HTTP/2")),
            Progress::Malformed(detail) => self.malformed(detail),
        }
    }

    /// The request of a client.
    fn answer(&mut self, head: Head, rest: &[u8]) {
        self.head_violations.extend(judge_request(&head));
        if !rest.is_empty() {
            self.head_violations.push(Violation::BytesBeforeAcceptance);
        }
        if head.value("Sec-WebSocket-Key").is_none() {
            self.find(Finding::new(Outcome::NotOpened, "a request without Sec-WebSocket-Key"));
            return;
        }
        let (response, terms) = response(&self.open, &head, self.may_refuse);
        self.head = Some(head);
        self.phase = Phase::Script;
        self.agree(terms);
        self.write_opening(response);
        self.peer.received(rest, |_| {});
    }

    /// The 101 of a server.
    fn accepted(&mut self, head: Head, rest: &[u8]) {
        let Phase::Opening(opening) = &self.phase else { return };
        let request = opening.request.as_ref();
        let violations = request.map(|request| judge_response(request, &head)).unwrap_or_default();
        let has_continued = opening.has_continued;
        let terms = extensions::terms_of_response(&self.open, &head);
        self.head = Some(head);
        let (rules, is_refusal): (&[Violation], bool) = match self.expect {
            Expect::Opened(rules) => (rules, false),
            Expect::Refuse { rules, .. } => (rules, true),
            _ => (&[], false),
        };
        let broken = violations.iter().find(|violation| rules.contains(violation)).copied();
        // A request that has to be refused has no right response.
        if !is_refusal {
            self.head_violations.extend(violations);
        }
        if let Some(violation) = broken {
            self.find(Finding::new(Outcome::Wrong, format!("the 101 breaks a rule: {violation:?}")));
        } else if self.steps.is_empty() && (is_refusal || self.expect == Expect::Alive) {
            self.find(Finding::new(Outcome::Accepted, "the request was accepted"));
        } else {
            if has_continued {
                self.note(Note::Continued);
            }
            self.phase = Phase::Script;
            self.agree(terms);
            if !self.is_another_request(rest) {
                self.peer.received(rest, |_| {});
            }
        }
    }

    /// A final response of a server other than 101.
    fn refused(&mut self, head: &Head, status: u16) {
        let refusal = match self.expect {
            Expect::Refuse { refusal, .. } => Some(refusal),
            _ => None,
        };
        if refusal == Some(Refusal::Method) && status == 405 && head.value("Allow").is_none() {
            self.note(Note::NoAllow);
        }
        let names_version = elements(head, "Sec-WebSocket-Version").iter().any(|version| version == "13");
        if refusal == Some(Refusal::Version) && !names_version {
            self.note(Note::NoVersion);
        }
        if self.raw().is_some_and(|raw| !raw.is_decided_by_refusal) {
            let Phase::Opening(opening) = &mut self.phase else { return };
            opening.refused = Some(status);
            let progress = opening.after_refusal();
            self.opened(progress);
        } else {
            let detail = format!("the opening request was answered with {status}");
            self.find(Finding::new(Outcome::Answered(status), detail));
        }
    }

    fn malformed(&mut self, detail: &'static str) {
        self.head_violations.push(match self.role {
            Role::Client => Violation::RequestLine,
            Role::Server if detail.starts_with("bytes") => Violation::BytesBeforeResponse,
            Role::Server => Violation::ResponseStatus,
        });
        if matches!(self.expect, Expect::Refuse { .. }) {
            self.head_violations.clear();
        }
        let is_under_test = self.is_opening_under_test();
        let outcome = if is_under_test { Outcome::Wrong } else { Outcome::NotOpened };
        self.find(Finding::new(outcome, detail));
    }

    /// Whether these bytes are an HTTP message in the place of the first frame. If so, they decide the case.
    pub(super) fn is_another_request(&mut self, bytes: &[u8]) -> bool {
        if self.peer.stream.frames() > 0 {
            return false;
        }
        match self.expect {
            Expect::Refuse { .. } if bytes.starts_with(HTTP) => {
                let detail = "a response to the bytes after the request that was accepted";
                self.find(Finding::new(Outcome::Wrong, detail));
            }
            Expect::Reject { .. } if bytes.starts_with(b"GET ") => {
                self.find(Finding::new(Outcome::Retried, "another request on the same connection"));
            }
            Expect::Opened(_) | Expect::Obey(_) if self.is_answering() && !bytes.is_empty() => {
                self.head_violations.push(Violation::BytesBeforeAcceptance);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// The client follows a redirect on another connection, and may keep this one open.
    pub(super) fn redirected(&mut self) {
        if matches!(self.expect, Expect::Reject { .. }) {
            self.find(Finding::new(Outcome::Retried, "a request for the resource of the redirect"));
        }
    }

    /// Whether a part of the response is not written yet.
    fn is_answering(&self) -> bool {
        let is_head = |order: &Order| matches!(order, Order::Write(_, Content::Head));
        self.role == Role::Client && self.orders.iter().any(is_head)
    }

    /// A finding in the opening handshake, other than what a received head shows.
    pub(super) fn opening_finding(&self, opening: &Opening, now: Duration) -> Option<Finding> {
        let is_late = self.orders.is_empty() && now >= self.opening_deadline();
        if self.ended.is_none() && !is_late {
            return None;
        }
        if let Some(status) = opening.refused {
            let detail = format!("the opening request was answered with {status}");
            return Some(Finding::new(Outcome::Answered(status), detail));
        }
        let is_under_test = self.is_opening_under_test();
        let (outcome, detail) = match self.ended {
            Some(End::Eof) if !is_under_test => {
                (Outcome::NotOpened, "the connection ended during the opening handshake")
            }
            Some(End::Reset) if !is_under_test => {
                (Outcome::NotOpened, "the connection was reset during the opening handshake")
            }
            Some(_) if !opening.received.is_empty() => {
                (Outcome::Wrong, "the connection ended before the end of the response")
            }
            Some(End::Eof) => (Outcome::Eof, "the connection ended without a response"),
            Some(End::Reset) => (Outcome::Reset, "the connection was reset without a response"),
            None if !is_under_test => (Outcome::NotOpened, "no answer to the opening request"),
            None if self.is_answer_due() => (Outcome::Timeout, "no answer to the opening request"),
            None => (Outcome::Quiet, "no reaction"),
        };
        Some(Finding::new(outcome, detail))
    }

    /// The time at which an answer is missing, or at which none is awaited any more.
    pub(super) fn opening_deadline(&self) -> Duration {
        match &self.phase {
            Phase::Opening(opening) if opening.refused.is_none() && self.is_answer_due() => self.deadline(),
            _ => (self.progress + LATE.min(self.timeout)).min(self.last_deadline()),
        }
    }

    fn is_answer_due(&self) -> bool {
        let is_whole = self.raw().is_none_or(|raw| raw.end == Ending::Open);
        self.role == Role::Client || is_whole && self.expect != Expect::Alive
    }

    /// Whether an opening handshake without an answer is a failure of the server, and not the lack of a condition.
    fn is_opening_under_test(&self) -> bool {
        let is_special = matches!(self.open, Open::Raw(_) | Open::InParts { .. });
        self.role == Role::Server && (is_special || matches!(self.expect, Expect::Opened(_)))
    }

    fn raw(&self) -> Option<&RawOpening> {
        match &self.open {
            Open::Raw(raw) => Some(raw),
            _ => None,
        }
    }

    /// Writes the head of the suite.
    pub(super) fn write_opening(&mut self, head: Vec<u8>) {
        match self.open.clone() {
            Open::Standard | Open::Deflate(_) | Open::Extensions(_) => {
                let head = self.with_probe(head);
                self.orders.push_back(Order::Write(head, Content::Head));
            }
            Open::InParts { cuts, paced } => self.write_parts(&head, &cuts, paced, Content::Head),
            Open::Raw(raw) => self.write_raw(&raw, head),
        }
    }

    /// Joins the probe with a response that the client must refuse: after a separate write, a client that
    /// closes with unread input could reset the connection.
    fn with_probe(&mut self, mut head: Vec<u8>) -> Vec<u8> {
        let probe = [Item::Probe];
        let is_probe = matches!(self.steps.front(), Some(Step::Write(items)) if *items == probe);
        if is_probe && matches!(self.expect, Expect::Reject { .. }) {
            self.steps.pop_front();
            let glued = self.encoder.encode(&probe);
            self.peer.probe = glued.probe.map(|(_, nonce)| nonce);
            head.extend_from_slice(&glued.bytes);
        }
        head
    }

    fn write_raw(&mut self, raw: &RawOpening, mut bytes: Vec<u8>) {
        let glued = self.encoder.encode(&raw.glued);
        for demand in glued.demands {
            self.peer.ledger.demand(demand);
        }
        self.peer.probe = glued.probe.map(|(_, nonce)| nonce);
        bytes.extend_from_slice(&glued.bytes);
        match &raw.parts {
            _ if bytes.is_empty() => {}
            Parts::Cut(cuts) => self.write_parts(&bytes, cuts, true, Content::Head),
            // The driver replaces the places by one of them.
            Parts::Whole | Parts::EachPlace => self.orders.push_back(Order::Write(bytes, Content::Head)),
        }
        match raw.end {
            Ending::Open | Ending::Endless => {}
            Ending::HalfClose => self.end_writing(),
            Ending::Reset => self.orders.push_back(Order::Reset),
        }
    }

    /// Ends our side of the connection, after the writes that are ordered already.
    pub(super) fn end_writing(&mut self) {
        self.orders.push_back(Order::HalfClose);
        self.is_writable = false;
    }
}

/// Turns the one connection of a case into one for each place at which its opening can be cut.
pub(super) fn for_each_place(case: &Case, context: &Context, turns: &mut Vec<Vec<Step>>) {
    if has_each_place(&case.open) {
        let steps = turns.first().cloned().unwrap_or_default();
        *turns = vec![steps; case.connections(context)];
    }
}

fn has_each_place(open: &Open) -> bool {
    matches!(open, Open::Raw(raw) if raw.parts == Parts::EachPlace)
}

/// The opening of one of the connections of a case: cut at the place of its number.
pub(super) fn at_place(open: &Open, turn: usize) -> Open {
    let mut open = open.clone();
    if let Open::Raw(RawOpening { parts: parts @ Parts::EachPlace, .. }) = &mut open {
        *parts = Parts::Cut(Cuts::At(vec![turn.saturating_add(1)]));
    }
    open
}

/// A request as a client writes it, for the bytes of a response without a client.
const SAMPLE: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

impl Case {
    /// The number of connections, one after another, without those of a second try.
    #[must_use]
    pub fn connections(&self, context: &Context) -> usize {
        match &self.script {
            _ if has_each_place(&self.open) => self.opening(context, 0).len().saturating_sub(1),
            Script::Sweep(turns) => turns.len(),
            Script::Steps(_) | Script::Derived(_) => 1,
        }
    }

    /// The head that the suite writes, without the frames after it. If a client is tested: to a request
    /// without offers, with the key of the example in RFC 6455.
    #[must_use]
    pub fn opening(&self, context: &Context, index: u16) -> Vec<u8> {
        let random = Random::for_connection(context.seed, self.id.as_str(), index, 0);
        match (self.role, Head::read(SAMPLE)) {
            (Role::Client, HeadNext::Head(head, _)) => {
                response(&self.open, &head, context.capabilities.handshake_control).0
            }
            _ => request(&self.open, context, &mut random.fork()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Open, Opening, Progress, Random, Role};

    fn opening(role: Role) -> (Opening, Option<Vec<u8>>) {
        Opening::new(role, &Open::Standard, &Context::default(), &mut Random::new(1, "", 0))
    }

    #[test]
    fn a_server_answers_after_interim_responses() {
        let (mut opening, request) = opening(Role::Server);
        let request = request.expect("a request");
        assert!(
            request.starts_with(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n") && request.ends_with(b"\r\n\r\n")
        );
        assert!(matches!(opening.received(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 "), Progress::More));
        let end = opening.received(b"Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x00");
        assert!(matches!(end, Progress::Accepted(_, rest) if rest == b"\x81\x00"));
    }

    #[test]
    fn a_refusal_has_its_status() {
        for version in ["1.1", "1.0"] {
            let (mut opening, _) = opening(Role::Server);
            let response = format!("HTTP/{version} 503 Busy\r\n\r\n");
            assert!(matches!(opening.received(response.as_bytes()), Progress::Refused(_, 503)));
        }
    }

    #[test]
    fn other_protocols_are_seen_at_once() {
        let received = |bytes: &[u8]| opening(Role::Server).0.received(bytes);
        assert!(matches!(received(b"HT"), Progress::More));
        assert!(matches!(received(b"\x8A\x00HTTP/1.1 101 x\r\n\r\n"), Progress::Malformed(_)));
        assert!(matches!(received(b"\0\0\0\x04\0"), Progress::More));
        assert!(matches!(received(b"\0\0\0\x04\0\0\0\0\0"), Progress::Settings));
        assert!(matches!(received(b"HTTP/1.0 101 x\r\n\r\n"), Progress::Malformed(_)));
    }

    #[test]
    fn a_client_gets_its_accept_value() {
        let (mut opening, nothing) = opening(Role::Client);
        assert_eq!(nothing, None);
        let request = b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nx";
        let Progress::Request(head, rest) = opening.received(request) else { panic!("no request") };
        let response = String::from_utf8(super::response(&Open::Standard, &head, true).0).expect("ASCII");
        assert!(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{response}");
        assert_eq!(rest, b"x");
    }
}
