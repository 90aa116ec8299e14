"""A list of chores, with FastMCP."""

import asyncio
from typing import Annotated

from fastmcp import Context, FastMCP
from fastmcp.exceptions import ResourceError, ToolError
from fastmcp.prompts import Message
from pydantic import BaseModel, Field

mcp = FastMCP("chores", version="1.0.0")


class Chore(BaseModel):
    id: int
    title: str
    priority: int
    done: bool = False


class Summary(BaseModel):
    open: Annotated[int, Field(description="Chores still to do.", ge=0)]
    done: Annotated[int, Field(description="Chores that are done.", ge=0)]


# Shared between the functions, which are asynchronous and so run on one thread: no lock is needed.
chores: list[Chore] = []


@mcp.tool(description="Add a chore to the list.", output_schema=None)
async def add_chore(
    title: Annotated[str, Field(description="What is to be done.", min_length=1, max_length=80)],
    priority: Annotated[int, Field(description="How urgent it is; 5 is most urgent.", ge=1, le=5)] = 3,
) -> str:
    chore = Chore(id=len(chores) + 1, title=title, priority=priority)
    chores.append(chore)
    return f"added chore {chore.id} with priority {priority}"


@mcp.tool(description="Count the chores.")
async def count_chores() -> Summary:
    done = sum(chore.done for chore in chores)
    return Summary(open=len(chores) - done, done=done)


@mcp.tool(description="Do all chores, one after the other.", timeout=1.0, output_schema=None)
async def do_chores(
    ctx: Context,
    pause_ms: Annotated[int, Field(description="How long each one takes, in milliseconds.", ge=0, le=60000)] = 10,
) -> str:
    for number, chore in enumerate(list(chores), start=1):
        await asyncio.sleep(pause_ms / 1000)
        chore.done = True
        await ctx.report_progress(number, len(chores), f"did {chore.title}")
    return f"did {len(chores)} chores"


@mcp.tool(description="Take a chore off the list's open ones.", output_schema=None)
async def finish_chore(id: Annotated[int, Field(description="The chore's number.", ge=1)]) -> str:
    chore = next((chore for chore in chores if chore.id == id), None)
    if chore is None:
        raise ToolError(f"there is no chore {id}: the last one is {len(chores)}")
    chore.done = True
    return f"finished {chore.title}"


@mcp.resource("chore://{id}", name="chore", description="A chore.", mime_type="application/json")
async def chore(id: int) -> str:
    found = next((chore for chore in chores if chore.id == id), None)
    if found is None:
        raise ResourceError(f"there is no chore {id}")
    return found.model_dump_json()


@mcp.prompt(description="Plan a day.")
async def plan_day(hours: Annotated[str, Field(description="Hours there are.")]) -> list[Message]:
    return [
        Message(f"I have {hours} hours. Plan my chores."),
        Message("I start with the most urgent one.", role="assistant"),
    ]


if __name__ == "__main__":
    mcp.run(show_banner=False)
