"""A client with the library websockets, which echoes until the connection ends: websockets_client.py URI"""

import asyncio
import sys

from websockets.asyncio.client import connect


async def main(uri):
    async with connect(uri, max_size=64 * 1024 * 1024, proxy=None) as connection:
        async for message in connection:
            await connection.send(message)


asyncio.run(main(sys.argv[1]))
