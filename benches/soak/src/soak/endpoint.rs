//! A connection in one piece, or as two halves.

use core::time::Duration;

use anyhow::{Result, bail};
use tokio::net::TcpStream;
use tokio::time::timeout;
use websocket_proto_tokio::{
    ClientRequest, CloseCode, CloseFrame, Config, DeflateConfig, DeflateParams, Error, Message, MessageKind,
    Receiver, Sender, WebSocket, client,
};

use super::Soak;
use crate::payload;

pub enum Endpoint {
    Whole(Box<WebSocket<TcpStream>>),
    Halves(Sender, Box<Receiver<TcpStream>>),
}

/// An opening handshake may wait for those of all others.
const OPEN: Duration = Duration::from_secs(30);

impl Endpoint {
    /// Opens a connection. Returns whether it compresses.
    pub async fn open(soak: &Soak, slot: u32) -> Result<(Self, bool)> {
        let _permit = soak.opening.acquire().await?;
        let stream = timeout(OPEN, TcpStream::connect(soak.address)).await??;
        stream.set_nodelay(true)?;
        let config = config(soak, slot);
        let request = ClientRequest::new(format!("ws://{}/", soak.address));
        let (ws, response) = client(stream, request, config).await?;
        let compresses = response.headers().contains_key("sec-websocket-extensions");
        if compresses != config.deflate.is_some() {
            bail!("permessage-deflate was offered: {}, accepted: {compresses}", config.deflate.is_some());
        }
        if slot % 4 == 1 {
            let (sender, receiver) = ws.split();
            return Ok((Self::Halves(sender, Box::new(receiver)), compresses));
        }
        Ok((Self::Whole(Box::new(ws)), compresses))
    }

    pub async fn receive(&mut self) -> Result<Option<Message>, Error> {
        match self {
            Self::Whole(ws) => ws.receive().await,
            Self::Halves(_, receiver) => receiver.receive().await,
        }
    }

    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        match self {
            Self::Whole(ws) => ws.send(message).await,
            Self::Halves(sender, _) => sender.send(message).await,
        }
    }

    /// Sends a message in fragments. If there is a Ping, it follows the first fragment, or the message if the
    /// halves send it.
    pub async fn send_fragments(
        &mut self,
        message: &Message,
        cuts: &[usize],
        ping: Option<Message>,
    ) -> Result<(), Error> {
        let kind = if message.as_text().is_some() { MessageKind::Text } else { MessageKind::Binary };
        let all = payload::bytes(message);
        let ends = cuts.iter().copied().chain([all.len()]);
        let parts =
            [0].into_iter().chain(cuts.iter().copied()).zip(ends).map(|(start, end)| &all[start..end]);
        match (self, ping) {
            (Self::Whole(ws), Some(ping)) => {
                let (mut ping, last) = (Some(ping), cuts.len());
                for (number, part) in parts.enumerate() {
                    ws.send_fragment(kind, part, number == last).await?;
                    if let Some(ping) = ping.take() {
                        ws.send(ping).await?; // §5.4: control frames may be in the middle of a message
                    }
                }
                Ok(())
            }
            (Self::Whole(ws), None) => ws.send_fragments(kind, parts).await,
            (Self::Halves(sender, _), ping) => {
                let parts: Vec<Vec<u8>> = parts.map(<[u8]>::to_vec).collect();
                sender.send_fragments(kind, parts).await?;
                match ping {
                    Some(ping) => sender.send(ping).await,
                    None => Ok(()),
                }
            }
        }
    }

    /// Completes the closing handshake. Returns the code that the server has sent.
    pub async fn close(self, code: CloseCode) -> Result<u16> {
        match self {
            Self::Whole(mut ws) => {
                let status = ws.close(code, "soak").await?;
                if !status.clean() {
                    bail!("the closing handshake is not clean: {status:?}");
                }
                Ok(status.code())
            }
            Self::Halves(sender, mut receiver) => {
                sender.send(CloseFrame::new(code, "soak")).await?;
                let mut received = None;
                while let Some(message) = receiver.receive().await? {
                    if let Message::Close(Some(frame)) = message {
                        received = Some(frame.code.get());
                    }
                }
                received.map_or_else(|| bail!("the connection ended without a Close of the server"), Ok)
            }
        }
    }
}

/// A fifth of the connections compresses: half of them without context takeover and with small windows. All
/// would measure the codec, and little else.
fn config(soak: &Soak, slot: u32) -> Config {
    let config = Config::new().max_message_size(2 * 1024 * 1024);
    if soak.is_room() {
        return config;
    }
    let mut small = DeflateParams::new();
    small.server_window_bits = 10;
    small.client_window_bits = 10;
    small.server_context_takeover = false;
    small.client_context_takeover = false;
    match slot % 10 {
        0 | 1 if slot % 20 < 10 => config.deflate(Some(DeflateConfig::new())),
        0 | 1 => config.deflate(Some(DeflateConfig::new().limits(small))),
        _ => config,
    }
}
