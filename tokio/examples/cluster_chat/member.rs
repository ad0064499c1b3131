//! A member of a room: one connection, from its request to its end.

use core::time::Duration;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use websocket_proto_tokio::{
    Accept, CloseCode, Config, Error, Message, Receiver, Reject, Sender, accept_with,
};

use crate::backplane::{Backplane, PAGE, Unavailable};
use crate::listener::News;
use crate::protocol::{Id, Request, parse_message};

const CONFIG: Config = Config::new()
    .max_message_size(4 * 1024)
    .max_write_buffer(64 * 1024)
    .ping_interval(Some(Duration::from_secs(15)))
    .pong_timeout(Some(Duration::from_secs(20))) // also limits the wait for a client that does not read
    .close_timeout(Some(Duration::from_secs(3)));

/// Why the server stops to serve a member.
enum End {
    /// The connection has failed, or the client has sent a Close.
    Failed(Error),
    /// The server closes the connection.
    Close(CloseCode, &'static str),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The messages of the client are not acknowledged. It sends them again on its next connection.
impl From<Unavailable> for End {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Close(CloseCode::TRY_AGAIN_LATER, "no Redis")
    }
}

struct Member {
    request: Request,
    sender: Sender,
    backplane: Arc<Backplane>,
}

/// Serves a connection until it ends or the server stops.
pub(crate) async fn serve(
    stream: TcpStream,
    backplane: Arc<Backplane>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut accepted = None;
    let ws = accept_with(stream, CONFIG, |request| {
        // The place to check the Origin, and who the client is: then SENDER is the name of an account.
        accepted = Request::parse(request.target());
        let usage = "expected /rooms/ROOM?sender=SENDER&after=ID";
        if accepted.is_some() { Ok(Accept::new()) } else { Err(Reject::new(400).body(usage)) }
    });
    let ws = ws.await?;
    let Some(request) = accepted else { unreachable!("otherwise it is rejected") };
    let (sender, mut receiver) = ws.split();
    let member = Member { request, sender, backplane };
    let end = tokio::select! {
        // Two directions: while one waits for Redis or for the client, the other goes on.
        end = member.store(&mut receiver) => end,
        end = member.deliver() => end,
        _ = stopped.wait_for(|stopped| *stopped) => {
            Err(End::Close(CloseCode::GOING_AWAY, "the server stops"))
        }
    };
    match end {
        Ok(()) => Ok(()),
        // `receive` returns the cause.
        Err(End::Failed(Error::Closed)) => drain(&mut receiver).await,
        Err(End::Failed(error)) => Err(error),
        Err(End::Close(code, reason)) => {
            let (_, drained) = tokio::join!(member.sender.close(code, reason), drain(&mut receiver));
            drained
        }
    }
}

/// Waits for the end of a connection.
async fn drain(receiver: &mut Receiver<TcpStream>) -> Result<(), Error> {
    while receiver.receive().await?.is_some() {}
    Ok(())
}

impl Member {
    /// Stores and acknowledges the messages of the client, one after the other: a client that sends faster
    /// waits in TCP. Returns at the end of the connection.
    async fn store(&self, receiver: &mut Receiver<TcpStream>) -> Result<(), End> {
        let Request { room, sender, .. } = &self.request;
        while let Some(message) = receiver.receive().await? {
            match message {
                Message::Text(message) => {
                    let Some((number, text)) = parse_message(&message) else {
                        return Err(End::Close(CloseCode::POLICY_VIOLATION, "expected NUMBER TEXT"));
                    };
                    self.backplane.append(room, sender, number, text).await?;
                    self.sender.send(format!("ok {number}")).await?;
                }
                Message::Binary(_) => return Err(End::Close(CloseCode::UNSUPPORTED_DATA, "text only")),
                _ => {} // `receive` answers a Ping and a Close
            }
        }
        Ok(())
    }

    /// Sends all messages of the room to the client, in the order of the stream. It returns only an error.
    async fn deliver(&self) -> Result<(), End> {
        let mut last = self.backplane.locate(&self.request.room, self.request.after).await?;
        self.sender.send(format!("at {last}")).await?;
        let mut news = self.catch_up(&mut last).await?;
        loop {
            match news.recv().await {
                // Messages that `catch_up` has read are in the news, too.
                Ok(News::Message(id, message)) if id > last => {
                    self.sender.send_prepared(message).await?;
                    last = id;
                }
                Ok(News::Message(..)) => {}
                Ok(News::Gap) => news = self.catch_up(&mut last).await?,
                // The client can come back, and read the stream at its own speed. To do so on this
                // connection would be more work just when there is too much of it: the text of a page is
                // encoded for each member.
                Err(RecvError::Lagged(_)) => return Err(End::Close(CloseCode::TRY_AGAIN_LATER, "too slow")),
                Err(RecvError::Closed) => return Err(Unavailable.into()),
            }
        }
    }

    /// Sends the messages after `last` from the stream. Returns the news of all later ones.
    async fn catch_up(&self, last: &mut Id) -> Result<broadcast::Receiver<News>, End> {
        self.send_pages(last).await?; // can last long, so the news would not fit into their queue
        let news = self.backplane.join(&self.request.room).await?;
        self.send_pages(last).await?; // stored meanwhile, and not in the news
        Ok(news)
    }

    /// Sends the messages after `last` from the stream, as fast as the client reads, to the newest one.
    async fn send_pages(&self, last: &mut Id) -> Result<(), End> {
        loop {
            let Some(page) = self.backplane.page(&self.request.room, *last).await? else {
                // The client learns from the answer to its next request that messages are lost.
                return Err(End::Close(CloseCode::TRY_AGAIN_LATER, "history lost"));
            };
            let is_last = page.len() < PAGE;
            for (id, text) in page {
                self.sender.send(format!("{id} {text}")).await?;
                *last = id;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}
