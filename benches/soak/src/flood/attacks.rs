//! The attacks, as bytes over TCP: a WebSocket client would refuse to send most of them.

use core::future::pending;
use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind};
use std::sync::LazyLock;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::bomb;
use crate::server::Kind;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// Small Pings, 20,000 a second on each connection. The connection reads the Pongs.
    PingFlood,
    /// One message of empty fragments, 20,000 a second.
    EmptyFragments,
    /// A request, one byte a second.
    SlowHead,
    /// A frame of 1 MB, one byte a second.
    SlowPayload,
    /// Half a request, and then nothing.
    HalfHandshake,
    /// Long Pings, 2 MB a second, until the server reads no more. The connection reads no Pong.
    NoReader,
    /// A compressed message of 16 KiB that is longer than 16 MiB when it is inflated.
    Bomb,
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const PERIOD: Duration = Duration::from_millis(10);
/// The message is longer than tokio_echo accepts.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| bomb::frame(16 * 1024 * 1024));

impl Attack {
    pub fn of(kind: Kind) -> impl Iterator<Item = Self> {
        let all = [
            Self::PingFlood,
            Self::EmptyFragments,
            Self::SlowHead,
            Self::SlowPayload,
            Self::HalfHandshake,
            Self::NoReader,
            Self::Bomb,
        ];
        // mio_server does not compress.
        all.into_iter().filter(move |&attack| attack != Self::Bomb || kind == Kind::TokioEcho)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::PingFlood => "ping flood",
            Self::EmptyFragments => "empty fragments",
            Self::SlowHead => "slow head",
            Self::SlowPayload => "slow payload",
            Self::HalfHandshake => "half handshake",
            Self::NoReader => "no reader",
            Self::Bomb => "bomb",
        }
    }

    /// How many connections there are at a time.
    pub const fn connections(self) -> u32 {
        match self {
            Self::SlowHead | Self::SlowPayload | Self::HalfHandshake => 50,
            Self::PingFlood | Self::NoReader => 4,
            Self::EmptyFragments | Self::Bomb => 2,
        }
    }

    /// When the server must have ended a connection, with 5 to 9 seconds for a busy machine.
    pub const fn limit(self, kind: Kind) -> Option<Duration> {
        let seconds = match (self, kind) {
            // §5.5.2: a Pong is due, and no rule limits Pings. Any byte ends the silence that deadlines
            // count.
            (Self::PingFlood | Self::SlowPayload, _) => return None,
            // `handshake_timeout` is 10 s.
            (Self::SlowHead | Self::HalfHandshake, _) => 15,
            // The fragment after `max_fragments` is sent after 6.6 s; after 3.3 s to mio_server.
            (Self::EmptyFragments, _) => 15,
            // The output is full after 4 s; `pong_timeout` is 20 s.
            (Self::NoReader, Kind::TokioEcho) => 32,
            // The queue is full after 4 s; `close_timeout` is 10 s and LINGER 2 s.
            (Self::NoReader, Kind::MioServer) => 25,
            (Self::Bomb, _) => 5,
        };
        Some(Duration::from_secs(seconds))
    }

    /// What the server must have sent at the end.
    const fn answer(self) -> Option<Answer> {
        match self {
            Self::SlowHead | Self::HalfHandshake => Some(Answer::Timeout),
            Self::EmptyFragments => Some(Answer::Close(1008)),
            Self::Bomb => Some(Answer::Close(1009)),
            // The output is full, so the answer does not arrive.
            Self::NoReader => None,
            Self::PingFlood | Self::SlowPayload => None,
        }
    }

    /// Attacks until the server ends the connection. Returns whether it has said why. `started` is set after
    /// the server has accepted the connection.
    pub async fn run(self, address: SocketAddr, started: &mut Option<Instant>) -> bool {
        let mut received = Vec::new();
        // The error is the end: the connection was reset.
        let _ = self.attack(address, started, &mut received).await;
        self.answer().is_none_or(|answer| answer.ends(&received))
    }

    async fn attack(
        self,
        address: SocketAddr,
        started: &mut Option<Instant>,
        received: &mut Vec<u8>,
    ) -> io::Result<()> {
        let mut stream = match self {
            Self::SlowHead | Self::HalfHandshake => TcpStream::connect(address).await?,
            Self::Bomb => open(address, "Sec-WebSocket-Extensions: permessage-deflate\r\n").await?,
            _ => open(address, "").await?,
        };
        *started = Some(Instant::now());
        if self == Self::NoReader {
            return self.write(&mut stream.split().1).await;
        }
        let (mut reader, mut writer) = stream.split();
        tokio::select! {
            result = self.write(&mut writer) => result,
            result = keep_last(&mut reader, received) => result,
        }
    }

    async fn write(self, writer: &mut WriteHalf<'_>) -> io::Result<()> {
        match self {
            Self::PingFlood => repeat(writer, PERIOD, &ping(b"flood").repeat(200)).await,
            Self::EmptyFragments => {
                writer.write_all(b"\x01\x80\0\0\0\0").await?;
                repeat(writer, PERIOD, &b"\0\x80\0\0\0\0".repeat(200)).await
            }
            Self::SlowHead => {
                writer.write_all(REQUEST.as_bytes()).await?;
                writer.write_all(b"X-Slow: ").await?;
                repeat(writer, Duration::from_secs(1), b"a").await
            }
            Self::SlowPayload => {
                writer.write_all(b"\x82\xff\0\0\0\0\0\x0f\0\0\0\0\0\0").await?;
                repeat(writer, Duration::from_secs(1), b"a").await
            }
            Self::HalfHandshake => {
                writer.write_all(REQUEST.as_bytes()).await?;
                pending().await
            }
            Self::NoReader => repeat(writer, PERIOD, &ping(&[0; 125]).repeat(160)).await,
            Self::Bomb => {
                writer.write_all(&BOMB).await?;
                pending().await
            }
        }
    }
}

/// Why the server ends a connection.
#[derive(Clone, Copy)]
enum Answer {
    /// With this code.
    Close(u16),
    /// The response 408.
    Timeout,
}

impl Answer {
    /// Whether the last bytes that were received have it.
    fn ends(self, received: &[u8]) -> bool {
        match self {
            Self::Close(code) => {
                let [high, low] = code.to_be_bytes();
                received
                    .windows(4)
                    .any(|bytes| matches!(bytes, &[0x88, _, first, second] if [first, second] == [high, low]))
            }
            Self::Timeout => received.starts_with(b"HTTP/1.1 408 "),
        }
    }
}

/// The reason of a Close has at most 123 bytes, and the head of a response is shorter than this.
const LAST: usize = 512;

/// Reads until the end, and keeps the last bytes.
async fn keep_last(reader: &mut ReadHalf<'_>, last: &mut Vec<u8>) -> io::Result<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = reader.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        last.extend_from_slice(&bytes[..count]);
        last.drain(..last.len().saturating_sub(LAST));
    }
}

/// Opens a connection that reads slowly, if at all: its window is small.
async fn open(address: SocketAddr, extensions: &str) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(16 * 1024)?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(format!("{REQUEST}{extensions}\r\n").as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    if head.starts_with(b"HTTP/1.1 101 ") { Ok(stream) } else { Err(ErrorKind::ConnectionRefused.into()) }
}

/// A Ping with the masking key zero.
fn ping(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x89, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// Writes these bytes again and again, at most once in a period. A reset ends it.
async fn repeat(writer: &mut WriteHalf<'_>, period: Duration, bytes: &[u8]) -> io::Result<()> {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        writer.write_all(bytes).await?;
    }
}
