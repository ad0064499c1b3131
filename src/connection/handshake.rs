//! The opening handshake of a connection (§4): reads a head, returns its event and the next state.

use super::event::Event;
use super::frame_writer::write_pieces;
use crate::buffer::{ReceiveBuffer, SendBuffer, Storage};
use crate::config::Settings;
use crate::error::{AcceptError, Error, HandshakeError, RequestError};
use crate::handshake::{
    Accept, ClientRequest, ExpectedResponse, FinalResponse, HeadReader, Key, Known, Negotiated, Reject,
    Request, RequestFields, RequestKind, Response,
};
use crate::rules::Timer;

/// RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final
/// response". Eight are more than the registered 1xx statuses, and bound the work.
const MAX_INTERIM_RESPONSES: u8 = 8;

/// The state of the opening handshake. `retained` is the check number of the buffer when more bytes were
/// needed: see [`ReceiveBuffer::retain`].
#[derive(Debug, Clone)]
pub(super) enum Opening {
    /// A server reads the request.
    Request { reader: HeadReader, fields: RequestFields, retained: u16 },
    /// A server's application must answer.
    Received { kind: RequestKind, retained: u16 },
    /// A client reads the response.
    Response { reader: HeadReader, expected: ExpectedResponse, interim: u8, retained: u16 },
}

