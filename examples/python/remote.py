"""A server that others reach, with FastMCP: TOKEN=… python remote.py 127.0.0.1 8000"""

import os
import sys

from fastmcp import FastMCP
from fastmcp.server.auth import require_scopes
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier
from fastmcp.server.dependencies import get_access_token

mcp = FastMCP("remote", auth=StaticTokenVerifier({os.environ["TOKEN"]: {"client_id": "first", "scopes": []}}))


@mcp.tool(annotations={"readOnlyHint": True}, output_schema=None)
def whoami() -> str:
    """Say who calls."""
    return f"You are {get_access_token().client_id}."


# Who may not call it does not see it.
@mcp.tool(auth=require_scopes("machine:restart"), output_schema=None)
def restart() -> str:
    """Restart the machine."""
    return "It would restart now."


if __name__ == "__main__":
    host, port = sys.argv[1:] if len(sys.argv) == 3 else ("127.0.0.1", "8000")
    mcp.run(transport="http", host=host, port=int(port), show_banner=False)
