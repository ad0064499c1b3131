//! The channels between the halves and the task that writes.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Context;

use atomic_waker::AtomicWaker;
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
    /// A silence has begun or ended.
    Silence(Signal),
    /// The answer to the [`Inquiry`].
    InputRead,
    /// The transport has ended.
    End,
}

/// Of the task that writes to the [`Receiver`](super::Receiver): whether it has read all input. Before that, a Pong
/// may wait in the transport.
#[derive(Debug, Default)]
pub(crate) struct Inquiry {
    is_open: AtomicBool,
    receiver: AtomicWaker,
}

impl Inquiry {
    /// Asks. If the receiver is polled, it answers when there is no input.
    pub(crate) fn ask(&self) {
        self.is_open.store(true, Ordering::Release);
        self.receiver.wake();
    }

    /// Whether the answer is due. From now on, a question wakes the task of the receiver.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> bool {
        self.receiver.register(cx.waker());
        self.is_open.swap(false, Ordering::Acquire)
    }
}

/// Of the [`Sender`](super::Sender)s to the task that writes: whether the application closes the connection.
/// The Close may be in the queue or wait for room there, and the task takes nothing from the queue while its
/// output is full.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    has_begun: AtomicBool,
    writer: AtomicWaker,
}

impl Closing {
    /// The application closes the connection. If the future of its close is dropped, that still holds.
    pub(crate) fn begin(&self) {
        self.has_begun.store(true, Ordering::Release);
        self.writer.wake();
    }

    /// The application sends this message.
    pub(crate) fn announce(&self, message: &Message) {
        if message.is_close() {
            self.begin();
        }
    }

    /// Whether the application closes the connection. If not, the beginning wakes the task that writes.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> bool {
        self.writer.register(cx.waker());
        self.has_begun.load(Ordering::Acquire)
    }
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
    pub(crate) closing: Arc<Closing>,
    pub(crate) notices: mpsc::Sender<Notice>,
    pub(crate) outcome: oneshot::Receiver<Outcome>,
    pub(crate) inquiry: Arc<Inquiry>,
}

/// The ends of the channels that the task has.
#[derive(Debug)]
pub(crate) struct TaskEnds {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) closing: Arc<Closing>,
    pub(crate) notices: mpsc::Receiver<Notice>,
    pub(crate) outcome: oneshot::Sender<Outcome>,
    pub(crate) inquiry: Arc<Inquiry>,
}

pub(crate) fn channels() -> (HalfEnds, TaskEnds) {
    let (commands, task_commands) = mpsc::channel(CAPACITY);
    let (notices, task_notices) = mpsc::channel(CAPACITY);
    let (task_outcome, outcome) = oneshot::channel();
    let (closing, inquiry) = (Arc::new(Closing::default()), Arc::new(Inquiry::default()));
    let task = TaskEnds {
        commands: task_commands,
        closing: Arc::clone(&closing),
        notices: task_notices,
        outcome: task_outcome,
        inquiry: Arc::clone(&inquiry),
    };
    (HalfEnds { commands, closing, notices, outcome, inquiry }, task)
}
