//! The same bytes in any pieces.

use websocket_proto::{Accept, Config, Connection, Delivery, Error, ReceiveBuffer, Role, State};

use super::naive;
use crate::support::{Outcome, Seen, asking, feed, open_client, open_server};

/// The largest fixed buffer that an input needs: for a message and a control frame.
const ROOM: usize = MAX_MESSAGE + 131;
const MAX_MESSAGE: usize = 4096;

/// The events, output, error and state are the same for one read and for any reads, for growing and for fixed
/// memory, for messages and for parts. On an open connection, they are those of the RFC.
///
/// The first byte of the input has options: 1 for a client, 2 for a connection in its opening handshake, 4
/// for small limits. The second byte is the number of bytes after it that are sizes of reads. The rest is the
/// input from the peer.
pub fn chunking(input: &[u8]) {
    let [options, count, rest @ ..] = input else { return };
    let (reads, wire) = rest.split_at(usize::from(*count).min(rest.len()));
    let mut config = Config::default();
    // Below the length of the fixed buffer, which is a limit, too (§10.4).
    (config.max_message_size, config.max_head_size) = (MAX_MESSAGE as u64, 1024);
    if options & 4 != 0 {
        (config.max_message_size, config.max_frame_size, config.max_fragments) = (100, 70, 4);
    }
    match options & 3 {
        0 => assert_as_told(&every_way(open_server, |_, _| (), config, reads, wire), false, &config, wire),
        1 => assert_as_told(&every_way(open_client, |_, _| (), config, reads, wire), true, &config, wire),
        2 => {
            let accept = |server: &mut Connection<_>, out: &mut Vec<u8>| {
                server.accept(Accept::new(), out).expect("a request")
            };
            every_way(Connection::server, accept, config, reads, wire);
        }
        _ => {
            every_way(|config| asking(config, &["chat"]), |_, _| (), config, reads, wire);
        }
    }
}

fn every_way<R: Role>(
    start: impl Fn(Config) -> Connection<R>,
    accept: impl Fn(&mut Connection<R>, &mut Vec<u8>),
    mut config: Config,
    reads: &[u8],
    wire: &[u8],
) -> Outcome {
    let (whole, cut) = ([wire], cut(wire, reads));
    // Room for a code point and a control frame, or for a code point and a head.
    let least = if start(config).state() == State::Transmission {
        ReceiveBuffer::MIN_LEN
    } else {
        config.max_head_size + 1 + 4
    };
    let mut memory = [0xA5; ROOM];
    let mut run = |delivery, chunks: &[&[u8]], fixed: Option<usize>| {
        config.delivery = delivery;
        let (connection, chunks) = (start(config), chunks.iter().copied());
        match fixed {
            None => feed(connection, ReceiveBuffer::with_retained_capacity(64), chunks, &accept),
            Some(len) => feed(connection, ReceiveBuffer::fixed(&mut memory[..len]), chunks, &accept),
        }
    };
    let (outcome, parts) = (run(Delivery::Messages, &whole, None), run(Delivery::Parts, &whole, None));
    assert_eq!(parts.clone().of_whole_messages(), outcome);
    for (chunks, fixed) in [(&cut[..], None), (&whole, Some(ROOM)), (&cut, Some(ROOM))] {
        assert_eq!(
            run(Delivery::Messages, chunks, fixed),
            outcome,
            "in {} reads, into {fixed:?}",
            chunks.len()
        );
    }
    for (chunks, fixed) in [(&cut[..], None), (&whole, Some(least)), (&cut, Some(least))] {
        assert_eq!(
            run(Delivery::Parts, chunks, fixed),
            parts,
            "parts, in {} reads, into {fixed:?}",
            chunks.len()
        );
    }
    outcome
}

/// Splits the input into reads of these sizes, in a cycle.
pub(super) fn cut<'w>(mut wire: &'w [u8], reads: &[u8]) -> Vec<&'w [u8]> {
    let mut chunks = Vec::new();
    let mut sizes = reads.iter().map(|&size| usize::from(size)).cycle();
    while !wire.is_empty() {
        let size = if reads.iter().all(|&size| size == 0) { 1 } else { sizes.next().unwrap_or(1) };
        let (chunk, rest) = wire.split_at(size.min(wire.len()));
        chunks.push(chunk);
        wire = rest;
    }
    chunks
}

/// The events are those of the RFC. The output has a reply to each Ping, to the Close and to a violation
/// (§5.5, §7.1.7).
fn assert_as_told(outcome: &Outcome, is_client: bool, config: &Config, wire: &[u8]) {
    let told = naive::frames(wire, !is_client, config);
    let code = match outcome.error {
        Some(Error::Protocol(error)) => Some(error.close_code().get()),
        _ => None,
    };
    assert_eq!((&outcome.events, code), (&told.events, told.fails));
    let close = |code| Seen::Close(Some((code, String::new())));
    let answers = told.events.into_iter().filter_map(|event| match event {
        Seen::Ping(payload) => Some(Seen::Pong(payload)),
        Seen::Close(frame) => Some(Seen::Close(frame)),
        _ => None,
    });
    let written = naive::frames(&outcome.out, is_client, &Config::default());
    assert_eq!(written.events, answers.chain(told.fails.map(close)).collect::<Vec<_>>());
    assert!(written.fails.is_none() && written.rest.is_empty());
}
