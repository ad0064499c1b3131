//! Messages in parts ([`Delivery::Parts`]).

use websocket_proto::{Client, Connection, Delivery, ReceiveBuffer, Server};

use super::chunking::cut;
use super::script::Script;
use super::start::{config, for_role, start};
use crate::support::{Joiner, Keys, Seen, Side};

/// After each read, the parts joined are the messages, and the output and the error are the same. Each part
/// has bytes or is the last.
///
/// The first byte of the input has options: 1 for a client, 4 for small limits, 8 for permessage-deflate. A
/// string follows, with its length in the byte before it: the sizes of the reads. The rest is the input from
/// the peer.
pub fn parts(input: &[u8]) {
    for_role(input, run::<Server>, run::<Client<Keys>>)
}

fn run<R: Side>(input: &[u8]) {
    let mut script = Script(input);
    let options = script.byte();
    let reads = script.bytes();
    let mut config = config(options & !2, [100, 70]);
    let mut whole = End::<R>::new(start(config, options));
    config.delivery = Delivery::Parts;
    let mut in_parts = End::<R>::new(start(config, options));
    for read in cut(script.0, reads) {
        whole.read(read);
        in_parts.read(read);
        assert_eq!(in_parts.seen, whole.seen);
        assert_eq!((in_parts.error, &in_parts.out), (whole.error, &whole.out));
        assert_eq!(in_parts.connection.state(), whole.connection.state());
        assert_eq!(in_parts.connection.close_status(), whole.connection.close_status());
    }
}

struct End<R: Side> {
    connection: Connection<R>,
    inbound: ReceiveBuffer<Vec<u8>>,
    out: Vec<u8>,
    seen: Vec<Seen>,
    joiner: Joiner,
    error: Option<websocket_proto::Error>,
}

impl<R: Side> End<R> {
    fn new(connection: Connection<R>) -> Self {
        let inbound = ReceiveBuffer::with_retained_capacity(64);
        Self { connection, inbound, out: vec![], seen: vec![], joiner: Joiner::default(), error: None }
    }

    fn read(&mut self, read: &[u8]) {
        assert_eq!(self.inbound.feed(read), read.len());
        loop {
            let event = match self.connection.receive(&mut self.inbound, &mut self.out) {
                Ok(Some(event)) => event,
                Ok(None) => return,
                Err(error) => {
                    self.error = Some(error);
                    return;
                }
            };
            self.seen.extend(self.joiner.seen(&event));
        }
    }
}
