//! The size of the window (RFC 7692 §7.1.2), judged by the distances that appear on the wire.

use super::{deflated, whole};
use crate::capabilities::Parameter;
use crate::case::Case;
use crate::catalogue::family::Family;
use crate::clause::Clause;
use crate::deflate::Blocks;
use crate::judge::{Parameters, Token};
use crate::random::Random;
use crate::role::Role;
use crate::step::{BINARY, Frame};

const OWN: Clause =
    Clause::new(7692, "7.2.1", "LZ77 sliding window longer than the w-th power of 2 bytes to compress");
const OUR: Clause =
    Clause::new(7692, "7.2.2", "the w-th power of 2 bytes.  Otherwise, the client MUST use a");

pub(super) fn cases(role: Role) -> Vec<Case> {
    [own(role), our(role)].concat()
}

/// The parameter that limits the window of an endpoint of this role.
fn window_of(role: Role, bits: u8) -> (Parameters, Parameter) {
    let none = Parameters::default();
    match role {
        Role::Server => (Parameters { smwb: Some(bits), ..none }, Parameter::ServerMaxWindowBits),
        Role::Client => (Parameters { cmwb: Some(Some(bits)), ..none }, Parameter::ClientMaxWindowBits),
    }
}

/// Random bytes of 64 values: they can be compressed, and are repeated nowhere.
fn bytes(bits: u8, len: usize) -> Vec<u8> {
    let mut random = Random::new(1, "window", bits.into());
    (0..len).map(|_| b'0' + random.below(64).to_le_bytes()[0]).collect()
}

/// Bytes that are repeated just beyond the window. An endpoint with a larger one refers to them.
fn own(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:7.1.2", "own-window", OWN);
    let cases = (8..=15).map(|bits| {
        let (parameters, parameter) = window_of(role, bits);
        let once = bytes(bits, (1_usize << bits) + 200);
        let twice = once.repeat(2);
        let len = twice.len();
        let message = |payload: Vec<u8>| deflated(Frame::binary(payload));
        let items = vec![message(once.clone()), message(once), message(twice)];
        let title = format!("bytes that are repeated beyond a window of 2^{bits} bytes of the endpoint");
        let case = family.echo_deflated(bits, title, items).deflate(parameters);
        supported(case.needs_parameter(parameter).needs_message(len), bits, role)
    });
    cases.collect()
}

/// A reference across the whole window.
fn our(role: Role) -> Vec<Case> {
    let family = Family::new(role, "7692:7.1.2", "our-window", OUR);
    let cases = (8..=15).map(|bits| {
        let (parameters, parameter) = window_of(role.peer(), bits);
        let distance = 1_u16 << bits;
        let start = bytes(bits, distance.into());
        let again = Token::Match { length: 100, distance };
        let plain: Vec<u8> = start.iter().chain(start.iter().take(100)).copied().collect();
        let len = plain.len();
        let items = vec![whole(BINARY, Blocks::new().stored(&start).fixed([again]).message(), plain)];
        let title = format!("a match at a distance of 2^{bits} bytes, which is the agreed window");
        let case = family.echo_deflated(bits, title, items).deflate(parameters);
        let case = case.needs_window(bits).needs_message(len);
        // A server may ignore the parameter, and then has a window of 2^15 bytes.
        let case = if role == Role::Client { case.needs_parameter(parameter) } else { case };
        supported(case, bits, role)
    });
    cases.collect()
}

/// zlib has no window of 2^8 bytes, and a client does not have to support each answer.
fn supported(case: Case, bits: u8, role: Role) -> Case {
    if bits == 8 && role == Role::Client { case.may_be_refused(None) } else { case }
}
