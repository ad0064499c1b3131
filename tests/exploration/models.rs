//! The models: the start of each search, and the steps that it takes.

use core::time::Duration;

use websocket_proto::{Client, ClientRequest, Config, Connection, Negotiated, Server, Uri};
#[cfg(feature = "deflate")]
use websocket_proto::{DeflateConfig, DeflateParams};

use super::endpoint::{Endpoint, Key, Send, WAIT};
use super::machine::Item;
use super::search::{Model, explore, is_deep};
use super::world::{Act, Name, Outcome, World};

/// The steps that do not depend on the application.
const TRANSPORT: [Act; 8] =
    [Act::Byte, Act::All, Act::Tick, Act::Pass, Act::Shut, Act::Eof, Act::Crash, Act::Reset];

/// All deadlines of the same length, so that those of both endpoints often coincide.
fn config() -> Config {
    let time = Some(WAIT);
    Config::new().handshake_timeout(time).ping_interval(time).pong_timeout(time).close_timeout(time)
}

/// Two endpoints after the opening handshake.
fn open(negotiated: Negotiated, config: Config, sends: u8, capacity: Option<usize>) -> World {
    let client = Connection::established(Client::new(Key), negotiated, config);
    let server = Connection::established(Server::new(), negotiated, config);
    World {
        client: Endpoint::new(client, config, sends, capacity),
        server: Endpoint::new(server, config, sends, capacity),
        now: Duration::from_secs(1),
        passes: 2,
        faults: 1,
        is_lost: false,
        trail: vec![],
    }
}

fn acts(sends: &[Send], more: &[Act]) -> Vec<Act> {
    sends.iter().map(|send| Act::Send(*send)).chain(more.iter().copied()).chain(TRANSPORT).collect()
}

/// All calls of the application after the opening handshake.
const SENDS: [Send; 8] = [
    Send::Text,
    Send::Binary,
    Send::Begin,
    Send::Middle,
    Send::Last,
    Send::Ping,
    Send::Close,
    Send::CloseEmpty,
];

/// The writes of a program whose `out` can be full.
const WRITES: [Act; 2] = [Act::Write, Act::Flush];

const SPLITS: [Act; 3] = [Act::Split, Act::Join, Act::Handle];

#[test]
fn whole_connections() {
    explore(&Model {
        name: "whole connections",
        start: open(Negotiated::new(), config(), 3, None),
        acts: acts(&SENDS, &[Act::Violate]),
        depth: 4,
        states: 22_189,
    });
}

/// Both endpoints, one of them or none is split, at any time.
#[test]
fn split_connections() {
    explore(&Model {
        name: "split connections",
        start: open(Negotiated::new(), config(), 3, None),
        acts: acts(
            &[Send::Text, Send::Begin, Send::Last, Send::Ping, Send::Close, Send::CloseEmpty],
            &[&SPLITS[..], &[Act::Violate]].concat(),
        ),
        depth: 4,
        states: 18_610,
    });
}

/// `out` has room for the longest frame: the Ping of the timer. A Ping is on its way to each endpoint, and its
/// Pong has no room until `out` is written.
#[test]
fn little_room() {
    let mut start = open(Negotiated::new(), config(), 5, Some(10));
    start.server.capacity = Some(6);
    for (name, texts) in [(Name::Client, 1), (Name::Server, 2)] {
        start.step(name, Act::Send(Send::Ping));
        start.step(name, Act::Write);
        (0..texts).for_each(|_| assert_eq!(start.step(name, Act::Send(Send::Text)), Outcome::Done));
    }
    explore(&Model {
        name: "little room",
        start,
        acts: acts(&SENDS, &[&WRITES[..], &[Act::Violate]].concat()),
        depth: 4,
        states: 3_243,
    });
}

/// The Pong for a long Ping never has room.
#[test]
fn reply_without_room() {
    for (name, client, server, states) in
        [("server without room", None, Some(9), 7_019), ("client without room", Some(13), None, 6_554)]
    {
        let mut start = open(Negotiated::new(), config(), 3, None);
        (start.client.capacity, start.server.capacity) = (client, server);
        let sends = [Send::Text, Send::Long, Send::LongPing, Send::Close];
        let acts = acts(&sends, &[&WRITES[..], &SPLITS, &[Act::Violate]].concat());
        explore(&Model { name, start, acts, depth: 4, states });
    }
}

/// The application answers Pings and Closes.
#[test]
fn replies_of_the_application() {
    let config = config().auto_pong(false).auto_close(false);
    explore(&Model {
        name: "replies of the application",
        start: open(Negotiated::new(), config, 3, None),
        acts: acts(&[Send::Text, Send::Ping, Send::Pong, Send::Close, Send::CloseEmpty], &SPLITS),
        depth: 4,
        states: 12_899,
    });
}

#[test]
fn closing_handshake() {
    let mut acts = acts(&[Send::Text, Send::Ping, Send::Close, Send::CloseEmpty], &[]);
    acts.retain(|act| *act != Act::Byte);
    let mut start = open(Negotiated::new(), config(), if is_deep() { 2 } else { 1 }, None);
    start.passes = if is_deep() { 2 } else { 1 };
    explore(&Model { name: "closing handshake", start, acts, depth: usize::MAX, states: 8_688 });
}

#[test]
fn opening_handshake() {
    let config = config();
    let mut start = open(Negotiated::new(), config, 1, None);
    let mut request = vec![];
    let asked = ClientRequest::new(Uri::parse("ws://a/").expect("a URI"));
    let client = Connection::client(asked, config, Key, &mut request).expect("a request");
    start.client = Endpoint::new(client, config, 1, None);
    start.client.wire = request;
    start.client.ledger.expected.push_back(Item::Head);
    start.server = Endpoint::new(Connection::server(config), config, 1, None);
    // Only the server sends, right after its response.
    start.client.sends = 0;
    let mut acts = acts(&[Send::Accept, Send::Reject, Send::CloseEmpty], &[Act::Piece]);
    acts.retain(|act| *act != Act::Byte);
    explore(&Model { name: "opening handshake", start, acts, depth: usize::MAX, states: 11_105 });
}

#[cfg(feature = "deflate")]
#[test]
fn permessage_deflate() {
    let mut params = DeflateParams::new();
    (params.server_window_bits, params.client_window_bits) = (9, 9);
    params.server_context_takeover = false;
    let deflate = DeflateConfig::new().limits(params).level(1).min_len(0);
    let mut start = open(Negotiated::new().with_deflate(params), config().deflate(Some(deflate)), 3, None);
    start.client.ledger.history = Some(vec![]);
    start.server.ledger.history = Some(vec![]);
    explore(&Model {
        name: "permessage-deflate",
        start,
        acts: acts(&[Send::Text, Send::Begin, Send::Middle, Send::Last, Send::Ping, Send::Close], &SPLITS),
        depth: 4,
        states: 10_061,
    });
}
