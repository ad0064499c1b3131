//! The negotiation of permessage-deflate (RFC 7692 §5, §7.1): the answers that a client accepts.

use websocket_proto::HandshakeError;

use crate::support_deflate::deflate;

use super::negotiation::{all, answer, asking, extensions_field, judged};

/// PMD-06 (RFC 7692 §7.1).
#[test]
fn valid_answers_are_accepted() {
    let ready = deflate(12, 11, true, true);
    for (most, value, agreed) in [
        (all(), "", None),
        (all(), "permessage-deflate", Some(all())),
        (all(), "permessage-deflate; server_no_context_takeover", Some(deflate(15, 15, false, true))),
        (all(), "permessage-deflate; client_no_context_takeover", Some(deflate(15, 15, true, false))),
        (all(), "permessage-deflate; server_max_window_bits=8", Some(deflate(8, 15, true, true))),
        (all(), "permessage-deflate; server_max_window_bits=\"15\"", Some(all())),
        (all(), "permessage-deflate; client_max_window_bits=8", Some(deflate(15, 8, true, true))),
        (ready, "permessage-deflate; server_max_window_bits=12", Some(deflate(12, 15, true, true))),
        (
            ready,
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
            Some(deflate(9, 10, true, true)),
        ),
        // §7.1.2.2: the hint does not bind the server
        (
            ready,
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=13",
            Some(deflate(9, 13, true, true)),
        ),
        (
            deflate(15, 15, false, false),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            Some(deflate(15, 15, false, false)),
        ),
        (
            deflate(15, 15, false, false),
            "permessage-deflate; server_no_context_takeover",
            Some(deflate(15, 15, false, true)),
        ),
    ] {
        assert_eq!(judged(Some(most), value), Ok(agreed), "{value}");
    }
    for (most, offer) in [
        (deflate(15, 15, true, true), "permessage-deflate; client_max_window_bits"),
        (
            deflate(10, 9, true, true),
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9",
        ),
        (
            deflate(15, 15, false, false),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
        ),
        // Numbers outside 8 to 15.
        (deflate(0, 255, true, true), "permessage-deflate; server_max_window_bits=8; client_max_window_bits"),
    ] {
        assert_eq!(extensions_field(&asking(Some(most)).1).as_deref(), Some(offer));
        // A server that is ready for all takes it, and the client the answer.
        let (value, agreed, _) = answer(Some(all()), offer);
        assert_eq!(judged(Some(most), &value.unwrap()), Ok(agreed));
    }
}

/// PMD-07 (RFC 7692 §7), attack D2.
#[test]
fn invalid_answers_fail_the_connection() {
    for value in [
        "permessage-deflate; x",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=0",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=1000",
        "permessage-deflate; server_max_window_bits=abc",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=99999999999999999999",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=10; client_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        // Twice: both would claim RSV1 (EX-06).
        "permessage-deflate, permessage-deflate",
        "permessage-deflate\r\npermessage-deflate; server_no_context_takeover",
    ] {
        assert_eq!(judged(Some(all()), value), Err(HandshakeError::InvalidDeflate), "{value}");
    }
    // What the offer has asked for and the answer does not give.
    for (most, value) in [
        (deflate(10, 15, true, true), "permessage-deflate"),
        (deflate(10, 15, true, true), "permessage-deflate; server_max_window_bits=11"),
        (deflate(10, 15, true, true), "permessage-deflate; client_max_window_bits=10"),
        (deflate(15, 15, false, true), "permessage-deflate"),
        (deflate(15, 15, false, true), "permessage-deflate; client_no_context_takeover"),
    ] {
        assert_eq!(judged(Some(most), value), Err(HandshakeError::InvalidDeflate), "{value}");
    }
    assert_eq!(judged(Some(all()), "permessage-deflate;"), Err(HandshakeError::InvalidExtensions));
    for value in
        ["x", "permessage-deflate, x", "x, permessage-deflate", "permessage-bzip2", "PERMESSAGE-DEFLATE"]
    {
        assert_eq!(judged(Some(all()), value), Err(HandshakeError::ExtensionNotOffered), "{value}");
    }
    assert_eq!(judged(None, "permessage-deflate"), Err(HandshakeError::ExtensionNotOffered));
}
