//! The task that reads.

use alloc::collections::VecDeque;
use core::time::Duration;

use websocket_proto::{Event, ReadHalf, ReceiveBuffer, Role, State};

use super::super::input::Input;
use super::{News, Time};
use crate::support::Side;

/// The read half and its results.
pub(super) struct Reading<R: Role> {
    pub(super) half: ReadHalf<R>,
    pub(super) inbound: ReceiveBuffer<Vec<u8>>,
    pub(super) events: Vec<String>,
    pub(super) reads: Vec<Vec<u8>>,
    /// What the write half has not handled.
    pub(super) news: VecDeque<News>,
    pub(super) now: Duration,
    deadline: Option<Duration>,
    is_over: bool,
    has_ended: bool,
}

impl<R: Role> Reading<R> {
    pub(super) fn new(half: ReadHalf<R>) -> Self {
        Self {
            half,
            inbound: ReceiveBuffer::new(),
            events: vec![],
            reads: vec![],
            news: VecDeque::new(),
            now: Duration::ZERO,
            deadline: None,
            is_over: false,
            has_ended: false,
        }
    }

    pub(super) fn read<S: Side>(&mut self, input: &Input, len: usize) {
        if self.has_ended {
            return;
        }
        let mut read = vec![];
        input.write::<S>(&mut read);
        read.truncate(len);
        assert_eq!(self.inbound.feed(&read), read.len());
        self.reads.push(read);
        loop {
            let (signal, event) = self.half.receive(&mut self.inbound);
            let (is_error, is_none) = (event.is_err(), matches!(event, Ok(None)));
            self.is_over |= is_error || matches!(event, Ok(Some(Event::Close(_))));
            if !is_none {
                push(&mut self.events, format!("{event:?}"), is_error);
            }
            self.news.extend(signal.map(|signal| News::Signal(signal, self.events.len())));
            if is_error || is_none {
                break;
            }
        }
        assert_eq!(self.half.state() == State::End, self.is_over);
    }

    /// Time passes, at most until the next deadline of this half or of the write half.
    pub(super) fn tick(&mut self, time: Time, other: Option<Duration>) {
        let next = self.deadline.into_iter().chain(other).min().unwrap_or_default().max(self.now);
        self.now = match time {
            Time::Seconds(seconds) => self.now + Duration::from_secs(seconds.into()),
            Time::Deadline => next,
            Time::BeforeDeadline => next.saturating_sub(Duration::from_millis(1)).max(self.now),
        };
        let (signal, deadline) = self.half.tick(self.now);
        self.deadline = deadline;
        self.news.push_back(News::Tick { now: self.now, signal, deadline, reads: self.reads.len() });
    }

    pub(super) fn end(&mut self) {
        if !self.has_ended {
            self.news.push_back(News::Eof { reads: self.reads.len() });
            self.has_ended = true;
        }
    }
}

/// An error is reported again by each call.
pub(super) fn push(events: &mut Vec<String>, event: String, is_error: bool) {
    if !is_error || events.last() != Some(&event) {
        events.push(event);
    }
}
