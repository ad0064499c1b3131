//! The opening handshake of a connection (§4): a head to an event, and the answer to it.

use super::config::{Config, Settings};
use super::event::Event;
use super::send::write_pieces;
use super::{Connection, End, Phase, Transmission};
use crate::buffer::{ReceiveBuffer, SendBuffer, Storage};
use crate::error::{AcceptError, Error, HandshakeError, RequestError};
use crate::handshake::{
    Accept, Answer, Asked, ClientRequest, Expected, Found, HeadReader, Key, Negotiated, Reject, Request,
    Response,
};
use crate::role::{Client, Entropy, Role, Server};
use crate::rules::Timer;

/// RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a final
/// response".
const MAX_INTERIM_RESPONSES: u8 = 8;

/// How far the opening handshake is.
#[derive(Debug, Clone)]
pub(super) enum Opening {
    /// A server reads the request.
    Request { reader: HeadReader, found: Found },
    /// A server's application is to answer.
    Asked(Asked),
    /// A client reads the response.
    Response { reader: HeadReader, expected: Expected, interim: u8 },
}

impl Connection<Server> {
    /// A server that waits for a request.
    #[must_use]
    pub fn server(config: Config) -> Self {
        let opening = Opening::Request { reader: HeadReader::REQUEST, found: Found::NOTHING };
        Self { role: Server, config: config.into(), timer: Timer::NEW, phase: Phase::Handshake(opening) }
    }

    /// Accepts the request that [`Event::Request`] reported: writes the 101, and the connection is open
    /// (§4.2.2).
    ///
    /// # Errors
    /// If there is no such request, the subprotocol is of another one, a field cannot be written, or there is
    /// no room.
    pub fn accept(&mut self, accept: Accept<'_>, out: &mut impl SendBuffer) -> Result<(), AcceptError> {
        let (key, agreed) = match &self.phase {
            Phase::Handshake(Opening::Asked(Asked::Upgrade { key, agreed, fingerprint })) => {
                accept.check(*fingerprint)?;
                (key.accept(), *agreed)
            }
            Phase::Handshake(Opening::Asked(Asked::Plain)) => return Err(AcceptError::NotAnUpgrade),
            _ => return Err(AcceptError::NoRequest),
        };
        write_pieces(&self.config, out, |put| accept.write(&key, agreed, put))
            .map_err(|_| AcceptError::Full)?;
        self.phase = Phase::Transmission(Transmission::new(agreed, &self.config, true));
        Ok(())
    }

    /// Answers the request that [`Event::Request`] or [`Event::PlainRequest`] reported without opening a
    /// connection; that ends it (§4.2.2).
    ///
    /// # Errors
    /// Where there is no such request, the response cannot be written, or there is no room.
    pub fn reject(&mut self, reject: Reject<'_>, out: &mut impl SendBuffer) -> Result<(), AcceptError> {
        let Phase::Handshake(Opening::Asked(_)) = self.phase else { return Err(AcceptError::NoRequest) };
        reject.check()?;
        write_pieces(&self.config, out, |put| reject.write(put)).map_err(|_| AcceptError::Full)?;
        self.phase = Phase::End(End::handshake(Ok(())));
        Ok(())
    }
}

impl<E: Entropy> Connection<Client<E>> {
    /// A client that has written its request to `out` and waits for the response (§4.1). Takes 16 bytes of
    /// `entropy` now, and 4 for every frame it sends.
    ///
    /// # Errors
    /// Where the request cannot be written, there is no room, or no entropy.
    pub fn client(
        request: ClientRequest<'_>,
        config: Config,
        entropy: E,
        out: &mut impl SendBuffer,
    ) -> Result<Self, RequestError> {
        let mut role = Client::new(entropy);
        let config = Settings::from(config);
        let ready = config.ready();
        let offered = request.check()?;
        let key = Key::new(role.nonce()?);
        write_pieces(&config, out, |put| request.write(&key, ready, put)).map_err(|_| RequestError::Full)?;
        let expected = Expected::new(Some(&key), offered, ready);
        let opening = Opening::Response { reader: HeadReader::RESPONSE, expected, interim: 0 };
        Ok(Self { role, config, timer: Timer::NEW, phase: Phase::Handshake(opening) })
    }
}

