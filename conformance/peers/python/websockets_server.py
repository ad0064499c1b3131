"""An echo server with the library websockets: websockets_server.py HOST PORT"""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main(host, port):
    async with serve(echo, host, int(port), max_size=64 * 1024 * 1024) as server:
        await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
