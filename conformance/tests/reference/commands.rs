//! Commands: text messages that tell the endpoint to act first.

use super::{BINARY, CLOSE, PING, PONG, Reference, TEXT};

impl Reference {
    /// Executes a message if it is a command. Returns whether it is one.
    pub(super) fn command(&mut self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        let text = core::str::from_utf8(payload).ok().and_then(|text| text.strip_prefix("wsconform:"));
        let Some(text) = text else { return false };
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        match name {
            "close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                let code = code.parse::<u16>().map(u16::to_be_bytes);
                let body = code.map(|code| [&code[..], reason.as_bytes()].concat()).unwrap_or_default();
                self.output.frame(CLOSE, &body, out);
                self.close_sent = true;
            }
            "ping" => self.output.frame(PING, rest.as_bytes(), out),
            "pong" => self.output.frame(PONG, rest.as_bytes(), out),
            "send" => self.send(rest, out),
            _ => return false,
        }
        true
    }

    fn send(&mut self, arguments: &str, out: &mut Vec<u8>) {
        let mut words = arguments.split(' ');
        let opcode = if words.next() == Some("text") { TEXT } else { BINARY };
        let mut number = || words.next().and_then(|word| word.parse::<usize>().ok()).unwrap_or_default();
        let (len, count) = (number(), number());
        for _ in 0..count {
            self.output.frame(opcode, &vec![b'a'; len], out);
        }
    }
}
