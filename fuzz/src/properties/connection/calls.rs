//! The calls that an input selects.

use core::mem;
use core::time::Duration;

use websocket_proto::{
    Accept, CloseCode, Connection, Reject, Role, SendBuffer, SendError, SendSlice, State, Storage,
    TransportAction,
};

use super::super::script::Script;
use super::{ROOMS, Run};
use crate::support::Seen;

const LENGTHS: [usize; 8] = [0, 125, 126, 511, 512, 65_535, 65_536, 70_000];
const FIELDS: [&[(&str, &str)]; 4] = [&[], &[("X", "y")], &[("Host", "x")], &[("X", "a\r\nb: c")]];

impl<'m, R: Role, S: Storage> Run<'m, R, S> {
    pub(super) fn operation(&mut self, script: &mut Script<'_>) {
        match script.byte() & 0x1F | 0x60 {
            b'a' => {
                let (accept, answer) = (Accept::new().headers(script.one_of(FIELDS)), self.answer);
                self.call(|connection, out| answer(connection, Ok(accept), out));
            }
            b'd' => self.drain(usize::from(script.byte())),
            b'e' => {
                assert_eq!(self.connection.receive_eof(), self.connection.close_status());
                assert_eq!(
                    (self.connection.state(), self.connection.transport_action()),
                    (State::End, TransportAction::Close)
                );
            }
            b'f' => {
                let _fixed_memory_may_be_full = self.inbound.feed(script.bytes());
            }
            b'j' => {
                let (status, body, fields) =
                    (u16::from(script.byte()) * 4, script.bytes(), script.one_of(FIELDS));
                let answer = self.answer;
                self.call(|connection, out| {
                    answer(connection, Err(Reject::new(status).headers(fields).body(body)), out)
                });
            }
            b'k' => self.tick(Duration::from_secs(script.byte().into())),
            b'n' => self.left.set(script.byte().into()),
            b'q' => self.inbound.shrink_to_fit(),
            b's' => while self.receive(true) {},
            b'u' => {
                self.receive(false);
            }
            b'z' => {
                self.inbound.clear();
                self.told.cleared = true;
            }
            letter @ (b'b' | b'c' | b'g'..=b'i' | b'l' | b'o' | b'p' | b't') => self.send_any(letter, script),
            _ => while self.receive(false) {},
        }
    }

    /// Sends a message or a control frame.
    fn send_any(&mut self, letter: u8, script: &mut Script<'_>) {
        match letter {
            b'b' => {
                let bytes = script.bytes();
                self.send(Seen::Binary(bytes.to_vec()), |connection, out| connection.send_binary(bytes, out));
            }
            b'c' => {
                let code = CloseCode::new(1000 + u16::from(script.byte())).unwrap_or(CloseCode::GOING_AWAY);
                let reason = script.text();
                self.send(Seen::Close(Some((code.get(), reason.clone()))), |connection, out| {
                    connection.close(code, &reason, out)
                });
            }
            b'g' => {
                let payload = script.bytes();
                self.send(Seen::Ping(payload.to_vec()), |connection, out| connection.ping(payload, out));
            }
            b'h' => self.send(Seen::Close(None), |connection, out| connection.close_empty(out)),
            b'i' => {
                let (kind, payload) = (script.kind(), script.bytes());
                let mut masked = payload.to_vec();
                match self.call(|connection, _| connection.mask_and_encode_header(kind, &mut masked)) {
                    Some(head) => {
                        self.drain(usize::MAX);
                        self.told.gone.extend(head.iter().chain(&masked));
                        self.told.sent.push(Seen::message(kind, payload.to_vec()));
                    }
                    None => assert_eq!(masked, payload),
                }
            }
            b'l' => {
                let long = vec![0x5A; script.one_of(LENGTHS)];
                self.send(Seen::Binary(long.clone()), |connection, out| connection.send_binary(&long, out));
            }
            b'o' => {
                let payload = script.bytes();
                if self.call(|connection, out| connection.pong(payload, out)).is_some() {
                    self.told.pongs.push(payload.to_vec());
                }
            }
            b'p' => {
                let (kind, last, payload) = (script.kind(), script.one_of([false, true]), script.bytes());
                if self.call(|connection, out| connection.send_fragment(kind, payload, last, out)).is_some() {
                    self.told.begun.extend(payload);
                    if last {
                        self.told.sent.push(Seen::message(kind, mem::take(&mut self.told.begun)));
                    }
                }
            }
            _ => {
                let text = script.text();
                self.send(Seen::Text(text.clone()), |connection, out| connection.send_text(&text, out));
            }
        }
    }

    /// A call that fails changes nothing, except for a Pong that is too long for an empty `out`.
    fn call<T, E>(
        &mut self,
        call: impl FnOnce(&mut Connection<R>, &mut SendSlice<'m>) -> Result<T, E>,
    ) -> Option<T> {
        let look = |run: &Self| {
            let (connection, pending) = (&run.connection, run.out.len());
            (
                connection.state(),
                connection.close_status(),
                pending,
                pending > 0 && connection.has_pending_reply(),
            )
        };
        let before = look(self);
        let result = call(&mut self.connection, &mut self.out);
        assert!(result.is_ok() || look(self) == before, "{before:?} and {:?}", look(self));
        result.ok()
    }

    fn send(
        &mut self,
        seen: Seen,
        call: impl FnOnce(&mut Connection<R>, &mut SendSlice<'m>) -> Result<(), SendError>,
    ) {
        let mut is_full = false;
        let sent = self.call(|connection, out| {
            let result = call(connection, out);
            is_full = result == Err(SendError::Full);
            result
        });
        // The largest memory has room for two of the longest messages.
        assert!(
            !is_full || self.out.len() > 0 || self.out.remaining_capacity() < ROOMS[0],
            "an empty buffer with room is not full"
        );
        if sent.is_some() {
            self.told.sent.push(seen);
        }
    }

    pub(super) fn drain(&mut self, count: usize) {
        let count = count.min(self.out.len());
        self.told.gone.extend(&self.out.as_slice()[..count]);
        self.out.consume(count);
    }
}
