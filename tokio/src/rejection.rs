//! The content of a response that rejects the handshake (RFC 9112 §6.3, §7.1).

use core::future::poll_fn;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Response, StatusCode};
use httparse::{Status, parse_chunk_size};
use tokio::io::AsyncRead;
use tokio::time::timeout;
use websocket_proto::ReceiveBuffer;

use crate::ending::LINGER;
use crate::incoming::{ReadSize, poll_read};

/// The most bytes of the content that are read, with the chunk sizes.
const MAX_LEN: usize = 16 * 1024;

/// Reads the content of the response, as far as it arrives soon. The beginning of it is in `input`.
pub(crate) async fn receive_content<S: AsyncRead + Unpin>(
    transport: &mut S,
    mut input: ReceiveBuffer<BytesMut>,
    response: &Response<()>,
) -> Bytes {
    let mut content = Content::of(response);
    let mut size = ReadSize::default();
    let all = async {
        while !content.is_complete(kept(&input)) {
            match poll_fn(|cx| poll_read(transport, &mut input, &mut size, cx)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
    };
    let _ = timeout(LINGER, all).await;
    content.into_bytes(kept(&input))
}

fn kept(input: &ReceiveBuffer<BytesMut>) -> &[u8] {
    let input = input.unread();
    input.get(..MAX_LEN).unwrap_or(input)
}

/// How the end of the content is found.
enum Content {
    /// After this number of bytes, or at the end of the transport.
    Length(usize),
    Chunked(Chunks),
}

/// The content of the chunks that were read whole.
#[derive(Default)]
struct Chunks {
    content: Vec<u8>,
    /// The position of the next chunk in the input.
    next: usize,
    is_last: bool,
}

impl Content {
    fn of(response: &Response<()>) -> Self {
        let (status, headers) = (response.status(), response.headers());
        // RFC 9110 §15.3.5, §15.4.5: they have no content.
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Self::Length(0);
        }
        let coding = headers.get_all(TRANSFER_ENCODING).iter().next_back();
        match coding.and_then(|coding| coding.to_str().ok()?.rsplit(',').next()) {
            Some(coding) if coding.trim().eq_ignore_ascii_case("chunked") => Self::Chunked(Chunks::default()),
            Some(_) => Self::Length(MAX_LEN),
            None => {
                let length =
                    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
                Self::Length(length.unwrap_or(MAX_LEN).min(MAX_LEN))
            }
        }
    }

    fn is_complete(&mut self, input: &[u8]) -> bool {
        match self {
            Self::Length(length) => input.len() >= *length,
            Self::Chunked(chunks) => {
                while chunks.take_next(input) {}
                chunks.is_last || input.len() >= MAX_LEN
            }
        }
    }

    fn into_bytes(self, input: &[u8]) -> Bytes {
        match self {
            Self::Length(length) => Bytes::copy_from_slice(input.get(..length).unwrap_or(input)),
            Self::Chunked(mut chunks) => {
                chunks.take_part(input);
                chunks.content.into()
            }
        }
    }
}

impl Chunks {
    /// Takes the next chunk, if the input has it whole.
    fn take_next(&mut self, input: &[u8]) -> bool {
        let Some((start, len)) = self.size(input) else { return false };
        let Some((chunk, rest)) = input.get(start..).and_then(|rest| rest.split_at_checked(len)) else {
            return false;
        };
        if rest.len() < 2 {
            return false;
        }
        self.content.extend_from_slice(chunk);
        self.next = start + len + 2;
        // The fields after the last chunk are of no use.
        self.is_last = len == 0 || !rest.starts_with(b"\r\n");
        !self.is_last
    }

    /// Takes the bytes of a chunk that the input does not have whole.
    fn take_part(&mut self, input: &[u8]) {
        if let Some((start, len)) = self.size(input) {
            let part = input.get(start..).unwrap_or_default();
            self.content.extend_from_slice(part.get(..len).unwrap_or(part));
        }
    }

    /// The position of the content of the next chunk, and its length. `None` if they are not known.
    fn size(&mut self, input: &[u8]) -> Option<(usize, usize)> {
        let rest = input.get(self.next..).filter(|_| !self.is_last)?;
        match parse_chunk_size(rest) {
            Ok(Status::Complete((len, size))) => Some((self.next + len, usize::try_from(size).ok()?)),
            Ok(Status::Partial) => None,
            Err(_) => {
                self.is_last = true;
                None
            }
        }
    }
}
