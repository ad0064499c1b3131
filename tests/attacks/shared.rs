//! Helpers that several modules share.

use arrayvec::ArrayVec;
use websocket_proto::{
    Accept, Config, Connection, Delivery, Error, HandshakeError, ReceiveBuffer, Role, State, TransportAction,
};

use crate::support::{Outcome, REQUEST, every_way, with_field};

/// A server reads this, however it is split, and accepts each request.
pub(crate) fn serve(wire: &[u8]) -> Outcome {
    every_way(&Connection::server(Config::default()), wire, |server, out| {
        server.accept(Accept::new(), out).unwrap()
    })
}

/// One refusal and no more, whatever follows (HTTP-21): the status, `Connection: close`, and the end.
#[track_caller]
pub(crate) fn assert_refused(wire: &[u8], error: HandshakeError) {
    let shown = wire.escape_ascii();
    let outcome = serve(wire);
    assert_eq!((outcome.error, &outcome.events[..]), (Some(Error::Handshake(error)), &[][..]), "{shown}");
    assert_eq!((outcome.state, outcome.transport_action), (State::End, TransportAction::Close));
    let text = String::from_utf8(outcome.out.clone()).unwrap();
    let status = error.http_status().unwrap();
    assert!(
        text.starts_with(&format!("HTTP/1.1 {status} ")) && text.matches("HTTP/1.1 ").count() == 1,
        "{shown}: {text}"
    );
    // RFC 9110 §7.8: the sender of Upgrade lists it in Connection.
    let connection = if status == 426 { "close, Upgrade" } else { "close" };
    assert!(text.contains(&format!("\r\nConnection: {connection}\r\n")), "{text}");
    let pipelined = [wire, b"\r\n\r\n", REQUEST, REQUEST, b"\x89\x80\0\0\0\0"].concat();
    assert_eq!(serve(&pipelined), outcome, "what follows is discarded: {shown}");
}

/// A request with another line for this field.
pub(crate) fn request(name: &str, line: &str) -> Vec<u8> {
    with_field(REQUEST, name, if line.is_empty() { String::new() } else { format!("{line}\r\n") })
}

pub(crate) fn unlimited(delivery: Delivery) -> Config {
    let mut config = Config::default();
    (config.max_message_size, config.max_frame_size, config.max_fragments) = (u64::MAX, u64::MAX, u32::MAX);
    (config.max_head_size, config.max_header_line, config.max_headers) = (usize::MAX, usize::MAX, usize::MAX);
    config.delivery = delivery;
    config
}

/// Receives `wire` in reads of this many bytes, with an outbound buffer without room, and returns the number
/// of events. The buffer doubles once if a read ends inside a frame; while it moves, it uses the memory of
/// three reads.
pub(crate) fn count_events<R: Role>(
    connection: &mut Connection<R>,
    wire: &[u8],
    read: usize,
) -> Result<usize, Error> {
    let (mut inbound, mut out, mut events) = (ReceiveBuffer::new(), ArrayVec::<u8, 0>::new(), 0);
    for chunk in wire.chunks(read) {
        inbound.spare_mut(read)[..chunk.len()].copy_from_slice(chunk);
        inbound.advance(chunk.len());
        while connection.receive(&mut inbound, &mut out)?.is_some() {
            events += 1;
        }
    }
    Ok(events)
}
