//! Cases that find out what an endpoint is capable of. They are not in the catalogue.

use super::family::Family;
use crate::capabilities::Parameter;
use crate::case::{Case, Open, Script};
use crate::clause::Clause;
use crate::judge::Parameters;
use crate::role::Role;
use crate::step::{Awaited, Frame, Item, Step};

/// A question about the capabilities of an endpoint. The answer is yes if the outcome of its case is
/// [`Echoed`](crate::Outcome::Echoed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    /// Does it echo "hello"?
    Alive,
    /// Does it echo a binary message of so many bytes?
    Message(usize),
    /// Does it echo a binary message of so many fragments of one byte?
    Fragments(u32),
    /// Does it echo the command `wsconform:close 1000`? An endpoint with commands closes the connection.
    EchoesCommands,
    /// Does it echo "hello" after an offer of permessage-deflate with this parameter? A client gets the
    /// parameter in the answer to its own offer.
    Deflate(Parameter),
}

impl Probe {
    /// The case that asks an endpoint of this role.
    #[must_use]
    pub fn case(self, role: Role) -> Case {
        let clause =
            Clause::rfc6455("5.6", "Data frames carry application-layer and/or extension-layer data.");
        let (name, item) = match self {
            Self::Alive => ("alive", Item::Frame(Frame::text("hello"))),
            Self::Deflate(_) => ("deflate", Item::Frame(Frame::text("hello"))),
            Self::Message(len) => ("message", Item::Frame(Frame::binary(vec![b'm'; len]))),
            Self::Fragments(count) => {
                ("fragments", Item::Fragments(Frame::binary(vec![b'f'; count as usize]), 1))
            }
            Self::EchoesCommands => ("commands", Item::Frame(Frame::text("wsconform:close 1000"))),
        };
        // Without a barrier: an endpoint that answers no Ping has the capability all the same.
        let steps = vec![Step::Write(vec![item]), Step::Await(Awaited::Replies)];
        let case = Family::new(role, "probe", name, clause).echo("", name, vec![]);
        let open = match self {
            Self::Deflate(parameter) => Open::Deflate(vec![parameters(parameter)]),
            _ => Open::Standard,
        };
        Case { script: Script::Steps(steps), open, ..case }
    }
}

/// The offer to a server, or the answer to a client, with one parameter.
const fn parameters(parameter: Parameter) -> Parameters {
    let plain = Parameters { snct: false, cnct: false, smwb: None, cmwb: None };
    match parameter {
        Parameter::ServerNoContextTakeover => Parameters { snct: true, ..plain },
        Parameter::ClientNoContextTakeover => Parameters { cnct: true, ..plain },
        Parameter::ServerMaxWindowBits => Parameters { smwb: Some(15), ..plain },
        // RFC 7692 §7.1.2.2: after an offer without the value, a server may leave the parameter out.
        Parameter::ClientMaxWindowBits => Parameters { cmwb: Some(Some(15)), ..plain },
    }
}

#[cfg(test)]
mod tests {
    use super::Probe;
    use crate::context::Context;
    use crate::role::Role;

    #[test]
    fn a_probe_writes_one_message() {
        let bytes = |probe: Probe| {
            let case = probe.case(Role::Client);
            case.transcript(&Context::default(), 0).concat().concat()
        };
        assert_eq!(bytes(Probe::Alive), b"\x81\x05hello");
        assert_eq!(bytes(Probe::Message(2)), b"\x82\x02mm");
        assert_eq!(bytes(Probe::Fragments(3)), b"\x02\x01f\x00\x01f\x80\x01f");
        assert_eq!(bytes(Probe::EchoesCommands), b"\x81\x14wsconform:close 1000");
    }
}
