//! Sequences of blocks of every kind, at every bit of a byte (RFC 1951 §3.2.3), and the cost of empty blocks.

use allocation_counter::measure;
use fastrand::Rng;
use websocket_proto::{Client, Config, DeflateParams, Error, ProtocolError, ReceiveBuffer, Server};

use crate::support::{Keys, Outcome, Seen, feed, filled, frame};
use crate::support_deflate::{Deflating, Reference, every_way, open, peer};

type Clients = Client<Keys>;

/// RFC 1951 §3.2.5.
const LENGTHS: [(usize, usize); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCES: [(usize, usize); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

/// Writes blocks.
#[derive(Default)]
struct Blocks {
    bytes: Vec<u8>,
    count: usize,
}

impl Blocks {
    fn put(&mut self, value: usize, count: usize) {
        for bit in 0..count {
            if self.count % 8 == 0 {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) << (self.count % 8)) as u8;
            self.count += 1;
        }
    }

    /// A code: its highest bit first.
    fn code(&mut self, code: usize, count: usize) {
        (0..count).rev().for_each(|bit| self.put(code >> bit & 1, 1));
    }

    fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
    }

    fn stored(&mut self, last: bool, payload: &[u8]) {
        self.put(usize::from(last), 3);
        self.align();
        self.put(payload.len(), 16);
        self.put(payload.len() ^ 0xFFFF, 16);
        payload.iter().for_each(|byte| self.put(usize::from(*byte), 8));
    }

    fn fixed(&mut self, last: bool) {
        self.put(2 | usize::from(last), 3);
    }

    fn symbol(&mut self, symbol: usize) {
        match symbol {
            0..144 => self.code(0x30 + symbol, 8),
            144..256 => self.code(0x190 + symbol - 144, 9),
            256..280 => self.code(symbol - 256, 7),
            _ => self.code(0xC0 + symbol - 280, 8),
        }
    }

    fn repeat(&mut self, length: usize, distance: usize) {
        let at = (0..29).rev().find(|at| LENGTHS[*at].0 <= length).unwrap();
        self.symbol(257 + at);
        self.put(length - LENGTHS[at].0, LENGTHS[at].1);
        let at = (0..30).rev().find(|at| DISTANCES[*at].0 <= distance).unwrap();
        self.code(at, 5);
        self.put(distance - DISTANCES[at].0, DISTANCES[at].1);
    }

    /// With codes of one bit for "a" and the end of the block.
    fn dynamic(&mut self, last: bool, count: usize) {
        self.put(4 | usize::from(last), 3);
        // HLIT, HDIST, HCLEN, and code lengths of one bit for 18 and 1.
        [(0, 5), (0, 5), (14, 4)].iter().for_each(|(value, count)| self.put(*value, *count));
        (0..18).for_each(|at| self.put(usize::from(at == 2 || at == 17), 3));
        // 97 zeros, a 1, 158 zeros, a 1; a 1 for the distance code.
        for zeros in [Some(97), None, Some(138), Some(20), None, None] {
            self.put(usize::from(zeros.is_some()), 1);
            zeros.into_iter().for_each(|zeros| self.put(zeros - 11, 7));
        }
        (0..count).for_each(|_| self.put(0, 1));
        self.put(1, 1);
    }

    /// RFC 7692 §7.2.1: with the header of an empty block, whose other octets are removed.
    fn message(mut self) -> Vec<u8> {
        self.put(0, 3);
        self.bytes
    }
}

/// A message of some blocks, which looks back by `size` at the most into what this reference knows. With what
/// it inflates to.
fn random_message(random: &mut Rng, reference: &mut Reference, size: usize) -> (Vec<u8>, Vec<u8>) {
    let mut blocks = Blocks::default();
    // What can be looked back at grows with the message.
    let mut there = reference.out.len() - reference.begin;
    for _ in 0..random.usize(1..12) {
        let last = random.u8(..4) == 0;
        match random.u8(..8) {
            0 => {
                let payload: Vec<u8> = (0..random.usize(..60)).map(|_| random.u8(..)).collect();
                blocks.stored(last, &payload);
                there += payload.len();
            }
            1 => {
                let count = random.usize(..20);
                blocks.dynamic(last, count);
                there += count;
            }
            _ => {
                blocks.fixed(last);
                for _ in 0..[0, 1, 12][random.usize(..3)] {
                    if there > 0 && random.bool() {
                        let (length, distance) = (random.usize(3..=258), random.usize(1..=there.min(size)));
                        // As often as not from as far away as it goes.
                        blocks.repeat(length, if random.bool() { distance } else { there.min(size) });
                        there += length;
                    } else {
                        blocks.symbol(random.usize(..256));
                        there += 1;
                    }
                }
                blocks.symbol(256);
            }
        }
        if last {
            blocks.align();
        }
    }
    let payload = blocks.message();
    let whole = reference.message(&payload);
    (payload, whole)
}

