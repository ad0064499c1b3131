//! The methods that a connection and its half that writes share.

/// The methods, for an `impl` block of an enum whose variants have them.
macro_rules! sending_methods {
    () => {
        /// Writes a message or a control frame to `out`.
        pub(crate) fn send(&mut self, message: Message, out: &mut Output) -> Result<(), SendError> {
            match message {
                Message::Text(text) if self.shares(text.len(), out) => {
                    self.share(MessageKind::Text, text.into_bytes(), out)
                }
                Message::Text(text) => each!(self, inner => inner.send_text(&text, out)),
                Message::Binary(bytes) if self.shares(bytes.len(), out) => {
                    self.share(MessageKind::Binary, bytes, out)
                }
                Message::Binary(bytes) => each!(self, inner => inner.send_binary(&bytes, out)),
                Message::Ping(bytes) => each!(self, inner => inner.ping(&bytes, out)),
                Message::Pong(bytes) => each!(self, inner => inner.pong(&bytes, out)),
                Message::Close(Some(frame)) => each!(self, inner => inner.close(frame.code, &frame.reason, out)),
                Message::Close(None) => each!(self, inner => inner.close_empty(out)),
            }
        }

        /// Whether a payload of this length is written from its own memory. A client would have to mask it
        /// there: a copy that is masked on the way takes less time, and the application may share the memory.
        fn shares(&self, len: usize, out: &Output) -> bool {
            matches!(self, Self::Server(_)) && out.shares(len)
        }

        /// Writes the frame of a server's message, whose payload is not copied.
        fn share(&mut self, kind: MessageKind, payload: Bytes, out: &mut Output) -> Result<(), SendError> {
            match self {
                Self::Server(inner) => {
                    let header = inner.encode_header(kind, &payload)?;
                    out.push_frame(&header, payload);
                    Ok(())
                }
                Self::Client(inner) => inner.send_fragment(kind, &payload, true, out),
            }
        }

        pub(crate) fn send_fragment(
            &mut self,
            kind: MessageKind,
            payload: &[u8],
            last: bool,
            out: &mut Output,
        ) -> Result<(), SendError> {
            each!(self, inner => inner.send_fragment(kind, payload, last, out))
        }

        pub(crate) fn send_prepared(
            &mut self,
            message: &PreparedMessage,
            out: &mut Output,
        ) -> Result<(), SendError> {
            each!(self, inner => inner.send_prepared(message, out))
        }

        pub(crate) fn receive_eof(&mut self) -> CloseStatus {
            each!(self, inner => inner.receive_eof())
        }

        pub(crate) fn tick(&mut self, now: Duration, out: &mut Output) -> Result<Option<Duration>, Timeout> {
            each!(self, inner => inner.tick(now, out))
        }

        pub(crate) fn flush_reply(&mut self, out: &mut Output) {
            each!(self, inner => inner.flush_reply(out));
        }

        pub(crate) fn has_pending_reply(&self) -> bool {
            each!(self, inner => inner.has_pending_reply())
        }

        pub(crate) fn transport_action(&self) -> TransportAction {
            each!(self, inner => inner.transport_action())
        }

        pub(crate) fn close_status(&self) -> CloseStatus {
            each!(self, inner => inner.close_status())
        }

        pub(crate) fn can_send(&self) -> bool {
            each!(self, inner => inner.can_send())
        }
    };
}

pub(super) use sending_methods;
