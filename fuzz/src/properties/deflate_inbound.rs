//! Any bytes as compressed messages (RFC 7692 §6.2).

use core::str;

use websocket_proto::{Client, Config, Delivery, Error, ProtocolError, ReceiveBuffer, Server};

use super::chunking::cut;
use super::naive;
use super::script::Script;
use super::start::for_role;
use crate::support::{Keys, Outcome, Seen, feed, frame};
use crate::support_deflate::{Deflating, Reference, open, peer};

/// The result is the same for one read and for any reads, for growing and for fixed memory, for messages and
/// for parts, and it is that of RFC 1951. Messages keep the limit; text is UTF-8.
///
/// The first byte of the input has options: 1 for a client, 2 without context takeover, 4 and 8 choose the
/// limit on a message; the three bits above choose the window. The second byte is the number of bytes after
/// it that are sizes of reads. The rest is messages: a byte for [`Frames`], their length in two bytes, and
/// the payload.
pub fn deflate_inbound(input: &[u8]) {
    for_role(input, run::<Server>, run::<Client<Keys>>)
}

fn run<R: Deflating>(input: &[u8]) {
    let mut script = Script(input);
    let options = script.byte();
    let (takeover, window_bits) = (options & 2 == 0, 8 + (options >> 4 & 7));
    let mut config = Config::default();
    config.max_message_size = [300_000, 50, 3_000, 40_000][usize::from(options >> 2 & 3)];
    let reads = script.bytes();

    let mut told = Told { config, takeover, reference: Reference::default(), events: vec![], error: None };
    told.reference.size = Some(1 << window_bits);
    let mut wire = vec![];
    while !script.0.is_empty() {
        let frames = Frames(script.byte());
        let len = usize::from(script.byte()) | usize::from(script.byte()) << 8;
        let (payload, rest) = script.0.split_at(len.min(script.0.len()));
        script.0 = rest;
        frames.write::<R>(payload, &mut wire);
        if told.error.is_none() {
            told.message(frames, payload);
        }
    }

    let (whole, cut) = ([&wire[..]], cut(&wire, reads));
    // Room for the longest message, all compressed input, and a control frame.
    let all = config.max_message_size as usize + wire.len() + 131;
    let mut memory = vec![0xA5; all];
    let mut run = |delivery, chunks: &[&[u8]], fixed: Option<usize>| {
        config.delivery = delivery;
        let (connection, chunks) =
            (open::<R>(peer::<R>(window_bits, takeover), config), chunks.iter().copied());
        match fixed {
            None => feed(connection, ReceiveBuffer::with_retained_capacity(64), chunks, |_, _| ()),
            Some(len) => feed(connection, ReceiveBuffer::fixed(&mut memory[..len]), chunks, |_, _| ()),
        }
    };
    let (outcome, parts) = (run(Delivery::Messages, &whole, None), run(Delivery::Parts, &whole, None));
    assert_eq!(parts.clone().of_whole_messages(), outcome);
    for (chunks, fixed) in [(&cut[..], None), (&cut, Some(all))] {
        assert_eq!(
            run(Delivery::Messages, chunks, fixed),
            outcome,
            "in {} reads, into {fixed:?}",
            chunks.len()
        );
    }
    for (chunks, fixed) in
        [(&cut[..], None), (&whole, Some(ReceiveBuffer::MIN_LEN)), (&cut, Some(ReceiveBuffer::MIN_LEN))]
    {
        assert_eq!(
            run(Delivery::Parts, chunks, fixed),
            parts,
            "parts, in {} reads, into {fixed:?}",
            chunks.len()
        );
    }
    told.judge::<R>(&outcome);
}

/// The frames of a message. Bit 0 is for text, 1 for no compression, 2 for Pings between the fragments. The
/// rest is the length of a fragment; 0 for one frame.
#[derive(Clone, Copy)]
struct Frames(u8);

impl Frames {
    const fn is_text(self) -> bool {
        self.0 & 1 != 0
    }

    const fn is_compressed(self) -> bool {
        self.0 & 2 == 0
    }

