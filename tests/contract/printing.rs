//! What the types print: never a payload, which can be a secret. The errors, also as `std::io::Error`.

use core::time::Duration;

use websocket_proto::{
    BufferSlot, Config, EntropyError, Error, HandshakeError, ProtocolError, ReceiveBuffer, SendBuffer as _,
    SendSlice, SharedBuffer,
};

use crate::support::{Side, filled, frame, split};

#[test]
fn buffers_print_sizes_only() {
    assert_eq!(format!("{:?}", filled(b"secret")), "ReceiveBuffer { message: 0, unread: 6, memory: 6 }");
    assert_eq!(
        format!("{:?}", ReceiveBuffer::fixed(&mut [0; 200])),
        "ReceiveBuffer { message: 0, unread: 0, memory: 200 }"
    );
    let mut memory = [0; 10];
    let mut out = SendSlice::new(&mut memory);
    out.push(b"secret");
    assert_eq!(format!("{out:?}"), "SendSlice { len: 6, remaining_capacity: 4 }");

    let (mut shared, mut slot) = (SharedBuffer::default(), BufferSlot::default());
    assert_eq!(format!("{shared:?}"), "SharedBuffer { memory: 0, .. }");
    let mut inbound = shared.attach(&mut slot);
    assert_eq!(inbound.feed(b"secret"), 6);
    let printed = format!("{inbound:?}");
    assert!(printed.starts_with("AttachedBuffer { buffer: ReceiveBuffer { message: 0, unread: 6, memory: "));
    drop(inbound);
    assert_eq!(
        format!("{slot:?}"),
        "BufferSlot { buffer: ReceiveBuffer { message: 0, unread: 6, memory: 6 } }"
    );
}

both_roles!(signals_print_no_payload);
fn signals_print_no_payload<R: Side>() {
    for (wire, printed) in [
        (frame::<R>(0x89, b"secret"), r#"Signal("Pong")"#),
        (frame::<R>(0x88, b"\x03\xe8secret"), r#"Signal("Closed", Some(NORMAL_CLOSURE))"#),
        (frame::<R>(0x83, b"secret"), r#"Signal("Failed", ReservedOpcode)"#),
    ] {
        let (mut reader, _) = split(R::open(Config::default()));
        let _ = reader.receive(&mut filled(&wire));
        assert_eq!(reader.signal().map(|signal| format!("{signal:?}")).as_deref(), Some(printed));
    }
    let (mut reader, _) = split(R::open(Config::default()));
    reader.tick(Duration::ZERO);
    reader.tick(Duration::from_secs(20));
    assert_eq!(format!("{:?}", reader.signal()), r#"Some(Signal("Silence"))"#);
    assert!(reader.receive(&mut filled(&frame::<R>(0x82, b"x"))).is_ok());
    reader.tick(Duration::from_secs(21));
    assert_eq!(format!("{:?}", reader.signal()), r#"Some(Signal("Activity"))"#);
}

#[test]
fn an_error_prints_the_text_of_its_cause() {
    assert_eq!(
        Error::from(HandshakeError::NotAnUpgrade).to_string(),
        HandshakeError::NotAnUpgrade.to_string()
    );
    assert_eq!(Error::from(ProtocolError::InvalidUtf8).to_string(), ProtocolError::InvalidUtf8.to_string());
    assert_eq!(
        Error::WrongBuffer.to_string(),
        "the receive buffer is not the one that has the rest of this connection's input"
    );
    assert_eq!(EntropyError.to_string(), "the source of random bytes failed");
}

#[cfg(feature = "std")]
#[test]
fn an_error_becomes_an_io_error_of_its_kind() {
    use std::io;

    use websocket_proto::{AcceptError, SendError, Timeout};

    #[track_caller]
    fn check(error: impl core::error::Error + Into<io::Error>, kind: io::ErrorKind) {
        let text = error.to_string();
        let error: io::Error = error.into();
        assert_eq!((error.kind(), error.to_string()), (kind, text));
    }
    // What the peer sent, what the time did, and what the caller did.
    check(Error::WrongBuffer, io::ErrorKind::InvalidData);
    check(HandshakeError::NotAnUpgrade, io::ErrorKind::InvalidData);
    check(ProtocolError::InvalidUtf8, io::ErrorKind::InvalidData);
    check(Timeout::Pong, io::ErrorKind::TimedOut);
    check(SendError::Full, io::ErrorKind::InvalidInput);
    check(AcceptError::InvalidStatus, io::ErrorKind::InvalidInput);
}
