//! The breadth-first search over all states of a model.

use core::panic::AssertUnwindSafe;
use std::collections::HashSet;
use std::env;
use std::panic::{catch_unwind, resume_unwind};
use std::time::Instant;

use super::finish::check_ways_out;
use super::world::{Act, Name, Outcome, World};

/// What a search has visited.
#[derive(Debug, Default)]
struct Figures {
    states: usize,
    transitions: usize,
    refusals: usize,
}

/// A start, and the steps that can follow.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) start: World,
    pub(crate) acts: Vec<Act>,
    /// The number of steps of the default run. [`DEPTH`] can raise it.
    pub(crate) depth: usize,
    /// The number of states of the default run.
    pub(crate) states: usize,
}

/// The environment variable that raises the number of steps of all models.
const DEPTH: &str = "WEBSOCKET_PROTO_EXPLORE_DEPTH";

/// Whether this is not the default run.
pub(crate) fn is_deep() -> bool {
    env::var(DEPTH).is_ok()
}

/// Visits all states within the depth, and checks each of them.
pub(crate) fn explore(model: &Model) {
    let asked = env::var(DEPTH).map_or(0, |depth| depth.parse().expect("a number of steps"));
    let depth = model.depth.max(asked);
    let began = Instant::now();
    let mut figures = Figures { states: 1, ..Figures::default() };
    let mut seen = HashSet::from([model.start.digest()]);
    let mut level = vec![model.start.clone()];
    let mut reached = 0;
    while !level.is_empty() && reached < depth {
        reached += 1;
        let mut next = vec![];
        for world in level {
            expand(world, &model.acts, &mut figures, |world| {
                let is_new = seen.insert(world.digest());
                if is_new {
                    check_ways_out(&world);
                    // The last states have no successors in this search.
                    if reached < depth {
                        next.push(world);
                    }
                }
                is_new
            });
        }
        level = next;
    }
    let Figures { states, transitions, refusals } = figures;
    let whole = if level.is_empty() && reached < depth { "all states" } else { "bounded" };
    let name = model.name;
    println!(
        "{name}: depth {reached} ({whole}), {states} states, {transitions} transitions, {refusals} refused calls, \
         {:.1?}",
        began.elapsed()
    );
    if !is_deep() {
        // With fewer states, the checks see less; the number is in `docs/testing.md`, too.
        assert_eq!(states, model.states, "another number of states");
    }
}

/// Takes every step that is possible in a state. `visit` returns whether the next state is new.
fn expand(mut world: World, acts: &[Act], figures: &mut Figures, mut visit: impl FnMut(World) -> bool) {
    let digest = world.digest();
    for name in [Name::Client, Name::Server] {
        for &act in acts {
            if !world.is_enabled(name, act) {
                continue;
            }
            let step = || {
                let mut next = world.clone();
                match next.step(name, act) {
                    Outcome::Refused => {
                        assert_eq!(next.digest(), digest, "a refused or late call changes nothing");
                        figures.refusals += 1;
                    }
                    Outcome::Done => {
                        next.check();
                        if matches!(act, Act::Piece | Act::All) {
                            world.check_reads(name, &next);
                        }
                        figures.transitions += 1;
                        figures.states += usize::from(visit(next));
                    }
                }
            };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(step)) {
                println!("failed at {name:?} {act:?} after {:?}", world.trail);
                resume_unwind(panic);
            }
        }
    }
}
