//! The opening handshake of the endpoint, in both roles.

use wsconform::Role;

use super::deflate::Compression;
use super::handshake::{Answer, answer};
use super::head::{Head, Malformed};
use super::negotiation::{self, Parameters};
use super::{Fault, Reference, response};

/// More interim responses than any server has a reason for.
const MAX_INTERIMS: u32 = 100;

impl Reference {
    /// Reads a head, if it is complete.
    pub(super) fn open(&mut self, out: &mut Vec<u8>) {
        match self.role {
            Role::Server => self.open_server(out),
            Role::Client => self.open_client(),
        }
    }

    fn open_server(&mut self, out: &mut Vec<u8>) {
        let mut head = Head::read(&self.input, self.role, self.faults);
        if matches!(head, Ok(None)) && self.faults.has(Fault::PiecesRefused) {
            head = Err(Malformed);
        }
        let (answer, len) = match head {
            Ok(None) => return,
            Ok(Some((head, len))) => (answer(Ok(&head), self.faults), len),
            Err(malformed) => (answer(Err(malformed), self.faults), self.input.len()),
        };
        match answer {
            Answer::Accept(bytes, deflate) => {
                // A Ping may follow the request.
                let has_ping = self.input.get(len) == Some(&0x89) && self.faults.has(Fault::PongBefore101);
                if has_ping || self.faults.has(Fault::FramesBefore101) {
                    out.extend_from_slice(b"\x8A\0");
                }
                out.extend_from_slice(&bytes);
                self.established(len, deflate);
            }
            Answer::Refuse(bytes) => {
                if !self.faults.has(Fault::SilentRefusal) {
                    out.extend_from_slice(&bytes);
                }
                match self.faults.has(Fault::FramesAfterRefusal) {
                    true => self.established(len, None),
                    false => self.is_closed = true,
                }
            }
        }
    }

    fn open_client(&mut self) {
        loop {
            let (head, len) = match Head::read(&self.input, self.role, self.faults) {
                Ok(None) => return,
                Ok(Some(head)) => head,
                Err(Malformed) => break,
            };
            if !response::is_interim(&head, self.faults) {
                if !response::establishes(&head, &self.key, self.faults) {
                    break;
                }
                let deflate = negotiation::accept(&head, self.faults).ok().flatten();
                return self.established(len + response::content_len(&head, self.faults), deflate);
            }
            self.input.drain(..len);
            self.interims += 1;
            if self.interims > MAX_INTERIMS {
                break;
            }
        }
        // §4.1: the connection fails before a frame can be written.
        self.is_closed = true;
    }

    fn established(&mut self, len: usize, deflate: Option<Parameters>) {
        self.at = len.min(self.input.len());
        if self.faults.has(Fault::GluedLost) || self.faults.has(Fault::GluedLostClient) {
            self.at = self.input.len();
        }
        self.compression = deflate.map(|agreed| Compression::new(self.role, agreed, self.faults));
        self.is_open = true;
    }
}
