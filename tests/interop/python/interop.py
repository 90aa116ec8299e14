"""The official Python SDK against the real program, over every transport it has and both eras of the protocol.

Reads HOLDALL_BIN (the program), HOLDALL_NOTES (a folder of notes, copied for each run) and
HOLDALL_INTEROP_EXPECTED (what is asked and what must come of it).
Exits with 1 if any combination fails, after all were tried.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client

PROGRAM = os.environ["HOLDALL_BIN"]
NOTES = Path(os.environ["HOLDALL_NOTES"])
EXPECTED = json.loads(Path(os.environ["HOLDALL_INTEROP_EXPECTED"]).read_text())

# What the client is told to negotiate, and what must come of it.
ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}

# Bounds of everything that waits, in seconds.
CALL_SECONDS_MAX = 30
START_SECONDS_MAX = 30
INDEX_SECONDS_MAX = 120
STOP_SECONDS_MAX = 15
POLL_SECONDS = 0.05


def arguments(folder: Path) -> list[str]:
    """The program's arguments for a folder with `notes` and `data` in it."""
    return ["serve", "notes", "--notes", str(folder / "notes"), "--data-dir", str(folder / "data")]


@contextlib.asynccontextmanager
async def over_stdio(folder: Path, era: str) -> AsyncIterator[Client]:
    """A client that starts the program and speaks to it over its standard input and output."""
    server = StdioServerParameters(command=PROGRAM, args=arguments(folder))
    with (folder / "stderr").open("w") as log:
        transport = stdio_client(server, errlog=log)
        async with Client(transport, mode=ERAS[era], read_timeout_seconds=CALL_SECONDS_MAX) as client:
            yield client


@contextlib.contextmanager
def http_server(folder: Path) -> Iterator[str]:
    """The program serving HTTP on a free port; yields its address, and stops it as a service manager would."""
    command = [PROGRAM, *arguments(folder), "--http", "127.0.0.1:0"]
    with (folder / "stderr").open("w") as log:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        addresses: list[str] = []
        announced = threading.Event()

        def follow() -> None:
            for line in process.stderr:
                log.write(line)
                if match := re.search(r"http://127\.0\.0\.1:\d+/mcp", line):
                    addresses.append(match.group())
                    announced.set()
            announced.set()

        reader = threading.Thread(target=follow)
        reader.start()
        try:
            announced.wait(START_SECONDS_MAX)
            assert addresses, "the program did not say which address it listens on"
            yield addresses[0]
            process.terminate()
            code = process.wait(STOP_SECONDS_MAX)
            assert code == 0, f"the program ended with code {code} when asked to stop"
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stderr.close()


@contextlib.asynccontextmanager
async def over_http(folder: Path, era: str) -> AsyncIterator[Client]:
    """A client of the program that serves HTTP."""
    with http_server(folder) as address:
        async with Client(address, mode=ERAS[era], read_timeout_seconds=CALL_SECONDS_MAX) as client:
            yield client


@contextlib.asynccontextmanager
async def over_sse(folder: Path, era: str) -> AsyncIterator[Client]:
    """A client of the program that serves HTTP, over the transport of the older releases."""
    with http_server(folder) as address:
        transport = sse_client(address.removesuffix("/mcp") + "/sse")
        async with Client(transport, mode=ERAS[era], read_timeout_seconds=CALL_SECONDS_MAX) as client:
            yield client


# The newer era has left HTTP+SSE behind.
TRANSPORTS = {"stdio": (over_stdio, list(ERAS)), "http": (over_http, list(ERAS)), "sse": (over_sse, ["2025-11-25"])}


async def every(list_page: Any, items: str) -> list[Any]:
    """All pages of a listing."""
    page = await list_page()
    listed = list(getattr(page, items))
    while page.next_cursor is not None:
        page = await list_page(cursor=page.next_cursor)
        listed += getattr(page, items)
    return listed


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Calls a tool that must succeed."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, f"{tool} {arguments}: {text(result)}"
    return result


