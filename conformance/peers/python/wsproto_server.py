"""An echo server with wsproto, a thread for each connection: wsproto_server.py HOST PORT"""

import socket
import sys
import threading

from wsproto import ConnectionType, WSConnection

from wsproto_echo import echo


def serve(sock):
    with sock:
        echo(sock, WSConnection(ConnectionType.SERVER))
        # Unread bytes would turn the end of TCP into a reset, which can destroy the Close on its way.
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(1)
        while sock.recv(65536):
            pass


def main(host, port):
    with socket.create_server((host, int(port)), backlog=128) as listener:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock,), daemon=True).start()


main(*sys.argv[1:])