both_roles!(blocks_of_every_kind_start_at_every_bit);
/// PMD-12 (RFC 7692 §7.2.2), PMD-15 (RFC 7692 §7.2.1).
fn blocks_of_every_kind_start_at_every_bit<R: Deflating>() {
    let mut random = Rng::with_seed(1951);
    let mut seen = [0; 3];
    for round in 0..40u8 {
        let (bits, takeover) = (8 + round % 8, round % 3 > 0);
        let (mut reference, mut wire, mut events) = (Reference::default(), vec![], vec![]);
        for _ in 0..4 {
            if !takeover {
                reference.begin = reference.out.len();
            }
            let (payload, whole) = random_message(&mut random, &mut reference, 1 << bits);
            let cut = random.usize(..payload.len());
            wire.extend([frame::<R>(0x42, &payload[..cut]), frame::<R>(0x80, &payload[cut..])].concat());
            events.push(Seen::Binary(whole));
        }
        (0..3).for_each(|kind| seen[kind] += reference.blocks[kind]);
        let outcome = every_way::<R>(peer::<R>(bits, takeover), Config::default(), &wire, 32_768);
        assert_eq!((outcome.events, outcome.error), (events, None), "round {round}");
    }
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
}

both_roles!(copies_of_any_distance_cross_the_end_of_the_window);
/// PMD-12, PMD-14 (RFC 7692 §7.2.2).
fn copies_of_any_distance_cross_the_end_of_the_window<R: Deflating>() {
    const LENGTHS: [usize; 14] = [3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 64, 257, 258];
    let mut random = Rng::with_seed(258);
    for bits in [8, 9, 12] {
        let size = 1 << bits;
        for distance in (1..=8).chain([15, 16, 17, 100, size / 2 + 1, size - 1, size]) {
            let (mut reference, mut wire, mut events) = (Reference::default(), vec![], vec![]);
            // The first message fills the window once; the second goes through it twice, long copies first.
            for copies in [vec![], LENGTHS.iter().rev().copied().cycle().take(size / 20).collect()] {
                let mut blocks = Blocks::default();
                blocks.fixed(true);
                (0..if copies.is_empty() { size + 5 } else { 3 })
                    .for_each(|_| blocks.symbol(random.usize(..256)));
                copies.iter().for_each(|length| blocks.repeat(*length, distance));
                blocks.symbol(256);
                blocks.align();
                let payload = blocks.message();
                events.push(Seen::Binary(reference.message(&payload)));
                wire.extend(frame::<R>(0xC2, &payload));
            }
            let outcome = every_way::<R>(peer::<R>(bits, true), Config::default(), &wire, 32_768);
            assert_eq!((outcome.events, outcome.error), (events, None), "{bits} {distance}");
        }
    }
}

both_roles!(a_copy_that_does_not_fit_is_not_written_over_older_output);
/// PMD-12. The inflater decodes up to 16 KiB at a time, so in a full window of 32 KiB it must stop in the middle.
fn a_copy_that_does_not_fit_is_not_written_over_older_output<R: Deflating>() {
    const WINDOW: usize = 32 * 1024;
    let mut random = Rng::with_seed(16);
    for room in 1..=8 {
        let (mut reference, mut blocks) = (Reference::default(), Blocks::default());
        blocks.fixed(false);
        (0..WINDOW + WINDOW / 2 - room).for_each(|_| blocks.symbol(random.usize(..256)));
        blocks.repeat(258, WINDOW - 3);
        // Without another copy, only their number can end the decoding.
        (0..WINDOW).for_each(|_| blocks.symbol(random.usize(..256)));
        blocks.symbol(256);
        let payload = blocks.message();
        let events = vec![Seen::Binary(reference.message(&payload))];
        let connection = open::<R>(peer::<R>(15, true), Config::default());
        let wire = frame::<R>(0xC2, &payload);
        let outcome = feed(connection, ReceiveBuffer::new(), [&wire[..]], |_, _| panic!("a request"));
        assert!((outcome.events, outcome.error) == (events, None), "room for {room}");
    }
}

/// ST-09.
#[test]
fn a_clone_continues_in_any_block() {
    let mut random = Rng::with_seed(9);
    for _ in 0..20 {
        let mut reference = Reference::default();
        let (payload, whole) = random_message(&mut random, &mut reference, 32_768);
        let wire = frame::<Server>(0xC2, &payload);
        for cut in 0..wire.len() {
            let (mut connection, mut inbound) =
                (open::<Server>(DeflateParams::new(), Config::default()), filled(&wire[..cut]));
            assert!(connection.receive(&mut inbound, &mut Vec::new()).unwrap().is_none());
            for connection in [connection.clone(), connection] {
                let outcome = feed(connection, inbound.clone(), [&wire[cut..]], |_, _| panic!());
                assert_eq!((outcome.events, outcome.error), (vec![Seen::Binary(whole.clone())], None));
            }
        }
    }
}

