"""Five everyday tools, with FastMCP: python five_tools.py FOLDER DATABASE HOST…

What a model may reach is said by whoever starts the server, never by the model.
"""

import sqlite3
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from pydantic import Field

BYTES_MAX = 1_000_000
ROWS_MAX = 100
TIME_MAX = 5.0

arguments = sys.argv[1:]
FOLDER = Path(arguments[0] if arguments else ".").resolve()
DATABASE = Path(arguments[1] if len(arguments) > 1 else "data.db").resolve()
HOSTS = arguments[2:]

mcp = FastMCP("five_tools")
READ_ONLY = {"readOnlyHint": True}


@mcp.tool(annotations=READ_ONLY, output_schema=None)
def calculate(left: float, operator: Literal["+", "-", "*", "/"], right: float) -> float:
    """Calculate with two numbers."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right == 0:
        raise ToolError(f"{left} cannot be divided by zero")
    return left / right


@mcp.tool(annotations=READ_ONLY, output_schema=None)
def read_file(path: Annotated[str, Field(description="Its path in the folder, such as `notes/today.txt`.")]) -> str:
    """Read a text file of the shared folder."""
    file = (FOLDER / path).resolve()
    if not file.is_relative_to(FOLDER) or not file.exists():
        raise ToolError(f"there is no file `{path}` in the shared folder")
    if not file.is_file() or file.stat().st_size > BYTES_MAX:
        raise ToolError(f"`{path}` is no file of at most {BYTES_MAX} bytes")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ToolError(f"`{path}` is not text") from None


# Redirects are not followed: they could lead to a host that is not allowed.
@mcp.tool(annotations=READ_ONLY, output_schema=None)
async def fetch_page(url: str) -> str:
    """Fetch a page as text."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ToolError(f"`{url}` is no URL of a page") from None
    host = parsed.netloc.decode()
    if host not in HOSTS or parsed.userinfo:
        raise ToolError(f"the host `{host}` is not allowed; allowed are: {', '.join(HOSTS)}")
    page = b""
    deadline = time.monotonic() + TIME_MAX
    try:
        async with httpx.AsyncClient(timeout=TIME_MAX, trust_env=False) as client:
            async with client.stream("GET", parsed) as reply:
                reply.raise_for_status()
                async for chunk in reply.aiter_bytes():
                    page += chunk
                    if len(page) > BYTES_MAX or time.monotonic() > deadline:
                        raise ToolError(f"{host}: the page is too large or too slow")
    except httpx.HTTPError as error:
        raise ToolError(f"{host}: {error}") from None
    return page.decode(reply.encoding or "utf-8", errors="replace")


@mcp.tool(annotations=READ_ONLY)
def query_database(sql: str) -> list[list[str | int | float | None]]:
    """Query the database with one SELECT. Returns rows of values."""
    connection = open_for_reading()
    try:
        rows = connection.execute(sql).fetchmany(ROWS_MAX)
    except sqlite3.Error as error:
        raise ToolError(str(error)) from None
    finally:
        connection.close()
    return [[f"{len(value)} bytes" if isinstance(value, bytes) else value for value in row] for row in rows]


# SQLite itself refuses whatever does not read, and what takes too long: nobody looks at the text of a query.
def open_for_reading() -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(DATABASE))}?mode=ro", uri=True)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, BYTES_MAX)
    connection.set_authorizer(only_reading)
    deadline = time.monotonic() + TIME_MAX
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
    return connection


def only_reading(action, _argument, function, _database, _trigger):
    if action == sqlite3.SQLITE_FUNCTION and function == "load_extension":
        return sqlite3.SQLITE_DENY
    reading = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    return sqlite3.SQLITE_OK if action in reading else sqlite3.SQLITE_DENY


@mcp.tool(annotations=READ_ONLY, output_schema=None)
def current_time(zone: Annotated[str, Field(examples=["Europe/Berlin"])] = "UTC") -> str:
    """Tell the date and time of a time zone."""
    try:
        now = datetime.now(ZoneInfo(zone))
    except (KeyError, ValueError):
        raise ToolError(f"there is no time zone `{zone}`") from None
    return now.strftime("%A, %Y-%m-%d %H:%M:%S %z")


if __name__ == "__main__":
    mcp.run(show_banner=False)
