//! The channels between the halves and the task that writes.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::AtomicBool;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use websocket_proto::{CloseStatus, MessageKind, PreparedMessage, Signal};

use crate::error::Error;
use crate::message::Message;

/// The task that writes takes all of them at once, and writes them together: enough for one write.
const CAPACITY: usize = 16;

/// From a [`Sender`](super::Sender).
pub(crate) enum Command {
    Send(Message),
    Prepared(Arc<PreparedMessage>),
    Fragments(MessageKind, Fragments),
    /// Answer when all output before it is written.
    Flush(oneshot::Sender<()>),
}

pub(crate) type Fragments = core::iter::Peekable<Box<dyn Iterator<Item = Bytes> + Send>>;

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send(_) => "Send",
            Self::Prepared(_) => "Prepared",
            Self::Fragments(..) => "Fragments",
            Self::Flush(_) => "Flush",
        })
    }
}

/// From the [`Receiver`](super::Receiver). If it is dropped without `End`, the application has dropped it.
#[derive(Debug)]
pub(crate) enum Notice {
    Signal(Signal),
    /// The transport has ended.
    End,
}

/// To the [`Receiver`](super::Receiver): the task that writes has ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) error: Option<Error>,
    pub(crate) status: CloseStatus,
}

/// The ends of the channels that the halves have.
pub(crate) struct HalfEnds {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) notices: mpsc::Sender<Notice>,
    pub(crate) outcome: oneshot::Receiver<Outcome>,
    pub(crate) is_reading: Arc<AtomicBool>,
}

/// The ends of the channels that the task has.
#[derive(Debug)]
pub(crate) struct TaskEnds {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) notices: mpsc::Receiver<Notice>,
    pub(crate) outcome: oneshot::Sender<Outcome>,
    /// Whether the receiver has read all input, and waits for more. Otherwise, a Pong may wait in the
    /// transport.
    pub(crate) is_reading: Arc<AtomicBool>,
}

pub(crate) fn channels() -> (HalfEnds, TaskEnds) {
    let (commands, task_commands) = mpsc::channel(CAPACITY);
    let (notices, task_notices) = mpsc::channel(CAPACITY);
    let (task_outcome, outcome) = oneshot::channel();
    let is_reading = Arc::new(AtomicBool::new(false));
    let task = TaskEnds {
        commands: task_commands,
        notices: task_notices,
        outcome: task_outcome,
        is_reading: Arc::clone(&is_reading),
    };
    (HalfEnds { commands, notices, outcome, is_reading }, task)
}
