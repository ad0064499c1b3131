//! The heap of a compressed connection, under a counting allocator: by direction, window and context
//! takeover.

use allocation_counter::{AllocationInfo, measure};
use fastrand::Rng;
use websocket_proto::{Config, Connection, DeflateParams, ReceiveBuffer};

use crate::support::frame;
use crate::support_deflate::{Deflating, Zlib, json, open, own, peer};

/// The inflater's state, without the window; here and below, on 64 bits.
const STATE: u64 = 72;
/// The decoder, from the first byte of input until it is released.
const DECODER: u64 = 48;
/// The tables of dynamic codes, from the first block that has such codes until the decoder is released.
const TABLES: u64 = 6128;
/// What a window begins with.
const FIRST_WINDOW: u64 = 2048;
/// The memory of zlib without the window and its chains: 2^16 heads of chains, 2^11 symbols and their codes,
/// and the state.
const ZLIB: u64 = 148_736;

/// The messages of the table: so short that zlib takes the fixed codes, and more than any window.
const LENGTHS: [usize; 2] = [50, 70_000];

/// What a connection allocates as it receives this, into memory that is there already.
fn receive<R: Deflating>(connection: &mut Connection<R>, wire: &[u8], memory: &mut [u8]) -> AllocationInfo {
    measure(|| {
        let mut inbound = ReceiveBuffer::fixed(memory);
        let mut out = Vec::new();
        assert_eq!(inbound.feed(wire), wire.len());
        assert!(connection.receive(&mut inbound, &mut out).unwrap().is_some());
        assert!(connection.receive(&mut inbound, &mut out).unwrap().is_none());
    })
}

both_roles!(the_inbound_half_holds_a_window_and_a_decoder);
fn the_inbound_half_holds_a_window_and_a_decoder<R: Deflating>() {
    let (mut random, mut memory) = (Rng::with_seed(1), vec![0; 200_000]);
    println!(
        "inbound      {:>30} {:>30} {:>10}",
        "50 bytes: peak, held", "70,000 bytes: peak, held", "released"
    );
    for bits in 8..=15u8 {
        let texts = LENGTHS.map(|len| json(&mut random, len));
        for takeover in [true, false] {
            let (window, mut zlib) = (1u64 << bits, Zlib::new(6, bits));
            let mut connection = open::<R>(peer::<R>(bits, takeover), Config::default());
            // Nothing before the first compressed message.
            assert_eq!(
                receive(&mut connection, &frame::<R>(0x81, texts[0].as_bytes()), &mut memory).count_total,
                0
            );
            let [(short, after_short), (long, after_long)] = texts.each_ref().map(|text| {
                if !takeover {
                    zlib = Zlib::new(6, bits);
                }
                let asked =
                    receive(&mut connection, &frame::<R>(0xC1, &zlib.message(text.as_bytes())), &mut memory);
                (asked.bytes_max, asked.bytes_current)
            });
            let peaks = [short, u64::try_from(after_short).unwrap() + long];
            let held = [after_short, after_short + after_long].map(|held| u64::try_from(held).unwrap());
            let released =
                held[1].checked_add_signed(measure(|| connection.shrink_to_fit()).bytes_current).unwrap();
            println!(
                "{bits:>2} {takeover:>9} {:>18} {:>11} {:>18} {:>11} {released:>10}",
                peaks[0], held[0], peaks[1], held[1]
            );
            let bounds = [STATE + DECODER + window.min(FIRST_WINDOW), STATE + DECODER + TABLES + window];
            // A window that grows is there twice for a moment.
            let moving = if window > FIRST_WINDOW { window / 2 } else { 0 };
            assert!(peaks[0] <= bounds[0] && peaks[1] <= bounds[1] + moving, "{peaks:?} {bounds:?}");
            if takeover {
                assert!(
                    held[0] <= bounds[0] && held[1] <= bounds[1] && released <= STATE + window,
                    "{held:?} {released} {bounds:?}"
                );
                // After a release it allocates the decoder and its tables again.
                let again = json(&mut random, 1000);
                let payload = Zlib::new(6, bits).message(again.as_bytes());
                let again = receive(&mut connection, &frame::<R>(0xC1, &payload), &mut memory);
                assert_eq!(released.checked_add_signed(again.bytes_current), Some(held[1]));
            } else {
                assert_eq!((held, released), ([0, 0], 0));
            }
        }
    }
}

both_roles!(the_outbound_half_holds_a_compressor_until_it_is_released);
fn the_outbound_half_holds_a_compressor_until_it_is_released<R: Deflating>() {
    let mut random = Rng::with_seed(1);
    println!(
        "outbound     {:>30} {:>30} {:>10}",
        "50 bytes: peak, held", "70,000 bytes: peak, held", "released"
    );
    for bits in 8..=15u8 {
        let texts = LENGTHS.map(|len| json(&mut random, len));
        for takeover in [true, false] {
            let mut connection = open::<R>(own::<R>(bits, takeover), Config::default());
            let mut out = Vec::with_capacity(1_000_000);
            // Nothing before the first compressed message.
            connection.set_compression(false);
            assert_eq!(measure(|| connection.send_text(&texts[1], &mut out).unwrap()).count_total, 0);
            connection.set_compression(true);
            let [(short, first), (long, more)] = texts.each_ref().map(|text| {
                let asked = measure(|| connection.send_text(text, &mut out).unwrap());
                (asked.bytes_max, asked.bytes_current)
            });
            // The same after any message.
            assert_eq!(more, 0);
            let held = u64::try_from(first).unwrap();
            // Nothing after a release.
            assert_eq!(measure(|| connection.shrink_to_fit()).bytes_current, -first);
            println!(
                "{bits:>2} {takeover:>9} {short:>18} {held:>11} {:>18} {held:>11} {:>10}",
                held + long,
                0
            );
            // The window twice, and two bytes a place of it.
            let bound = ZLIB + (4 << bits.max(9));
            assert!(held <= bound, "{held} {bound}");
            // And for a while what a message is compressed to, at the most.
            let most = LENGTHS.map(|len| (len + len.div_ceil(8) + len.div_ceil(64) + 16) as u64);
            assert!(short <= bound + most[0] && long <= most[1], "{short} {long} {bound} {most:?}");
        }
    }
}

both_roles!(nothing_is_held_before_the_first_compressed_message);
fn nothing_is_held_before_the_first_compressed_message<R: Deflating>() {
    let mut memory = [0; 1000];
    let mut connection = open::<R>(DeflateParams::new(), Config::default());
    assert_eq!(measure(|| drop(open::<R>(DeflateParams::new(), Config::default()))).count_total, 0);
    assert_eq!(receive(&mut connection, &frame::<R>(0x82, b"plain"), &mut memory).count_total, 0);
    assert_eq!(measure(|| connection.shrink_to_fit()).count_total, 0);
    // An empty message needs no compressor.
    let mut out = Vec::with_capacity(100);
    assert_eq!(measure(|| connection.send_text("", &mut out).unwrap()).bytes_current, 0);
}
