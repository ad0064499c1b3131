"""The loop around wsproto that its server and its client share."""

from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import RemoteProtocolError


def echo(sock, ws):
    """Echoes until the connection ends. Returns whether the closing handshake is complete."""
    parts = []
    while True:
        data = sock.recv(65536)
        try:
            ws.receive_data(data or None)
        except RemoteProtocolError as error:
            if not ws.client and error.event_hint:
                sock.sendall(ws.send(error.event_hint))
            return False
        for event in ws.events():
            match event:
                case Request():
                    sock.sendall(ws.send(AcceptConnection(extensions=[PerMessageDeflate()])))
                case RejectConnection():
                    return False
                case TextMessage() | BytesMessage():
                    parts.append(event.data)
                    if event.message_finished:
                        whole = type(event.data)().join(parts)
                        parts.clear()
                        sock.sendall(ws.send(Message(data=whole)))
                case Ping():
                    sock.sendall(ws.send(event.response()))
                case CloseConnection():
                    # The answer to a Close, or the Close that fails the connection.
                    if ws.state is not ConnectionState.CLOSED:
                        sock.sendall(ws.send(event.response()))
                    return ws.state is ConnectionState.CLOSED
        if not data:
            return False
