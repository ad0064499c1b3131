//! The methods that send. `Connection` and `WriteHalf` share them.

/// The methods, for an `impl` block of a type with the methods `sending` and `send_half` and the field
/// `phase`. They are no trait, because every caller would have to import it.
macro_rules! sending_methods {
    () => {
        /// Sends a text message in one frame. Copies it to `out`; a client masks the copy.
        ///
        /// With feature `deflate`, the message is compressed if permessage-deflate was negotiated and
        /// `Config::deflate` is set, except if `set_compression` has switched it off, the message is shorter
        /// than `DeflateConfig::min_len`, or `out` may have no room for its compressed form.
        ///
        /// # Errors
        /// If the connection is not open, a Close was sent, a fragmented message is open, `out` has no room,
        /// or a client has no masking key. Nothing is written then.
        #[doc(alias("send", "write_message", "write_frame"))]
        #[inline]
        pub fn send_text(&mut self, text: &str, out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.message(MessageKind::Text, text.as_bytes(), &mut writer)
        }

        /// Sends a binary message in one frame, in the same way as [`send_text`](Self::send_text).
        ///
        /// # Errors
        /// Those of [`send_text`](Self::send_text). Nothing is written then.
        #[doc(alias("send", "write_message", "write_frame"))]
        #[inline]
        pub fn send_binary(&mut self, bytes: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.message(MessageKind::Binary, bytes, &mut writer)
        }

        /// Sends a message that was encoded once for many connections, in one frame.
        ///
        /// # Errors
        /// Those of [`send_text`](Self::send_text). Nothing is written then.
        #[doc(alias("publish", "broadcast"))]
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

        /// Sends the next fragment of a message, in its own frame (§5.4). The first fragment begins the
        /// message, and the one with `last` ends it. `kind` is the same for all of them. Between them only
        /// control frames can be sent. A fragment of a text can end inside a code point.
        ///
        /// If the first fragment was compressed, `out` needs room for the longest compressed form of each
        /// later one: about 15 % more than its length.
        ///
        /// # Errors
        /// If the connection is not open, a Close was sent, `kind` is not that of the open message, the text
        /// is not UTF-8, `out` has no room, or a client has no masking key. Nothing is written then, and the
        /// same fragment can be sent again.
        #[doc(alias("sendFirstFragment", "sendLastFragment"))]
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

        /// Returns the header of a frame with `payload` as a whole message, which then counts as sent. The
        /// caller writes both to the transport, so `payload` is not copied. A client masks it in place. A
        /// server does not change it, and can call [`encode_header`](crate::Connection::encode_header)
        /// instead. The message is not compressed.
        ///
        /// Write to the transport, in this order: all bytes of `out`, the header, the payload. One vectored
        /// write can do that. Write all of them before the next call that takes `out`.
        ///
        /// # Errors
        /// If the connection is not open, a Close was sent, a fragmented message is open, the payload of a
        /// text is not UTF-8, or a client has no masking key. `payload` is unchanged then.
        #[doc(alias("writev", "vectored", "zero-copy"))]
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
        /// If the connection is not open, a Close was sent, the payload is too long, `out` has no room, or a
        /// client has no masking key. Nothing is written then.
        pub fn ping(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.control(Opcode::Ping, payload, &mut writer)
        }

        /// Sends a Pong with at most 125 bytes: an unsolicited one (§5.5.3), or the reply to a Ping if
        /// [`Config::auto_pong`](crate::Config::auto_pong) is off. In that case, it can be sent after this
        /// endpoint's Close, until the peer's Close arrives.
        ///
        /// # Errors
        /// Those of [`ping`](Self::ping). Nothing is written then.
        pub fn pong(&mut self, payload: &[u8], out: &mut impl SendBuffer) -> Result<(), SendError> {
            let (half, mut writer) = self.sending(out)?;
            half.control(Opcode::Pong, payload, &mut writer)
        }

        /// Sends a Close: begins the closing handshake, or answers the peer's Close (§7.1.2). No message can
        /// be sent after it, but messages are received until the peer's Close arrives. `reason` has at most
        /// 123 bytes.
        ///
        /// # Errors
        /// If the connection is not open, a Close was sent before, the reason is too long, `out` has no room,
        /// or a client has no masking key. Nothing is written then.
        pub fn close(
            &mut self,
            code: CloseCode,
            reason: &str,
            out: &mut impl SendBuffer,
        ) -> Result<(), SendError> {
            self.send_close(Some(CloseFrame { code, reason }), out)
        }

        /// Sends a Close without a code (§7.1.5: the peer reports 1005), for instance to answer one without a
        /// code if [`Config::auto_close`](crate::Config::auto_close) is off.
        ///
        /// # Errors
        /// Those of [`close`](Self::close). Nothing is written then.
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
