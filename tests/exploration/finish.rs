//! The ways out: from every state, schedules without a choice lead each endpoint to its end.

use websocket_proto::{State, TransportAction};

use super::endpoint::{Endpoint, Send, Side};
use super::world::{Act, Name, Outcome, World};

/// Enough for every schedule: a fragmented message, both Close frames, and four deadlines for each endpoint.
const MOST_STEPS: usize = 60;

/// Checks every way out of this state.
pub(crate) fn check_ways_out(world: &World) {
    ends_with_transport(&world.client);
    ends_with_transport(&world.server);
    ends_alone(&world.client, world.now);
    ends_alone(&world.server, world.now);
    end_together(world.clone());
}

/// `receive_eof` ends an endpoint at once.
fn ends_with_transport<R: Side>(endpoint: &Endpoint<R>) {
    let mut endpoint = endpoint.clone();
    endpoint.receive_eof();
    endpoint.check();
    assert_eq!(endpoint.machine.state(), State::End);
    assert_eq!(endpoint.machine.transport_action(), TransportAction::Close);
}

/// The deadlines end an endpoint whose peer is silent.
fn ends_alone<R: Side>(endpoint: &Endpoint<R>, now: core::time::Duration) {
    let (mut endpoint, mut now) = (endpoint.clone(), now);
    for _ in 0..MOST_STEPS {
        while endpoint.machine.waiting_signals() > 0 {
            endpoint.handle_signal();
        }
        endpoint.write();
        endpoint.flush_reply();
        endpoint.write();
        endpoint.sends = 1;
        if endpoint.must_answer {
            assert_eq!(endpoint.send(Send::Reject), Ok(()));
        }
        let must_close = !endpoint.config.auto_close && endpoint.ledger.close_known.is_some();
        if must_close && endpoint.machine.can_send() {
            assert_eq!(endpoint.send(Send::CloseEmpty), Ok(()));
        }
        endpoint.write();
        if endpoint.machine.transport_action() == TransportAction::Close {
            return;
        }
        if let Some(deadline) = endpoint.tick(now) {
            now = deadline;
        }
        endpoint.check();
    }
    panic!("a silent peer keeps this endpoint open");
}

/// Both endpoints read and write all bytes, then close.
fn end_together(mut world: World) {
    (world.client.sends, world.server.sends) = (9, 9);
    for _ in 0..MOST_STEPS {
        if world.client.has_ended && world.server.has_ended {
            return;
        }
        if !goes_on(&mut world) && !closes(&mut world) {
            // Only a deadline helps.
            for name in [Name::Client, Name::Server] {
                world.passes = 1;
                if world.is_enabled(name, Act::Pass) {
                    world.step(name, Act::Pass);
                }
            }
        }
        world.check();
    }
    panic!("no end: client {:?}, server {:?}", world.client.ledger, world.server.ledger);
}

/// Takes a step that needs no decision.
fn goes_on(world: &mut World) -> bool {
    for name in [Name::Client, Name::Server] {
        for act in [
            Act::Handle,
            Act::Write,
            Act::Send(Send::Accept),
            Act::All,
            Act::Byte,
            Act::Flush,
            Act::Shut,
            Act::Eof,
        ] {
            if world.is_enabled(name, act) {
                let before = world.digest();
                assert_eq!(world.step(name, act), Outcome::Done);
                // There can never be room for a reply.
                if act != Act::Flush || world.digest() != before {
                    return true;
                }
            }
        }
    }
    false
}

/// An application closes.
fn closes(world: &mut World) -> bool {
    for name in [Name::Client, Name::Server] {
        let can_send = match name {
            Name::Client => world.client.machine.can_send() && !world.client.is_shut,
            Name::Server => world.server.machine.can_send() && !world.server.is_shut,
        };
        if can_send {
            assert_eq!(world.step(name, Act::Send(Send::CloseEmpty)), Outcome::Done);
            return true;
        }
    }
    false
}
