"""The real program behind nginx and Caddy, with the configurations of deploy/: only ports and certificate are changed.

Reads HOLDALL_BIN, PROXIED_BIN (the program, and the server whose calls wait for another), PROXY_SDKS (where the official
SDKs are), HOLDALL_PROXY_REQUIRED. Exits with 1 if anything fails, after everything was tried.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import browser
import requests_by_hand
from parts import Certificate, Program, caddy, nginx

SDKS = Path(os.environ["PROXY_SDKS"])
CLIENTS = Path(__file__).resolve().parent / "clients"
REQUIRED = os.environ.get("HOLDALL_PROXY_REQUIRED") == "1"
CLIENT_SECONDS_MAX = 180

failures = 0


def attempt(what: str, check: Callable[[], None], logs: Path) -> None:
    """Makes a check, and says how it went."""
    global failures
    started = time.monotonic()
    try:
        check()
        outcome = "ok"
    except Exception:
        failures += 1
        outcome = "FAILED"
        traceback.print_exc()
        for log in sorted(logs.glob("*.log")):
            print(f"{log.name}:\n{log.read_text()[-4000:]}", file=sys.stderr)
    print(f"{what} {outcome} ({time.monotonic() - started:.1f} s)", flush=True)


def skip(what: str, need: str) -> None:
    """Says why something is left out; a failure if it must not be."""
    global failures
    print(f"{what}: skipped: needs {need}", flush=True)
    failures += REQUIRED


def clients() -> dict[str, list[str | Path]]:
    """The commands of the clients."""
    found = {
        "python": [SDKS / "python/bin/python", CLIENTS / "newer.py"],
        "python-older": [SDKS / "python-older/bin/python", CLIENTS / "older.py"],
    }
    if (SDKS / "typescript/newer.mjs").exists() and shutil.which("node"):
        found["typescript"] = ["node", SDKS / "typescript/newer.mjs"]
        found["typescript-older"] = ["node", SDKS / "typescript/older.mjs"]
    else:
        skip("typescript", "node (20 or newer) with npm")
    return found


def run_client(command: list[str | Path], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=CLIENT_SECONDS_MAX,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def try_proxy(
    name: str,
    start: Callable,
    folder: Path,
    commands: dict[str, list[str | Path]],
    pages: "browser.Pages | None",
) -> None:
    """Everything through one kind of proxy."""
    folder.mkdir()
    certificate = Certificate(folder)
    origins = [pages.allowed] if pages else []
    with (
        Program.notes(folder, origins) as notes,
        Program.waiting(folder) as waiting,
        start(folder / "notes-proxy", certificate, notes.port) as to_notes,
        start(folder / "waiting-proxy", certificate, waiting.port) as to_waiting,
    ):
        for client, command in commands.items():
            environment = {
                "PROXY_NOTES": to_notes.url,
                "PROXY_WAITING": to_waiting.url,
                "PROXY_TOKEN": notes.token,
                "NODE_EXTRA_CA_CERTS": str(certificate.authority),
                "SSL_CERT_FILE": str(certificate.authority),
            }
            attempt(f"{name} {client}", partial(run_client, command, environment), folder)
        attempt(f"{name} requests", partial(requests_by_hand.check, to_notes, notes, certificate), folder)
        if pages:
            attempt(f"{name} browser", partial(browser.check, pages, to_notes, notes, certificate), folder)


def main() -> int:
    proxies = {"nginx": nginx, "caddy": caddy}
    pages = browser.Pages() if shutil.which("chromium") else None
    if not pages:
        skip("browser", "chromium")
    commands = clients()
    with tempfile.TemporaryDirectory(prefix="holdall-proxy-") as folder:
        # What a proxy's own user has to read.
        os.chmod(folder, 0o755)
        for name, start in proxies.items():
            if not shutil.which(name):
                skip(name, name)
                continue
            here = Path(folder) / name
            everything = partial(try_proxy, name, start, here, commands, pages)
            attempt(f"{name} start and end", everything, here)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
