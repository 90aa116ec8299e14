"""The image of deploy/Dockerfile without a container engine: its files, user and variables, on a read-only root.

Is to be started in namespaces of its own (mounts, network, processes), as root, with the path of the Dockerfile. Reads
HOLDALL_BIN (the program that would be in the image).
"""

import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PROGRAM = os.environ["HOLDALL_BIN"]
DOCKERFILE = Path(sys.argv[1]).read_text().replace("\\\n", " ")
# What the image `distroless/cc` has of libraries.
LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"}
WAIT_SECONDS_MAX = 60
USER = 65532


def instruction(name: str) -> str:
    """What an instruction of the last stage says."""
    stage = DOCKERFILE.rpartition("\nFROM ")[2]
    return re.findall(rf"^{name}\s+(.*)$", stage, re.MULTILINE)[-1].strip()


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def build(root: Path) -> None:
    """What the Dockerfile puts into the image, on what distroless has."""
    mount("-t", "tmpfs", "image", root)
    linked = subprocess.run(["ldd", PROGRAM], check=True, capture_output=True, text=True).stdout
    for name, path in re.findall(r"(\S+) => (/\S+)", linked) + re.findall(r"^\s*((/\S+))", linked, re.MULTILINE):
        assert name in LIBRARIES or "/ld-linux" in name, f"the image does not have {name}"
        to = root / path.lstrip("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    program = root / instruction("ENTRYPOINT").strip('[]"').lstrip("/")
    program.parent.mkdir(parents=True)
    shutil.copy(PROGRAM, program)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text("nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
    for folder in ["proc", "dev", "tmp", "home/nonroot"]:
        (root / folder).mkdir(parents=True)
    mount("-t", "proc", "proc", root / "proc")
    for device in ["null", "urandom"]:
        (root / "dev" / device).touch()
        mount("--bind", f"/dev/{device}", root / "dev" / device)
    # The volumes, and the folder for temporary files.
    for folder, mode in {"data": "0700", "notes": "0755", "etc/holdall": "0700", "tmp": "1777"}.items():
        assert f"/image/{folder} " in f"{DOCKERFILE} " or folder == "tmp", f"the Dockerfile makes no /{folder}"
        (root / folder).mkdir(parents=True, exist_ok=True)
        mount("-t", "tmpfs", "-o", f"mode={mode},uid={USER},gid={USER}", "volume", root / folder)
    mount("-o", "remount,ro", root)
    try:
        (root / "anything").touch()
    except OSError:
        return
    raise AssertionError("the root file system can be written to")


def loopback_up() -> None:
    """Sets the one interface up which a new network has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up_and_running = struct.pack("16sh", b"lo", 0x1 | 0x40)
        fcntl.ioctl(any_socket, 0x8914, up_and_running)


class Container:
    """Runs programs in the image as a container engine would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entrypoint = json.loads(instruction("ENTRYPOINT"))
        assert instruction("USER") == f"{USER}:{USER}"
        settings = re.findall(r'(\w+)=("[^"]*"|\S+)', instruction("ENV"))
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/nonroot"}
        self.environment |= {name: value.strip('"') for name, value in settings}

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        # Found here: the variable PATH is the one of the image.
        setpriv, chroot = shutil.which("setpriv"), shutil.which("chroot")
        change = [chroot, f"--userspec={USER}:{USER}", "--groups=", str(self.root)]
        return subprocess.Popen(
            [setpriv, "--no-new-privs", *change, *command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: list[str]) -> tuple[int, str, str]:
        """Exit code, what was said, and what was said on standard error."""
        process = self.start(command)
        out, err = process.communicate(timeout=WAIT_SECONDS_MAX)
        return process.returncode, out, err


def ask(method: str, token: str | None, **params: object) -> tuple[int, dict]:
    """Status and answer of a request to the server."""
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=WAIT_SECONDS_MAX)
    client = {"name": "container", "version": "1"}
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": client,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta, **params}}
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
    }
    if "name" in params:
        headers["Mcp-Name"] = str(params["name"])
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    connection.request("POST", "/mcp", json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def wait_until_ready(container: Container, ready: list[str]) -> None:
    """Returns when the notes are indexed, of which there are none."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    code, err = 1, ""
    while code != 0:
        assert time.monotonic() < deadline, f"not ready after {WAIT_SECONDS_MAX} s: {err}"
        code, _, err = container.run(ready)


def check(container: Container) -> None:
    serve = container.entrypoint + json.loads(instruction("CMD"))
    health = json.loads(instruction("HEALTHCHECK").partition("CMD")[2])

    code, _, err = container.run(serve)
    assert code == 1 and "token" in err, f"without tokens it ended with {code}: {err}"
    code, _, err = container.run(health)
    assert code == 1, f"nothing runs, and the health check ended with {code}: {err}"

    code, out, err = container.run([*container.entrypoint, "token", "new", "container", "--scope", "*"])
    assert code == 0, err
    token = re.search(r"\bhold_[0-9A-Za-z]{38}\b", out)[0]

    process = container.start(serve)
    said = []
    listening = threading.Event()

    def follow() -> None:
        for line in process.stderr:
            said.append(line)
            if "Listening on" in line:
                listening.set()
        listening.set()

    threading.Thread(target=follow, daemon=True).start()
    try:
        assert listening.wait(WAIT_SECONDS_MAX) and process.poll() is None, "".join(said)
        code, _, err = container.run(health)
        assert code == 0, f"the health check ended with {code}: {err}"
        wait_until_ready(container, [*health, "--ready"])
        assert ask("tools/list", None)[0] == 401
        status, answer = ask("tools/list", token)
        assert status == 200 and answer["result"]["tools"], (status, answer)
        note = {"path": "made.md", "content": "# Made in a container\n"}
        status, answer = ask("tools/call", token, name="create_note", arguments=note)
        assert status == 200 and not answer["result"].get("isError"), (status, answer)
        assert (container.root / "notes/made.md").read_text() == note["content"]
        process.send_signal(signal.SIGTERM)
        code = process.wait(WAIT_SECONDS_MAX)
        assert code == 0, f"asked to end it ended with {code}: {said}"
    finally:
        process.kill()
    assert container.run(health)[0] == 1, "the health check does not see that the server has ended"


def main() -> None:
    loopback_up()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        try:
            build(root)
            check(Container(root))
        finally:
            subprocess.run(["umount", "--recursive", "--lazy", str(root)], check=False)
    print("container: ok")


if __name__ == "__main__":
    main()
