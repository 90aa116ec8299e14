"""The smallest server, with FastMCP: python hello.py"""

from typing import Annotated

from fastmcp import FastMCP
from pydantic import Field

mcp = FastMCP("hello")


@mcp.tool(output_schema=None)
def say_hello(name: Annotated[str, Field(description="Who to greet.")]) -> str:
    """Greet a person by name."""
    return f"Hello, {name}! This is your first MCP tool."


if __name__ == "__main__":
    mcp.run(show_banner=False)
