//! The end of the transport, in three steps: write the output, shut down, read until the peer closes.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use websocket_proto::SendBuffer as _;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::incoming::poll_discard;
use crate::output::Output;

/// How long input is read and discarded after the end. If a socket is closed with unread input, the
/// operating system resets the connection, and the peer can lose the Close. nginx waits 5 s, Apache 2 s.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Ending {
    step: Step,
    /// The end of this step, whether it is complete or not.
    deadline: Instant,
    /// How long the transport may accept no byte of the output.
    patience: Duration,
    /// The length of the output when the deadline was set.
    output_len: usize,
    /// Whether the peer has closed its direction.
    peer_ended: bool,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Write,
    ShutDown,
    Read,
    Done,
}

impl Ending {
    pub(crate) fn new(patience: Duration, peer_ended: bool) -> Self {
        Self { step: Step::Write, deadline: Instant::now() + patience, patience, output_len: 0, peer_ended }
    }

    /// Ready when the transport can be dropped.
    pub(crate) fn poll<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        transport: &mut T,
        (engine, output): (&mut Engine, &mut Output),
        clock: &mut Clock,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            if self.poll_step(transport, (engine, output), cx).is_ready() {
                if let Step::Done = self.step {
                    return Poll::Ready(());
                }
                continue;
            }
            clock.arm_at(self.deadline);
            if clock.poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= self.deadline {
                return Poll::Ready(());
            }
        }
    }

    fn poll_step<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        transport: &mut T,
        (engine, output): (&mut Engine, &mut Output),
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        match self.step {
            Step::Write => match output.poll_write(transport, cx) {
                Poll::Ready(Ok(())) => {
                    // The Close, if the output had no room for it before.
                    engine.flush_reply(output);
                    if output.is_empty() { self.go(Step::ShutDown) } else { Poll::Ready(()) }
                }
                Poll::Ready(Err(_)) => self.go(Step::Done),
                Poll::Pending => {
                    // A peer that writes before it reads must not block.
                    self.peer_ended = self.peer_ended || poll_discard(transport, cx).is_ready();
                    if output.len() != self.output_len {
                        self.output_len = output.len();
                        self.deadline = Instant::now() + self.patience;
                    }
                    Poll::Pending
                }
            },
            Step::ShutDown => match Pin::new(transport).poll_shutdown(cx) {
                Poll::Ready(Ok(())) if !self.peer_ended => self.go(Step::Read),
                Poll::Ready(_) => self.go(Step::Done),
                Poll::Pending => Poll::Pending,
            },
            Step::Read => match poll_discard(transport, cx) {
                Poll::Ready(()) => self.go(Step::Done),
                Poll::Pending => Poll::Pending,
            },
            Step::Done => Poll::Ready(()),
        }
    }

    fn go(&mut self, step: Step) -> Poll<()> {
        self.step = step;
        self.deadline = Instant::now() + LINGER;
        Poll::Ready(())
    }
}
