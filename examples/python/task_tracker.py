"""A list of tasks in SQLite, with FastMCP: python task_tracker.py FILE"""

import sqlite3
import sys
import threading
from typing import Annotated, Literal

from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from pydantic import BaseModel, Field, TypeAdapter

mcp = FastMCP("task_tracker")

# Plain functions run on several threads.
lock = threading.Lock()
connection = sqlite3.connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:", check_same_thread=False, isolation_level=None)
connection.execute(
    """CREATE TABLE IF NOT EXISTS tasks (
           id INTEGER PRIMARY KEY, title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0
       )"""
)


class Task(BaseModel):
    id: int
    title: str
    done: bool


def select(query: str, *values) -> list[Task]:
    with lock:
        rows = connection.execute(query, values).fetchall()
    return [Task(id=id, title=title, done=done) for id, title, done in rows]


def where(condition: str, *values) -> list[Task]:
    return select(f"SELECT id, title, done FROM tasks WHERE {condition} ORDER BY id", *values)


@mcp.tool(annotations={"destructiveHint": False})
async def add_task(
    ctx: Context,
    title: Annotated[str, Field(description="What is to be done.", min_length=1, max_length=200)],
) -> Task:
    """Add a task."""
    [task] = select("INSERT INTO tasks (title) VALUES (?) RETURNING id, title, done", title)
    await ctx.session.send_resource_updated("tasks://all")
    return task


@mcp.tool(annotations={"destructiveHint": False, "idempotentHint": True})
async def complete_task(ctx: Context, id: int) -> Task:
    """Mark a task as done."""
    tasks = select("UPDATE tasks SET done = 1 WHERE id = ? RETURNING id, title, done", id)
    if not tasks:
        raise ToolError(f"there is no task {id}: list_tasks shows those there are")
    await ctx.session.send_resource_updated("tasks://all")
    return tasks[0]


@mcp.tool(annotations={"readOnlyHint": True})
def list_tasks(status: Literal["open", "done", "all"] = "open") -> list[Task]:
    """List tasks."""
    return where({"open": "NOT done", "done": "done", "all": "true"}[status])


# The text is bound, never put into the query.
@mcp.tool(annotations={"readOnlyHint": True})
def search_tasks(text: Annotated[str, Field(min_length=1)]) -> list[Task]:
    """Find tasks by a text in the title."""
    return where("instr(lower(title), lower(?)) > 0", text)


@mcp.resource("tasks://all", mime_type="application/json")
def all_tasks() -> str:
    """All tasks."""
    return TypeAdapter(list[Task]).dump_json(where("true")).decode()


@mcp.prompt
def plan_day(hours: Annotated[int, Field(description="Hours there are.", ge=1, le=24)] = 8) -> str:
    """Plan the day with the tasks that are open."""
    tasks = "\n".join(f"- {task.id}: {task.title}" for task in where("NOT done"))
    return f"I have {hours} hours. Put these tasks in order, and say which to leave for tomorrow:\n\n{tasks}"


if __name__ == "__main__":
    mcp.run(show_banner=False)
