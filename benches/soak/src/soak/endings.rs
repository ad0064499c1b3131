//! How a session ends, after all replies.

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use tokio::io::AsyncWriteExt as _;
use websocket_proto_tokio::{CloseCode, Message};

use super::endpoint::Endpoint;
use super::session::Session;
use crate::payload::STAMP;

/// Frames that a server refuses, and the code of its Close.
const REFUSED: [(&[u8], u16); 3] = [
    (b"\x81\x00", 1002),                           // §5.1: a client must mask
    (b"\xa1\x80\0\0\0\0", 1002),                   // §5.2: no extension defines RSV2
    (b"\x82\xff\0\0\0\x01\0\0\0\0\0\0\0\0", 1009), // 4 GiB
];

impl Session<'_> {
    /// Ends a session that has received all replies.
    pub async fn end(mut self, rng: &mut Rng) -> Result<()> {
        let ticket = rng.u32(0..10);
        match &mut self.endpoint {
            Endpoint::Whole(_) if (4..6).contains(&ticket) => {
                self.end_by_server(rng).await.context("refused frame")
            }
            Endpoint::Whole(_) if (6..8).contains(&ticket) => self.reset(rng).await.context("reset"),
            _ if ticket >= 8 => self.vanish(rng).await.context("vanishing"),
            _ => {
                let code = *rng.choice(&[1000, 1001, 3000, 4999]).unwrap_or(&1000);
                let code = CloseCode::try_from(code)?;
                let answer = self.endpoint.close(code).await.context("closing")?;
                if answer != code.get() {
                    bail!("sent Close {code:?}, received {answer}");
                }
                self.soak.counts.closed_by_client.add(1);
                Ok(())
            }
        }
    }

    /// Sends a frame that the server must refuse.
    async fn end_by_server(&mut self, rng: &mut Rng) -> Result<()> {
        let (frame, code) = REFUSED[rng.usize(..REFUSED.len())];
        if let Endpoint::Whole(ws) = &mut self.endpoint {
            ws.get_mut().write_all(frame).await?;
        }
        loop {
            match self.endpoint.receive().await?.context("ended without a Close")? {
                Message::Close(Some(frame)) if frame.code.get() == code => break,
                Message::Close(frame) => bail!("closed with {frame:?} instead of {code}"),
                message => self.receive(&message)?,
            }
        }
        if self.endpoint.receive().await?.is_some() {
            bail!("a message after the Close");
        }
        self.soak.counts.closed_by_server.add(1);
        Ok(())
    }

    /// Resets the connection in the middle of a frame, while replies arrive.
    async fn reset(mut self, rng: &mut Rng) -> Result<()> {
        self.send_and_forget(rng).await?;
        if let Endpoint::Whole(mut ws) = self.endpoint {
            ws.get_mut().write_all(b"\x82\xfe\x03\xe8\0\0\0\0the first of 1000 bytes").await?;
            ws.get_ref().set_zero_linger()?;
        }
        self.soak.counts.resets.add(1);
        Ok(())
    }

    /// Drops the connection without a Close, while replies arrive.
    async fn vanish(mut self, rng: &mut Rng) -> Result<()> {
        self.send_and_forget(rng).await?;
        self.soak.counts.vanished.add(1);
        Ok(())
    }

    async fn send_and_forget(&mut self, rng: &mut Rng) -> Result<()> {
        for _ in 0..rng.usize(0..4) {
            // Small, because nothing reads the replies to them.
            let message = self.message(rng, STAMP + 1000);
            self.endpoint.send(message).await?;
        }
        Ok(())
    }
}
