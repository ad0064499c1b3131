//! Control frames: Ping, Pong and Close (§5.5, §7.4).

use super::header::Failure;
use super::utf8::{self, Text};
use super::{CLOSE, Fault, Faults, PING, PONG, Reference};

impl Reference {
    /// §5.5: control frames may stand between fragments.
    pub(super) fn control_frame(
        &mut self,
        opcode: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match opcode {
            CLOSE => self.close_frame(payload, out)?,
            PING => self.ping(payload, out)?,
            PONG if self.faults.has(Fault::PongToPong) => self.output.frame(PONG, payload, out),
            _ => {}
        }
        Ok(())
    }

    fn ping(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        self.pings_in_read += 1;
        if self.pings_in_read > 100 && self.faults.has(Fault::RecursionLimit100) {
            return Err(1011);
        }
        if self.faults.has(Fault::PingCheckedForUtf8) && core::str::from_utf8(payload).is_err() {
            return Err(1007);
        }
        if self.faults.has(Fault::PingEndsMessage) {
            self.message = None;
        }
        if let Some(message) = self.message.as_mut().filter(|_| self.faults.has(Fault::PingClearsCompressed))
        {
            message.is_compressed = false;
        }
        // §5.5.2: a Pong is due unless a Close was received.
        let is_due = !self.close_received || self.faults.has(Fault::PongAfterClose);
        if !is_due || self.pings_in_read > 1 && self.faults.has(Fault::FirstPongOnly) {
            return Ok(());
        }
        let payload = match self.faults.0 {
            Some(Fault::PongEmpty) => &[],
            Some(Fault::PongCut124) => &payload[..payload.len().min(124)],
            _ => payload,
        };
        if self.message.is_some() && self.faults.has(Fault::PongAfterMessage) {
            self.late_pongs.push(payload.to_vec());
        } else {
            self.output.frame(PONG, payload, out);
        }
        Ok(())
    }

    /// §5.5.1: the reply to a Close has its code.
    fn close_frame(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        if self.message.is_some() && self.faults.has(Fault::CloseInsideIgnored) {
            return Ok(());
        }
        let is_compressed = self.message.as_ref().is_some_and(|message| message.is_compressed);
        if is_compressed && self.faults.has(Fault::CloseInsideCompressedIgnored) {
            return Ok(());
        }
        if self.message.is_some() && self.faults.has(Fault::CloseInside1002) {
            return Err(1002);
        }
        let reply = match payload {
            _ if self.faults.has(Fault::WritesCloseCode1005) => 1005_u16.to_be_bytes().to_vec(),
            [] if self.faults.has(Fault::Writes1005) => 1005_u16.to_be_bytes().to_vec(),
            [] => Vec::new(),
            [_] if self.faults.has(Fault::AcceptsOneByte) => payload.to_vec(),
            [_] => return Err(1002),
            [upper, lower, reason @ ..] => {
                if !self.is_legal_code(u16::from_be_bytes([*upper, *lower])) {
                    return Err(1002);
                }
                let is_utf8 = utf8::read(reason, Faults::default()) == Text::Valid(reason.len());
                if !is_utf8 && !self.faults.has(Fault::ReasonUnchecked) {
                    return Err(1007);
                }
                vec![*upper, *lower]
            }
        };
        self.close_received = true;
        if !self.close_sent && !self.faults.has(Fault::NoReply) {
            self.output.frame(CLOSE, &reply, out);
            if self.faults.has(Fault::SecondClose) {
                self.output.frame(CLOSE, &reply, out);
            }
        }
        self.close_sent = true;
        Ok(())
    }

    /// §7.4.
    fn is_legal_code(&self, code: u16) -> bool {
        let faults = self.faults;
        match code {
            4999 if faults.has(Fault::Refuses4999) => false,
            1012 if faults.has(Fault::Refuses1012) => false,
            1000..=1003 | 1007..=1014 | 3000..=4999 => true,
            999 => faults.has(Fault::Echoes999),
            1004 => faults.has(Fault::Echoes1004),
            1006 => faults.has(Fault::Echoes1006),
            1016 => faults.has(Fault::Echoes1016),
            _ => false,
        }
    }
}
