# pip install websockets; wsconform client -- python3 driver.py {server}
import asyncio, sys, websockets

server, agent = sys.argv[1], "websockets"

async def visit(resource, echoes=False):
    """The connection of a resource, until it ends; the last message."""
    last = None
    try:
        async with websockets.connect(server + resource, max_size=None) as connection:
            async for last in connection:
                if echoes:
                    await connection.send(last)
    except (websockets.WebSocketException, OSError):
        pass  # the suite has its own record
    return last

async def main():
    for number in range(1, int(await visit("/getCaseCount")) + 1):
        await visit(f"/runCase?case={number}&agent={agent}", echoes=True)
    await visit(f"/updateReports?agent={agent}")

asyncio.run(main())
