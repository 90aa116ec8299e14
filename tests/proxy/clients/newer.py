"""The official Python SDK through a proxy, over Streamable HTTP, in both eras of the protocol.

Reads PROXY_NOTES (the address of the program, as the proxy has it), PROXY_WAITING (that of the server whose calls wait for
another), PROXY_TOKEN. Trusts what SSL_CERT_FILE says.
"""

import contextlib
import functools
from collections.abc import AsyncIterator

import anyio
import checks
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}


@contextlib.asynccontextmanager
async def connect(address: str, token: str, *, era: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    seen = {"response": [checks.see]}
    async with httpx2.AsyncClient(headers=headers, timeout=checks.SECONDS_MAX, event_hooks=seen) as http:
        transport = streamable_http_client(f"{address}/mcp", http_client=http)
        async with Client(transport, mode=ERAS[era], read_timeout_seconds=checks.SECONDS_MAX) as client:
            assert client.protocol_version == era, client.protocol_version
            yield client


for era in ERAS:
    anyio.run(checks.check, functools.partial(connect, era=era), f"python-{era}.md")
    print(f"python streamable {era} ok", flush=True)