    fn len(self, payload: &[u8]) -> usize {
        if self.0 >> 3 == 0 { payload.len().max(1) } else { usize::from(self.0 >> 3) }
    }

    fn fragments(self, payload: &[u8]) -> impl ExactSizeIterator<Item = &[u8]> {
        // An empty message has one fragment.
        let empty: &[&[u8]] = if payload.is_empty() { &[&[]] } else { &[] };
        payload.chunks(self.len(payload)).chain(empty.iter().copied()).collect::<Vec<_>>().into_iter()
    }

    fn pings(self, payload: &[u8]) -> usize {
        if self.0 & 4 != 0 { self.fragments(payload).len() - 1 } else { 0 }
    }

    fn write<R: Deflating>(self, payload: &[u8], wire: &mut Vec<u8>) {
        let mut fragments = self.fragments(payload);
        let mut first = if self.is_text() { 1 } else { 2 } | if self.is_compressed() { 0x40 } else { 0 };
        while let Some(fragment) = fragments.next() {
            let last = fragments.len() == 0;
            wire.extend(frame::<R>(first | if last { 0x80 } else { 0 }, fragment));
            if self.0 & 4 != 0 && !last {
                wire.extend(frame::<R>(0x89, b"\x00\x00\xff\xff"));
            }
            first = 0;
        }
    }
}

/// The expected results of the messages.
struct Told {
    config: Config,
    takeover: bool,
    reference: Reference,
    events: Vec<Seen>,
    error: Option<ProtocolError>,
}

impl Told {
    fn message(&mut self, frames: Frames, payload: &[u8]) {
        let (bytes, is_deflate) = if frames.is_compressed() {
            let from = self.reference.out.len();
            if !self.takeover {
                self.reference.begin = from;
            }
            let is_deflate = self.reference.inflate(payload);
            (&self.reference.out[from..], is_deflate)
        } else {
            (payload, true)
        };
        let most = self.config.max_message_size as usize;
        let too_big = bytes.len() > most;
        // Without compression, the header of the frame that exceeds the limit is the violation.
        let within = if frames.is_compressed() { most } else { most - most % frames.len(payload) };
        let there = if too_big { &bytes[..within] } else { bytes };
        let whole = is_deflate && !too_big;
        let is_bad = |error: str::Utf8Error| error.error_len().is_some() || whole;
        self.error = if frames.is_text() && str::from_utf8(there).is_err_and(is_bad) {
            Some(ProtocolError::InvalidUtf8)
        } else if too_big {
            Some(ProtocolError::MessageTooBig)
        } else if !is_deflate {
            Some(ProtocolError::InvalidDeflate)
        } else {
            self.events.extend((0..frames.pings(payload)).map(|_| Seen::Ping(b"\x00\x00\xff\xff".to_vec())));
            self.events.push(if frames.is_text() {
                Seen::Text(str::from_utf8(bytes).expect("judged").to_owned())
            } else {
                Seen::Binary(bytes.to_vec())
            });
            None
        };
    }

    fn judge<R: Deflating>(&self, outcome: &Outcome) {
        assert_eq!(outcome.error, self.error.map(Error::Protocol));
        let (events, after) = outcome.events.split_at(self.events.len().min(outcome.events.len()));
        assert_eq!(events, self.events);
        assert!(
            after.iter().all(|event| self.error.is_some() && matches!(event, Seen::Ping(_))),
            "{after:?}"
        );
        // Each Ping and a violation have a reply, which is not compressed.
        let written = naive::frames(&outcome.out, !R::PEER_MASKS, &Config::default());
        assert!(written.fails.is_none() && written.rest.is_empty());
        let pings = outcome.events.iter().filter_map(|event| match event {
            Seen::Ping(payload) => Some(Seen::Pong(payload.clone())),
            _ => None,
        });
        let close = self.error.map(|error| Seen::Close(Some((error.close_code().get(), String::new()))));
        assert_eq!(written.events, pings.chain(close).collect::<Vec<_>>());
    }
}
