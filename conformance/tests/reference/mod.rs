//! A plain correct echo endpoint, written for reading. It shares nothing with the judge but the encoder of
//! frame headers. A [`Fault`] makes it wrong in one way.

mod commands;
mod deflate;
mod fault;
mod handshake;
mod head;
mod header;
mod negotiation;
mod opening;
mod output;
mod response;
mod utf8;

use deflate::Compression;
pub use fault::{Fault, Faults};
use header::{Failure, Header, Place};
use output::Output;
use utf8::Text;
use wsconform::{Endpoint, Role};

/// The echo endpoint.
#[derive(Debug)]
pub struct Reference {
    role: Role,
    faults: Faults,
    limits: Limits,
    output: Output,
    /// permessage-deflate, if it was agreed.
    compression: Option<Compression>,
    is_open: bool,
    /// The key of a client.
    key: String,
    interims: u32,
    /// Bytes that were received, and the number of those that were processed.
    input: Vec<u8>,
    at: usize,
    /// The frame of which the payload is being read, and the number of its bytes that were read.
    frame: Option<(Header, u64)>,
    /// The payload of the control frame that is being read.
    control: Vec<u8>,
    message: Option<Message>,
    /// The kind of the last message.
    last_kind: Option<bool>,
    /// Bytes that a fault takes from one message into the next.
    carried: Vec<u8>,
    /// Pongs that a fault writes after the message.
    late_pongs: Vec<Vec<u8>>,
    pings_in_read: u32,
    close_sent: bool,
    close_received: bool,
    has_failed: bool,
    is_closed: bool,
    is_reset: bool,
}

/// The limits of messages.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub message: u64,
    pub fragments: u32,
}

/// A message of which a frame was received.
#[derive(Debug)]
struct Message {
    is_text: bool,
    is_compressed: bool,
    payload: Vec<u8>,
    /// The bytes of `payload` that are whole characters.
    checked: usize,
    frames: u32,
}

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

impl Reference {
    pub fn new(role: Role, fault: Option<Fault>, limits: Limits) -> Self {
        let faults = Faults(fault);
        Self {
            role,
            faults,
            limits,
            output: Output::new(role, faults),
            compression: None,
            is_open: false,
            key: response::key(faults),
            interims: 0,
            input: Vec::new(),
            at: 0,
            frame: None,
            control: Vec::new(),
            message: None,
            last_kind: None,
            carried: Vec::new(),
            late_pongs: Vec::new(),
            pings_in_read: 0,
            close_sent: false,
            close_received: false,
            has_failed: false,
            is_closed: false,
            is_reset: false,
        }
    }

    /// Processes a header, or the payload that is there. Returns whether there is more to do.
    fn step(&mut self, out: &mut Vec<u8>) -> Result<bool, Failure> {
        if self.frame.is_none() && !self.begin_frame()? {
            return Ok(false);
        }
        let Some((header, done)) = self.frame else { return Ok(false) };
        let len = usize::try_from(header.len - done).unwrap_or(usize::MAX).min(self.unread().len());
        let mut part = self.unread()[..len].to_vec();
        self.at += len;
        let is_unmasked = !(header.is_control() && self.faults.has(Fault::ControlNotUnmasked));
        if let Some(key) = header.key.filter(|_| is_unmasked) {
            // §5.3: the offset in the key counts from the start of the payload, not of the read.
            let offset = if self.faults.has(Fault::KeyRestartsPerRead) { 0 } else { done };
            for (byte, at) in part.iter_mut().zip(offset..) {
                *byte ^= key[(at % 4) as usize];
            }
        }
        let done = done + len as u64;
        let is_complete = done == header.len;
        self.frame = if is_complete { None } else { Some((header, done)) };
        if header.is_control() {
            self.control.extend_from_slice(&part);
            if is_complete {
                let payload = core::mem::take(&mut self.control);
                self.control_frame(header.opcode, &payload, out)?;
            }
        } else if header.opcode <= BINARY {
            self.data(&part, header, is_complete, out)?;
        }
        if is_complete && self.faults.has(Fault::DropsSecondFrameOfARead) {
            self.at = self.input.len();
        }
        Ok(is_complete)
    }

