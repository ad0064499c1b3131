//! The task that writes, and the whole connection that does the same.

use core::cell::Cell;
use core::time::Duration;

use arbitrary::Arbitrary;
use websocket_proto::{
    CloseCode, CloseFrameStatus, CloseStatus, Connection, MessageKind, PreparedMessage, ReceiveBuffer, Role,
    SendBuffer, SendError, SendSlice, State, WriteHalf,
};

use super::super::sizes::Sizes;
use super::News;
use super::read::{Reading, push};

/// Calls of the write half.
#[derive(Debug, Clone, Arbitrary)]
pub(super) enum Write {
    Text(String),
    Binary(u16),
    /// A prepared text, compressed for a window of so many bits.
    Prepared(String, Option<u8>),
    Fragment(MessageFragment, bool),
    /// A header, and the payload that the program sends after it.
    Header(Vec<u8>),
    /// Whether messages are compressed from now on.
    SetCompression(bool),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    CloseEmpty,
    Close(String),
    /// The transport takes so many bytes.
    Drain(u8),
    Flush,
}

#[derive(Debug, Clone, Arbitrary)]
pub(super) enum MessageFragment {
    Text(Vec<u8>),
    Binary(Vec<u8>),
}

/// The same calls, of a write half and of a connection.
macro_rules! write {
    ($write:expr, $writer:expr, $out:expr) => {
        match $write {
            Write::Text(text) => $writer.send_text(text, $out),
            Write::Binary(len) => $writer.send_binary(&vec![b'b'; usize::from(*len)], $out),
            Write::Prepared(text, window_bits) => $writer.send_prepared(&prepared(text, *window_bits), $out),
            Write::Fragment(MessageFragment::Text(bytes), last) => {
                $writer.send_fragment(MessageKind::Text, bytes, *last, $out)
            }
            Write::Fragment(MessageFragment::Binary(bytes), last) => {
                $writer.send_fragment(MessageKind::Binary, bytes, *last, $out)
            }
            Write::Header(payload) => {
                let (mut payload, out) = (payload.clone(), $out);
                $writer.mask_and_encode_header(MessageKind::Binary, &mut payload).map(|header| {
                    let frame = [&header[..], &payload].concat();
                    out.push(&frame[..frame.len().min(out.remaining_capacity())]);
                })
            }
            Write::SetCompression(is_on) => {
                #[cfg(feature = "deflate")]
                $writer.set_compression(*is_on);
                let _ = is_on;
                Ok(())
            }
            Write::Ping(payload) => $writer.ping(payload, $out),
            Write::Pong(payload) => $writer.pong(payload, $out),
            Write::CloseEmpty => $writer.close_empty($out),
            Write::Close(reason) => $writer.close(CloseCode::NORMAL_CLOSURE, reason, $out),
            Write::Drain(count) => Ok($out.consume(usize::from(*count))),
            Write::Flush => Ok($writer.flush_reply($out)),
        }
    };
}

fn prepared(text: &str, window_bits: Option<u8>) -> PreparedMessage {
    let message = PreparedMessage::text(text);
    #[cfg(feature = "deflate")]
    if let Some(bits) = window_bits {
        return message.with_deflate(9 + bits % 7, 1);
    }
    let _ = window_bits;
    message
}

/// The write half, and the whole connection.
pub(super) struct Writing<'m, R: Role> {
    pub(super) writer: WriteHalf<R>,
    out: SendSlice<'m>,
    whole: Whole<'m, R>,
    /// Whether the transport takes all of `out` before each of the news.
    drains: bool,
    pub(super) deadline: Option<Duration>,
    /// Whether the transport has ended or a deadline has passed: later signals are too late.
    pub(super) is_over: bool,
}

struct Whole<'m, R: Role> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    out: SendSlice<'m>,
    events: Vec<String>,
    /// How many reads it has made.
    reads: usize,
}

