//! The suite against endpoints with one fault each: each fault is caught by a family
//! that is named here, and the families that change are those of the golden matrix.
#![allow(unreachable_pub, reason = "other tests use more of the reference endpoint")]

extern crate alloc;

mod reference;

use alloc::collections::{BTreeMap, BTreeSet};
use std::fs;

use reference::Fault::{self, *};
use reference::{Limits, Reference};
use wsconform::{Case, Context, Open, Parameter, Role, Roles, Verdict, Weight, catalogue, run};

/// Which families change with which fault: a line for each fault and role.
const MATRIX: &str = include_str!("golden/faults.txt");

use Roles::{Both, Client, Server};
use Verdict::{Fail, Lenient};

/// A fault, the roles that can have it, and the family that catches it, with its verdict.
const CAUGHT: &[(Fault, Roles, &str, Verdict)] = &[
    (AcceptRsv1, Both, "5.2/rsv", Fail),
    (AcceptRsv2, Both, "5.2/rsv", Fail),
    (AcceptRsv3, Both, "5.2/rsv", Fail),
    (AcceptOpcode3, Both, "5.2/opcode", Fail),
    (AcceptOpcodeB, Both, "5.2/opcode", Fail),
    (IgnoreUnknownOpcode, Both, "5.2/opcode", Fail),
    (AcceptNonMinimal16, Both, "5.2/non-minimal", Fail),
    (AcceptNonMinimal64, Both, "5.2/non-minimal", Fail),
    (AcceptMsb, Both, "5.2/msb", Fail),
    (Length32Bit, Both, "5.2/huge", Fail),
    (LengthLittleEndian, Both, "5.2/binary", Fail),
    (OffByOne126, Both, "5.2/text", Fail),
    (OffByOne65536, Both, "5.2/text", Fail),
    (SumWraps, Both, "5.4/sum-overflow", Fail),
    (HeaderNeedsOneRead, Both, "5.2/split-header", Fail),
    (DropsSecondFrameOfARead, Both, "5.2/one-write", Fail),
    (WaitsForPayloadBeforeCheck, Both, "5.2/early", Lenient),
    (AcceptUnmasked, Server, "5.1/wrong-mask", Fail),
    (AcceptMasked, Client, "5.1/wrong-mask", Fail),
    (ServerMasks, Server, "5.1/server-never-masks", Fail),
    (KeyRestartsPerRead, Server, "5.3/", Fail),
    (ControlNotUnmasked, Server, "5.5.2/ping", Fail),
    (ClientKeyZero, Client, "5.3/client-key-not-zero", Fail),
    (ClientKeyReused, Client, "5.3/client-key-fresh", Fail),
    (ClientKeyCounts, Client, "5.3/client-key-not-sequential", Fail),
    (ClientMasksDataOnly, Client, "5.3/client-masks-all", Fail),
    (Control126Accepted, Both, "5.5/length", Fail),
    (ControlFin0Accepted, Both, "5.5/fin0", Fail),
    (PongCut124, Both, "5.5.2/ping", Fail),
    (PongEmpty, Both, "5.5.2/ping", Fail),
    (PongToPong, Both, "5.5.3/pong", Fail),
    (FirstPongOnly, Both, "5.5.2/pings", Fail),
    (PingEndsMessage, Both, "5.4/between", Fail),
    (PongAfterMessage, Both, "5.4/between", Lenient),
    (PingCheckedForUtf8, Both, "5.5.2/ping", Fail),
    (RecursionLimit100, Both, "5.5.2/pings", Fail),
    (StrayContinuationAccepted, Both, "5.4/stray", Fail),
    (NewMessageInsideAccepted, Both, "5.4/inside", Fail),
    (EmptyFragmentRefused, Both, "5.4/empty", Fail),
    (TypeOfLast, Both, "5.4/fragments", Fail),
    (TypeKept, Both, "5.4/type-reset", Fail),
    (MoreThan99Refused, Both, "5.4/fragments", Fail),
    (CloseInsideIgnored, Both, "5.4/close-between", Fail),
    (CloseInside1002, Both, "5.4/close-between", Lenient),
    (PartialEchoedAtEof, Both, "7.2.1/eof", Fail),
    (Utf8Unchecked, Both, "8.1/invalid", Fail),
    (Utf8Surrogates, Both, "8.1/invalid", Fail),
    (Utf8Overlong2, Both, "8.1/invalid", Fail),
    (Utf8Overlong3, Both, "8.1/invalid", Fail),
    (Utf8Above10ffff, Both, "8.1/invalid", Fail),
    (Utf8FiveBytes, Both, "8.1/invalid", Fail),
    (Utf8CutAtEndAccepted, Both, "8.1/cut", Fail),
    (Utf8StateCarries, Both, "8.1/no-carry", Fail),
    (Utf8CheckedPerFrame, Both, "8.1/split", Fail),
    (Utf8BinaryChecked, Both, "8.1/not-for-binary", Fail),
    (Utf8NoncharRefused, Both, "8.1/nonchar", Fail),
    (Utf8NulRefused, Both, "8.1/valid", Fail),
    (Utf8AtMessageEnd, Both, "8.1/fail-fast", Lenient),
    (Writes1005, Both, "5.5.1/close", Fail),
    (Echoes1004, Both, "7.4/bad-code", Fail),
    (Echoes1006, Both, "7.4/bad-code", Fail),
    (Echoes1016, Both, "7.4/bad-code", Fail),
    (Echoes999, Both, "7.4/bad-code", Fail),
    (AcceptsOneByte, Both, "5.5.1/one-byte-body", Fail),
    (ReasonUnchecked, Both, "5.5.1/reason-bad", Fail),
    (SecondClose, Both, "5.5.1/close", Fail),
    (EchoAfterClose, Both, "5.5.1/after-close", Fail),
    (PongAfterClose, Both, "5.5.1/after-close", Fail),
    (NoReply, Both, "5.5.1/close", Fail),
    (Refuses4999, Both, "7.4/code", Fail),
    (Refuses1012, Both, "7.4/code", Lenient),
    (KeepsTcpOpen, Server, "7.1.1/server-closes-tcp", Lenient),
    (ProcessesAfterFail, Both, "7.1.7/after-offence", Fail),
    (DropsWithoutClose, Both, "5.2/opcode", Lenient),
    (ResetOnFail, Both, "5.2/opcode", Lenient),
    (WrongAccept, Server, "4.2.2/response", Fail),
    (KeyUnchecked, Server, "4.2.1/key", Fail),
    (VersionUnchecked, Server, "4.4/version", Fail),
    (NoVersionField, Server, "4.4/version", Lenient),
    (HostOptional, Server, "9112:3.2/host", Fail),
    (HostTwice, Server, "9112:3.2/host", Fail),
    (ConnectionSubstring, Server, "4.2.1/connection", Fail),
    (ConnectionFirstLineOnly, Server, "4.2.1/accept", Fail),
    (UpgradeSubstring, Server, "4.2.1/upgrade", Fail),
    (PostAccepted, Server, "4.2.1/method", Fail),
    (Http10Accepted, Server, "4.2.1/http", Fail),
    (NamesCaseSensitive, Server, "4.2.1/accept", Fail),
    (GluedLost, Server, "4.2.2/glued", Fail),
    (PongBefore101, Server, "4.2.2/glued", Fail),
    (PiecesRefused, Server, "4.2.1/split", Fail),
    (BodyAsFrames, Server, "9112:6/body", Fail),
    (SpaceBeforeColonAccepted, Server, "9112:5.1/name", Fail),
    (ExtensionUnoffered, Server, "4.2.2/response", Fail),
    (ProtocolUnoffered, Server, "4.2.2/response", Fail),
    (AcceptWithLength, Server, "4.2.2/response", Fail),
    (SilentRefusal, Server, "4.2.1/upgrade", Lenient),
    (HeadUnchecked, Server, "3/target", Fail),
    (LengthUnchecked, Server, "9112:6.3/length", Fail),
    (OffersUnchecked, Server, "9.1/extension-bad", Lenient),
    (FramesAfterRefusal, Server, "9112:11.2/after", Fail),
    (FramesBefore101, Server, "4.2.2/silent", Fail),
    (AcceptUnchecked, Client, "4.1/accept-value", Fail),
    (AcceptIgnoresCase, Client, "4.1/accept-value", Fail),
    (StatusUnchecked, Client, "4.1/status", Fail),
    (UpgradeUnchecked, Client, "4.1/upgrade", Fail),
    (ConnectionUnchecked, Client, "4.1/connection", Fail),
    (ExtensionUnchecked, Client, "4.1/extension", Fail),
    (ProtocolUnchecked, Client, "4.1/protocol", Fail),
    (InterimFails, Client, "9110:15.2/interim", Fail),
    (GluedLostClient, Client, "4.1/glued", Fail),
    (KeyConstant, Client, "4.1/request", Fail),
    (FoldRefused, Client, "9112:5.2/response-fold", Lenient),
    (HttpVersionUnchecked, Client, "4.1/http", Fail),
    (EndIgnored, Client, "4.1/ends", Fail),
    (ResponseHeadUnchecked, Client, "9112:5/field", Lenient),
    (ContentSkipped, Client, "9112:6/response", Lenient),
    (WritesNonMinimal, Both, "any/minimal-length", Fail),
    (WritesRsv, Both, "any/rsv-zero", Fail),
    (WritesUnknownOpcode, Both, "any/known-opcode", Fail),
    (WritesFragmentedPong, Both, "any/control-fin", Fail),
    (WritesLongPong, Both, "any/control-short", Fail),
    (WritesStrayContinuation, Both, "any/fragment-order", Fail),
    (WritesBinaryAsText, Both, "any/utf8", Fail),
    (WritesCloseCode1005, Both, "any/close-code", Fail),
    (WritesAfterClose, Both, "any/nothing-after-close", Fail),
    (Rsv1OnControl, Both, "7692:6.1/rsv1-on", Fail),
    (Rsv1OnContinuation, Both, "7692:6.1/rsv1-on", Fail),
    (PingClearsCompressed, Both, "7692:6.1/ping", Fail),
    (TakeoverIgnored, Both, "7692:7.2.1/takeover", Fail),
    (NoTakeoverIgnored, Both, "7692:7.1.1/own-no-takeover", Fail),
    (WindowIgnored, Both, "7692:7.1.2/own-window", Fail),
    (PlainInflated, Both, "7692:6/plain", Fail),
    (BfinalEnds, Both, "7692:7.2.2/inflate", Lenient),
    (GarbageAccepted, Both, "7692:7.2.2/corrupt", Fail),
    (InflatedTextUnchecked, Both, "8.1/deflate", Fail),
    (Parameter16Agreed, Server, "7692:7/decline", Fail),
    (Parameter16Agreed, Client, "7692:7/refuse", Fail),
    (UnknownParameterAgreed, Server, "7692:7/decline", Fail),
    (UnknownParameterAgreed, Client, "7692:7/refuse", Fail),
    (CmwbUnasked, Server, "7692:7.1.2.2/no-cmwb-unasked", Fail),
    (LimitOnCompressedSize, Both, "7692:8/limit", Lenient),
    (SmwbUnanswered, Server, "7692:7.1.2.1/offer-smwb", Fail),
    (CmwbWithoutValue, Server, "7692:7.1.2.2/offer-cmwb", Fail),
    (ParametersRefused, Client, "7692:7.1.2.2/answer-cmwb", Fail),
    (SmwbRefused, Client, "7692:7.1.2.1/answer-smwb", Lenient),
    (AnswerRefused, Client, "7692:7.1/answer", Fail),
    (RsvUncheckedInDeflate, Both, "7692:6/rsv", Fail),
    (CloseInsideCompressedIgnored, Both, "7692:6.1/close-inside", Fail),
];

