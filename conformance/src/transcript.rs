//! The bytes of a case, without an endpoint.

use crate::case::{Case, Inputs, Open};
use crate::context::Context;
use crate::encode::Encoder;
use crate::random::Random;
use crate::step::Step;

impl Case {
    /// The frames that each connection of the case writes: those that are glued to the opening, and the bytes
    /// of each step that writes, without barriers. They depend on the seed and on nothing else.
    #[must_use]
    pub fn transcript(&self, context: &Context, index: u16) -> Vec<Vec<Vec<u8>>> {
        let random = Random::for_script(context.seed, self.id.as_str(), index);
        let turns = self.turns(&mut Inputs { random, capabilities: &context.capabilities, index });
        let turns = turns.into_iter().enumerate().map(|(turn, steps)| {
            let random = Random::for_connection(context.seed, self.id.as_str(), index, turn);
            let mut encoder = Encoder::new(self.role, random);
            if let Some(parameters) = self.open.assumed() {
                encoder.deflate(parameters.direction(self.role.peer()));
            }
            let glued = match &self.open {
                Open::Raw(raw) => Some(encoder.encode(&raw.glued).bytes),
                _ => None,
            };
            let writes = steps.iter().filter_map(|step| match step {
                Step::Write(items) | Step::Split { items, .. } => Some(encoder.encode(items).bytes),
                _ => None,
            });
            glued.filter(|bytes| !bytes.is_empty()).into_iter().chain(writes).collect()
        });
        turns.collect()
    }
}
