//! The core's own connection in memory passes every case in both roles.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use websocket_proto::{
    Accept, Client, ClientRequest, CloseCode, Config, Connection, DeflateConfig, Entropy, EntropyError,
    Event, ReceiveBuffer, Role as CoreRole, Server, TransportAction, Uri,
};
use wsconform::{
    Context, Endpoint, Parameter, Random, Report, Role, Verdict, catalogue, judge_all_frames, run,
};

/// Keys of a generator, so that a failure can be repeated.
#[derive(Debug)]
struct Keys(Random);

impl Entropy for Keys {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            [*byte] = self.0.bytes();
        }
        Ok(())
    }
}

/// An echo endpoint: a connection, and the calls that a loop around it makes.
struct Echo<R: CoreRole> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    /// The request of a client.
    request: Vec<u8>,
    has_ended: bool,
}

/// The number of clients: the keys of a client follow from its number.
static CLIENTS: AtomicU64 = AtomicU64::new(0);

/// Case 10.4/fragmented-4m-64 has 65,536 fragments, and 10.4/fragments-100000-* have 100,000.
const MAX_FRAGMENTS: u32 = 131_072;

fn config() -> Config {
    // The loop of this test writes `out` only when all input was processed.
    let config = Config::new().max_fragments(MAX_FRAGMENTS).max_write_buffer(usize::MAX);
    config.deflate(Some(DeflateConfig::new()))
}

fn server(config: Config) -> Echo<Server> {
    let connection = Connection::server(config);
    Echo { connection, inbound: ReceiveBuffer::new(), request: Vec::new(), has_ended: false }
}

fn client(config: Config) -> Echo<Client<Keys>> {
    let uri = Uri::parse("ws://127.0.0.1/").expect("a URI");
    let number = CLIENTS.fetch_add(1, Ordering::Relaxed);
    let (keys, mut request) = (Keys(Random::new(1, "keys", number)), Vec::new());
    let connection = Connection::client(ClientRequest::new(uri), config, keys, &mut request);
    let connection = connection.expect("a request");
    Echo { connection, inbound: ReceiveBuffer::new(), request, has_ended: false }
}

/// The one call that only a server has.
trait Accepts {
    fn accept(&mut self, out: &mut Vec<u8>);
}

impl Accepts for Connection<Server> {
    fn accept(&mut self, out: &mut Vec<u8>) {
        Self::accept(self, Accept::new(), out).expect("a request to accept");
    }
}

impl Accepts for Connection<Client<Keys>> {
    fn accept(&mut self, _: &mut Vec<u8>) {}
}

impl<R: CoreRole> Echo<R>
where
    Connection<R>: Accepts,
{
    /// Acts on all events.
    fn act(&mut self, out: &mut Vec<u8>) {
        while let Ok(Some(event)) = self.connection.receive(&mut self.inbound, out) {
            // After a Close of ours, messages are no longer answered.
            let _ = match event {
                Event::Request(_) => {
                    self.connection.accept(out);
                    Ok(())
                }
                Event::Text(text) => match text.strip_prefix("wsconform:").map(str::to_owned) {
                    Some(command) => self.command(&command, out),
                    None => self.connection.send_text(text, out),
                },
                Event::Binary(bytes) => self.connection.send_binary(bytes, out),
                _ => Ok(()),
            };
        }
    }

    fn command(&mut self, command: &str, out: &mut Vec<u8>) -> Result<(), websocket_proto::SendError> {
        let mut words = command.splitn(3, ' ');
        let (name, first, rest) =
            (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or(""));
        match (name, first.parse().ok().and_then(CloseCode::new)) {
            ("close", Some(code)) => self.connection.close(code, rest, out),
            ("close", None) => self.connection.close_empty(out),
            ("ping", _) => self.connection.ping(first.as_bytes(), out),
            ("pong", _) => self.connection.pong(first.as_bytes(), out),
            _ => {
                let (len, count) = rest.split_once(' ').unwrap_or_default();
                let payload = "a".repeat(len.parse().unwrap_or_default());
                for _ in 0..count.parse().unwrap_or_default() {
                    match first {
                        "text" => self.connection.send_text(&payload, out)?,
                        _ => self.connection.send_binary(payload.as_bytes(), out)?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl<R: CoreRole> Endpoint for Echo<R>
where
    Connection<R>: Accepts,
{
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.append(&mut self.request);
        let count = self.inbound.feed(bytes);
        assert_eq!(count, bytes.len(), "a growing buffer takes all bytes");
        self.act(out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.act(out);
        self.connection.receive_eof();
        self.has_ended = true;
    }

    fn tick(&mut self, now: Duration, out: &mut Vec<u8>) {
        let _ = self.connection.tick(now, out);
    }

    fn closed(&self) -> bool {
        self.has_ended || self.connection.transport_action() == TransportAction::Close
    }
}

fn context() -> Context {
    let mut context = Context::default();
    context.capabilities.commands = true;
    context.capabilities.deflate = true;
    context.capabilities.parameters = Parameter::ALL.to_vec();
    context
}

/// The limits of the cases at the limit.
fn limits(context: &mut Context) -> Config {
    context.capabilities.max_message = Some(100_000);
    context.capabilities.max_fragments = Some(1000);
    config().max_message_size(100_000).max_fragments(1000)
}

fn reports<E: Endpoint>(role: Role, endpoint: impl Fn(Config) -> E) -> Vec<Report> {
    let (unlimited, mut limited) = (context(), context());
    let limits = limits(&mut limited);
    let cases = catalogue(role);
    let reports = cases.iter().map(|case| {
        if case.needs.max_message || case.needs.max_fragments || case.needs.limit_below.is_some() {
            run(case, &limited, || endpoint(limits))
        } else {
            run(case, &unlimited, || endpoint(config()))
        }
    });
    let mut reports: Vec<_> = reports.collect();
    judge_all_frames(&cases, &mut reports);
    reports
}

fn passes(reports: &[Report], lenient: &[&str]) {
    let failed: Vec<_> =
        reports.iter().filter(|report| !matches!(report.verdict, Verdict::Pass | Verdict::Lenient)).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), reports.len());
    let seen: Vec<_> = reports.iter().filter(|report| report.verdict == Verdict::Lenient).collect();
    let ids: Vec<_> = seen.iter().map(|report| report.id.as_str()).collect();
    assert_eq!(ids, lenient, "{seen:#?}");
}

/// §7.1.7 binds once the endpoint has read a frame that breaks a rule. The core reads a header as a whole,
/// and this header is complete only with its other bytes.
const LENIENT: &[&str] = &["5.2/early-msb"];

#[test]
fn the_server_passes() {
    passes(&reports(Role::Server, server), LENIENT);
}

#[test]
fn the_client_passes() {
    passes(&reports(Role::Client, client), LENIENT);
}