/// What a head comes to: an event, and the phase after it. `None` while it is incomplete.
type Turn<'b> = Option<(Event<'b>, Phase)>;

impl<R: Role> Connection<R> {
    /// Reads on in the opening handshake.
    pub(super) fn receive_head<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        out: &mut impl SendBuffer,
    ) -> Result<Option<Event<'b>>, Error> {
        let Phase::Handshake(opening) = &mut self.phase else { return Ok(None) };
        match opening.turn(inbound, &self.config) {
            Ok(None) => Ok(None),
            Ok(Some((event, phase))) => {
                self.phase = phase;
                Ok(Some(event))
            }
            Err(error) => {
                let mut end = End::handshake(Err(error.into()));
                if R::IS_SERVER {
                    end.refuse(error);
                }
                self.end(end, out);
                Err(error.into())
            }
        }
    }
}

impl Opening {
    pub(super) fn negotiated(&self) -> Option<Negotiated> {
        match self {
            Self::Asked(Asked::Upgrade { agreed, .. }) => Some(*agreed),
            Self::Asked(Asked::Plain) | Self::Request { .. } | Self::Response { .. } => None,
        }
    }

    fn turn<'b, S: Storage>(
        &mut self,
        inbound: &'b mut ReceiveBuffer<S>,
        config: &Settings,
    ) -> Result<Turn<'b>, HandshakeError> {
        match self {
            // §4.2.2: frames are read once the request was answered
            Self::Asked(_) => Ok(None),
            Self::Request { reader, found } => {
                let ready = config.ready();
                let field = |name: &[u8], value: &[u8]| found.add(name, value, ready);
                let Some(len) = read_head(reader, inbound, config, Request::start_line, field)? else {
                    return Ok(None);
                };
                let (request, asked) = Request::of(reader.cut(inbound.take(len)), found)?;
                let event = match asked {
                    Asked::Upgrade { .. } => Event::Request(request),
                    Asked::Plain if config.allow_plain_http => Event::PlainRequest(request),
                    Asked::Plain => return Err(HandshakeError::NotAnUpgrade),
                };
                Ok(Some((event, Phase::Handshake(Self::Asked(asked)))))
            }
            Self::Response { reader, expected, interim } => {
                let start_line = |line: &[u8]| Response::start_line(line).map(|_| ());
                loop {
                    let Some(len) = read_head(reader, inbound, config, start_line, |_, _| Ok(()))? else {
                        return Ok(None);
                    };
                    let head = inbound.unread().get(..len).unwrap_or_default();
                    if !Response::is_interim(reader.cut(head))? {
                        let answer = Response::check(reader.cut(inbound.take(len)), expected)?;
                        return Ok(Some(match answer {
                            Answer::Open(response, agreed) => (
                                Event::Open(response),
                                Phase::Transmission(Transmission::new(agreed, config, false)),
                            ),
                            Answer::Rejected(response) => {
                                (Event::Rejected(response), Phase::End(End::handshake(Ok(()))))
                            }
                        }));
                    }
                    *interim = interim.saturating_add(1);
                    if *interim > MAX_INTERIM_RESPONSES {
                        return Err(HandshakeError::TooManyInterimResponses);
                    }
                    inbound.skip(len);
                    *reader = HeadReader::RESPONSE;
                }
            }
        }
    }
}

/// Reads on in a head; its length once it is whole.
fn read_head<S: Storage>(
    reader: &mut HeadReader,
    inbound: &mut ReceiveBuffer<S>,
    config: &Settings,
    start_line: impl Fn(&[u8]) -> Result<(), HandshakeError>,
    field: impl FnMut(&[u8], &[u8]) -> Result<(), HandshakeError>,
) -> Result<Option<usize>, HandshakeError> {
    let limits = config.head_limits(inbound.capacity());
    let read = reader.read(inbound.unread_mut(), &limits, start_line, field)?;
    // A fixed buffer that is full can never hold the rest.
    if read.is_none() && inbound.unread().len() >= inbound.capacity() {
        return Err(HandshakeError::HeadTooLong);
    }
    Ok(read)
}
