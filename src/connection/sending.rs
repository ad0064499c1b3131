//! The methods that send, which `Connection` and `WriteHalf` share: each has `sending` and `send_half`, and a
//! `Phase` that can end.

/// The methods, for an `impl` block. Two types have them, and a trait would have to be imported by every
/// caller.
macro_rules! sending_methods {
    () => {
        /// Sends a text message, in one frame.
        ///
        /// # Errors
        /// If a Close was sent, a fragmented message is open, or `out` has no room; nothing is written then.
        #[inline]
        pub fn send_text(&mut self, text: &str, out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.message(MessageKind::Text, text.as_bytes(), &mut writer)
        }

        /// Sends a binary message, in one frame.
        ///
        /// # Errors
        /// If a Close was sent, a fragmented message is open, or `out` has no room; nothing is written then.
        #[inline]
        pub fn send_binary(&mut self, bytes: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.message(MessageKind::Binary, bytes, &mut writer)
        }

        /// Sends a message that was encoded before, in one frame: the bytes that
        /// [`send_text`](Self::send_text) or [`send_binary`](Self::send_binary) write, for messages that are
        /// sent to many.
        ///
        /// # Errors
        /// If a Close was sent, a fragmented message is open, or `out` has no room; nothing is written then.
        #[cfg(feature = "alloc")]
        #[inline]
        pub fn send_prepared(
            &mut self,
            message: &PreparedMessage,
            out: &mut impl SendBuffer,
        ) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.prepared(message, &mut writer)
        }

        /// Sends the next fragment of a message, in its own frame (§5.4). The first one begins the message,
        /// and `last` ends it; between them only control frames can be sent. A fragment of a text can end
        /// inside a code point.
        ///
        /// # Errors
        /// If a Close was sent, the fragment does not continue the message, or `out` has no room; nothing is
        /// written then.
        pub fn send_fragment(
            &mut self,
            kind: MessageKind,
            payload: &[u8],
            last: bool,
            out: &mut impl SendBuffer,
        ) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.fragment(kind, payload, last, &mut writer)
        }

        /// Makes a message of `payload` without copying it: returns the header of its frame, and leaves
        /// `payload` as it must be sent. A client's is masked in place; a server can call
        /// [`encode_header`](crate::Connection::encode_header). Write `out` first, whole; then the header,
        /// then the payload, for instance with one vectored write, and all of it before the next call.
        ///
        /// # Errors
        /// If a Close was sent, a fragmented message is open, or the payload of a text is not UTF-8; it is
        /// unchanged then.
        pub fn mask_and_encode_header(
            &mut self,
            kind: MessageKind,
            payload: &mut [u8],
        ) -> Result<HeaderBytes, SendError> {
            let (half, role) = self.send_half()?;
            let header = half.message_header(kind, payload, role)?;
            if let Some(key) = header.masking_key {
                mask(payload, key, 0);
            }
            Ok(header.encode())
        }

        /// Sends a Ping with at most 125 bytes (§5.5.2). The Pong that answers it has the same bytes.
        ///
        /// # Errors
        /// If a Close was sent, the payload is too long, or `out` has no room; nothing is written then.
        pub fn ping(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.control(Opcode::Ping, payload, &mut writer)
        }

        /// Sends a Pong with at most 125 bytes: one that no Ping asked for (§5.5.3), or one that
        /// [`Config::auto_pong`](crate::Config::auto_pong) leaves to the application.
        ///
        /// # Errors
        /// If a Close was sent, the payload is too long, or `out` has no room; nothing is written then.
        pub fn pong(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.control(Opcode::Pong, payload, &mut writer)
        }

        /// Begins the closing handshake, or answers the peer's Close (§7.1.2). Nothing can be sent after it;
        /// messages are still received until the peer's Close arrives. The reason has at most 123 bytes.
        ///
        /// # Errors
        /// If a Close was sent before, the reason is too long, or `out` has no room; nothing is written then.
        pub fn close(
            &mut self,
            code: CloseCode,
            reason: &str,
            out: &mut impl SendBuffer,
        ) -> Result<(), SendError> {
            self.send_close(Some(CloseFrame { code, reason }), out)
        }

        /// Sends an empty Close, which has no code (§7.1.5: the peer reports 1005), for instance to answer
        /// one if [`Config::auto_close`](crate::Config::auto_close) is off.
        ///
        /// # Errors
        /// If a Close was sent before, or `out` has no room; nothing is written then.
        pub fn close_empty(&mut self, out: &mut impl SendBuffer) -> Result<(), SendError> {
            self.send_close(None, out)
        }

        fn send_close(
            &mut self,
            frame: Option<CloseFrame<'_>>,
            out: &mut impl SendBuffer,
        ) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.close(frame, &mut writer)?;
            if let Some(end) = End::closed::<R>(half) {
                self.phase = Phase::End(end);
            }
            Ok(())
        }
    };
}

pub(super) use sending_methods;
