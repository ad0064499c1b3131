//! wslay 1.1 (C, libwslay of Debian): its event API with message buffering, through hand-written
//! declarations. It validates UTF-8, joins fragments, and masks byte by byte.

use super::Cursor;
use crate::io::MemIo;
use crate::workload::{Kind, Workload};
use crate::{Eat, Job, Peer};
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

pub struct Wslay;

#[repr(C)]
struct Ctx([u8; 0]);

#[repr(C)]
struct MsgArg {
    rsv: u8,
    opcode: u8,
    msg: *const u8,
    len: usize,
    status: u16,
}

#[repr(C)]
struct Msg {
    opcode: u8,
    msg: *const u8,
    len: usize,
}

type RecvCb = unsafe extern "C" fn(*mut Ctx, *mut u8, usize, c_int, *mut c_void) -> isize;
type SendCb = unsafe extern "C" fn(*mut Ctx, *const u8, usize, c_int, *mut c_void) -> isize;
type MaskCb = unsafe extern "C" fn(*mut Ctx, *mut u8, usize, *mut c_void) -> c_int;
type MsgCb = unsafe extern "C" fn(*mut Ctx, *const MsgArg, *mut c_void);

#[repr(C)]
struct Callbacks {
    recv: Option<RecvCb>,
    send: Option<SendCb>,
    genmask: Option<MaskCb>,
    on_frame_start: *const c_void,
    on_frame_chunk: *const c_void,
    on_frame_end: *const c_void,
    on_msg: Option<MsgCb>,
}

unsafe extern "C" {
    fn wslay_event_context_server_init(c: *mut *mut Ctx, cb: *const Callbacks, u: *mut c_void) -> c_int;
    fn wslay_event_context_client_init(c: *mut *mut Ctx, cb: *const Callbacks, u: *mut c_void) -> c_int;
    fn wslay_event_context_free(c: *mut Ctx);
    fn wslay_event_recv(c: *mut Ctx) -> c_int;
    fn wslay_event_send(c: *mut Ctx) -> c_int;
    fn wslay_event_queue_msg(c: *mut Ctx, m: *const Msg) -> c_int;
    fn wslay_event_set_error(c: *mut Ctx, v: c_int);
}

const WOULDBLOCK: c_int = -401;

struct User {
    io: MemIo,
    eat: *mut Eat,
    target: u64,
    echo: bool,
}

unsafe extern "C" fn on_recv(c: *mut Ctx, buf: *mut u8, n: usize, _: c_int, u: *mut c_void) -> isize {
    unsafe {
        let u = &mut *u.cast::<User>();
        if (*u.eat).msgs >= u.target {
            wslay_event_set_error(c, WOULDBLOCK);
            return -1;
        }
        u.io.pull(std::slice::from_raw_parts_mut(buf, n)) as isize
    }
}

unsafe extern "C" fn on_send(_: *mut Ctx, buf: *const u8, n: usize, _: c_int, u: *mut c_void) -> isize {
    unsafe {
        let u = &mut *u.cast::<User>();
        u.io.push(std::slice::from_raw_parts(buf, n));
        n as isize
    }
}

unsafe extern "C" fn on_mask(_: *mut Ctx, buf: *mut u8, n: usize, _: *mut c_void) -> c_int {
    unsafe {
        fastrand::fill(std::slice::from_raw_parts_mut(buf, n));
    }
    0
}

unsafe extern "C" fn on_msg(c: *mut Ctx, m: *const MsgArg, u: *mut c_void) {
    unsafe {
        let (m, u) = (&*m, &mut *u.cast::<User>());
        let p = if m.len == 0 { &[][..] } else { std::slice::from_raw_parts(m.msg, m.len) };
        (*u.eat).eat(m.opcode == 1, p);
        if u.echo {
            let r = Msg { opcode: m.opcode, msg: m.msg, len: m.len };
            assert_eq!(wslay_event_queue_msg(c, &r), 0);
        }
    }
}

struct J {
    ctx: *mut Ctx,
    user: Box<User>,
    cur: Option<Cursor>,
    batch: usize,
}

impl Drop for J {
    fn drop(&mut self) {
        unsafe { wslay_event_context_free(self.ctx) }
    }
}

impl Job for J {
    fn run(&mut self, msgs: u64, eat: &mut Eat) {
        unsafe {
            let Some(cur) = &mut self.cur else {
                let total = eat.msgs + msgs;
                self.user.eat = eat;
                while eat.msgs < total {
                    // An echo is queued while messages are received; each batch is sent at once.
                    let step = if self.user.echo { self.batch as u64 } else { msgs };
                    self.user.target = (eat.msgs + step).min(total);
                    assert_eq!(wslay_event_recv(self.ctx), 0);
                    if self.user.echo {
                        assert_eq!(wslay_event_send(self.ctx), 0);
                    }
                }
                return;
            };
            for i in 1..=msgs {
                let p = cur.next();
                let m = Msg { opcode: 2, msg: p.as_ptr(), len: p.len() };
                assert_eq!(wslay_event_queue_msg(self.ctx, &m), 0);
                if i % self.batch as u64 == 0 || i == msgs {
                    assert_eq!(wslay_event_send(self.ctx), 0);
                }
            }
        }
    }
    fn counts(&self) -> bool {
        self.cur.is_none()
    }
}

fn callbacks() -> Callbacks {
    Callbacks {
        recv: Some(on_recv),
        send: Some(on_send),
        genmask: Some(on_mask),
        on_frame_start: null_mut(),
        on_frame_chunk: null_mut(),
        on_frame_end: null_mut(),
        on_msg: Some(on_msg),
    }
}

impl Peer for Wslay {
    fn name(&self) -> &'static str {
        "wslay"
    }
    fn job(&self, w: &Workload, capture: bool) -> Option<Box<dyn Job>> {
        let mut user = Box::new(User {
            io: MemIo::new(w.wire, w.cap, false, capture),
            eat: null_mut(),
            target: 0,
            echo: w.kind == Kind::Echo,
        });
        let cur = match w.kind {
            Kind::Recv | Kind::Echo => None,
            Kind::SendServer | Kind::SendClient => Some(Cursor::new(w)),
            _ => return None,
        };
        let mut ctx = null_mut();
        let u = (&raw mut *user).cast();
        let rc = unsafe {
            if w.kind == Kind::SendClient {
                wslay_event_context_client_init(&mut ctx, &callbacks(), u)
            } else {
                wslay_event_context_server_init(&mut ctx, &callbacks(), u)
            }
        };
        assert_eq!(rc, 0);
        Some(Box::new(J { ctx, user, cur, batch: w.batch }))
    }
    fn note(&self) -> &'static str {
        "read buffer of 4 KiB (no setting); copies each message that it queues; no handshake"
    }
}

/// For wsmem: an idle context of a server, and one echo.
pub struct Conn(J);

impl Conn {
    pub fn new(wire: &'static [u8]) -> Self {
        // This MemIo has its own ring; wsmem subtracts it.
        let mut user = Box::new(User {
            io: MemIo::new(wire, 65536, false, false),
            eat: null_mut(),
            target: 0,
            echo: true,
        });
        let mut ctx = null_mut();
        let u = (&raw mut *user).cast();
        assert_eq!(unsafe { wslay_event_context_server_init(&mut ctx, &callbacks(), u) }, 0);
        Conn(J { ctx, user, cur: None, batch: 1 })
    }
    pub fn echo(&mut self, eat: &mut Eat) {
        self.0.run(1, eat);
    }
    /// The bytes of a `Conn` that belong to this program, not to wslay.
    pub const OWN: usize = size_of::<User>() + 65536;
}