both_roles!(fixed_codes_without_a_meaning_fail);
/// PMD-17.
fn fixed_codes_without_a_meaning_fail<R: Deflating>() {
    // RFC 1951 §3.2.6: "literal/length values 286-287 will never actually occur", nor "distance codes
    // 30-31".
    for (symbol, distance) in [(286, None), (287, None), (257, Some(30)), (285, Some(31))] {
        let mut blocks = Blocks::default();
        blocks.fixed(false);
        (0..5).for_each(|_| blocks.symbol(usize::from(b'a')));
        blocks.symbol(symbol);
        distance.into_iter().for_each(|distance| blocks.code(distance, 5));
        (0..40).for_each(|_| blocks.put(0, 1));
        let outcome = every_way::<R>(
            DeflateParams::new(),
            Config::default(),
            &frame::<R>(0xC2, &blocks.message()),
            8192,
        );
        assert_eq!(
            outcome.error,
            Some(Error::Protocol(ProtocolError::InvalidDeflate)),
            "{symbol} {distance:?}"
        );
    }
}

both_roles!(a_single_code_has_one_bit);
/// PMD-17 (RFC 1951 §3.2.7).
fn a_single_code_has_one_bit<R: Deflating>() {
    // The place of a length in the header, and what fails first: the byte 0xFF in a text, or its code.
    for (place, error) in [(17, ProtocolError::InvalidUtf8), (15, ProtocolError::InvalidDeflate)] {
        let mut blocks = Blocks::default();
        blocks.put(4, 3);
        // HLIT, HDIST, HCLEN, and code lengths of one bit for 18 and the length at this place.
        [(0, 5), (10, 5), (14, 4)].iter().for_each(|(value, count)| blocks.put(*value, *count));
        (0..18).for_each(|at| blocks.put(usize::from(at == 2 || at == place), 3));
        // 255 zeros, the length of the code for the byte 0xFF, and zeros for 12 more codes.
        for zeros in [Some(138), Some(117), None, Some(12)] {
            blocks.put(usize::from(zeros.is_some()), 1);
            zeros.into_iter().for_each(|zeros| blocks.put(zeros - 11, 7));
        }
        let payload = blocks.message();
        let mut reference = Reference::default();
        assert!(!reference.inflate(&payload), "the block has no end");
        assert_eq!(reference.out.is_empty(), error == ProtocolError::InvalidDeflate);
        let wire = frame::<R>(0xC1, &payload);
        let outcome = every_way::<R>(DeflateParams::new(), Config::default(), &wire, 8192);
        assert_eq!(outcome.error, Some(Error::Protocol(error)));
    }
}

/// PMD-18 (§10.4), attack B9.
#[test]
fn the_limit_is_exact_in_a_block_with_fixed_codes() {
    const LEN: usize = 1 + 400 * 258;
    fn run<R: Deflating>(bits: u8, limit: usize) -> Outcome {
        let mut blocks = Blocks::default();
        blocks.fixed(true);
        blocks.symbol(7);
        (0..400).for_each(|_| blocks.repeat(258, 1));
        blocks.symbol(256);
        blocks.align();
        let mut config = Config::default();
        config.max_message_size = limit as u64;
        every_way::<R>(peer::<R>(bits, false), config, &frame::<R>(0xC2, &blocks.message()), 2 * LEN)
    }
    for bits in [8, 12, 15] {
        let outcome = run::<Server>(bits, LEN);
        assert_eq!((outcome.events, outcome.error), (vec![Seen::Binary(vec![7; LEN])], None));
    }
    assert_eq!(run::<Clients>(15, LEN - 1).error, Some(Error::Protocol(ProtocolError::MessageTooBig)));
}

/// LIM-09.
///
/// A block that takes ten bits may cost no tables: that nothing is built for it shows in that there is no
/// memory for any.
#[test]
fn a_megabyte_of_empty_blocks_takes_linear_time() {
    let mut empty = Blocks::default();
    while empty.bytes.len() < 1 << 20 || empty.count % 8 > 0 {
        empty.fixed(false);
        empty.symbol(256);
    }
    let mut single = Blocks::default();
    while single.bytes.len() < 1 << 20 {
        single.fixed(false);
        single.symbol(256);
        single.fixed(true);
        single.symbol(256);
        single.align();
    }
    for payload in [empty.bytes, single.bytes, b"\x03\x00".repeat(1 << 19)] {
        let mut connection = open::<Server>(DeflateParams::new(), Config::default());
        let mut inbound = filled(&frame::<Server>(0x42, &payload));
        let asked = measure(|| assert!(connection.receive(&mut inbound, &mut Vec::new()).unwrap().is_none()));
        assert!(asked.bytes_max < 4096 && asked.count_total < 10, "{asked:?}");
        let outcome =
            feed(connection, ReceiveBuffer::new(), [&frame::<Server>(0x80, &[0])[..]], |_, _| panic!());
        assert_eq!((outcome.events, outcome.error), (vec![Seen::Binary(vec![])], None));
    }
}