    /// Reads a header. Returns whether it is complete.
    fn begin_frame(&mut self) -> Result<bool, Failure> {
        let (in_message, deflate) = (self.message.is_some(), self.compression.is_some());
        let place = Place { role: self.role, in_message, deflate, faults: self.faults };
        if self.faults.has(Fault::WaitsForPayloadBeforeCheck) && !self.has_whole_frame() {
            return Ok(false);
        }
        let Some(header) = Header::read(self.unread(), place)? else {
            if self.faults.has(Fault::HeaderNeedsOneRead) {
                self.at = self.input.len();
            }
            return Ok(false);
        };
        self.at += header.size;
        let header = self.begin_message(header)?;
        self.frame = Some((header, 0));
        Ok(true)
    }

    /// §5.4: a data frame begins a message or continues it. §10.4: limits hold before the payload arrives.
    fn begin_message(&mut self, mut header: Header) -> Result<Header, Failure> {
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

    fn data(
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

    fn echo(&mut self, message: &Message, out: &mut Vec<u8>) {
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

    /// §5.5: control frames may stand between fragments.
    fn control_frame(&mut self, opcode: u8, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
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

    /// §7.1.7: a Close, and then the end.
    fn fail(&mut self, code: Failure, out: &mut Vec<u8>) {
        match self.faults.0 {
            Some(Fault::ResetOnFail) => self.is_reset = true,
            Some(Fault::DropsWithoutClose) => {}
            _ if self.close_sent => {}
            _ => self.output.frame(CLOSE, &code.to_be_bytes(), out),
        }
        self.close_sent = true;
        self.has_failed = true;
    }

    /// Processes everything that was received.
    fn process(&mut self, out: &mut Vec<u8>) {
        loop {
            // §5.5.1, §1.4: whatever follows a Close is discarded.
            let is_over = self.has_failed || self.close_received;
            let goes_on = match self.faults.0 {
                Some(Fault::ProcessesAfterFail) => self.has_failed,
                Some(Fault::EchoAfterClose | Fault::PongAfterClose) => self.close_received,
                _ => false,
            };
            if is_over && !goes_on {
                return;
            }
            match self.step(out) {
                Ok(true) => {}
                Ok(false) => return,
                Err(code) => {
                    let skipped = self.whole_frame().unwrap_or(self.unread().len());
                    self.fail(code, out);
                    self.at += skipped.min(self.unread().len());
                    self.frame = None;
                }
            }
        }
    }

    fn unread(&self) -> &[u8] {
        &self.input[self.at..]
    }

    /// The number of bytes of the first frame of the input, if all are there.
    fn whole_frame(&self) -> Option<usize> {
        let (header, size) = websocket_proto::wire::RawFrameHeader::parse(self.unread())?;
        let len = size.checked_add(usize::try_from(header.payload_len).ok()?)?;
        (len <= self.unread().len()).then_some(len)
    }

    fn has_whole_frame(&self) -> bool {
        self.whole_frame().is_some()
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

impl Endpoint for Reference {
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.role == Role::Client && bytes.is_empty() && !self.is_open {
            out.extend_from_slice(response::request(&self.key).as_bytes());
        }
        self.input.drain(..self.at);
        self.at = 0;
        self.input.extend_from_slice(bytes);
        self.pings_in_read = 0;
        if !self.is_open && !self.input.is_empty() {
            self.open(out);
        }
        if self.is_open {
            self.process(out);
        }
        // §7.1.1: the server ends the connection first. §7.1.7: a failed connection ends.
        let is_done = self.close_sent && self.close_received && self.role == Role::Server;
        if self.has_failed || is_done && !self.faults.has(Fault::KeepsTcpOpen) {
            self.is_closed = true;
        }
        if self.close_received && self.faults.has(Fault::NoReply) {
            self.is_closed = true;
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.faults.has(Fault::PartialEchoedAtEof) {
            if let Some(message) = self.message.take() {
                self.echo(&message, out);
            }
        }
        self.is_closed |= self.is_open || !self.faults.has(Fault::EndIgnored);
    }

    fn closed(&self) -> bool {
        self.is_closed
    }

    fn reset(&self) -> bool {
        self.is_reset
    }
}
