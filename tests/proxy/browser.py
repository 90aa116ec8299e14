"""Pages in a real browser that speak to the server: one of an origin on its list, and one of any other."""

import base64
import hashlib
import http.server
import json
import queue
import subprocess
import tempfile
import threading
from pathlib import Path

from parts import Certificate, Program, Proxy

PAGE = Path(__file__).resolve().parent / "page.html"
REPORT_SECONDS_MAX = 90


class Pages:
    """Two servers with the same page, hence two origins; what the page found out is told to the one it came from."""

    def __init__(self) -> None:
        self.settings: dict[str, str] = {}
        self.allowed, self.allowed_reports = self.serve()
        self.foreign, self.foreign_reports = self.serve()

    def serve(self) -> tuple[str, "queue.Queue[dict]"]:
        reports: queue.Queue[dict] = queue.Queue()
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                known = {
                    "/": ("text/html", PAGE.read_bytes()),
                    "/settings": ("application/json", json.dumps(pages.settings).encode()),
                }
                kind, body = known.get(self.path, ("text/plain", None))
                self.answer(404 if body is None else 200, kind, body or b"")

            def do_POST(self) -> None:  # noqa: N802
                report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(204, "text/plain", b"")
                reports.put(report)

            def answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://localhost:{server.server_port}", reports


def check(pages: Pages, proxy: Proxy, notes: Program, certificate: Certificate) -> None:
    """The page on the list speaks to the server, and the other cannot, with the same token."""
    for origin, reports, allowed in [
        (pages.foreign, pages.foreign_reports, False),
        (pages.allowed, pages.allowed_reports, True),
    ]:
        note = f"from-{'an-allowed' if allowed else 'a-foreign'}-page.md"
        pages.settings = {"url": f"{proxy.url}/mcp", "token": notes.token, "note": note}
        report = visit(origin, reports, certificate)
        written = (notes.folder / "notes" / note).exists()
        assert written == allowed, f"{origin}: the note was {'' if written else 'not '}written: {report}"
        for era in ("legacy", "modern"):
            if allowed:
                assert report[era].get("tools", 0) > 0, report
            else:
                assert "Failed to fetch" in report[era].get("error", ""), report


def visit(origin: str, reports: "queue.Queue[dict]", certificate: Certificate) -> dict:
    """Opens the page, and returns what it found out."""
    # Helpers of the browser write into its profile for a moment longer than it lives itself.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}/profile",
            # The certificate of our own is trusted, and no other.
            f"--ignore-certificate-errors-spki-list={fingerprint(certificate)}",
            f"{origin}/",
        ]
        with (Path(profile) / "log").open("w+") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                return reports.get(timeout=REPORT_SECONDS_MAX)
            except queue.Empty:
                log.seek(0)
                raise AssertionError(f"the page at {origin} reported nothing: {log.read()[-4000:]}") from None
            finally:
                process.terminate()
                process.wait()


def fingerprint(certificate: Certificate) -> str:
    """What the browser calls the certificate's key."""
    key = subprocess.run(
        ["openssl", "x509", "-in", certificate.chain, "-noout", "-pubkey"], check=True, capture_output=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=key, check=True, capture_output=True
    ).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
