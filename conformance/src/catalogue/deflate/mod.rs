//! permessage-deflate (RFC 7692): its negotiation (§5, §7.1), its frames (§6), and its data (§7.2).

mod corrupt;
mod data;
mod frames;
mod limits;
mod negotiation;
mod refusals;
mod state;
mod structure;
mod windows;

use super::family::Family;
use crate::capabilities::Parameter;
use crate::case::{Case, Open};
use crate::clause::Clause;
use crate::judge::Parameters;
use crate::role::Role;
use crate::step::{Awaited, CONTINUATION, Frame, Item, Payload, RSV1, Step, TEXT};
use crate::verdict::{Alternative, Expect, Pattern, Verdict};

const SUPPORT: Clause =
    Clause::new(7692, "7", "The client does not support the configuration that the response");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [
        negotiation::cases(role),
        refusals::cases(role),
        structure::cases(role),
        frames::cases(role),
        state::cases(role),
        windows::cases(role),
        corrupt::cases(role),
        limits::cases(role),
        data::cases(role),
    ]
    .concat()
}

impl Case {
    /// The connection opens with permessage-deflate, with these parameters if possible.
    fn deflate(mut self, parameters: Parameters) -> Self {
        self.open = Open::Deflate(vec![parameters]);
        self.needs.deflate = true;
        self
    }

    /// The connection opens with permessage-deflate.
    fn deflated(self) -> Self {
        self.deflate(Parameters::default())
    }

    /// The connection opens with these fields Sec-WebSocket-Extensions.
    fn extensions(mut self, fields: &[&'static str]) -> Self {
        self.open = Open::Extensions(fields.to_vec());
        self
    }

    /// `101` instead of `E`: the opening handshake is the subject.
    fn opens(mut self) -> Self {
        self.expect = Expect::Opened(&[]);
        self
    }

    /// `R` instead of `E`.
    fn refused(mut self) -> Self {
        self.expect = Expect::Reject { may_keep: false };
        self.needs.handshake_control = true;
        self
    }

    /// The endpoint agrees to this parameter.
    fn needs_parameter(mut self, parameter: Parameter) -> Self {
        self.needs.parameter = Some(parameter);
        self
    }

    /// A client may refuse the answer, or only because of this parameter (RFC 7692 §7).
    fn may_be_refused(mut self, refusal_of: Option<Parameter>) -> Self {
        let (pattern, verdict) = (Pattern::AnyEnd, Verdict::Lenient);
        self.alternatives.push(Alternative { pattern, verdict, clause: SUPPORT, refusal_of });
        self
    }

    /// The suite refers to earlier messages.
    fn needs_takeover(mut self) -> Self {
        self.needs.takeover = true;
        self
    }

    /// The suite refers to bytes at a distance of 2 to this power.
    fn needs_window(mut self, bits: u8) -> Self {
        self.needs.window_bits = bits;
        self
    }
}

impl Family {
    /// `E`, with permessage-deflate.
    fn echo_deflated(
        &self,
        suffix: impl core::fmt::Display,
        title: impl Into<String>,
        items: Vec<Item>,
    ) -> Case {
        let steps = vec![Step::Write(items), Step::Await(Awaited::Replies)];
        self.echo(suffix, title, steps).deflated()
    }
}

/// The first frame of a compressed message.
fn first(opcode: u8, payload: impl Into<Payload>) -> Frame {
    Frame::new(opcode, payload).reserved(RSV1)
}

/// A whole compressed message of which the payload inflates to `plain`.
fn whole(opcode: u8, payload: impl Into<Payload>, plain: impl Into<Payload>) -> Item {
    Item::Compressed { frame: first(opcode, payload), completes: Some((opcode == TEXT, plain.into())) }
}

/// A compressed message in frames with these payloads.
fn in_frames(opcode: u8, payloads: &[&[u8]], plain: impl Into<Payload>) -> Vec<Item> {
    let mut completes = Some((opcode == TEXT, plain.into()));
    let frames = payloads.iter().enumerate().map(|(at, payload)| {
        let is_last = at + 1 == payloads.len();
        let frame = if at == 0 {
            first(opcode, payload.to_vec())
        } else {
            Frame::new(CONTINUATION, payload.to_vec())
        };
        let frame = Frame { fin: is_last, ..frame };
        Item::Compressed { frame, completes: if is_last { completes.take() } else { None } }
    });
    frames.collect()
}

/// A message that the suite compresses with the agreed parameters.
fn deflated(message: Frame) -> Item {
    Item::Deflated(message, usize::MAX)
}

/// RFC 7692 §7.2.3.1.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

#[cfg(test)]
mod tests {
    use super::{HELLO, cases};
    use crate::capabilities::Capabilities;
    use crate::case::{Case, Inputs};
    use crate::judge::{Direction, Inflater};
    use crate::random::Random;
    use crate::role::Role;
    use crate::step::{Item, Step};
    use crate::verdict::{Breaks, Expect};

    fn items(case: &Case) -> Vec<Item> {
        let capabilities = Capabilities { max_message: Some(1000), ..Capabilities::default() };
        let random = Random::new(1, case.id.as_str(), 0);
        let turns = case.turns(&mut Inputs { random, capabilities: &capabilities, index: 0 });
        let steps = turns.into_iter().flatten();
        let writes = steps.filter_map(|step| match step {
            Step::Write(items) | Step::Split { items, .. } => Some(items),
            _ => None,
        });
        writes.flatten().collect()
    }

    #[test]
    fn the_literal_inflates() {
        let mut inflater = Inflater::new(Direction { window_bits: 15, takeover: true });
        assert_eq!(inflater.message(HELLO).as_deref(), Ok(&b"Hello"[..]));
    }

    /// Each payload that a case states inflates to what the case states, one after another.
    #[test]
    fn stated_payloads_inflate_to_what_is_stated() {
        let mut messages = 0;
        for case in cases(Role::Server) {
            let mut inflater = Inflater::new(Direction { window_bits: 15, takeover: true });
            let mut payload = Vec::new();
            for item in items(&case) {
                let Item::Compressed { frame, completes } = item else { continue };
                payload.extend(frame.payload.to_vec());
                if let Some((_, plain)) = completes {
                    let seen = inflater.message(&core::mem::take(&mut payload));
                    assert!(seen == Ok(plain.to_vec()), "{}: {seen:?}", case.id);
                    messages += 1;
                }
            }
        }
        assert!(messages > 150, "{messages}");
    }

    /// A payload that is said to be no DEFLATE cannot be inflated.
    #[test]
    fn corrupt_payloads_do_not_inflate() {
        let mut count = 0;
        for case in cases(Role::Server).iter().filter(|case| case.id.as_str().contains("corrupt-")) {
            assert!(matches!(case.expect, Expect::Fail { breaks: Breaks::Rule(_), .. }));
            for item in items(case) {
                let Item::Unanswered(frame) = item else { continue };
                let mut inflater = Inflater::new(Direction { window_bits: 15, takeover: true });
                assert!(inflater.message(&frame.payload.to_vec()).is_err(), "{}", case.id);
                count += 1;
            }
        }
        assert_eq!(count, 18);
    }
}
