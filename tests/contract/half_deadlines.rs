//! The deadlines of the two halves: the read half measures the silence, the write half waits for the Pong.

use core::time::Duration;

use websocket_proto::{
    Config, Connection, Role, SendBuffer, SendSlice, State, Timeout, TransportAction, WriteHalf,
};

use crate::support::{Reader, Side, frame, frames_of, split};

use super::deadlines::receive_frame;
use super::signals::read;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The halves of an open connection, each with its timer.
struct Ticking<R: Role> {
    reader: Reader<R>,
    writer: WriteHalf<R>,
}

impl<R: Side> Ticking<R> {
    fn new() -> Self {
        Self::of(R::open(Config::default()))
    }

    fn of(connection: Connection<R>) -> Self {
        let (reader, writer) = split(connection);
        Self { reader, writer }
    }

    /// Both halves tick, the write half after it has handled the signal of the read half.
    fn tick(
        &mut self,
        second: u64,
        out: &mut impl SendBuffer,
    ) -> (Option<Duration>, Result<Option<Duration>, Timeout>) {
        let deadline = self.reader.tick(secs(second));
        if let Some(signal) = self.reader.signal() {
            self.writer.handle_signal(signal, out);
        }
        (deadline, self.writer.tick(secs(second), out))
    }
}

both_roles!(without_a_timeout_for_the_pong_each_silence_sends_a_ping);
/// §5.5.2: also if the Ping had no room before the split, and not if there was input since.
fn without_a_timeout_for_the_pong_each_silence_sends_a_ping<R: Side>() {
    let (mut ws, mut out) = (R::open(Config::default().pong_timeout(None)), vec![]);
    assert_eq!(ws.tick(secs(0), &mut out), Ok(Some(secs(20))));
    assert_eq!(ws.tick(secs(20), &mut SendSlice::new(&mut [])), Ok(Some(secs(40))));
    let mut halves = Ticking::of(ws);
    assert_eq!(halves.tick(21, &mut out).0, Some(secs(40)));
    assert_eq!(frames_of::<R>(&out).len(), 1, "{out:02x?}");
    assert_eq!(halves.tick(40, &mut out).0, Some(secs(60)));
    assert_eq!(frames_of::<R>(&out).len(), 2, "{out:02x?}");
    assert_eq!(halves.tick(60, &mut SendSlice::new(&mut [])).0, Some(secs(80)));
    assert_eq!(read(&mut halves.reader, &frame::<R>(0x82, b"x"), |_| {}), None);
    assert_eq!(halves.tick(61, &mut out).0, Some(secs(81)));
    assert_eq!(frames_of::<R>(&out).len(), 2, "{out:02x?}");
}

both_roles!(the_read_half_notices_silence_and_the_write_half_sends_the_ping);
/// §5.5.2: the write half waits for the Pong, too.
fn the_read_half_notices_silence_and_the_write_half_sends_the_ping<R: Side>() {
    let (mut halves, mut out) = (Ticking::<R>::new(), vec![]);
    assert_eq!(halves.tick(0, &mut out), (Some(secs(20)), Ok(None)));
    assert_eq!(read(&mut halves.reader, &frame::<R>(0x82, b"x"), |_| {}), None);
    assert_eq!(halves.tick(5, &mut out), (Some(secs(25)), Ok(None)));
    assert_eq!(out, b"");
    assert_eq!(halves.tick(25, &mut out), (None, Ok(Some(secs(45)))));
    let [(0x89, ping)] = &frames_of::<R>(&out)[..] else { panic!("{out:02x?}") };
    assert_eq!(halves.tick(29, &mut out), (None, Ok(Some(secs(45)))), "once");
    assert_eq!(read(&mut halves.reader, &frame::<R>(0x8A, ping), |_| {}), None);
    assert_eq!(halves.tick(30, &mut out), (Some(secs(50)), Ok(None)));
    // The joined connection has the same deadline.
    let mut ws = halves.reader.clone().join(halves.writer.clone());
    assert_eq!(ws.tick(secs(31), &mut out), Ok(Some(secs(50))));
    out.clear();
    assert_eq!(halves.tick(50, &mut out), (None, Ok(Some(secs(70)))));
    let mut ws = halves.reader.clone().join(halves.writer.clone());
    assert_eq!(ws.tick(secs(51), &mut out), Ok(Some(secs(70))), "the joined connection waits for the Pong");
    let (reader, writer) = split(ws);
    halves = Ticking { reader, writer };
    assert_eq!(halves.tick(52, &mut out), (None, Ok(Some(secs(70)))), "and the halves again");
    assert_eq!(halves.tick(70, &mut out), (None, Err(Timeout::Pong)));
    let frames = frames_of::<R>(&out);
    assert!(matches!(&frames[..], [(0x89, _), (0x88, close)] if close == b"\x03\xf3"), "{frames:02x?}");
    assert_eq!(
        (halves.writer.state(), halves.writer.transport_action()),
        (State::End, TransportAction::Close)
    );
    assert_eq!(halves.tick(71, &mut out), (None, Err(Timeout::Pong)));
    assert_eq!(halves.reader.join(halves.writer).tick(secs(72), &mut out), Err(Timeout::Pong));
}

