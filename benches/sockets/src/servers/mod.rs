//! The servers. Each has one thread, sets TCP_NODELAY and offers no compression. Those whose name begins with
//! `fanout-` send each message to all connections, the others send it back.

mod backlog;
mod event_loop;
mod fanout_mio;
mod fanout_tokio;
mod fastwebsockets;
mod ours_mio;
mod ours_tokio;
mod runtime;
mod sockudo;
mod tokio_websockets;
mod tungstenite;

use core::net::SocketAddr;

use anyhow::Result;
use clap::ValueEnum;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Server {
    /// websocket-proto on mio, with one receive buffer for all connections
    OursMio,
    /// websocket-proto-tokio
    OursTokio,
    /// tokio-tungstenite
    Tungstenite,
    /// fastwebsockets
    Fastwebsockets,
    /// tokio-websockets
    TokioWebsockets,
    /// sockudo-ws
    Sockudo,
    /// websocket-proto on mio: each message goes to all connections
    FanoutMio,
    /// websocket-proto-tokio: each message goes to all connections
    FanoutTokio,
}

impl Server {
    /// Serves until the process is killed.
    pub fn serve(self, address: SocketAddr) -> Result<()> {
        match self {
            Self::OursMio => ours_mio::serve(address),
            Self::OursTokio => runtime::serve(address, ours_tokio::session),
            Self::Tungstenite => runtime::serve(address, tungstenite::session),
            Self::Fastwebsockets => runtime::serve(address, fastwebsockets::session),
            Self::TokioWebsockets => runtime::serve(address, tokio_websockets::session),
            Self::Sockudo => runtime::serve(address, sockudo::session),
            Self::FanoutMio => fanout_mio::serve(address),
            Self::FanoutTokio => fanout_tokio::serve(address),
        }
    }

    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// The largest message that a server accepts, for those whose default is below 64 MiB.
const MAX_MESSAGE: usize = 64 << 20;
