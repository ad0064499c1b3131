//! The example `demo_server`: a page, and the subprotocols `increment` and `mirror`.

use tokio::net::TcpSocket;
use tokio::time::timeout;
use websocket_proto_tokio::{
    ClientRequest, ClientStream, CloseCode, Config, Error, Message, WebSocket, client, connect_with,
};

use crate::support::{ANY, PATIENCE, Program, get, receive, receive_close};

/// The bound of the drawing that a newcomer receives.
const HISTORY: usize = 512 * 1024;

fn request(uri: &str) -> ClientRequest {
    ClientRequest::new(format!("{}/ws", uri.replace("http:", "ws:")))
}

async fn open(uri: &str, subprotocol: &str) -> WebSocket<ClientStream> {
    let request = request(uri).subprotocol("unknown").subprotocol(subprotocol);
    let (ws, _) = connect_with(request, Config::new()).await.expect("a connection");
    assert_eq!(ws.subprotocol(), Some(subprotocol));
    ws
}

async fn receive_text(ws: &mut WebSocket<ClientStream>) -> String {
    let message = receive(ws).await.expect("a message");
    message.as_text().expect("a text").to_owned()
}

/// Opens a connection to the board. Returns the drawing, too.
async fn join(uri: &str) -> (WebSocket<ClientStream>, String) {
    let mut ws = open(uri, "mirror").await;
    let drawing = receive_text(&mut ws).await;
    (ws, drawing)
}

/// The status of the response to a request that the server rejects.
async fn rejection(request: ClientRequest) -> u16 {
    match connect_with(request, Config::new()).await {
        Err(Error::Rejected(response)) => response.status().as_u16(),
        result => panic!("{result:?}"),
    }
}

#[tokio::test]
async fn page_loads_only_files_of_the_server() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    let page = get(&uri, "/").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<!doctype html>"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'; "), "{page}");
    for (file, content_type) in [
        ("page.css", "text/css"),
        ("page.js", "text/javascript"),
        ("mirror.js", "text/javascript"),
        ("channel.js", "text/javascript"),
    ] {
        let response = get(&uri, &format!("/{file}")).await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{file}: {response}");
        assert!(response.contains(&format!("content-type: {content_type}; charset=utf-8\r\n")), "{response}");
        assert!(
            !response.contains("https:") && !response.contains("http://"),
            "{file} refers to another server"
        );
    }
    let page = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!page.contains("https:") && !page.contains("http://"), "the page refers to another server");
}

#[tokio::test]
async fn increment_counts_for_each_connection_until_a_reset() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    let mut ws = open(&uri, "increment").await;
    for expected in 0..10 {
        assert_eq!(receive_text(&mut ws).await, expected.to_string());
    }
    let mut other = open(&uri, "increment").await;
    assert_eq!(receive_text(&mut other).await, "0");
    ws.send("reset").await.expect("an open connection");
    let mut last = 9;
    loop {
        match receive_text(&mut ws).await.parse::<u32>().expect("a number") {
            0 => break,
            number => {
                assert_eq!(number, last + 1);
                last = number;
            }
        }
    }
    assert_eq!(receive_text(&mut ws).await, "1");
}

#[tokio::test]
async fn increment_answers_a_ping_between_its_numbers() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    let mut ws = open(&uri, "increment").await;
    ws.send("ping 17").await.expect("an open connection");
    loop {
        match receive_text(&mut ws).await.as_str() {
            "pong 17" => break,
            number => assert!(number.parse::<u32>().is_ok(), "{number}"),
        }
    }
    let status = timeout(PATIENCE, ws.close(CloseCode::NORMAL_CLOSURE, "")).await.expect("in time");
    assert!(status.expect("a clean end").clean());
}

#[tokio::test]
async fn mirror_sends_each_line_to_all_clients() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    let (mut first, drawing) = join(&uri).await;
    assert_eq!(drawing, "");
    let (mut second, _) = join(&uri).await;
    let lines = ["draw 0 0 0,0", "draw 7 2 1499,1199 3,4 5,6"];
    first.send(lines[0]).await.expect("an open connection");
    for ws in [&mut first, &mut second] {
        assert_eq!(receive_text(ws).await, lines[0]);
    }
    second.send(lines[1]).await.expect("an open connection");
    for ws in [&mut first, &mut second] {
        assert_eq!(receive_text(ws).await, lines[1]);
    }
    let (mut newcomer, drawing) = join(&uri).await;
    assert_eq!(drawing, format!("{}\n{}\n", lines[0], lines[1]));
    newcomer.send("clear").await.expect("an open connection");
    for ws in [&mut first, &mut second, &mut newcomer] {
        assert_eq!(receive_text(ws).await, "clear");
    }
    assert_eq!(join(&uri).await.1, "");
}

/// Opens connections that together send more than each of them can.
async fn join_all(uri: &str) -> Vec<WebSocket<ClientStream>> {
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(join(uri).await.0);
    }
    clients
}

/// Sends the longest legal line from each client. Waits until each one has received all of them, so none of
/// them is slow. Returns the last line.
async fn draw_long_lines(clients: &mut [WebSocket<ClientStream>], round: usize) -> String {
    let points = " 1499,1199".repeat(63);
    let line = |number| format!("draw 0 0 {},{number}{points}", round % 1500);
    for (number, ws) in clients.iter_mut().enumerate() {
        ws.send(line(number)).await.expect("an open connection");
    }
    let count = clients.len();
    for ws in clients {
        for _ in 0..count {
            assert!(receive_text(ws).await.ends_with(&points));
        }
    }
    line(count - 1)
}

