//! The halves of a connection, with signals that arrive late.
//!
//! ```text
//!   mod.rs  steps ──▶ read.rs  read half ──▶ news.rs ──▶ write.rs  write half, whole connection
//! ```

mod news;
mod read;
mod write;

use core::cell::Cell;
use core::time::Duration;

use arbitrary::Arbitrary;
use news::News;
use read::Reading;
use websocket_proto::{Client, CloseCode, Config, Connection, Role, SendSlice, Server};
use write::{Write, Writing, rejoined};

use super::input::{Input, compressed};
use super::keys::Keys;
use super::start::{config, negotiated};
use crate::support::{self, Side};

/// Calls of two halves.
#[derive(Debug, Arbitrary)]
pub struct HalvesCalls {
    is_client: bool,
    in_parts: bool,
    is_compressed: bool,
    auto_pong: bool,
    auto_close: bool,
    /// The length of `out`; without it, [`LONGEST`].
    room: Option<u8>,
    max_write_buffer: Option<u8>,
    /// The seconds until a Ping, until its Pong, and until the peer's Close. Without the second, there is
    /// always room and a key for a Ping: the read half does not know of a Ping that was not written.
    timeouts: [Option<u8>; 3],
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    /// Input arrives, and the read half receives its events.
    Read(Input),
    /// A compressed message arrives.
    ReadCompressed(Vec<u8>),
    /// A part of a frame arrives.
    ReadPart(Input, u8),
    /// Time passes.
    Tick(Time),
    /// The transport ends.
    Eof,
    /// The write half handles the oldest news of the read half.
    Handle,
    Write(Write),
    /// So many masking keys are left.
    Keys(u8),
    /// The write half handles all news. Then the halves are joined and split again.
    Rejoin,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Time {
    Seconds(u8),
    /// Until the next deadline of a half.
    Deadline,
    /// Until a millisecond before that.
    BeforeDeadline,
}

/// The length of `out` in bytes: more than all steps write.
const LONGEST: usize = 1 << 14;

/// Two halves have the events, the results, the output, the deadlines and the end of a connection that
/// receives the input and the time of the read half when the write half learns of them.
pub fn halves(input: HalvesCalls) {
    let left = [Cell::new(usize::MAX), Cell::new(usize::MAX)];
    if input.is_client {
        let client = |left| Client::new(Keys { next: support::Keys::default(), left });
        run::<Client<support::Keys>, _>(&input, [client(&left[0]), client(&left[1])], &left);
    } else {
        run::<Server, _>(&input, [Server::new(), Server::new()], &left);
    }
}

impl HalvesCalls {
    fn may_lack_room(&self) -> bool {
        let [ping_interval, pong_timeout, _] = self.timeouts;
        pong_timeout.is_some() || ping_interval.is_none()
    }
}

fn configured(input: &HalvesCalls) -> Config {
    let mut config = config(if input.in_parts { 2 } else { 0 }, [0, 0]);
    (config.auto_pong, config.auto_close) = (input.auto_pong, input.auto_close);
    if let (Some(most), true) = (input.max_write_buffer, input.may_lack_room()) {
        config.max_write_buffer = most.into();
    }
    [config.ping_interval, config.pong_timeout, config.close_timeout] =
        input.timeouts.map(|seconds| seconds.map(|seconds| Duration::from_secs(seconds.into())));
    #[cfg(feature = "deflate")]
    if input.is_compressed {
        config.deflate = Some(websocket_proto::DeflateConfig::new().level(1).min_len(0));
    }
    config
}

fn run<S: Side, R: Role + Clone>(input: &HalvesCalls, roles: [R; 2], left: &[Cell<usize>; 2]) {
    let config = configured(input);
    let [halves, whole] =
        roles.map(|role| Connection::established(role, negotiated(input.is_compressed), config));
    let may_lack_room = input.may_lack_room();
    let room = input.room.filter(|_| may_lack_room).map_or(LONGEST, usize::from);
    let mut memory = [(); 2].map(|()| vec![0; room]);
    let [out, whole_out] = memory.each_mut().map(|memory| SendSlice::new(memory));
    let (reader, writer) = halves.split().expect("it is open");
    let mut reading = Reading::new(reader);
    let mut writing = Writing::new((writer, out), (whole, whole_out), !may_lack_room);
    for step in input.steps.iter().take(200) {
        match step {
            Step::Read(input) => reading.read::<S>(input, usize::MAX),
            Step::ReadCompressed(payload) => reading.read::<S>(&compressed::<S>(payload), usize::MAX),
            Step::ReadPart(input, len) => reading.read::<S>(input, usize::from(*len)),
            Step::Tick(time) => reading.tick(*time, writing.deadline),
            Step::Eof => reading.end(),
            Step::Handle => writing.handle_next(&mut reading),
            Step::Write(write) => writing.write(write),
            Step::Keys(count) if may_lack_room => left.iter().for_each(|left| left.set(usize::from(*count))),
            Step::Keys(_) => {}
            Step::Rejoin => {
                while writing.has_news(&reading) {
                    writing.handle_next(&mut reading);
                }
                if !writing.owes_ping(reading.now, &left[0]) && !writing.is_over {
                    let Some(halves) = rejoined(reading, writing) else { return };
                    (reading, writing) = halves;
                }
            }
        }
        writing.assert_same();
        assert_eq!(left[0], left[1], "the same frames are masked");
        if writing.is_over {
            break;
        }
    }
    let late = writing.after_eof(&reading);
    while writing.has_news(&reading) {
        writing.handle_next(&mut reading);
    }
    if !writing.is_over {
        assert_eq!(late, writing.writer.close_status().received);
    }
    writing.assert_same();
    rejoined(reading, writing);
}