both_roles!(input_before_a_split_ends_no_later_wait_for_a_pong);
/// §5.5.2: nor does the wait go on that the input has ended.
fn input_before_a_split_ends_no_later_wait_for_a_pong<R: Side>() {
    // The write half ticks for the first time after it has handled a signal.
    let (mut ws, mut out) = (R::open(Config::default()), vec![]);
    assert_eq!(ws.tick(secs(0), &mut out), Ok(Some(secs(20))));
    let mut pinged = ws.clone();
    receive_frame(&mut ws, 0x82, b"x");
    let (mut reader, mut writer) = split(ws);
    assert_eq!(reader.tick(secs(1)), Some(secs(21)));
    assert_eq!((reader.tick(secs(21)), out.len()), (None, 0));
    writer.handle_signal(reader.signal().expect("silence"), &mut out);
    assert_eq!(writer.tick(secs(21), &mut out), Ok(Some(secs(41))));
    assert_eq!(writer.tick(secs(41), &mut out), Err(Timeout::Pong));

    assert_eq!(pinged.tick(secs(20), &mut out), Ok(Some(secs(40))));
    receive_frame(&mut pinged, 0x82, b"x");
    let (mut reader, mut writer) = split(pinged);
    assert_eq!(writer.tick(secs(40), &mut out), Ok(None));
    assert_eq!(reader.tick(secs(40)), Some(secs(60)));
}

both_roles!(a_join_does_not_repeat_the_payload_of_a_ping);
/// §5.5.3: a Pong tells which Ping it answers.
fn a_join_does_not_repeat_the_payload_of_a_ping<R: Side>() {
    let (mut halves, mut out) = (Ticking::<R>::new(), vec![]);
    assert_eq!(halves.tick(0, &mut out), (Some(secs(20)), Ok(None)));
    assert_eq!(halves.tick(20, &mut out), (None, Ok(Some(secs(40)))));
    assert_eq!(read(&mut halves.reader, &frame::<R>(0x8A, b""), |_| {}), None);
    let mut ws = halves.reader.join(halves.writer);
    assert_eq!(ws.tick(secs(21), &mut out), Ok(Some(secs(41))));
    assert_eq!(ws.tick(secs(41), &mut out), Ok(Some(secs(61))));
    let frames = frames_of::<R>(&out);
    let [(0x89, first), (0x89, second)] = &frames[..] else { panic!("{frames:02x?}") };
    assert_ne!(first, second);
}

both_roles!(the_write_half_waits_for_the_close);
/// CL-18 (§7.1.1).
fn the_write_half_waits_for_the_close<R: Side>() {
    let ((_, mut writer), mut out) = (split(R::open(Config::default())), vec![]);
    writer.close_empty(&mut out).unwrap();
    assert_eq!(writer.tick(secs(3), &mut out), Ok(Some(secs(13))));
    assert_eq!(
        (writer.tick(secs(13), &mut out), writer.transport_action()),
        (Err(Timeout::Close), TransportAction::Close)
    );
}

both_roles!(a_later_tick_of_the_write_half_writes_a_ping_that_found_no_room);
/// §5.5.2: the wait for the Pong begins when the Ping is written.
fn a_later_tick_of_the_write_half_writes_a_ping_that_found_no_room<R: Side>() {
    let (mut halves, mut full, mut out) = (Ticking::<R>::new(), SendSlice::new(&mut []), vec![]);
    assert_eq!(halves.tick(0, &mut full), (Some(secs(20)), Ok(None)));
    for second in [20, 40, 60, 1000] {
        assert_eq!(halves.tick(second, &mut full), (None, Ok(Some(secs(second + 20)))));
    }
    let mut spoken = Ticking { reader: halves.reader.clone(), writer: halves.writer.clone() };
    assert_eq!(halves.tick(1001, &mut out), (None, Ok(Some(secs(1021)))));
    assert_eq!(frames_of::<R>(&out), [(0x89, vec![0, 0, 0, 1])]);
    assert_eq!(halves.tick(1020, &mut out), (None, Ok(Some(secs(1021)))));
    assert_eq!(halves.tick(1021, &mut out), (None, Err(Timeout::Pong)));
    // Any input makes the Ping needless.
    out.clear();
    assert_eq!(read(&mut spoken.reader, &frame::<R>(0x82, b"x"), |_| {}), None);
    assert_eq!(spoken.tick(1002, &mut out), (Some(secs(1022)), Ok(None)));
    assert_eq!(out, b"");
}
