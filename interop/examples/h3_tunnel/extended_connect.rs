//! The pseudo-header field `:protocol` with the value `websocket`, for h3.
//!
//! h3 0.0.8 knows the values `webtransport` and `connect-udp` only. A client cannot send another value, and a
//! server rejects it as malformed (<https://github.com/hyperium/h3/pull/236>). So this file adds the field to
//! the encoded requests of a client, and removes it from the encoded requests that a server receives. It
//! needs the feature of h3 for third-party backends. When h3 knows `websocket`, delete this file: the value
//! is then an extension of the request, as in h2.

use std::mem;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use h3::error::Code;
use h3::proto::frame::Frame;
use h3::quic::{
    BidiStream, Connection, ConnectionErrorIncoming, OpenStreams, RecvStream, SendStream,
    StreamErrorIncoming, StreamId, WriteBuf,
};

/// RFC 9204 §4.5.6: `:protocol` and `websocket` as literals without Huffman code.
const FIELD_LINE: &[u8] = b"\x27\x02:protocol\x09websocket";
/// RFC 7541 Appendix B: the same two words in Huffman code.
const HUFFMAN: [&[u8]; 2] = [b"\xb9\x5d\x87\x49\xc8\x7a\x3f", b"\xf0\x58\xd0\x72\x75\x2a\x7f"];

/// Removes the field from a request. Returns `None` if it is not there, or if the request is malformed.
pub(super) fn without_websocket(section: &Bytes) -> Option<Bytes> {
    let mut rest = &section[..];
    // RFC 9204 §4.5.1: the prefix of the section.
    integer(&mut rest, 8)?;
    integer(&mut rest, 7)?;
    while let Some(first) = rest.first() {
        let before = section.len() - rest.len();
        // §4.5.2 to §4.5.6: the first bits are the kind of the line. h3 has no dynamic table.
        match first.leading_zeros() {
            0 => drop(integer(&mut rest, 6)?),
            1 => drop((integer(&mut rest, 4)?, string(&mut rest, 7)?)),
            2 => {
                let (name, value) = (string(&mut rest, 3)?, string(&mut rest, 7)?);
                let is = |(is_huffman, found), index: usize, plain: &[u8]| {
                    found == if is_huffman { HUFFMAN[index] } else { plain }
                };
                if is(name, 0, b":protocol") && is(value, 1, b"websocket") {
                    return Some([&section[..before], rest].concat().into());
                }
            }
            _ => return None,
        }
    }
    None
}

/// RFC 9204 §4.1.2: whether the string is in Huffman code, and its bytes.
fn string<'a>(rest: &mut &'a [u8], prefix: u32) -> Option<(bool, &'a [u8])> {
    let is_huffman = (rest.first()? >> prefix) & 1 == 1;
    let len = integer(rest, prefix)?;
    let (string, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some((is_huffman, string))
}

/// RFC 9204 §4.1.1: an integer whose first byte has `prefix` bits of it.
fn integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let mut next = || {
        let (first, after) = rest.split_first()?;
        *rest = after;
        Some(usize::from(*first))
    };
    let max = (1 << prefix) - 1;
    let mut value = next()? & max;
    if value < max {
        return Some(value);
    }
    // 21 bits are more than any length in a request.
    for shift in [0, 7, 14] {
        let byte = next()?;
        value += (byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The QUIC connection of a client whose requests all have the field.
pub(super) struct WithWebSocket<T>(pub(super) T);

impl<T: Connection<Bytes>> Connection<Bytes> for WithWebSocket<T> {
    type RecvStream = T::RecvStream;
    type OpenStreams = WithWebSocket<T::OpenStreams>;

    fn poll_accept_recv(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::RecvStream, ConnectionErrorIncoming>> {
        self.0.poll_accept_recv(context)
    }

    fn poll_accept_bidi(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::BidiStream, ConnectionErrorIncoming>> {
        self.0.poll_accept_bidi(context).map_ok(|stream| Request { stream, has_headers: false })
    }

    fn opener(&self) -> Self::OpenStreams {
        WithWebSocket(self.0.opener())
    }
}

impl<T: OpenStreams<Bytes>> OpenStreams<Bytes> for WithWebSocket<T> {
    type BidiStream = Request<T::BidiStream>;
    type SendStream = T::SendStream;

    fn poll_open_bidi(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::BidiStream, StreamErrorIncoming>> {
        self.0.poll_open_bidi(context).map_ok(|stream| Request { stream, has_headers: false })
    }

    fn poll_open_send(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Self::SendStream, StreamErrorIncoming>> {
        self.0.poll_open_send(context)
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        self.0.close(code, reason);
    }
}

/// The stream of a request.
pub(super) struct Request<T> {
    stream: T,
    /// Whether the HEADERS frame was sent. It is the first frame.
    has_headers: bool,
}

impl<T: SendStream<Bytes>> SendStream<Bytes> for Request<T> {
    fn send_data<D: Into<WriteBuf<Bytes>>>(&mut self, data: D) -> Result<(), StreamErrorIncoming> {
        let mut frame: WriteBuf<Bytes> = data.into();
        if !mem::replace(&mut self.has_headers, true) {
            let mut bytes = frame.copy_to_bytes(frame.remaining());
            // RFC 9114 §7.1: the type and the length. RFC 9000 §16: the first two bits are the size of a
            // length. RFC 9204 §4.5.1: the prefix of a section that uses no dynamic table has two bytes.
            bytes.advance(1 + (1 << (bytes[1] >> 6)));
            let (prefix, lines) = bytes.split_at(2);
            frame = Frame::Headers([prefix, FIELD_LINE, lines].concat().into()).into();
        }
        self.stream.send_data(frame)
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.stream.poll_ready(context)
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.stream.poll_finish(context)
    }

    fn reset(&mut self, reset_code: u64) {
        self.stream.reset(reset_code);
    }

    fn send_id(&self) -> StreamId {
        self.stream.send_id()
    }
}

impl<T: RecvStream> RecvStream for Request<T> {
    type Buf = T::Buf;

    fn poll_data(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Self::Buf>, StreamErrorIncoming>> {
        self.stream.poll_data(context)
    }

    fn stop_sending(&mut self, error_code: u64) {
        self.stream.stop_sending(error_code);
    }

    fn recv_id(&self) -> StreamId {
        self.stream.recv_id()
    }
}

impl<T: BidiStream<Bytes>> BidiStream<Bytes> for Request<T> {
    type SendStream = T::SendStream;
    type RecvStream = T::RecvStream;

    fn split(self) -> (Self::SendStream, Self::RecvStream) {
        self.stream.split()
    }
}
