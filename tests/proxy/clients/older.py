"""The official Python SDK of the first generation through a proxy, over HTTP+SSE.

Reads what newer.py reads.
"""

import contextlib
from collections.abc import AsyncIterator

import anyio
import checks
import httpx
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.shared._httpx_utils import create_mcp_http_client


def http_client(*arguments: object, **options: object) -> httpx.AsyncClient:
    """What the SDK makes for itself, with its responses seen."""
    client = create_mcp_http_client(*arguments, **options)
    client.event_hooks["response"].append(checks.see)
    return client


@contextlib.asynccontextmanager
async def connect(address: str, token: str) -> AsyncIterator[ClientSession]:
    headers = {"Authorization": f"Bearer {token}"}
    transport = sse_client(f"{address}/sse", headers=headers, httpx_client_factory=http_client)
    async with transport as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


anyio.run(checks.check, connect, "python-sse.md")
print("python sse ok", flush=True)
