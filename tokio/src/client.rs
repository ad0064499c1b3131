//! The opening handshake of a client.

#[cfg(feature = "rustls")]
use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::{Context, Poll, ready};

use http::{HeaderName, HeaderValue, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use websocket_proto::{Config, Connection, Delivery, Event, Timeout, Uri};

use crate::client_request::ClientRequest;
use crate::client_stream::ClientStream;
use crate::driver::Driver;
use crate::engine::Engine;
use crate::error::Error;
use crate::limits::Limits;
use crate::masking::MaskingKeys;
use crate::rejection::receive_content;
use crate::websocket::WebSocket;

/// Connects to a `ws` or `wss` URI; `wss` needs the feature `rustls`.
///
/// [`Config::handshake_timeout`] limits the time for all of it: the name, TCP, TLS and the handshake.
///
/// # Errors
/// There is no connection. [`Error::Rejected`] has the server's response.
///
/// ```no_run
/// use websocket_proto_tokio::{Config, Message, connect};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), websocket_proto_tokio::Error> {
/// let mut ws = connect("ws://127.0.0.1:9001/", Config::new()).await?;
/// ws.send("Hello").await?;
/// while let Some(message) = ws.receive().await? {
///     if let Message::Text(text) = message {
///         println!("{text}");
///         ws.close(websocket_proto_tokio::CloseCode::NORMAL_CLOSURE, "").await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub async fn connect(uri: &str, config: Config) -> Result<WebSocket<ClientStream>, Error> {
    connect_with(ClientRequest::new(uri), config).await.map(|(ws, _)| ws)
}

/// Connects with a request of the application: with subprotocols and headers. Returns the response, too.
///
/// # Errors
/// As [`connect`].
///
/// ```no_run
/// use websocket_proto_tokio::{ClientRequest, Config, connect_with};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), websocket_proto_tokio::Error> {
/// let request = ClientRequest::new("ws://127.0.0.1:9001/chat")
///     .subprotocol("chat.v2")
///     .header("Authorization", "Bearer 4Xo");
/// let (ws, response) = connect_with(request, Config::new()).await?;
/// println!("{:?} {:?}", ws.subprotocol(), response.headers());
/// # Ok(())
/// # }
/// ```
pub async fn connect_with(
    request: ClientRequest,
    config: Config,
) -> Result<(WebSocket<ClientStream>, Response<()>), Error> {
    let answer = within_handshake_timeout(&config, async {
        let stream = ClientStream::connect(Uri::parse(request.uri())?).await?;
        handshake(stream, request, config).await
    });
    opened(answer.await?).await
}

/// Connects over TLS with a configuration of the application, for example with its own root certificates or
/// with a client certificate.
///
/// # Errors
/// As [`connect`].
#[cfg(feature = "rustls")]
pub async fn connect_with_tls(
    request: ClientRequest,
    config: Config,
    tls: Arc<tokio_rustls::rustls::ClientConfig>,
) -> Result<(WebSocket<ClientStream>, Response<()>), Error> {
    let answer = within_handshake_timeout(&config, async {
        let stream = ClientStream::connect_with_tls(Uri::parse(request.uri())?, tls).await?;
        handshake(stream, request, config).await
    });
    opened(answer.await?).await
}

async fn within_handshake_timeout<T>(
    config: &Config,
    connect: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match config.handshake_timeout {
        Some(limit) => timeout(limit, connect).await.unwrap_or(Err(Timeout::Handshake.into())),
        None => connect.await,
    }
}

/// Connects over a stream that the application has opened. The URI of the request gives the Host header and
/// the path.
///
/// # Errors
/// As [`connect`].
pub async fn client<S>(
    stream: S,
    request: ClientRequest,
    config: Config,
) -> Result<(WebSocket<S>, Response<()>), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    opened(handshake(stream, request, config).await?).await
}

/// Sends the request, and receives the head of the response.
async fn handshake<S>(stream: S, request: ClientRequest, config: Config) -> Result<(Driver<S>, Answer), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut output = crate::output::Output::default();
    let connection = request.with_borrowed(|request| {
        Ok(Connection::client(request, config.delivery(Delivery::Messages), MaskingKeys, &mut output)?)
    })?;
    let mut driver = Driver::new(stream, Engine::Client(connection), Limits::of(&config));
    driver.output = output;
    let answer = poll_fn(|cx| poll_response(&mut driver, cx)).await?;
    Ok((driver, answer))
}

/// The connection, or the rejection with its content, for which the timeout of the handshake does not count.
async fn opened<S>((mut driver, answer): (Driver<S>, Answer)) -> Result<(WebSocket<S>, Response<()>), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match answer {
        Answer::Accepted(response, subprotocol) => {
            driver.open();
            Ok((WebSocket::new(driver, subprotocol), response))
        }
        Answer::Rejected(response) => {
            // The engine leaves the beginning of the content there.
            let input = driver.replace_inbound();
            let content = receive_content(&mut driver.transport, input, &response).await;
            let error = Error::Rejected(Box::new(response.map(|()| content)));
            driver.trace.ended(Some(&error), driver.close_status());
            Err(error)
        }
    }
}

/// The final response of the server.
enum Answer {
    /// With the subprotocol.
    Accepted(Response<()>, Option<Box<str>>),
    Rejected(Response<()>),
}

fn poll_response<S: AsyncRead + AsyncWrite + Unpin>(
    driver: &mut Driver<S>,
    cx: &mut Context<'_>,
) -> Poll<Result<Answer, Error>> {
    while driver.is_running() {
        match driver.engine.receive(&mut driver.inbound, &mut driver.output) {
            Ok(Some(Event::Open(response))) => {
                let subprotocol = response.subprotocol().map(Box::from);
                return Poll::Ready(Ok(Answer::Accepted(http_response(&response), subprotocol)));
            }
            Ok(Some(Event::Rejected(response))) => {
                return Poll::Ready(Ok(Answer::Rejected(http_response(&response))));
            }
            Ok(_) => ready!(driver.poll_more(cx)),
            Err(error) => driver.end(Some(error.into())),
        }
    }
    let error = ready!(driver.poll_end(cx));
    Poll::Ready(Err(error.unwrap_or(Error::Disconnected)))
}

/// The head of a response. A field that the crate `http` does not support is left out.
fn http_response(response: &websocket_proto::Response<'_>) -> Response<()> {
    let mut head = Response::new(());
    // A server can send any three digits; `http` supports 100 to 999.
    *head.status_mut() = StatusCode::from_u16(response.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers() {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
        {
            // `http` has room for 24,576 names.
            let _ = head.headers_mut().try_append(name, value);
        }
    }
    head
}