/// Whether the size of the case is not its point: those take long, with so many faults.
fn is_quick(case: &Case) -> bool {
    let is_large = case.needs.message > 100_000 || case.id.as_str().ends_with("-1m");
    let id = case.id.as_str();
    let is_one_of_many = ["-1k", "-4k", "8k-256"].iter().all(|size| !id.ends_with(size));
    let is_bulk = id.starts_with("10.4/") || id.starts_with("7692:7.2/") && is_one_of_many;
    case.weight == Weight::Light && !is_large && !is_bulk
}

/// Whether the case needs permessage-deflate. Faults of the extension are compared with these cases, and the
/// other faults with the other cases: each is without effect there, or has the same as in plain messages.
fn is_deflate(case: &Case) -> bool {
    matches!(case.open, Open::Deflate(_) | Open::Extensions(_))
}

/// The families that change with a fault, and the worst verdict of each.
fn changed(cases: &[Case], role: Role, fault: Fault) -> BTreeMap<String, Verdict> {
    let mut context = Context::default();
    context.capabilities.commands = true;
    context.capabilities.deflate = true;
    context.capabilities.parameters = Parameter::ALL.to_vec();
    let is_of_deflate = Fault::ALL.iter().position(|one| *one == fault)
        >= Fault::ALL.iter().position(|one| *one == Rsv1OnControl);
    if fault == SmwbRefused {
        // The probe finds this out.
        context.capabilities.parameters.retain(|parameter| *parameter != Parameter::ServerMaxWindowBits);
    }
    let mut limits = Limits { message: 1 << 30, fragments: 1 << 20 };
    if is_of_deflate {
        limits.message = 1 << 20;
        context.capabilities.max_message = Some(1 << 20);
    }
    let mut changed = BTreeMap::new();
    for case in cases.iter().filter(|case| is_deflate(case) == is_of_deflate) {
        let report = run(case, &context, || Reference::new(role, Some(fault), limits));
        if report.verdict != Verdict::Pass {
            let worst = changed.entry(case.family.clone()).or_insert(report.verdict);
            *worst = report.verdict.max(*worst);
        }
    }
    changed
}

