//! The phase of a connection, with its data: Handshake, Transmission, End.

use super::end::End;
use super::frame_writer::Writer;
use super::handshake::Opening;
use super::receive::ReceiveHalf;
use super::send::SendHalf;
use crate::buffer::SendBuffer;
use crate::config::Settings;
use crate::handshake::Negotiated;
use crate::role::Role;
use crate::rules::CloseStatus;

/// The phases are not boxed, because a connection has no heap: it is as large as its largest phase.
#[derive(Clone)]
pub(super) enum Phase {
    Handshake(Opening),
    Transmission(Transmission),
    End(End),
}

/// An open connection: its two halves.
#[derive(Clone)]
pub(super) struct Transmission {
    pub(super) receive: ReceiveHalf,
    pub(super) send: SendHalf,
}

impl Transmission {
    /// `retained` is the check number of the buffer at the end of the opening handshake.
    pub(super) fn new<R: Role>(negotiated: Negotiated, config: &Settings, retained: u16) -> Self {
        Self {
            receive: ReceiveHalf::new(negotiated, config, retained),
            send: SendHalf::new::<R>(negotiated, config),
        }
    }
}

impl Phase {
    /// Writes the pending reply.
    pub(super) fn flush_reply<R: Role, O: SendBuffer>(&mut self, writer: &mut Writer<'_, R, O>) {
        match self {
            Self::Handshake(_) => {}
            Self::Transmission(transmission) => transmission.send.flush_reply(writer),
            Self::End(end) => end.flush_reply(writer),
        }
    }

    /// Whether a reply is pending.
    pub(super) fn has_pending_reply(&self) -> bool {
        match self {
            Self::Handshake(_) => false,
            Self::Transmission(transmission) => !transmission.send.pending.is_none(),
            Self::End(end) => !end.pending.is_none(),
        }
    }

    /// The Close frames that were sent and received.
    pub(super) fn close_status(&self) -> CloseStatus {
        match self {
            Self::Handshake(_) => CloseStatus::default(),
            Self::Transmission(transmission) => transmission.send.close_status(),
            Self::End(end) => end.close_status,
        }
    }
}
