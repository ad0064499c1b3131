//! Messages: their fragments, their limits, their text and their echo (§5.4, §5.6, §8.1).

use super::header::{Failure, Header};
use super::utf8::{self, Text};
use super::{BINARY, CONTINUATION, Fault, Faults, PONG, Reference, TEXT};

/// The limits of messages.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub message: u64,
    pub fragments: u32,
}

/// A message of which a frame was received.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) is_text: bool,
    pub(super) is_compressed: bool,
    pub(super) payload: Vec<u8>,
    /// The bytes of `payload` that are whole characters.
    checked: usize,
    frames: u32,
}

impl Reference {
    /// §5.4: a data frame begins a message or continues it. §10.4: limits hold before the payload arrives.
    pub(super) fn begin_message(&mut self, mut header: Header) -> Result<Header, Failure> {
        if header.opcode > BINARY {
            return Ok(header);
        }
        let is_stray = header.opcode == CONTINUATION && self.message.is_none();
        if header.opcode != CONTINUATION || is_stray {
            let mut is_text = header.opcode == TEXT;
            if self.faults.has(Fault::TypeKept) && !header.fin {
                is_text = self.last_kind.unwrap_or(is_text);
            }
            self.last_kind = Some(is_text);
            let payload = core::mem::take(&mut self.carried);
            let is_compressed =
                header.compressed || self.compression.is_some() && self.faults.has(Fault::PlainInflated);
            self.message = Some(Message { is_text, is_compressed, payload, checked: 0, frames: 0 });
        }
        let Some(message) = &mut self.message else { return Ok(header) };
        message.frames += 1;
        let is_fragment = !header.fin || message.frames > 1;
        let most = if self.faults.has(Fault::MoreThan99Refused) { 99 } else { self.limits.fragments };
        if is_fragment && header.len == 0 && self.faults.has(Fault::EmptyFragmentRefused) {
            return Err(1002);
        }
        if message.frames > most {
            return Err(1008);
        }
        let before = message.payload.len() as u64;
        if self.faults.has(Fault::SumWraps) && before > 0 && before + header.len > u64::from(u32::MAX) {
            // The message seems to have fewer bytes than it has already.
            header.len = 0;
        }
        if before + header.len > self.limits.message {
            return Err(1009);
        }
        Ok(header)
    }

    pub(super) fn data(
        &mut self,
        part: &[u8],
        header: Header,
        is_complete: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let Some(message) = &mut self.message else { return Ok(()) };
        message.payload.extend_from_slice(part);
        let is_last = is_complete && header.fin;
        let mut is_checked = message.is_text || self.faults.has(Fault::Utf8BinaryChecked);
        if let Some(compression) = self.compression.as_mut().filter(|_| message.is_compressed) {
            if !is_last {
                return Ok(());
            }
            message.payload = compression.inflate(&message.payload, self.limits.message)?;
            is_checked &= !self.faults.has(Fault::InflatedTextUnchecked);
        }
        if is_checked {
            check(message, is_last, is_complete, self.faults)?;
        }
        if !is_last {
            return Ok(());
        }
        let Some(mut message) = self.message.take() else { return Ok(()) };
        if self.faults.has(Fault::Utf8StateCarries) && !message.is_text {
            let whole = message.payload.utf8_chunks().map(|chunk| chunk.valid().len()).sum::<usize>();
            self.carried = message.payload[whole.min(message.payload.len())..].to_vec();
        }
        if self.faults.has(Fault::TypeOfLast) {
            message.is_text = header.opcode == TEXT;
        }
        self.echo(&message, out);
        for payload in core::mem::take(&mut self.late_pongs) {
            self.output.frame(PONG, &payload, out);
        }
        Ok(())
    }

    pub(super) fn echo(&mut self, message: &Message, out: &mut Vec<u8>) {
        let is_silent = self.close_sent
            && !self.faults.has(Fault::EchoAfterClose)
            && !(self.has_failed && self.faults.has(Fault::ProcessesAfterFail));
        if is_silent {
            return;
        }
        if message.is_text && self.command(&message.payload, out) {
            return;
        }
        let is_utf8 = || core::str::from_utf8(&message.payload).is_ok();
        let is_text = message.is_text || self.faults.has(Fault::WritesBinaryAsText) && !is_utf8();
        let opcode = if is_text { TEXT } else { BINARY };
        match &mut self.compression {
            Some(compression) => {
                let payload = compression.compress(&message.payload);
                self.output.compressed(opcode, &payload, out);
            }
            None => self.output.frame(opcode, &message.payload, out),
        }
    }
}

/// §8.1: text is UTF-8, also when it ends, and what cannot become a character fails at once.
fn check(message: &mut Message, is_last: bool, is_end_of_frame: bool, faults: Faults) -> Result<(), Failure> {
    let is_due = is_last || !faults.has(Fault::Utf8AtMessageEnd);
    if faults.has(Fault::Utf8Unchecked) || !is_due {
        return Ok(());
    }
    let Text::Valid(len) = utf8::read(&message.payload[message.checked..], faults) else { return Err(1007) };
    message.checked += len;
    let must_end = is_last || is_end_of_frame && faults.has(Fault::Utf8CheckedPerFrame);
    let is_cut = message.checked < message.payload.len();
    if must_end && is_cut && !faults.has(Fault::Utf8CutAtEndAccepted) { Err(1007) } else { Ok(()) }
}