impl<'m, R: Role + Clone> Writing<'m, R> {
    pub(super) fn new(
        (writer, out): (WriteHalf<R>, SendSlice<'m>),
        (connection, whole_out): (Connection<R>, SendSlice<'m>),
        drains: bool,
    ) -> Self {
        let inbound = ReceiveBuffer::new();
        let whole = Whole { connection, inbound, out: whole_out, events: vec![], reads: 0 };
        Self { writer, out, whole, drains, deadline: None, is_over: false }
    }

    pub(super) fn write(&mut self, write: &Write) {
        let result: Result<(), SendError> = write!(write, self.writer, &mut self.out);
        let expected: Result<(), SendError> = write!(write, self.whole.connection, &mut self.whole.out);
        assert_eq!(result, expected, "{write:?}");
    }

    pub(super) fn has_news(&self, reading: &Reading<R>) -> bool {
        !self.is_over && !reading.news.is_empty()
    }

    /// Handles the oldest news, and the whole connection receives its input.
    pub(super) fn handle_next(&mut self, reading: &mut Reading<R>) {
        let (writer, out, whole) = (&mut self.writer, &mut self.out, &mut self.whole);
        if self.drains {
            out.consume(usize::MAX);
            whole.out.consume(usize::MAX);
        }
        match reading.news.pop_front() {
            None => {}
            Some(News::Signal(signal, events)) => {
                writer.handle_signal(signal, out);
                whole.receive(&reading.reads, events);
            }
            Some(News::Tick { now, signal, deadline, reads }) => {
                if let Some(signal) = signal {
                    writer.handle_signal(signal, out);
                }
                let result = writer.tick(now, out);
                whole.finish(&reading.reads[..reads]);
                let expected = whole.connection.tick(now, &mut whole.out);
                self.deadline = result.unwrap_or_default();
                self.is_over = result.is_err();
                // The read half does not know of a Close that was sent.
                let is_idle = writer.can_send() && writer.close_status() == CloseStatus::default();
                let deadline = deadline.filter(|_| is_idle);
                assert_eq!(result.map(|own| own.into_iter().chain(deadline).min()), expected);
            }
            Some(News::Eof { reads }) => {
                writer.flush_reply(out);
                whole.finish(&reading.reads[..reads]);
                whole.connection.flush_reply(&mut whole.out);
                assert_eq!(writer.receive_eof(), whole.connection.receive_eof());
                assert_eq!(writer.state(), State::End);
                self.is_over = true;
            }
        }
    }

    pub(super) fn assert_same(&self) {
        let (writer, whole) = (&self.writer, &self.whole.connection);
        assert_eq!(self.out.as_slice(), self.whole.out.as_slice());
        assert_eq!(
            (writer.state(), writer.can_send(), writer.transport_action()),
            (whole.state(), whole.can_send(), whole.transport_action())
        );
        assert_eq!(
            (writer.has_pending_reply(), writer.close_status()),
            (whole.has_pending_reply(), whole.close_status())
        );
    }

    /// Whether a Ping waits for room. After `join`, it waits for another ping interval.
    pub(super) fn owes_ping(&self, now: Duration, left: &Cell<usize>) -> bool {
        let (before, mut writer) = (left.replace(usize::MAX), self.writer.clone());
        // The first call may only have room for a pending reply.
        let has_ping = [(); 2].map(|()| {
            let mut out = vec![];
            let _may_be_over = writer.tick(now, &mut out);
            // The payload of the Ping has 4 bytes.
            let pings = [[0x89, 4], [0x89, 0x84]];
            out.windows(2).any(|two| pings.iter().any(|ping| ping == two))
        });
        left.set(before);
        has_ping.contains(&true)
    }

    /// The Close of the peer that the write half learns of if the transport ends before it handles the news.
    pub(super) fn after_eof(&self, reading: &Reading<R>) -> CloseFrameStatus {
        let (mut writer, mut out) = (self.writer.clone(), vec![]);
        writer.receive_eof();
        for news in &reading.news {
            if let News::Signal(signal, _) = news {
                writer.handle_signal(signal.clone(), &mut out);
            }
        }
        assert!(out.is_empty());
        writer.close_status().received
    }
}

/// Joins the halves, which must be the whole connection then, and splits them; `None` after the end.
pub(super) fn rejoined<'m, R: Role + Clone>(
    mut reading: Reading<R>,
    Writing { mut writer, mut out, mut whole, drains, deadline, is_over }: Writing<'m, R>,
) -> Option<(Reading<R>, Writing<'m, R>)> {
    whole.finish(&reading.reads);
    writer.flush_reply(&mut out);
    let mut joined = Connection::join(reading.half, writer);
    assert_eq!(
        format!("{:?}", joined.receive(&mut reading.inbound, &mut out)),
        format!("{:?}", whole.connection.receive(&mut whole.inbound, &mut whole.out))
    );
    assert_eq!(out.as_slice(), whole.out.as_slice());
    assert_eq!(Sizes::of(&reading.inbound).held, Sizes::of(&whole.inbound).held);
    if is_over {
        assert!(reading.events.starts_with(&whole.events));
    } else {
        assert_eq!(reading.events, whole.events);
    }
    let look = |mut connection: Connection<R>| {
        let before = (connection.state(), connection.transport_action(), connection.has_pending_reply());
        let (mut after, status) = (vec![], connection.close_status());
        let sent = connection.send_text("after", &mut after);
        (before, status, sent, after, connection.receive_eof())
    };
    assert_eq!(look(joined.clone()), look(whole.connection.clone()));
    match joined.split() {
        Ok((half, writer)) => {
            reading.half = half;
            Some((reading, Writing { writer, out, whole, drains, deadline, is_over }))
        }
        Err(_) => None,
    }
}

impl<R: Role> Whole<'_, R> {
    /// Receives events of these reads, until there are so many.
    fn receive(&mut self, reads: &[Vec<u8>], events: usize) {
        while self.events.len() < events {
            let event = self.connection.receive(&mut self.inbound, &mut self.out);
            if let Ok(None) = event {
                let read = reads.get(self.reads).expect("the read half has received no more");
                assert_eq!(self.inbound.feed(read), read.len());
                self.reads += 1;
            } else {
                push(&mut self.events, format!("{event:?}"), event.is_err());
            }
        }
    }

    /// Receives the rest of the events of these reads.
    fn finish(&mut self, reads: &[Vec<u8>]) {
        loop {
            let event = self.connection.receive(&mut self.inbound, &mut self.out);
            match &event {
                Ok(Some(_)) => push(&mut self.events, format!("{event:?}"), false),
                Ok(None) | Err(_) => {
                    let Some(read) = reads.get(self.reads) else { return };
                    assert_eq!(self.inbound.feed(read), read.len());
                    self.reads += 1;
                }
            }
        }
    }
}
