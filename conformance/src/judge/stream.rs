//! The rules of an open connection for one direction: masking, opcodes, fragments, UTF-8, closing.

use super::message::Messages;
use super::{CloseBody, CodeClass, Direction, Event, FrameReader, FrameSeen, Next, Violation};
use crate::role::Role;

/// One direction of a connection.
#[derive(Debug, Clone)]
pub struct Stream {
    /// The role of the endpoint that writes.
    from: Role,
    reader: FrameReader,
    messages: Messages,
    closed: bool,
    lost: bool,
    violations: Vec<Violation>,
    keys: Vec<[u8; 4]>,
    frames: u64,
}

/// More keys say no more.
const MAX_KEYS: usize = 64;

impl Stream {
    /// The frames that an endpoint of this role writes.
    #[must_use]
    pub fn new(from: Role) -> Self {
        let (reader, violations, keys) = (FrameReader::new(), Vec::new(), Vec::new());
        let messages = Messages::default();
        Self { from, reader, messages, closed: false, lost: false, violations, keys, frames: 0 }
    }

    /// permessage-deflate was agreed, with these limits of what the endpoint writes.
    pub fn inflate(&mut self, direction: Direction) {
        self.messages.inflate(direction);
    }

    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.lost {
            self.reader.push(bytes);
        }
    }

    /// Reads the next frame; `None` if bytes are missing, or if no frame boundary is known any more.
    pub fn next_frame(&mut self) -> Option<(FrameSeen, Option<Event>)> {
        if self.lost {
            return None;
        }
        match self.reader.next_frame() {
            Next::More => None,
            Next::Lost(len) => {
                self.lost = true;
                if len > i64::MAX as u64 {
                    self.book(Violation::LengthTooLarge);
                }
                None
            }
            Next::Frame(frame) => {
                self.frames = self.frames.saturating_add(1);
                self.check_header(&frame);
                let event = self.interpret(&frame);
                Some((frame, event))
            }
        }
    }

    /// The rules that the frames have broken so far, each once, in the order of their appearance.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The first masking keys of frames with a payload.
    #[must_use]
    pub fn keys(&self) -> &[[u8; 4]] {
        &self.keys
    }

    /// The number of frames read.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether no frame boundary is known any more.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether the bytes read end between two frames.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        !self.lost && self.reader.unread() == 0
    }

    fn book(&mut self, violation: Violation) {
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    fn check_header(&mut self, frame: &FrameSeen) {
        match (self.from, frame.key) {
            (Role::Server, Some(_)) => self.book(Violation::Masked),
            (Role::Client, None) => self.book(Violation::Unmasked),
            (Role::Client, Some(key)) if !frame.payload.is_empty() && self.keys.len() < MAX_KEYS => {
                self.keys.push(key);
            }
            _ => {}
        }
        let is_control = frame.opcode >= 0x8;
        let allowed = self.messages.allowed_bits(frame.opcode);
        let rules = [
            (!frame.minimal, Violation::LengthNotMinimal),
            (frame.reserved & !allowed != 0, Violation::ReservedBits),
            (!matches!(frame.opcode, 0x0..=0x2 | 0x8..=0xA), Violation::UnknownOpcode),
            (is_control && !frame.fin, Violation::ControlFragmented),
            (is_control && frame.payload.len() > 125, Violation::ControlTooLong),
            (!is_control && self.closed, Violation::DataAfterClose),
        ];
        for (is_broken, violation) in rules {
            if is_broken {
                self.book(violation);
            }
        }
    }

    fn interpret(&mut self, frame: &FrameSeen) -> Option<Event> {
        match frame.opcode {
            0x0..=0x2 => {
                let (event, violation) = self.messages.frame(frame);
                if let Some(violation) = violation {
                    self.book(violation);
                }
                event
            }
            0x8 => Some(self.close(&frame.payload)),
            0x9 => Some(Event::Ping(frame.payload.clone())),
            0xA => Some(Event::Pong(frame.payload.clone())),
            _ => None,
        }
    }

    fn close(&mut self, payload: &[u8]) -> Event {
        if self.closed {
            self.book(Violation::CloseTwice);
        }
        self.closed = true;
        let body = CloseBody::read(payload);
        match &body {
            CloseBody::OneByte => self.book(Violation::CloseBodyTooShort),
            CloseBody::BadReason(_) => self.book(Violation::ReasonNotUtf8),
            CloseBody::Empty | CloseBody::Code(..) => {}
        }
        if body.code().is_some_and(|code| CodeClass::of(code) == CodeClass::Forbidden) {
            self.book(Violation::CloseCode);
        }
        Event::Close(body)
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseBody, Direction, Event, Role, Stream, Violation};

    fn read(from: Role, bytes: &[u8]) -> (Vec<Event>, Vec<Violation>) {
        let mut stream = Stream::new(from);
        stream.push(bytes);
        let mut events = Vec::new();
        while let Some((_, event)) = stream.next_frame() {
            events.extend(event);
        }
        (events, stream.violations().to_vec())
    }

    #[test]
    fn legal_frames_are_events() {
        let bytes = b"\x01\x01\xc3\x89\x01p\x80\x01\xa9\x8a\x00\x82\x01\xff\x88\x02\x03\xe8";
        let (events, violations) = read(Role::Server, bytes);
        let expected = [
            Event::Ping(b"p".to_vec()),
            Event::Message { text: true, payload: "é".as_bytes().to_vec() },
            Event::Pong(vec![]),
            Event::Message { text: false, payload: vec![0xff] },
            Event::Close(CloseBody::Code(1000, String::new())),
        ];
        assert_eq!((&events[..], &violations[..]), (&expected[..], &[][..]));
    }

    /// RFC 7692 §7.2.3.1, and the rules of §6.1.
    #[test]
    fn compressed_messages_are_inflated_once_agreed() {
        let read = |bytes: &[u8]| {
            let mut stream = Stream::new(Role::Server);
            stream.inflate(Direction { window_bits: 15, takeover: true });
            stream.push(bytes);
            let mut events = Vec::new();
            while let Some((_, event)) = stream.next_frame() {
                events.extend(event);
            }
            (events, stream.violations().to_vec())
        };
        let hello = || Event::Message { text: true, payload: b"Hello".to_vec() };
        let legal = b"\x41\x03\xf2\x48\xcd\x89\x00\x80\x04\xc9\xc9\x07\x00\x81\x05Hello";
        assert_eq!(read(legal), (vec![Event::Ping(vec![]), hello(), hello()], vec![]));
        assert_eq!(read(b"\xc1\x01\x06").1, [Violation::NotInflatable]);
        assert_eq!(read(b"\xc1\x03\x00\xff\xff").1, [Violation::NotInflatable]);
        assert_eq!(read(b"\xc1\x06\xfa\xef\xbf\x04\x00\x00").1, [Violation::NotInflatable]);
        assert_eq!(read(b"\xc1\x07\x00\x01\x00\xfe\xff\xff\x00").1, [Violation::TextNotUtf8]);
        for illegal in [&b"\xc9\x00"[..], b"\x01\x00\xc0\x00", b"\xe1\x01\x00", b"\x91\x00"] {
            assert_eq!(read(illegal).1, [Violation::ReservedBits], "{illegal:x?}");
        }
    }

    #[test]
    fn each_rule_has_a_violation() {
        use Violation::*;
        let expected: [(&[u8], &[Violation]); 17] = [
            (b"\x81\x7e\x00\x01a", &[LengthNotMinimal]),
            (b"\x81\x7f\x80\0\0\0\0\0\0\0", &[LengthTooLarge]),
            (b"\xc1\x01a", &[ReservedBits]),
            (b"\x83\x00", &[UnknownOpcode]),
            (b"\x8b\x00", &[UnknownOpcode]),
            (b"\x81\x81\0\0\0\0a", &[Masked]),
            (b"\x09\x00", &[ControlFragmented]),
            (&[&b"\x89\x7e\x00\x7e"[..], &[0; 126]].concat(), &[ControlTooLong]),
            (b"\x80\x00", &[StrayContinuation]),
            (b"\x81\x00\x80\x00", &[StrayContinuation]),
            (b"\x01\x00\x81\x00", &[MessageInside]),
            (b"\x81\x01\xff", &[TextNotUtf8]),
            (b"\x88\x03\x03\xe8\xff", &[ReasonNotUtf8]),
            (b"\x88\x01\x03", &[CloseBodyTooShort]),
            (b"\x88\x02\x03\xed", &[CloseCode]),
            (b"\x88\x00\x88\x00", &[CloseTwice]),
            (b"\x88\x00\x81\x00", &[DataAfterClose]),
        ];
        for (bytes, violations) in expected {
            assert_eq!(read(Role::Server, bytes).1, violations, "{bytes:x?}");
        }
        assert_eq!(read(Role::Client, b"\x81\x00").1, [Unmasked]);
        assert_eq!(read(Role::Client, b"\x81\x80\0\0\0\0").1, []);
    }
}
