"""What goes wrong, on purpose, with FastMCP."""

import time

from fastmcp import FastMCP

mcp = FastMCP("faults", version="1.0.0")


@mcp.tool
def healthy() -> str:
    return "fine"


@mcp.tool
def panic() -> str:
    raise RuntimeError("a bug: secret-42")


@mcp.tool
def block() -> str:
    time.sleep(0.5)
    return "done"


@mcp.tool
async def block_async() -> str:
    time.sleep(0.5)
    return "done"


@mcp.tool
def stray_print() -> str:
    print("stray", flush=True)
    return "printed"


if __name__ == "__main__":
    mcp.run(show_banner=False)
