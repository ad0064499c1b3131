//! A plain correct echo endpoint, written for reading. It shares nothing with the judge but the encoder of
//! frame headers. A [`Fault`] makes it wrong in one way.

mod commands;
mod control;
mod deflate;
mod fault;
mod handshake;
mod head;
mod header;
mod message;
mod negotiation;
mod opening;
mod output;
mod response;
mod utf8;

use deflate::Compression;
pub use fault::{Fault, Faults};
use header::{Failure, Header, Place};
pub use message::Limits;
use message::Message;
use output::Output;
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
