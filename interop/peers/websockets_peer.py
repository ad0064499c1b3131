"""A client and a server with the Python library websockets. `run` starts it.

    websockets_peer.py client URI [--deflate] [--subprotocol NAME] [--ca FILE] [--limit BYTES] [--server PID]
    websockets_peer.py server CONNECTIONS [--deflate] [--certificate FILE --key FILE]

It prints a line for each check that passes, and exits with 1 at the first difference. It supports
permessage-deflate in each case; `--deflate` says whether the other end does, too.

The client needs an echo server. `--limit` is the longest message that this server accepts, at least 16 MiB.
`--server` is its process, if it closes its connections with 1001 at SIGINT.

The server serves this many connections and exits. It has one case for the clients of the Autobahn test suite,
in which it makes the checks. On other paths, it echoes in fragments.
"""

import asyncio
import os
import signal
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

LARGE = 16 * 1024 * 1024
MESSAGES = [
    ("text", "κόσμε"),
    ("binary", b"\x01\xff"),
    ("empty", ""),
    ("empty", b""),
    ("16 MiB", "x" * LARGE),
    ("16 MiB", os.urandom(LARGE)),
]


def option(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def same(check, found, expected):
    if found != expected:
        sys.exit(f"{check}: {found!r:.100} instead of {expected!r:.100}")
    ok(check)


def ok(check):
    print("ok", check, flush=True)


async def exchange(ws):
    """Makes the checks of an open connection whose other end echoes."""
    is_deflate = "--deflate" in sys.argv
    extensions = ws.response.headers.get("Sec-WebSocket-Extensions", "")
    same("deflate" if is_deflate else "no deflate", "permessage-deflate" in extensions, is_deflate)
    for check, message in MESSAGES:
        await ws.send(message)
        same(check, await ws.recv(), message)
    await ws.send(["Hel", "", "lo ", "κ"])
    same("fragments", await ws.recv(), "Hello κ")
    pong = await ws.ping(b"payload")
    await pong
    ok("ping")


async def client(uri):
    options = {"max_size": None, "ping_interval": None, "proxy": None}
    if certificate := option("--ca"):
        options["ssl"] = ssl.create_default_context(cafile=certificate)
    subprotocol = option("--subprotocol")
    async with connect(uri, subprotocols=subprotocol and ["other", subprotocol], **options) as ws:
        if subprotocol:
            same("subprotocol", ws.subprotocol, subprotocol)
        await exchange(ws)
        await ws.close(1000, "bye")
        same("client closes 1000", (ws.close_code, ws.close_reason), (1000, "bye"))
    if limit := option("--limit"):
        # If the server closes before the whole message is sent, `send` and `async with` can fail: they abort
        # a transport that is closed, which is an AttributeError in asyncio.
        ws = await connect(uri, **options)
        sending = asyncio.create_task(ws.send("x" * (int(limit) + 1)))
        same("server closes 1009", await close_code(ws), 1009)
        sending.cancel()
    if server := option("--server"):
        async with connect(uri, **options) as ws:
            await ws.send("Hello")
            await ws.recv()
            os.kill(int(server), signal.SIGINT)
            same("server closes 1001", await close_code(ws), 1001)


async def close_code(ws):
    """Waits for the Close of the other end."""
    try:
        while True:
            await ws.recv()
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code


async def server(connections):
    tls, left, served = None, int(connections), asyncio.Event()
    if certificate := option("--certificate"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, option("--key"))

    async def connection(ws):
        nonlocal left
        try:
            await serve_path(ws, ws.request.path.partition("?")[0])
        except Exception as error:
            sys.exit(f"{ws.request.path}: {error!r}")
        left -= 1
        if left == 0:
            served.set()

    def select(_ws, offered):
        return "echo" if "echo" in offered else None

    options = {"max_size": None, "ping_interval": None, "ssl": tls, "select_subprotocol": select}
    async with serve(connection, "127.0.0.1", 0, **options) as listener:
        host, port = listener.sockets[0].getsockname()
        print(f"listening on {'wss' if tls else 'ws'}://{host}:{port}", flush=True)
        await served.wait()


async def serve_path(ws, path):
    match path:
        case "/getCaseCount":
            await ws.send("1")
            await ws.close()
        case "/runCase":
            await exchange(ws)
            await close(ws, 1001, "bye")
        case "/updateReports":
            await ws.close()
        case _:
            await echo(ws)


async def echo(ws):
    async for message in ws:
        if message == "close me":
            return await close(ws, 1001, "as told")
        half = len(message) // 2
        await ws.send([message[:half], message[half:]])
    same("client closes 1000", ws.close_code, 1000)


async def close(ws, code, reason):
    await ws.close(code, reason)
    same(f"server closes {code}", (ws.close_code, ws.close_reason), (code, reason))


asyncio.run({"client": client, "server": server}[sys.argv[1]](sys.argv[2]))
