//! Asks the endpoint for its capabilities, before the cases.

use alloc::collections::BTreeSet;

use wsconform::judge::{Extension, PERMESSAGE_DEFLATE};
use wsconform::{Context, Outcome, Parameter, Probe, Report, Role};

use super::endpoint::Endpoint;

/// The capabilities that the probes found, as far as they were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// The parameters with which the endpoint agreed to permessage-deflate; `None` if it did not.
    pub(crate) deflate: Option<Vec<String>>,
    /// The largest message that was echoed.
    pub(crate) message: Option<usize>,
    /// The most fragments of a message that was echoed.
    pub(crate) fragments: Option<u32>,
    /// The largest head that was accepted.
    pub(crate) head: Option<usize>,
    pub(crate) commands: Option<bool>,
    pub(crate) subprotocol: Option<String>,
}

const MESSAGES: [usize; 4] = [64 << 10, 1 << 20, 4 << 20, 16 << 20];
/// Tried from the top down if the first of [`MESSAGES`] is refused.
const SMALL_MESSAGES: [usize; 5] = [32 << 10, 16 << 10, 8 << 10, 4 << 10, 1 << 10];
const FRAGMENTS: [u32; 2] = [1_000, 10_000];
const FEW_FRAGMENTS: [u32; 4] = [500, 100, 32, 8];
const HEADS: [usize; 3] = [4 << 10, 8 << 10, 16 << 10];

impl Found {
    /// Asks for everything; sets the limits of `context`.
    pub(crate) async fn ask(endpoint: &Endpoint, context: &mut Context) -> Self {
        let asked = &*context;
        let (deflate, head, commands, subprotocol) = tokio::join!(
            deflate(endpoint, asked),
            largest_head(endpoint, asked),
            endpoint.ask(Probe::EchoesCommands, asked),
            subprotocol(endpoint, asked),
        );
        // Last, because an endpoint can crash.
        let (message, fragments) = tokio::join!(
            most(endpoint, asked, (&MESSAGES, &SMALL_MESSAGES), Probe::Message),
            most(endpoint, asked, (&FRAGMENTS, &FEW_FRAGMENTS), Probe::Fragments),
        );
        let commands = commands.outcome == Outcome::Closed(1000);
        let capabilities = &mut context.capabilities;
        if message.has_limit {
            capabilities.message = message.most.unwrap_or(0);
        }
        if fragments.has_limit {
            capabilities.fragments = fragments.most.unwrap_or(1);
        }
        capabilities.commands = commands;
        capabilities.deflate = deflate.is_some();
        let is_agreed = |parameter: &Parameter| deflate.iter().flatten().any(|name| name == parameter.name());
        capabilities.parameters = Parameter::ALL.into_iter().filter(is_agreed).collect();
        Self {
            deflate,
            message: message.most,
            fragments: fragments.most,
            // A client reads no head that the probes enlarge.
            head: (endpoint.role() == Role::Server).then_some(head),
            commands: Some(commands),
            subprotocol,
        }
    }
}

/// What the endpoint echoed.
struct Echoed<T> {
    most: Option<T>,
    /// Whether it refused more.
    has_limit: bool,
}

/// Tries `up`, as far as the endpoint echoes them. If it refuses the first one, tries `down`.
async fn most<T: Copy>(
    endpoint: &Endpoint,
    context: &Context,
    (up, down): (&[T], &[T]),
    probe: impl Fn(T) -> Probe,
) -> Echoed<T> {
    let (mut most, mut has_limit) = (None, false);
    for size in up {
        match echoes(endpoint, probe(*size), context).await {
            Some(true) => most = Some(*size),
            answer => {
                has_limit = answer.is_some();
                break;
            }
        }
    }
    if most.is_some() || !has_limit {
        return Echoed { most, has_limit };
    }
    for size in down {
        match echoes(endpoint, probe(*size), context).await {
            Some(true) => return Echoed { most: Some(*size), has_limit },
            Some(false) => {}
            None => return Echoed { most, has_limit: false },
        }
    }
    Echoed { most, has_limit }
}

