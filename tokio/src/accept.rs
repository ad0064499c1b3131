//! The opening handshake of a server.

use core::future::poll_fn;
use core::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use websocket_proto::{Config, Connection, Delivery, Event, Request};

use crate::driver::Driver;
use crate::engine::Engine;
use crate::error::Error;
use crate::limits::Limits;
use crate::reply::{Accept, Reject, answer};
use crate::websocket::WebSocket;

/// Accepts a WebSocket connection over a transport, such as a TCP or TLS stream.
///
/// It accepts every valid request. To check the path or the origin, use [`accept_with`]. The deadline of the
/// handshake begins now; limit the time of a TLS handshake before it yourself. Call `set_nodelay(true)` on a
/// TCP stream first, or small messages can wait for the acknowledgement of earlier ones.
///
/// # Errors
/// The client broke a rule of the handshake, or was too slow. It has received an HTTP error then.
///
/// ```
/// use tokio::net::TcpListener;
/// use websocket_proto_tokio::{Config, accept};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), websocket_proto_tokio::Error> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let address = listener.local_addr()?;
/// # tokio::spawn(async move {
/// #     let mut client = websocket_proto_tokio::connect(&format!("ws://{address}/"), Config::new()).await?;
/// #     client.send("Hello").await
/// # });
/// let (stream, _) = listener.accept().await?;
/// let mut ws = accept(stream, Config::new()).await?;
/// let message = ws.receive().await?;
/// # assert_eq!(message.unwrap().as_text(), Some("Hello"));
/// # Ok(())
/// # }
/// ```
pub async fn accept<S>(stream: S, config: Config) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    accept_with(stream, config, |_| Ok(Accept::new())).await
}

/// Accepts or rejects a WebSocket connection: `decide` sees the request.
///
/// With [`Config::allow_plain_http`], it also sees requests that ask for no upgrade, and can answer them with
/// `Err(Reject::new(200).body(page))`.
///
/// # Errors
/// As [`accept`]; [`Error::Declined`] if `decide` rejects the request. The response is sent in all cases.
///
/// ```no_run
/// # use tokio::net::TcpStream;
/// use websocket_proto_tokio::{Accept, Config, Error, Reject, WebSocket, accept_with};
///
/// async fn serve(stream: TcpStream) -> Result<WebSocket<TcpStream>, Error> {
///     accept_with(stream, Config::new(), |request| {
///         // A browser sends the origin of the page. Without this check, every page could connect.
///         if request.origin() != Some(b"https://example.com") {
///             return Err(Reject::new(403).body("unknown origin"));
///         }
///         match request.target() {
///             "/chat" if request.subprotocols().any(|offered| offered.name() == "chat.v2") => {
///                 Ok(Accept::new().subprotocol("chat.v2").header("Set-Cookie", "room=1"))
///             }
///             "/chat" => Ok(Accept::new()),
///             _ => Err(Reject::new(404)),
///         }
///     })
///     .await
/// }
/// ```
pub async fn accept_with<S, F>(stream: S, config: Config, decide: F) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: FnOnce(&Request<'_>) -> Result<Accept, Reject>,
{
    let engine = Engine::Server(Connection::server(config.delivery(Delivery::Messages)));
    let mut driver = Driver::new(stream, engine, Limits::of(&config));
    let mut decide = Some(decide);
    let subprotocol = poll_fn(|cx| poll_request(&mut driver, &mut decide, cx)).await?;
    poll_fn(|cx| driver.poll_flush(cx)).await?;
    driver.open();
    Ok(WebSocket::new(driver, subprotocol))
}

/// Waits for the request, and answers it. Returns the subprotocol.
fn poll_request<S, F>(
    driver: &mut Driver<S>,
    decide: &mut Option<F>,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Box<str>>, Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: FnOnce(&Request<'_>) -> Result<Accept, Reject>,
{
    while driver.is_running() {
        match driver.engine.receive(&mut driver.inbound, &mut driver.output) {
            Ok(Some(Event::Request(request) | Event::PlainRequest(request))) => {
                // §4.2: there is one request.
                let decision = decide.take().map_or_else(|| Err(Reject::new(500)), |decide| decide(&request));
                match answer(&request, decision, &mut driver.engine, &mut driver.output) {
                    Ok(subprotocol) => return Poll::Ready(Ok(subprotocol)),
                    Err(error) => driver.end(Some(error)),
                }
            }
            Ok(_) => ready!(driver.poll_more(cx)),
            Err(error) => driver.end(Some(error.into())),
        }
    }
    let error = ready!(driver.poll_end(cx));
    Poll::Ready(Err(error.unwrap_or(Error::Disconnected)))
}
