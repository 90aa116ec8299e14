"""A server on standard input and output, spoken to line by line: nothing stands between the clock and the server."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

VERSION = "2025-06-18"


class Server:
    """A server that was started and greeted."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.last_id = 0
        hello = {
            "protocolVersion": VERSION,
            "capabilities": {},
            "clientInfo": {"name": "reference", "version": "1"},
        }
        self.request("initialize", hello)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.tools = self.request("tools/list", {})["result"]["tools"]
        #: From the start of the process to its list of tools.
        self.start_seconds = time.perf_counter() - started

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self.last_id += 1
        self._send({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params})
        assert self.process.stdout
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"{self.process.args} ended, exit code {self.process.wait()}")
            message = json.loads(line)
            if message.get("id") == self.last_id and "method" not in message:
                return message
            if "id" in message:
                self._answer(message)

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The result of a tool, or `{"isError": …}` for a call the server refused."""
        reply = self.request("tools/call", {"name": tool, "arguments": arguments})
        if "error" in reply:
            return {"isError": True, "content": [{"type": "text", "text": reply["error"]["message"]}]}
        return reply["result"]

    def resident_bytes(self) -> int:
        """Of the process and of those it started."""
        pages = sum(
            int(Path(f"/proc/{process}/statm").read_text().split()[1])
            for process in _with_descendants(self.process.pid)
        )
        return pages * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def _answer(self, question: dict[str, Any]) -> None:
        """This client offers nothing: neither roots nor people who could be asked."""
        refusal = {"code": -32601, "message": "not offered"}
        self._send({"jsonrpc": "2.0", "id": question["id"], "error": refusal})


def _with_descendants(process: int) -> list[int]:
    found = [process]
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in (thread / "children").read_text().split():
            found += _with_descendants(int(child))
    return found
