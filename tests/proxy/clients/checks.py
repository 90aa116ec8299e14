"""What a client must be able to do through a proxy, whatever its transport and release.

`connect(address, token)` opens a session, which has `list_tools` and `call_tool`.
"""

import json
import os
from typing import Any

import anyio

NOTES = os.environ["PROXY_NOTES"]
WAITING = os.environ["PROXY_WAITING"]
TOKEN = os.environ["PROXY_TOKEN"]
SECONDS_MAX = 60


# SDKs wrap what they are told in errors of their own, so what the wire said is kept here.
statuses: list[int] = []


async def see(response: Any) -> None:
    """To be called by HTTP clients with each response."""
    statuses.append(response.status_code)


async def check_wrong_token(connect: Any) -> None:
    """Whoever has no token that is known is told 401, whatever it asks."""
    statuses.clear()
    try:
        async with connect(NOTES, f"{TOKEN}x"):
            pass
    except Exception:
        assert set(statuses) == {401}, statuses
    else:
        raise AssertionError("a wrong token was taken")


async def check_notes(connect: Any, path: str) -> None:
    """Tools are listed and called; what they write is read again."""
    async with connect(NOTES, TOKEN) as session:
        tools = (await session.list_tools()).tools
        assert "search_notes" in {tool.name for tool in tools}, tools
        content = f"# Through a proxy\n\n{path}\n"
        created = await session.call_tool("create_note", {"path": path, "content": content})
        # The two generations name it differently.
        assert not (getattr(created, "isError", False) or getattr(created, "is_error", False)), created
        read = await session.call_tool("read_note", {"path": path})
        assert path in json.dumps([block.text for block in read.content]), read


async def check_streaming(connect: Any) -> None:
    """A call waits until another is made, which is made when the first tells how far it is: it ends only if that
    arrives."""
    async with connect(WAITING, TOKEN) as session, anyio.create_task_group() as tasks:
        events = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            if not events:
                tasks.start_soon(session.call_tool, "let_go", {})
            events.append(progress)

        result = await session.call_tool("report_and_wait", {}, progress_callback=hear)
        assert result.content[0].text == "let go", result
        assert events and events[0] == 1, f"the first thing heard: {events}"


async def check(connect: Any, path: str) -> None:
    """Everything, in bounded time."""
    with anyio.fail_after(SECONDS_MAX):
        await check_wrong_token(connect)
        await check_notes(connect, path)
        await check_streaming(connect)