/// Whether the endpoint echoes a message, or refuses it because it has a limit. `None` if neither: what is wrong
/// then is left to the cases.
async fn echoes(endpoint: &Endpoint, probe: Probe, context: &Context) -> Option<bool> {
    let mut patient = context.clone();
    // A slow endpoint is no endpoint with a limit.
    patient.timeout = patient.timeout.saturating_mul(4);
    let is_refused = match endpoint.ask(probe, &patient).await.outcome {
        Outcome::Echoed => return Some(true),
        // §7.4.1: these codes say that the message is wrong, not that it is too much.
        Outcome::Closed(code) => !matches!(code, 1002 | 1003 | 1007),
        Outcome::ClosedEmpty | Outcome::Eof | Outcome::Reset => true,
        _ => false,
    };
    let is_alive = is_refused && endpoint.ask(Probe::Alive, context).await.outcome == Outcome::Echoed;
    is_alive.then_some(false)
}

async fn largest_head(endpoint: &Endpoint, context: &Context) -> usize {
    let mut largest = 0;
    for len in HEADS {
        // Field lines of 1 KiB: a limit of a line is not a limit of the head.
        let lines = (1..len / 1024).map(|line| (format!("X-Probe-{line}"), "p".repeat(1000)));
        let report = endpoint.ask(Probe::Alive, &with_fields(context, lines)).await;
        if report.outcome != Outcome::Echoed {
            break;
        }
        largest = len;
    }
    largest
}

/// The parameters that the endpoint agrees to: a server accepts an offer with the parameter, and a client echoes
/// "hello" after an answer with it. `None` without permessage-deflate.
async fn deflate(endpoint: &Endpoint, context: &Context) -> Option<Vec<String>> {
    let mut agreed: Option<BTreeSet<String>> = None;
    for parameter in Parameter::ALL {
        let report = endpoint.ask(Probe::Deflate(parameter), context).await;
        let Some(names) = deflate_parameters(&report) else { continue };
        let agreed = agreed.get_or_insert_default();
        if endpoint.role() == Role::Server {
            agreed.extend(names);
            continue;
        }
        let is_offered = names.iter().any(|name| name == parameter.name());
        let is_echoed = report.outcome == Outcome::Echoed;
        let is_agreed = match parameter {
            // RFC 7692 §7.1.2.1: a client that offers a smaller value has to refuse the answer of the probe.
            Parameter::ServerMaxWindowBits => is_offered || is_echoed,
            // §7.1.2.2: a server needs the offer for this one.
            Parameter::ClientMaxWindowBits => is_offered && is_echoed,
            _ => is_echoed,
        };
        if is_agreed {
            agreed.insert(parameter.name().to_owned());
        }
    }
    agreed.map(|names| names.into_iter().collect())
}

/// The names of the parameters of permessage-deflate in the head of the endpoint.
pub(super) fn deflate_parameters(report: &Report) -> Option<Vec<String>> {
    let extensions = Extension::read_all(report.heads.first()?.values("Sec-WebSocket-Extensions"))?;
    let deflate = extensions.into_iter().find(|extension| extension.name == PERMESSAGE_DEFLATE)?;
    Some(deflate.parameters.into_iter().map(|(name, _)| name).collect())
}

async fn subprotocol(endpoint: &Endpoint, context: &Context) -> Option<String> {
    const NAME: &str = "Sec-WebSocket-Protocol";
    let is_offered = context.extra_fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(NAME));
    let fields = (!is_offered).then(|| (NAME.to_owned(), "chat".to_owned()));
    field(&endpoint.ask(Probe::Alive, &with_fields(context, fields)).await, NAME)
}

fn with_fields(context: &Context, fields: impl IntoIterator<Item = (String, String)>) -> Context {
    let mut context = context.clone();
    context.extra_fields.extend(fields);
    context
}

pub(super) fn field(report: &Report, name: &str) -> Option<String> {
    let value = report.heads.first()?.value(name)?;
    Some(String::from_utf8_lossy(value).into_owned())
}