/// The result of reading a head.
pub(super) enum Turn<'b> {
    /// More bytes, or the application's answer, are needed.
    Wait,
    /// The application must answer the request.
    Received(Event<'b>),
    /// The connection is open.
    Open(Event<'b>, Negotiated),
    /// The server rejected the request.
    Rejected(Event<'b>),
}

impl Opening {
    /// A server that waits for the request.
    pub(super) const fn server() -> Self {
        Self::Request { reader: HeadReader::REQUEST, fields: RequestFields::NONE, retained: 0 }
    }

    /// A client that has written its request to `out`.
    pub(super) fn client(
        request: ClientRequest<'_>,
        nonce: [u8; 16],
        config: &Settings,
        out: &mut impl SendBuffer,
    ) -> Result<Self, RequestError> {
        let offer = config.ready();
        let subprotocols = request.check()?;
        let key = Key::new(nonce);
        write_pieces(config, out, |put| request.write(&key, offer, put)).map_err(|_| RequestError::Full)?;
        let expected = ExpectedResponse::new(Some(&key), subprotocols, offer);
        Ok(Self::Response { reader: HeadReader::RESPONSE, expected, interim: 0, retained: 0 })
    }

    /// Writes the 101 response (§4.2.2). Returns the negotiated extensions.
    pub(super) fn accept(
        &self,
        accept: Accept<'_>,
        config: &Settings,
        out: &mut impl SendBuffer,
    ) -> Result<Negotiated, AcceptError> {
        let (key, negotiated) = match self {
            Self::Received { kind: RequestKind::Upgrade { key, negotiated, fingerprint }, .. } => {
                accept.check(*fingerprint)?;
                (key.accept(), *negotiated)
            }
            Self::Received { kind: RequestKind::Plain, .. } => return Err(AcceptError::NotAnUpgrade),
            Self::Request { .. } | Self::Response { .. } => {
                return Err(AcceptError::NoRequest);
            }
        };
        write_pieces(config, out, |put| accept.write(&key, negotiated, put))
            .map_err(|_| AcceptError::Full)?;
        Ok(negotiated)
    }

    /// Writes the response that rejects the request.
    pub(super) fn reject(
        &self,
        reject: Reject<'_>,
        config: &Settings,
        out: &mut impl SendBuffer,
    ) -> Result<(), AcceptError> {
        if !self.awaits_answer() {
            return Err(AcceptError::NoRequest);
        }
        reject.check()?;
        write_pieces(config, out, |put| reject.write(put)).map_err(|_| AcceptError::Full)
    }

    pub(super) const fn retained(&mut self) -> &mut u16 {
        let (Self::Request { retained, .. }
        | Self::Received { retained, .. }
        | Self::Response { retained, .. }) = self;
        retained
    }

    /// Whether the application must answer.
    pub(super) const fn awaits_answer(&self) -> bool {
        matches!(self, Self::Received { .. })
    }

    /// Whether a server has received a part of a request. If so, it answers a timeout with 408.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self, Self::Request { reader, .. } if reader.has_begun())
    }

    /// The extensions that a server negotiates when it accepts the request.
    pub(super) const fn negotiated(&self) -> Option<Negotiated> {
        match self {
            Self::Received { kind: RequestKind::Upgrade { negotiated, .. }, .. } => Some(*negotiated),
            Self::Received { kind: RequestKind::Plain, .. }
            | Self::Request { .. }
            | Self::Response { .. } => None,
        }
    }

    /// Reads more of the head. Tells the timer how many bytes follow it.
    pub(super) fn turn<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        config: &Settings,
        timer: &mut Timer,
    ) -> Result<Turn<'b>, Error> {
        if !inbound.release(*self.retained()) {
            return Err(Error::WrongBuffer);
        }
        *self.retained() = 0;
        let Some(len) = self.read(inbound, config)? else {
            *self.retained() = inbound.retain();
            return Ok(Turn::Wait);
        };
        // Cannot wrap: the unread bytes begin with the head.
        timer.left(inbound.unread_len().wrapping_sub(len));
        self.judge(inbound.take_head(len), config)
    }

    /// Reads the head, and skips interim responses. Returns the length of the head when it is whole.
    fn read<S: Storage>(
        &mut self,
        inbound: &mut ReceiveBuffer<S>,
        config: &Settings,
    ) -> Result<Option<usize>, HandshakeError> {
        match self {
            // §4.2.2: frames are read after the answer to the request
            Self::Received { .. } => Ok(None),
            Self::Request { reader, fields, .. } => {
                let offer = config.ready();
                let field = |known, value: &[u8]| fields.read(known, value, offer);
                read_head(reader, inbound, config, Request::start_line, field)
            }
            Self::Response { reader, interim, .. } => loop {
                let Some(len) = read_head(reader, inbound, config, Response::start_line, |_, _| Ok(()))?
                else {
                    return Ok(None);
                };
                let head = inbound.unread().get(..len).unwrap_or_default();
                if !Response::is_interim(reader.cut(head))? {
                    return Ok(Some(len));
                }
                *interim = interim.saturating_add(1);
                if *interim > MAX_INTERIM_RESPONSES {
                    return Err(HandshakeError::TooManyInterimResponses);
                }
                inbound.consume(len);
                *reader = HeadReader::RESPONSE;
            },
        }
    }

    /// Checks a whole head.
    fn judge<'b>(&mut self, head: &'b [u8], config: &Settings) -> Result<Turn<'b>, Error> {
        match self {
            Self::Received { .. } => Ok(Turn::Wait),
            Self::Request { reader, fields, .. } => {
                let (request, kind) = Request::of(reader.cut(head), fields)?;
                let event = match kind {
                    RequestKind::Upgrade { .. } => Event::Request(request),
                    RequestKind::Plain if config.allow_plain_http => Event::PlainRequest(request),
                    RequestKind::Plain => return Err(HandshakeError::NotAnUpgrade.into()),
                };
                *self = Self::Received { kind, retained: 0 };
                Ok(Turn::Received(event))
            }
            Self::Response { reader, expected, .. } => {
                Ok(match Response::check(reader.cut(head), expected)? {
                    FinalResponse::Accepted(response, negotiated) => {
                        Turn::Open(Event::Open(response), negotiated)
                    }
                    FinalResponse::Rejected(response) => Turn::Rejected(Event::Rejected(response)),
                })
            }
        }
    }
}

/// Reads more of a head. Returns its length when it is whole.
fn read_head<S: Storage>(
    reader: &mut HeadReader,
    inbound: &mut ReceiveBuffer<S>,
    config: &Settings,
    start_line: impl Fn(&[u8]) -> Result<(), HandshakeError>,
    field: impl FnMut(Known, &[u8]) -> Result<(), HandshakeError>,
) -> Result<Option<usize>, HandshakeError> {
    let limits = config.head_limits(inbound.unread_capacity());
    let read = reader.read(inbound.unread_mut(), &limits, start_line, field)?;
    // A fixed buffer that is full can never hold the rest.
    if read.is_none() && inbound.unread().len() >= inbound.unread_capacity() {
        return Err(HandshakeError::HeadTooLong);
    }
    Ok(read)
}