def text(result: Any) -> str:
    """The text of a tool's result."""
    return "\n".join(content.text for content in result.content if content.type == "text")


async def check_search(client: Client) -> None:
    query, path = EXPECTED["search"]["query"], EXPECTED["search"]["path"]
    deadline = time.monotonic() + INDEX_SECONDS_MAX
    while True:
        found = (await call(client, "search_notes", query=query, limit=5)).structured_content
        legs = found["legs"]
        if legs["dense"] and 0 < legs["passages"] == legs["embedded"]:
            break
        assert time.monotonic() < deadline, f"not indexed within {INDEX_SECONDS_MAX} s: {legs}"
        await anyio.sleep(POLL_SECONDS)
    paths = [hit["path"] for hit in found["hits"]]
    assert path in paths, paths


async def check_listings(client: Client) -> None:
    tools = await every(client.list_tools, "tools")
    names = {tool.name for tool in tools}
    assert names >= set(EXPECTED["tools"]), names
    for tool in tools:
        assert tool.description, tool.name
        assert tool.input_schema["type"] == "object", tool.name

    resources = await every(client.list_resources, "resources")
    assert EXPECTED["note"]["uri"] in {resource.uri for resource in resources}
    templates = await every(client.list_resource_templates, "resource_templates")
    assert any(template.uri_template.startswith(EXPECTED["template_prefix"]) for template in templates), templates
    # A server without prompts does not declare them, and clients do not ask.
    if client.server_capabilities.prompts is not None:
        assert await every(client.list_prompts, "prompts"), "prompts are declared but there are none"


async def check_notes(client: Client, folder: Path) -> None:
    note, created = EXPECTED["note"], EXPECTED["created"]
    assert note["sentence"] in text(await call(client, "read_note", path=note["path"]))

    await call(client, "create_note", path=created["path"], content=created["content"])
    assert created["content"].strip() in text(await call(client, "read_note", path=created["path"]))
    assert (folder / "notes" / created["path"]).read_text() == created["content"]

    contents = (await client.read_resource(note["uri"])).contents
    assert contents[0].text == (folder / "notes" / note["path"]).read_text()


async def check_wrong_arguments(client: Client) -> None:
    wrong = EXPECTED["wrong"]
    result = await client.call_tool("search_notes", wrong["arguments"])
    assert result.is_error, "wrong arguments were accepted"
    missing = [problem for problem in wrong["problems"] if problem not in text(result)]
    assert not missing, f"the reply does not mention {missing}: {text(result)}"


class Complaints(logging.Handler):
    """Collects what the SDK warns about: it tolerates mistakes that hosts show to their users."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


async def check(transport: Any, era: str, folder: Path) -> None:
    """Everything a host does with a server."""
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    async with transport(folder, era) as client:
        assert client.protocol_version == era, client.protocol_version
        assert client.server_info is not None and client.server_info.name, client.server_info
        await check_search(client)
        await check_listings(client)
        await check_notes(client, folder)
        await check_wrong_arguments(client)
    logging.getLogger().removeHandler(complaints)
    assert not complaints.messages, f"the SDK complained: {complaints.messages}"


def causes(error: BaseException) -> Iterator[BaseException]:
    """What went wrong, out of the groups that the SDK's tasks wrap around it."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error


def main() -> int:
    failures = 0
    for name, (transport, eras) in TRANSPORTS.items():
        for era in eras:
            started = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="holdall-interop-") as temporary:
                folder = Path(temporary)
                shutil.copytree(NOTES, folder / "notes")
                try:
                    anyio.run(check, transport, era, folder)
                    outcome = "ok"
                except Exception as error:
                    failures += 1
                    outcome = "FAILED"
                    for cause in causes(error):
                        traceback.print_exception(cause)
                    print("the program's log:", (folder / "stderr").read_text(), sep="\n", file=sys.stderr)
            seconds = time.monotonic() - started
            print(f"python {name:5} {era} {outcome} ({seconds:.1f} s)", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
