"""The official Python SDK of the first generation through a proxy, over HTTP+SSE.

Reads what newer.py reads.
"""

import contextlib
from collections.abc import AsyncIterator

import anyio
import checks
from mcp import ClientSession
from mcp.client.sse import sse_client


@contextlib.asynccontextmanager
async def connect(address: str, token: str) -> AsyncIterator[ClientSession]:
    headers = {"Authorization": f"Bearer {token}"}
    async with sse_client(f"{address}/sse", headers=headers) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


anyio.run(checks.check, connect, "python-sse.md")
print("python sse ok", flush=True)
