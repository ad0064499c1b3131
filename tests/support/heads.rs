//! Heads of HTTP: changed, fed to either role, and parsed by hand.

use websocket_proto::{
    Accept, Client, ClientRequest, CloseStatus, Config, Connection, Entropy, EntropyError, Error,
    HandshakeError, Server, State, TransportAction, Uri,
};

use super::{Outcome, REQUEST, RESPONSE, Seen, every_way};

/// A head whose lines of this field are replaced, or with the lines added at its end: `("Host", "")` removes
/// Host.
pub fn with_field(head: &[u8], name: &str, lines: impl AsRef<[u8]>) -> Vec<u8> {
    let is_field = |line: &&[u8]| line.split(|&byte| byte == b':').next() == Some(name.as_bytes());
    let all: Vec<&[u8]> = head.split_inclusive(|&byte| byte == b'\n').collect();
    let at = all.iter().position(is_field).unwrap_or(all.len() - 1);
    let (before, after) = all.split_at(at);
    let kept = after.iter().filter(|line| !is_field(line));
    [before.concat(), lines.as_ref().to_vec(), kept.copied().collect::<Vec<_>>().concat()].concat()
}

/// The source of the nonce of §1.3: [`RESPONSE`] answers its request.
#[derive(Debug, Clone, Copy)]
pub struct SampleNonce;

impl Entropy for SampleNonce {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.iter_mut().zip(b"the sample nonce".iter().cycle()).for_each(|(byte, sample)| *byte = *sample);
        Ok(())
    }
}

/// The role of a client whose request [`RESPONSE`] answers.
pub type Asking = Client<SampleNonce>;

/// A client that has sent [`REQUEST`] with these subprotocols, and waits for the response.
pub fn asking(config: Config, subprotocols: &[&str]) -> Connection<Asking> {
    let request = ClientRequest::new(Uri::parse("ws://server.example.com/chat").expect("a URI"))
        .subprotocols(subprotocols);
    Connection::client(request, config, SampleNonce, &mut Vec::new()).expect("a request")
}

/// Whom a head goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    Server,
    Client,
}

/// What follows a head that fails, in vain: a request, and a frame.
const AFTER: &[u8] = b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x81\0\0\0\0a\x81\x01a";

impl To {
    pub const BOTH: [Self; 2] = [Self::Server, Self::Client];

    /// The head that opens a connection.
    pub fn head(self) -> &'static [u8] {
        match self {
            Self::Server => REQUEST,
            Self::Client => RESPONSE,
        }
    }

    /// Feeds a handshake in every way; requests are accepted with nothing more.
    pub fn shake(self, config: Config, wire: &[u8]) -> Outcome {
        match self {
            Self::Server => every_way(&Connection::server(config), wire, |server, out| {
                server.accept(Accept::new(), out).expect("an upgrade")
            }),
            Self::Client => every_way(&asking(config, &[]), wire, |_, _| panic!("a request")),
        }
    }

    /// Demands that a head opens the connection, or that it ends with this error, a refusal from a server and
    /// silence from a client.
    #[track_caller]
    pub fn judge(self, config: Config, wire: &[u8], verdict: Result<(), HandshakeError>) -> Outcome {
        let outcome = self.shake(config, wire);
        match verdict {
            Ok(()) => {
                assert_eq!(outcome.error, None, "{}", wire.escape_ascii());
                let opened = matches!(outcome.events[..], [Seen::Request { .. } | Seen::Open { .. }]);
                assert!(opened && outcome.state == State::Transmission, "{}", wire.escape_ascii());
                assert_eq!(outcome.transport_action, TransportAction::KeepOpen);
                assert_eq!(outcome.out.is_empty(), self == Self::Client);
            }
            Err(error) => {
                assert_eq!(outcome.error, Some(Error::Handshake(error)), "{}", wire.escape_ascii());
                assert_eq!(outcome.events, [], "{}", wire.escape_ascii());
                self.assert_over(&outcome, error);
                assert_eq!(
                    self.shake(config, &[wire, AFTER].concat()),
                    outcome,
                    "nothing comes of what follows"
                );
            }
        }
        outcome
    }

    #[track_caller]
    pub fn assert_over(self, outcome: &Outcome, error: HandshakeError) {
        assert_eq!(
            (outcome.state, outcome.transport_action, outcome.closed),
            (State::End, TransportAction::Close, CloseStatus::default())
        );
        match self {
            Self::Server => assert_eq!(Some(Answer::parse(&outcome.out).refusal()), error.http_status()),
            Self::Client => assert_eq!(outcome.out, b"", "C-RS-11"),
        }
    }

    /// Demands no verdict on all but the last byte, and this one on that.
    #[track_caller]
    pub fn judge_last_byte(self, config: Config, wire: &[u8], error: HandshakeError) {
        let before = self.shake(config, &wire[..wire.len() - 1]);
        assert_eq!(
            (before.error, before.events, before.out, before.state),
            (None, vec![], vec![], State::Handshake)
        );
        self.judge(config, wire, Err(error));
    }
}

/// A server's response, read by hand.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn parse(wire: &[u8]) -> Self {
        let end = wire.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a whole head");
        let head = core::str::from_utf8(&wire[..end]).expect("ASCII");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect("a status line");
        assert_eq!(
            status.as_bytes().get(3),
            Some(&b' '),
            "RFC 9112 §4: a space even where no reason follows"
        );
        let field = |line: &str| {
            line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a field")
        };
        Self {
            status: status[..3].parse().expect("digits"),
            fields: lines.map(field).collect(),
            body: wire[end + 4..].to_vec(),
        }
    }

    /// The value of a field that is there at most once.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut found = self
            .fields
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str());
        let first = found.next();
        assert_eq!(found.next(), None, "{name} twice");
        first
    }

    /// The status of a refusal that has all required fields and no byte after its content.
    #[track_caller]
    pub fn refusal(&self) -> u16 {
        let options = self.field("Connection").expect("Connection").split(", ");
        assert!(options.clone().any(|option| option == "close"), "RFC 9112 §9.6");
        assert_eq!(self.field("Transfer-Encoding"), None);
        let has_content = !matches!(self.status, 204 | 304);
        assert_eq!(
            self.field("Content-Length"),
            has_content.then(|| self.body.len().to_string()).as_deref(),
            "RFC 9110 §8.6"
        );
        assert_eq!(self.field("Upgrade"), (self.status == 426).then_some("websocket"), "RFC 9110 §15.5.22");
        assert_eq!(self.field("Sec-WebSocket-Version"), (self.status == 426).then_some("13"), "§4.4");
        assert_eq!(self.field("Allow"), (self.status == 405).then_some("GET"), "RFC 9110 §15.5.6");
        self.status
    }
}

/// A head with another start line.
pub fn with_start(head: &[u8], line: impl AsRef<[u8]>) -> Vec<u8> {
    let end = head.windows(2).position(|bytes| bytes == b"\r\n").expect("a line");
    [line.as_ref(), &head[end..]].concat()
}