#[tokio::test]
async fn mirror_keeps_the_newest_lines_for_newcomers() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    let mut clients = join_all(&uri).await;
    let (mut newest, mut round, mut sum) = (String::new(), 0, 0);
    while sum < HISTORY + HISTORY / 4 {
        newest = draw_long_lines(&mut clients, round).await;
        round += 1;
        sum += clients.len() * newest.len();
    }
    let (_, drawing) = join(&uri).await;
    assert!((HISTORY / 2..=HISTORY).contains(&drawing.len()), "{} bytes", drawing.len());
    assert!(drawing.lines().all(|line| line.starts_with("draw 0 0 ") && line.len() > 600));
    // The lines of one round arrive in any order.
    assert!(drawing.lines().rev().take(clients.len()).any(|line| line == newest));
}

#[tokio::test]
async fn mirror_closes_a_client_that_reads_too_slowly_and_serves_the_others() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    let mut clients = join_all(&uri).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    // The operating system would hold megabytes.
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address = uri.strip_prefix("http://").expect("a URI").parse().expect("an address");
    let stream = socket.connect(address).await.expect("a connection");
    let request = request(&uri).subprotocol("mirror");
    let (mut slow, _) = client(stream, request, Config::new()).await.expect("a connection");
    // 4 MB. When the socket of the slow client is full, the rest must be sent within the `pong_timeout` of the
    // server.
    for round in 0..800 {
        draw_long_lines(&mut clients, round).await;
    }
    let close = loop {
        match timeout(PATIENCE, slow.receive()).await.expect("in time").expect("no error") {
            Some(Message::Close(frame)) => break frame.expect("a code"),
            Some(_) => {}
            None => panic!("no Close"),
        }
    };
    assert_eq!((close.code, close.reason.as_str()), (CloseCode::TRY_AGAIN_LATER, "too slow"));
}

/// §7.4.1: 1003 for a kind of data that the endpoint does not accept, 1008 for a message that breaks its
/// rules, 1009 for one that is too big.
#[tokio::test]
async fn illegal_messages_are_closed_with_a_code() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    let too_many = format!("draw 0 0{}", " 1,1".repeat(65));
    let too_long = "1".repeat(1025);
    let cases = [
        ("increment", &["", "Reset", "reset ", "ping", "ping ", "ping -1", "ping 4294967296", "0"][..]),
        (
            "mirror",
            &[
                "",
                "clear ",
                "draw",
                "draw 0 0",
                "draw 0 0 ",
                "draw 8 0 1,1",
                "draw -1 0 1,1",
                "draw 0 3 1,1",
                "draw 0 0 1500,1",
                "draw 0 0 1,1200",
                "draw 0 0 -1,1",
                "draw 0 0 1.5,1",
                "draw 0 0 1",
                "draw 0 0 1,1,1",
                "draw 0 0 1,1 x,1",
                "draw 0 0 1,1\ndraw 0 0 1,1",
                "draw #123456 0 1,1",
                "reset",
                &too_many,
            ],
        ),
    ];
    for (subprotocol, texts) in cases {
        let texts = texts.iter().map(|text| (Message::from(*text), 1008));
        let others = [(Message::binary("clear"), 1003), (Message::from(too_long.as_str()), 1009)];
        for (message, code) in texts.chain(others) {
            let mut ws = open(&uri, subprotocol).await;
            ws.send(message.clone()).await.expect("an open connection");
            assert_eq!(receive_close(&mut ws).await, code, "{subprotocol}: {message:?}");
        }
    }
    assert_eq!(join(&uri).await.1, "", "none of them is drawn");
}

#[tokio::test]
async fn requests_without_a_known_subprotocol_are_rejected() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    assert_eq!(rejection(request(&uri)).await, 400);
    assert_eq!(rejection(request(&uri).subprotocol("Mirror").subprotocol("chat")).await, 400);
    let no_upgrade = get(&uri, "/ws").await;
    assert!(no_upgrade.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{no_upgrade}");
}

/// §10.2: a server checks the Origin header.
#[tokio::test]
async fn pages_of_other_origins_are_rejected() {
    let (_server, uri) = Program::serve("demo_server", &[ANY]);
    for subprotocol in ["increment", "mirror"] {
        let request = request(&uri).subprotocol(subprotocol);
        for origin in ["http://example.com", "http://127.0.0.1", "null", "", &uri.replace("http:", "file:")] {
            assert_eq!(rejection(request.clone().header("Origin", origin)).await, 403, "{origin}");
        }
        for origin in [uri.clone(), uri.replace("http:", "https:")] {
            let accepted = connect_with(request.clone().header("Origin", origin), Config::new()).await;
            assert!(accepted.is_ok());
        }
    }
}

/// §7.4.1: 1001 says that a server goes down.
#[tokio::test]
async fn all_clients_are_closed_after_ctrl_c() {
    let (mut server, uri) = Program::serve("demo_server", &[ANY]);
    let mut clients = [open(&uri, "increment").await, open(&uri, "mirror").await, join(&uri).await.0];
    server.interrupt();
    for ws in &mut clients {
        assert_eq!(receive_close(ws).await, 1001);
    }
    assert!(server.wait().success());
}
