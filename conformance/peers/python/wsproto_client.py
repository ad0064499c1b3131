"""A client with wsproto, which echoes until the connection ends: wsproto_client.py URI"""

import socket
import sys
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import Request
from wsproto.extensions import PerMessageDeflate

from wsproto_echo import echo


def main(uri):
    parts = urlsplit(uri)
    target = parts.path + "?" + parts.query
    ws = WSConnection(ConnectionType.CLIENT)
    request = Request(host=parts.netloc, target=target, extensions=[PerMessageDeflate()])
    with socket.create_connection((parts.hostname, parts.port)) as sock:
        sock.sendall(ws.send(request))
        if not echo(sock, ws):
            # Unread bytes would turn the end of TCP into a reset, which can destroy the Close on its way.
            sock.shutdown(socket.SHUT_WR)
        # After the closing handshake, the server ends TCP.
        sock.settimeout(1)
        while sock.recv(65536):
            pass


main(sys.argv[1])
