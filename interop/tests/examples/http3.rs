//! HTTP/3 by hand over quinn: enough of RFC 9114 and RFC 9204 for one extended CONNECT.

use std::io::{self, Read, Write};

use quinn::{Connection, Endpoint, RecvStream, SendStream};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::AnyResult;
use crate::program::{ANY, PATIENCE};
use crate::tls;

/// RFC 9114 §7.2: types of frames.
const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;

/// RFC 9114 §6.2.1: a control stream with SETTINGS, without and with SETTINGS_ENABLE_CONNECT_PROTOCOL = 1.
pub(crate) const SETTINGS: &[u8] = b"\x00\x04\x00";
pub(crate) const SETTINGS_ENABLE: &[u8] = b"\x00\x04\x02\x08\x01";

/// RFC 9204 Appendix A: encoded sections with one field of the static table, `:status`.
pub(crate) const STATUS_200: &[u8] = b"\0\0\xD9";
pub(crate) const STATUS_400: &[u8] = b"\0\0\xFF\x04";
pub(crate) const STATUS_403: &[u8] = b"\0\0\xFF\x05";

/// `:protocol: websocket` as a literal (RFC 9204 §4.5.6): plain, in Huffman code, and never indexed.
pub(crate) const PROTOCOLS: [&[u8]; 3] = [
    b"\x27\x02:protocol\x09websocket",
    b"\x2F\x00\xb9\x5d\x87\x49\xc8\x7a\x3f\x87\xf0\x58\xd0\x72\x75\x2a\x7f",
    b"\x37\x02:protocol\x09websocket",
];

/// An extended CONNECT to `https://localhost/`. `sec-websocket-version` has two digits.
pub(crate) fn request(protocol: &[u8], version: &[u8]) -> Vec<u8> {
    // :method: CONNECT, :scheme: https, :path: /
    let fields = b"\0\0\xCF\xD7\xC1";
    [&fields[..], b"\x50\x09localhost", protocol, b"\x27\x0Esec-websocket-version\x02", version].concat()
}

/// One end of a QUIC connection. Its control stream stays open as long as it.
pub(crate) struct Peer {
    pub(crate) quic: Connection,
    _control: SendStream,
    _endpoint: Endpoint,
}

impl Peer {
    pub(crate) async fn connect(address: &str, certificate: &str) -> AnyResult<Self> {
        let mut endpoint = Endpoint::client(ANY.parse()?)?;
        endpoint.set_default_client_config(tls::client(certificate)?);
        let quic = endpoint.connect(address.parse()?, "localhost")?.await?;
        Self::with_settings(endpoint, quic, SETTINGS).await
    }

    pub(crate) async fn accept(endpoint: Endpoint, settings: &[u8]) -> AnyResult<Self> {
        let quic = endpoint.accept().await.ok_or("no client")?.await?;
        Self::with_settings(endpoint, quic, settings).await
    }

    async fn with_settings(endpoint: Endpoint, quic: Connection, settings: &[u8]) -> AnyResult<Self> {
        let mut control = quic.open_uni().await?;
        control.write_all(settings).await?;
        Ok(Self { quic, _control: control, _endpoint: endpoint })
    }

    /// Sends a request, and returns the response.
    pub(crate) async fn open(&self, request: &[u8]) -> AnyResult<(Vec<u8>, Stream)> {
        let mut stream = Stream::new(self.quic.open_bi().await?);
        stream.send(HEADERS, request).await?;
        let (kind, response) = stream.receive().await?.ok_or("no response")?;
        assert_eq!(kind, HEADERS);
        Ok((response, stream))
    }

    /// Receives a request, and sends the response.
    pub(crate) async fn answer(&self, response: &[u8]) -> AnyResult<(Vec<u8>, Stream)> {
        let mut stream = Stream::new(self.quic.accept_bi().await?);
        let (kind, request) = stream.receive().await?.ok_or("no request")?;
        assert_eq!(kind, HEADERS);
        stream.send(HEADERS, response).await?;
        Ok((request, stream))
    }
}

/// A request stream. It reads and writes the data like a socket, for a thread that may block.
pub(crate) struct Stream {
    pub(crate) send: SendStream,
    pub(crate) receive: RecvStream,
    /// Received data that was not read yet.
    data: Vec<u8>,
    runtime: Handle,
}

impl Stream {
    fn new((send, receive): (SendStream, RecvStream)) -> Self {
        Self { send, receive, data: Vec::new(), runtime: Handle::current() }
    }

    async fn send(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        // RFC 9000 §16: a length in four bytes.
        let len = 0x8000_0000 | u32::try_from(payload.len()).expect("a short frame");
        self.send.write_all(&[&[kind], &len.to_be_bytes()[..], payload].concat()).await?;
        Ok(())
    }

    /// Returns the next frame, without those of unknown types (RFC 9114 §9). `None` at the end.
    pub(crate) async fn receive(&mut self) -> io::Result<Option<(u8, Vec<u8>)>> {
        loop {
            let Some(kind) = self.varint().await? else { return Ok(None) };
            let len = self.varint().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let mut payload = vec![0; usize::try_from(len).expect("a short frame")];
            self.receive.read_exact(&mut payload).await.map_err(io::Error::other)?;
            if let DATA | HEADERS = u8::try_from(kind).unwrap_or(u8::MAX) {
                return Ok(Some((kind as u8, payload)));
            }
        }
    }

    async fn varint(&mut self) -> io::Result<Option<u64>> {
        let mut first = [0];
        if self.receive.read(&mut first).await?.is_none() {
            return Ok(None);
        }
        let mut value = u64::from(first[0] & 0x3F);
        let mut rest = vec![0; (1 << (first[0] >> 6)) - 1];
        self.receive.read_exact(&mut rest).await.map_err(io::Error::other)?;
        rest.iter().for_each(|byte| value = value << 8 | u64::from(*byte));
        Ok(Some(value))
    }
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let runtime = self.runtime.clone();
        if self.data.is_empty() {
            let frame = runtime.block_on(async { timeout(PATIENCE, self.receive()).await });
            let Some((kind, data)) = frame?? else { return Ok(0) };
            assert_eq!(kind, DATA);
            self.data = data;
        }
        let count = space.len().min(self.data.len());
        space[..count].copy_from_slice(&self.data[..count]);
        self.data.drain(..count);
        Ok(count)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.runtime.clone().block_on(async { timeout(PATIENCE, self.send(DATA, bytes)).await })??;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
