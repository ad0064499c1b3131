//! The frames that the endpoint writes: a conversation in which it writes many. A runner also judges these
//! cases by the frames of all other cases.

use super::family::{Family, exchange};
use crate::case::{Case, Roles};
use crate::clause::Clause;
use crate::judge::Violation;
use crate::role::Role;
use crate::step::{Frame, Payload, Step};

pub(super) fn cases(role: Role) -> Vec<Case> {
    [keys(role), any(role)].concat()
}

fn case(role: Role, rule: &Rule, roles: Roles) -> Case {
    let (section, name, clause, title, violations) = *rule;
    Family::new(role, section, name, clause).roles(roles).obey("", title, violations, conversation())
}

/// Section, name, clause, title, violations.
type Rule = (&'static str, &'static str, Clause, &'static str, &'static [Violation]);

fn keys(role: Role) -> Vec<Case> {
    let masks = Clause::rfc6455("5.1", "discussed in Section 10.3, a client MUST mask all frames that it");
    let fresh = Clause::rfc6455("5.3", "When preparing a masked frame, the client MUST pick a fresh masking");
    let entropy =
        Clause::rfc6455("5.3", "be unpredictable; thus, the masking key MUST be derived from a strong");
    let predict =
        Clause::rfc6455("5.3", "make it simple for a server/proxy to predict the masking key for a");
    let never = Clause::rfc6455("5.1", "A server MUST NOT mask any frames that it sends to");
    let of_clients: [Rule; 4] = [
        ("5.3", "client-masks-all", masks, "the client masks every frame", &[Violation::Unmasked]),
        (
            "5.3",
            "client-key-fresh",
            fresh,
            "the client masks each frame with a fresh key",
            &[Violation::KeyNotFresh],
        ),
        ("5.3", "client-key-not-zero", entropy, "the client does not mask with zeros", &[Violation::KeyZero]),
        (
            "5.3",
            "client-key-not-sequential",
            predict,
            "the masking keys of the client do not follow from each other",
            &[Violation::KeyCounts],
        ),
    ];
    let of_servers: Rule =
        ("5.1", "server-never-masks", never, "the server masks no frame", &[Violation::Masked]);
    let mut cases: Vec<_> = of_clients.iter().map(|rule| case(role, rule, Roles::Client)).collect();
    cases.push(case(role, &of_servers, Roles::Server));
    cases
}

fn any(role: Role) -> Vec<Case> {
    use Violation::{
        CloseBodyTooShort, CloseCode, CloseTwice, ControlFragmented, ControlTooLong, DataAfterClose,
        LengthNotMinimal, LengthTooLarge, MessageInside, ReasonNotUtf8, ReservedBits, StrayContinuation,
        TextNotUtf8, UnknownOpcode,
    };
    let minimal = Clause::rfc6455("5.2", "in all cases, the minimal number of bytes MUST be used to encode");
    let reserved =
        Clause::rfc6455("5.2", "MUST be 0 unless an extension is negotiated that defines meanings");
    let opcode = Clause::rfc6455("5.2", "%xB-F are reserved for further control frames");
    let control_fin = Clause::rfc6455("5.4", "Control frames themselves MUST NOT be");
    let control_len =
        Clause::rfc6455("5.5", "All control frames MUST have a payload length of 125 bytes or less");
    let order = Clause::rfc6455("5.4", "The fragments of one message MUST NOT be interleaved between the");
    let utf8 = Clause::rfc6455("5.6", "however, the whole message MUST contain valid UTF-8.  Invalid");
    let code = Clause::rfc6455("7.4.1", "is a reserved value and MUST NOT be set as a status code in a");
    let once =
        Clause::rfc6455("5.5.1", "If an endpoint receives a Close frame and did not previously send a");
    let after =
        Clause::rfc6455("5.5.1", "The application MUST NOT send any more data frames after sending a");
    let rules: [Rule; 10] = [
        (
            "any",
            "minimal-length",
            minimal,
            "every length is in its shortest form",
            &[LengthNotMinimal, LengthTooLarge],
        ),
        ("any", "rsv-zero", reserved, "no frame has a reserved bit", &[ReservedBits]),
        ("any", "known-opcode", opcode, "no frame has a reserved opcode", &[UnknownOpcode]),
        ("any", "control-fin", control_fin, "no control frame is fragmented", &[ControlFragmented]),
        ("any", "control-short", control_len, "no control frame has more than 125 bytes", &[ControlTooLong]),
        ("any", "fragment-order", order, "fragments are in order", &[StrayContinuation, MessageInside]),
        ("any", "utf8", utf8, "text and close reasons are UTF-8", &[TextNotUtf8, ReasonNotUtf8]),
        ("any", "close-code", code, "every Close has a legal code or none", &[CloseCode, CloseBodyTooShort]),
        ("any", "close-once", once, "there is one Close in a connection", &[CloseTwice]),
        ("any", "nothing-after-close", after, "no data follows the Close", &[DataAfterClose]),
    ];
    rules.iter().map(|rule| case(role, rule, Roles::Both)).collect()
}

/// Messages of both kinds and of all length forms, fragments and Pings. The replies are at least 30 frames
/// with a payload: enough to say something about masking keys.
fn conversation() -> Vec<Step> {
    let mut steps = Vec::new();
    for len in [1, 2, 5, 64, 124, 125, 126, 127, 1000, 65_535, 65_536] {
        steps.extend(exchange([Frame::text(Payload::ascii(len))]));
        steps.extend(exchange([Frame::binary(Payload::counting(len))]));
        steps.extend(exchange([Frame::ping(Payload::ascii(len.min(125)))]));
    }
    steps.extend(exchange([Frame::text("")]));
    steps.extend(exchange([Frame::text(b"\xce").unfinished(), Frame::continuation(b"\xba\xe1\xbd\xb9")]));
    steps.extend(exchange([Frame::binary(b"\xff\xfe").unfinished(), Frame::continuation("")]));
    steps
}
