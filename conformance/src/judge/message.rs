//! Messages out of their fragments (§5.4), inflated if they are compressed (RFC 7692 §6.2).

use super::{Direction, Event, FrameSeen, Inflater, Violation};

/// The messages of one direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Messages {
    /// The message of which a fragment was read.
    begun: Option<Message>,
    /// Decompresses messages, if permessage-deflate was agreed.
    inflater: Option<Inflater>,
}

#[derive(Debug, Clone)]
struct Message {
    text: bool,
    compressed: bool,
    payload: Vec<u8>,
}

/// No case needs a longer message: the rest of it is dropped.
const MAX_MESSAGE: usize = 1 << 30;

/// RSV1, the bit of compressed messages (RFC 7692 §6).
const RSV1: u8 = 0b100;

impl Messages {
    pub(super) fn inflate(&mut self, direction: Direction) {
        self.inflater = Some(Inflater::new(direction));
    }

    /// The reserved bits that a frame with this opcode may have.
    pub(super) fn allowed_bits(&self, opcode: u8) -> u8 {
        // RFC 7692 §6.1: the first frame of a message only.
        if self.inflater.is_some() && matches!(opcode, 0x1 | 0x2) { RSV1 } else { 0 }
    }

    /// Reads a data frame: the message that it completes, and the rule that it breaks.
    pub(super) fn frame(&mut self, frame: &FrameSeen) -> (Option<Event>, Option<Violation>) {
        let (message, violation) = match (self.begun.take(), frame.opcode) {
            (None, 0x0) => return (None, Some(Violation::StrayContinuation)),
            (Some(mut message), 0x0) => {
                if message.payload.len() < MAX_MESSAGE {
                    message.payload.extend_from_slice(&frame.payload);
                }
                (message, None)
            }
            (begun, opcode) => {
                let (text, compressed) = (opcode == 0x1, frame.reserved & RSV1 != 0);
                let message = Message { text, compressed, payload: frame.payload.clone() };
                (message, begun.map(|_| Violation::MessageInside))
            }
        };
        if frame.fin {
            let (event, broken) = self.complete(message);
            return (Some(event), violation.or(broken));
        }
        self.begun = Some(message);
        (None, violation)
    }

    /// §5.6: the whole of a text must be UTF-8.
    fn complete(&mut self, message: Message) -> (Event, Option<Violation>) {
        let Message { text, compressed, mut payload } = message;
        if let Some(inflater) = self.inflater.as_mut().filter(|_| compressed) {
            payload = match inflater.message(&payload) {
                Ok(plain) => plain,
                Err(defect) => return (Event::Defect(defect), Some(Violation::NotInflatable)),
            };
        }
        let is_legal = !text || core::str::from_utf8(&payload).is_ok();
        (Event::Message { text, payload }, (!is_legal).then_some(Violation::TextNotUtf8))
    }
}
