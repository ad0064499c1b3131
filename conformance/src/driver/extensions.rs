//! The field Sec-WebSocket-Extensions of an opening handshake: the lines of the suite, and the agreed
//! parameters.

use super::conversation::Conversation;
use super::finding::Finding;
use crate::capabilities::{Needs, Parameter};
use crate::case::Open;
use crate::judge::{Extension, Head, Parameters, agreed};
use crate::role::Role;
use crate::step::{Awaited, Item, Step};
use crate::verdict::{Expect, Outcome, Pattern};

/// The field.
const NAME: &str = "Sec-WebSocket-Extensions";

/// The extensions of an open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terms {
    /// None.
    Plain,
    /// permessage-deflate with these parameters.
    Deflate(Parameters),
    /// The server gave an answer that no offer permits.
    IllegalAnswer(&'static str),
    /// The suite gave an answer that no offer of the client permits.
    RefusalDue,
}

/// The field lines of the request to a server.
pub(super) fn request_fields(open: &Open) -> Vec<(String, String)> {
    match open {
        Open::Deflate(offers) => lines(&[&offers_text(offers)]),
        Open::Extensions(fields) => lines(fields),
        Open::Standard | Open::InParts { .. } | Open::Raw(_) => Vec::new(),
    }
}

/// What the answer of a server agrees on.
pub(super) fn terms_of_response(open: &Open, response: &Head) -> Terms {
    let offers = match open {
        Open::Deflate(offers) => Extension::read_all([offers_text(offers).as_bytes()]),
        // An offer that the grammar does not allow is none.
        Open::Extensions(fields) => {
            let read = |field: &&str| Extension::read_all([field.as_bytes()]);
            Some(fields.iter().filter_map(read).flatten().collect())
        }
        Open::Standard | Open::InParts { .. } | Open::Raw(_) => return Terms::Plain,
    };
    let answer = Extension::read_all(response.values(NAME));
    match (offers, answer) {
        (_, None) => Terms::IllegalAnswer("the answer does not match the grammar of the field"),
        (offers, Some(answer)) => match agreed(&offers.unwrap_or_default(), &answer) {
            Ok(None) => Terms::Plain,
            Ok(Some(parameters)) => Terms::Deflate(parameters),
            Err(reason) => Terms::IllegalAnswer(reason),
        },
    }
}

/// The lines of the response to a client, and the parameters that they agree on. A client gets an answer that it
/// has to refuse only if it `may_refuse`.
pub(super) fn answer_to(open: &Open, request: &Head, may_refuse: bool) -> (Vec<(String, String)>, Terms) {
    let offers = Extension::read_all(request.values(NAME)).unwrap_or_default();
    let fields = match open {
        Open::Standard | Open::InParts { .. } | Open::Raw(_) => return (Vec::new(), Terms::Plain),
        Open::Extensions(fields) => fields.iter().map(|field| (*field).to_owned()).collect(),
        Open::Deflate(answers) => {
            let Some(offer) = offers.iter().find_map(Parameters::read) else {
                return (Vec::new(), Terms::Plain);
            };
            let mut answer = answers.first().copied().unwrap_or_default();
            answer.snct |= offer.snct;
            answer.smwb = answer.smwb.or(offer.smwb);
            vec![answer.text()]
        }
    };
    let fields: Vec<_> = fields.iter().map(String::as_str).collect();
    let answer = Extension::read_all(fields.iter().map(|field| field.as_bytes()));
    let terms = match answer.map(|answer| agreed(&offers, &answer)) {
        Some(Ok(Some(parameters))) => Terms::Deflate(parameters),
        Some(Ok(None)) => Terms::Plain,
        Some(Err(_)) | None if may_refuse => Terms::RefusalDue,
        Some(Err(_)) | None => return (Vec::new(), Terms::Plain),
    };
    (lines(&fields), terms)
}

impl Terms {
    /// The parameters, if permessage-deflate was agreed.
    pub(super) fn parameters(&self) -> Option<Parameters> {
        match self {
            Self::Deflate(parameters) => Some(*parameters),
            Self::Plain | Self::IllegalAnswer(_) | Self::RefusalDue => None,
        }
    }
}

impl Conversation {
    /// The opening handshake has agreed on extensions.
    pub(super) fn agree(&mut self, terms: Terms) {
        if let Terms::IllegalAnswer(reason) = terms {
            let is_subject = matches!(self.expect, Expect::Opened(_));
            let outcome = if is_subject { Outcome::Wrong } else { Outcome::NotOpened };
            self.find(Finding::new(outcome, reason));
            return;
        }
        if let Some(parameters) = terms.parameters() {
            self.peer.stream.inflate(parameters.direction(self.role));
            self.encoder.deflate(parameters.direction(self.role.peer()));
        }
        if terms == Terms::RefusalDue && matches!(self.expect, Expect::Opened(_)) {
            // The answer is legal for other clients, but not for this one.
            self.expect = Expect::Reject { may_keep: false };
            self.steps = [Step::Write(vec![Item::Probe]), Step::Await(Awaited::Rejection)].into();
        } else if let Some(reason) = unmet(&self.needs, terms, self.role) {
            self.skip = Some(reason);
            self.steps.clear();
        }
    }

    /// Whether a client with this outcome refused the answer because of this parameter: no offer that permits
    /// the answer has it.
    pub(super) fn is_refusal_of(&self, parameter: Parameter, outcome: &Outcome) -> bool {
        let (Role::Client, Some(request)) = (self.role, &self.head) else { return false };
        let (_, terms) = answer_to(&self.open, request, self.may_refuse);
        let Some(answer) = terms.parameters() else { return false };
        let offers = Extension::read_all(request.values(NAME)).unwrap_or_default();
        let mut offers = offers.iter().filter_map(Parameters::read);
        let is_offered = offers.any(|offer| offer.permits(&answer) && has(&offer, parameter));
        // Any other frame shows that the client accepted the answer.
        let closes = u64::from(Pattern::AnyClose.matches(outcome));
        has(&answer, parameter) && !is_offered && self.peer.stream.frames() <= closes
    }
}

/// The reason why a case cannot be judged with these terms; `None` if it can.
pub(super) fn unmet(needs: &Needs, terms: Terms, role: Role) -> Option<String> {
    if !needs.deflate {
        return None;
    }
    let Some(parameters) = terms.parameters() else {
        return Some("permessage-deflate was not agreed".to_owned());
    };
    if let Some(parameter) = needs.parameter.filter(|parameter| !has(&parameters, *parameter)) {
        return Some(format!("{} was not agreed", parameter.name()));
    }
    let ours = parameters.direction(role.peer());
    if needs.takeover && !ours.takeover {
        return Some("no context takeover was agreed".to_owned());
    }
    (needs.window_bits > ours.window_bits)
        .then(|| format!("a window of 2^{} bytes was agreed", ours.window_bits))
}

fn has(parameters: &Parameters, parameter: Parameter) -> bool {
    match parameter {
        Parameter::ServerNoContextTakeover => parameters.snct,
        Parameter::ClientNoContextTakeover => parameters.cnct,
        Parameter::ServerMaxWindowBits => parameters.smwb.is_some(),
        Parameter::ClientMaxWindowBits => parameters.cmwb.is_some(),
    }
}

fn offers_text(offers: &[Parameters]) -> String {
    offers.iter().map(Parameters::text).collect::<Vec<_>>().join(", ")
}

fn lines(values: &[&str]) -> Vec<(String, String)> {
    values.iter().map(|value| (NAME.to_owned(), (*value).to_owned())).collect()
}
