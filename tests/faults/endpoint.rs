//! What surrounds an endpoint: its source of keys, its output buffer, and its peer.

use alloc::rc::Rc;
use core::cell::Cell;

use websocket_proto::wire::LengthForm;
use websocket_proto::{
    Client, Config, Connection, Delivery, Entropy, EntropyError, Negotiated, Role, Server,
};

use crate::support::{KEY, frame_with};
use crate::table::{Row, handshake};

/// A source of keys that fails at one call. Its keys are 1, 2, 3 …; a failed call takes none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    calls: Rc<Cell<usize>>,
    keys: Rc<Cell<u32>>,
    /// The number of the call that fails; 0 for none.
    fails_at: Rc<Cell<usize>>,
}

impl Source {
    /// The number of calls so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.get()
    }

    /// Makes the `n`-th call from now on fail.
    pub(crate) fn fail_in(&self, n: usize) {
        self.fails_at.set(self.calls() + n);
    }
}

impl Entropy for Source {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.calls.set(self.calls() + 1);
        if self.calls() == self.fails_at.get() {
            return Err(EntropyError);
        }
        self.keys.set(self.keys.get() + 1);
        let key = self.keys.get().to_be_bytes();
        bytes.iter_mut().zip(key.into_iter().cycle()).for_each(|(to, byte)| *to = byte);
        Ok(())
    }
}

/// How the endpoint of a row is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    /// Whether the connection is split.
    pub(crate) is_split: bool,
    /// Whether permessage-deflate was negotiated.
    pub(crate) has_deflate: bool,
    pub(crate) max_write_buffer: usize,
    pub(crate) delivery: Delivery,
}

impl Setup {
    /// A whole connection and a split one, each without and with permessage-deflate.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let compressions = if cfg!(feature = "deflate") { &[false, true][..] } else { &[false] };
        compressions.iter().flat_map(|&has_deflate| {
            [false, true].map(|is_split| Self {
                is_split,
                has_deflate,
                max_write_buffer: usize::MAX,
                delivery: Delivery::Messages,
            })
        })
    }

    /// [`all`](Self::all), with messages delivered whole and in parts.
    pub(crate) fn all_deliveries() -> impl Iterator<Item = Self> {
        let deliveries = [Delivery::Messages, Delivery::Parts];
        Self::all().flat_map(move |setup| deliveries.map(|delivery| Self { delivery, ..setup }))
    }

    pub(crate) fn config(self) -> Config {
        let config = Config::new().max_write_buffer(self.max_write_buffer).delivery(self.delivery);
        #[cfg(feature = "deflate")]
        let config = config.deflate(self.has_deflate.then(websocket_proto::DeflateConfig::default));
        config
    }

    fn negotiated(self) -> Negotiated {
        #[cfg(feature = "deflate")]
        if self.has_deflate {
            return Negotiated::new().with_deflate(websocket_proto::DeflateParams::new());
        }
        Negotiated::new()
    }

    /// An open connection.
    pub(crate) fn open<R: Endpoint>(self, source: &Source, config: Config) -> Connection<R> {
        Connection::established(R::with(source), self.negotiated(), config)
    }
}

/// A role of the table.
pub(crate) trait Endpoint: Role + Clone + 'static {
    /// Whether it is a server, whose peer masks its frames (§5.1).
    const PEER_MASKS: bool;
    type Peer: Endpoint;

    /// The role; a client takes its keys from `source`.
    fn with(source: &Source) -> Self;
    /// The operations that only this role has.
    fn own_rows(setup: Setup) -> Vec<Row<Self>>;

    fn name() -> &'static str {
        if Self::PEER_MASKS { "server" } else { "client" }
    }

    /// A frame as the peer sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let key = Self::PEER_MASKS.then_some(KEY);
        frame_with(first, payload, key, LengthForm::Minimal, payload.len() as u64)
    }
}

impl Endpoint for Server {
    const PEER_MASKS: bool = true;
    type Peer = Client<Source>;

    fn with(_: &Source) -> Self {
        Self::new()
    }

    fn own_rows(setup: Setup) -> Vec<Row<Self>> {
        handshake::of_server(setup)
    }
}

impl Endpoint for Client<Source> {
    const PEER_MASKS: bool = false;
    type Peer = Server;

    fn with(source: &Source) -> Self {
        Self::new(source.clone())
    }

    fn own_rows(setup: Setup) -> Vec<Row<Self>> {
        handshake::of_client(setup)
    }
}