/// The lines of the matrix for endpoints of this role.
fn every_fault_is_caught(role: Role) {
    let cases: Vec<_> = catalogue(role).into_iter().filter(is_quick).collect();
    let (mut matrix, mut missed) = (String::new(), Vec::new());
    for (fault, roles, family, verdict) in CAUGHT {
        if !roles.contain(role) {
            continue;
        }
        let changed = changed(&cases, role, *fault);
        if changed.get(*family) != Some(verdict) {
            missed.push(format!("{fault:?}: {family} is {:?}", changed.get(*family)));
        }
        let families = changed.iter().map(|(family, verdict)| format!(" {family}={verdict}"));
        matrix.push_str(&format!("{role} {fault:?}:{}\n", families.collect::<String>()));
    }
    let path = format!("{}/faults-{role}.txt", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, &matrix).expect("a writable folder");
    assert!(missed.is_empty(), "{missed:#?}");
    let is_of_role = |line: &&str| line.starts_with(&role.to_string());
    let golden: Vec<_> = MATRIX.lines().filter(is_of_role).collect();
    assert_eq!(matrix.lines().collect::<Vec<_>>(), golden, "compare {path} with the golden matrix");
}

#[test]
fn every_fault_of_a_server_is_caught() {
    every_fault_is_caught(Role::Server);
}

#[test]
fn every_fault_of_a_client_is_caught() {
    every_fault_is_caught(Role::Client);
}

/// A family that no fault changes proves nothing.
#[test]
fn every_family_catches_a_fault() {
    let catches = |family: &str| MATRIX.split_whitespace().any(|word| word.split('=').next() == Some(family));
    let both = [catalogue(Role::Server), catalogue(Role::Client)].concat();
    let families: BTreeSet<_> = both.into_iter().filter(is_quick).map(|case| case.family).collect();
    let idle: Vec<_> = families.iter().filter(|family| !catches(family)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn every_fault_is_in_the_table() {
    let mut listed: Vec<_> = CAUGHT.iter().map(|(fault, ..)| *fault).collect();
    // A fault with a line for each role.
    listed.dedup();
    assert_eq!(listed, Fault::ALL);
}
