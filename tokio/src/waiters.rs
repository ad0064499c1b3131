//! The tasks that wait for a connection.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::{Context, Waker};

use atomic_waker::AtomicWaker;

/// The task that receives and the task that sends or closes: two, if the application uses a connection as
/// `Stream` and `Sink` in two tasks.
///
/// Both wait for the same transport and the same timer, which wake only the task that polled them last. So each
/// task polls them with a waker that wakes both.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Arc<Tasks>);

#[derive(Debug, Default)]
struct Tasks {
    receiving: AtomicWaker,
    sending: AtomicWaker,
    /// A task that closes also receives: it must not take the place of the task that receives.
    closing: AtomicWaker,
}

impl Waiters {
    /// The task of `cx` waits to receive. Returns the waker to poll with.
    pub(crate) fn receiving(&self, cx: &Context<'_>) -> Waker {
        self.register(&self.0.receiving, cx)
    }

    /// The task of `cx` waits to send. Returns the waker to poll with.
    pub(crate) fn sending(&self, cx: &Context<'_>) -> Waker {
        self.register(&self.0.sending, cx)
    }

    /// The task of `cx` waits for the end. Returns the waker to poll with.
    pub(crate) fn closing(&self, cx: &Context<'_>) -> Waker {
        self.register(&self.0.closing, cx)
    }

    /// No other event follows: wakes all tasks.
    pub(crate) fn wake(&self) {
        self.0.wake_by_ref();
    }

    fn register(&self, task: &AtomicWaker, cx: &Context<'_>) -> Waker {
        let waker = Waker::from(Arc::clone(&self.0));
        // A task that closes is registered already.
        if !cx.waker().will_wake(&waker) {
            task.register(cx.waker());
        }
        waker
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.receiving.wake();
        self.sending.wake();
        self.closing.wake();
    }
}
