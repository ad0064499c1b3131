//! The drivers of the peers, one in each file.

use crate::Peer;

pub mod baseline;
pub mod fastwebsockets;
pub mod ours;
pub mod sockudo;
pub mod soketto;
pub mod tokio_websockets;
pub mod tungstenite;
pub mod web_socket;
pub mod websocket_sans_io;
pub mod ws_framer;
#[cfg(have_wslay)]
pub mod wslay;
#[cfg(feature = "wtx")]
pub mod wtx;
pub mod yawc;

pub fn all() -> Vec<Box<dyn Peer>> {
    let mut v: Vec<Box<dyn Peer>> = Vec::new();
    v.push(Box::new(ours::Ours));
    v.push(Box::new(tungstenite::Tungstenite));
    v.push(Box::new(fastwebsockets::FastWebsockets));
    v.push(Box::new(tokio_websockets::TokioWebsockets));
    v.push(Box::new(soketto::Soketto));
    v.push(Box::new(web_socket::WebSocketCrate));
    v.push(Box::new(websocket_sans_io::WebsocketSansIo));
    v.push(Box::new(ws_framer::WsFramer));
    v.push(Box::new(yawc::Yawc));
    v.push(Box::new(sockudo::Sockudo));
    v.push(Box::new(sockudo::SockudoStream));
    #[cfg(feature = "wtx")]
    v.push(Box::new(wtx::Wtx));
    #[cfg(have_wslay)]
    v.push(Box::new(wslay::Wslay));
    v.extend(baseline::all());
    v
}

/// Returns the payloads of a workload that sends, again and again.
pub struct Cursor {
    payloads: Vec<&'static [u8]>,
    at: usize,
}

impl Cursor {
    pub fn new(w: &crate::workload::Workload) -> Self {
        Cursor { payloads: w.payloads.clone(), at: 0 }
    }
    #[inline(always)]
    pub fn next(&mut self) -> &'static [u8] {
        let p = self.payloads[self.at];
        self.at += 1;
        if self.at == self.payloads.len() {
            self.at = 0;
        }
        p
    }
}
