"""What a client must be able to do through a proxy, whatever its transport and release.

`connect(address, token)` opens a session, which has `list_tools` and `call_tool`.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import anyio

NOTES = os.environ["PROXY_NOTES"]
WAITING = os.environ["PROXY_WAITING"]
TOKEN = os.environ["PROXY_TOKEN"]
SECONDS_MAX = 60


def causes(error: BaseException) -> Iterator[BaseException]:
    """What went wrong, out of the groups that the SDK's tasks wrap around it, and what caused it."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error
        if error.__cause__ is not None:
            yield from causes(error.__cause__)


async def check_wrong_token(connect: Any) -> None:
    """Whoever has no token that is known is told 401."""
    try:
        async with connect(NOTES, f"{TOKEN}x"):
            pass
    except BaseException as error:
        told = [repr(cause) + str(cause) for cause in causes(error)]
        assert any("401" in text or "Unauthorized" in text for text in told), told
    else:
        raise AssertionError("a wrong token was taken")


async def check_notes(connect: Any, path: str) -> None:
    """Tools are listed and called; what they write is read again."""
    async with connect(NOTES, TOKEN) as session:
        tools = (await session.list_tools()).tools
        assert "search_notes" in {tool.name for tool in tools}, tools
        content = f"# Through a proxy\n\n{path}\n"
        created = await session.call_tool("create_note", {"path": path, "content": content})
        assert "Error" not in str(created.content[0].text) or path in str(created), created
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
