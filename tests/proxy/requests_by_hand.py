"""Requests no SDK would send, through a proxy: wrong hosts and pages, no token, too much, paths that do not lead in."""

import base64
import http.client
import json
import os
import re
import socket
import ssl
import time

from parts import DEPLOY, HOST, Certificate, Program, Proxy

SECONDS_MAX = 30
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "by hand", "version": "1"},
    },
}


def check(proxy: Proxy, notes: Program, certificate: Certificate) -> None:
    line = Line(proxy, certificate)
    bearer = {"Authorization": f"Bearer {notes.token}"}

    status, headers, _ = line.post(bearer)
    assert status == 200, status
    identifier = headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{32}|[0-9a-f-]{36}", identifier), f"not an id of the proxy: {identifier}"
    assert headers["X-Content-Type-Options"] == "nosniff"

    for wrong in [{}, {"Authorization": "Bearer hold_wrong"}, {"Authorization": f"Basic {notes.token}"}]:
        status, headers, _ = line.post(wrong)
        assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer"), (wrong, status, headers)
    assert line.post({}, path=f"/mcp?access_token={notes.token}")[0] in (400, 401)

    for origin, expected in [(f"https://{HOST}", 200), ("https://evil.example", 403), ("null", 403)]:
        status, headers, body = line.post(bearer | {"Origin": origin})
        assert status == expected, (origin, status, body)
        allowed = headers.get("Access-Control-Allow-Origin")
        assert allowed == (origin if expected == 200 else None), (origin, allowed)
    # A proxy answers to its own names only, or hands the name on and Holdall refuses it.
    status, _, body = line.post(bearer, host="evil.example")
    assert status == 403 or (status == 200 and body == b""), (status, body)

    # nginx refuses by itself; Caddy hands on until Holdall has refused, and may find out by failing to send the rest.
    status, _, body = line.post(bearer, body=b" " * (4 * 1024 * 1024 + 1))
    assert status in (413, 502), (status, body)

    for path in ["/metrics", "/ready", "/", "/mcp/", "/mcp/../metrics", "/%6detrics", "/sse/x", "/admin"]:
        status, headers, body = line.get(path, bearer)
        assert status == 404, (path, status, body)
        assert "X-Request-Id" not in headers, f"{path} leads in"
    # What leads in leads somewhere.
    for path in re.findall(r"location = (\S+) \{ proxy_pass", (DEPLOY / "nginx/holdall.conf").read_text()):
        status, headers, body = line.get(path, bearer)
        assert status != 404 and "X-Request-Id" in headers, (path, status, body)

    nothing_without_encryption(proxy)
    websocket(line, bearer)
    known_by_address(line, bearer, notes)


def nothing_without_encryption(proxy: Proxy) -> None:
    """The proxy does not listen without encryption, or serves nothing there."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain_port, timeout=SECONDS_MAX)
    try:
        connection.request("POST", "/mcp", json.dumps(INITIALIZE), {"Host": HOST})
    except ConnectionRefusedError:
        return
    assert connection.getresponse().status == 403


def known_by_address(line: "Line", bearer: dict[str, str], notes: Program) -> None:
    """The program knows clients by the address the proxy saw and requests by the name it gave, not by what they claim."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": INITIALIZE["params"]["clientInfo"],
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"_meta": meta, "name": "notes_status", "arguments": {}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    claims = {"X-Forwarded-For": "192.0.2.66", "X-Request-Id": "chosen-by-the-client"}
    mirrored = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "notes_status"}
    status, headers, body = line.post(bearer | claims | mirrored, body=json.dumps(call).encode(), source="127.0.0.2")
    assert status == 200, (status, body)
    identifier = headers["X-Request-Id"]
    assert identifier != claims["X-Request-Id"]
    written = audited(notes, identifier)
    assert (written["client"], written["principal"]) == ("127.0.0.2", "token:proxy"), written
    assert claims["X-Forwarded-For"] not in (notes.folder / "audit.jsonl").read_text()


def audited(notes: Program, identifier: str) -> dict:
    """The line of a call in the audit log, which is written beside the calls."""
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        lines = (notes.folder / "audit.jsonl").read_text().splitlines()
        for written in map(json.loads, lines):
            if written["request_id"] == identifier:
                return written
        time.sleep(0.05)
    raise AssertionError(f"no line of {identifier} in {lines}")


class Line:
    """Connections to a proxy, by the name in its configuration."""

    def __init__(self, proxy: Proxy, certificate: Certificate) -> None:
        self.proxy = proxy
        self.context = certificate.context()

    def open(self, source: str = "127.0.0.1") -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.proxy.port), SECONDS_MAX, (source, 0))
        return self.context.wrap_socket(plain, server_hostname=HOST)

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes | None, host: str, source: str):
        connection = http.client.HTTPSConnection("127.0.0.1", self.proxy.port)
        connection.sock = self.open(source)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        # Whoever is told that it is too much may find the connection closed before all was sent.
        try:
            connection.send(body or b"")
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            pass
        response = connection.getresponse()
        # Streams have no end; a reply that has one says how long it is.
        length = response.headers.get("Content-Length")
        text = response.read(int(length)) if length is not None else b""
        connection.close()
        return response.status, response.headers, text

    def post(
        self,
        headers: dict[str, str],
        *,
        path: str = "/mcp",
        body: bytes | None = None,
        host: str | None = None,
        source: str = "127.0.0.1",
    ):
        body = json.dumps(INITIALIZE).encode() if body is None else body
        always = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        return self.request("POST", path, always | headers, body, host or f"{HOST}:{self.proxy.port}", source)

    def get(self, path: str, headers: dict[str, str]):
        always = {"Accept": "text/event-stream"}
        return self.request("GET", path, always | headers, None, f"{HOST}:{self.proxy.port}", "127.0.0.1")


def websocket(line: Line, bearer: dict[str, str]) -> None:
    """WebSocket is handed on with all checks before it."""
    evil = {"Origin": "https://evil.example"}
    for headers, expected in [({}, 401), (bearer | evil, 403), (bearer, 101)]:
        with line.open() as connection:
            upgrade = {
                "Host": f"{HOST}:{line.proxy.port}",
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
                "Sec-WebSocket-Protocol": "mcp",
            }
            lines = ["GET /ws HTTP/1.1", *(f"{name}: {value}" for name, value in (upgrade | headers).items())]
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            stream = connection.makefile("rb")
            status = int(stream.readline().split()[1])
            assert status == expected, (headers, status)
            if status != 101:
                continue
            while stream.readline() not in (b"\r\n", b""):
                pass
            send_frame(connection, json.dumps(INITIALIZE).encode())
            reply = json.loads(read_frame(stream))
            assert reply["result"]["protocolVersion"] == "2025-11-25", reply


def send_frame(connection: ssl.SSLSocket, text: bytes) -> None:
    """A text of up to 64 KiB, masked as clients must."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))
    connection.sendall(bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + mask + masked)


def read_frame(stream) -> bytes:
    """A text the server sends in one frame."""
    first, length = stream.read(2)
    assert first == 0x81, f"not a text in one frame: {first:#x}"
    if length == 126:
        length = int.from_bytes(stream.read(2), "big")
    elif length == 127:
        length = int.from_bytes(stream.read(8), "big")
    return stream.read(length)
