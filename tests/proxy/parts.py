"""What is started: the program with a configuration and tokens, the server whose calls wait, and proxies before them."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
# The name in the configurations of deploy/.
HOST = "notes.example"
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
# Ports are chosen by the system, yet may be taken by somebody else before the proxy has them.
ATTEMPTS = 5


class Certificate:
    """An authority of our own, and a certificate of `notes.example` and `localhost` by it."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.chain, self.key = (folder / f"{name}.pem" for name in ("authority", "chain", "key"))
        authority_key, request, names = folder / "authority-key.pem", folder / "request.pem", folder / "names"
        names.write_text(f"subjectAltName=DNS:{HOST},DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=An authority of our own",
                "-addext", "keyUsage=critical,keyCertSign", "-keyout", authority_key, "-out", self.authority)  # fmt: skip
        openssl("req", *curve, "-subj", f"/CN={HOST}", "-keyout", self.key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", authority_key, "-days", "2",
                "-extfile", names, "-out", self.chain)  # fmt: skip

    def context(self) -> ssl.SSLContext:
        """What a client needs to trust it."""
        return ssl.create_default_context(cafile=str(self.authority))


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@dataclass
class Program:
    """A server that runs, without a proxy."""

    process: subprocess.Popen[str]
    port: int
    token: str
    folder: Path

    @classmethod
    @contextlib.contextmanager
    def notes(cls, folder: Path, origins: list[str]) -> Iterator["Program"]:
        """The program, with the example notes."""
        shutil.copytree(ROOT / "examples/notes", folder / "notes")
        configuration = folder / "holdall.toml"
        configuration.write_text(
            f"""
            [serve]
            listen = ["127.0.0.1:0"]

            [data]
            dir = "data"

            [notes]
            folders = ["notes"]
            embeddings = false

            [http]
            public_url = "https://{HOST}"
            allowed_origins = {origins}
            trusted_proxies = ["127.0.0.1/32"]

            [auth]
            token_file = "tokens.toml"

            [audit]
            file = "audit.jsonl"
            """
        )
        program = os.environ["HOLDALL_BIN"]
        made = subprocess.run(
            [program, "token", "new", "proxy", "--scope", "*", "--config", str(configuration)],
            check=True,
            capture_output=True,
            text=True,
        )
        token = re.search(r"\bhold_[0-9A-Za-z]{38}\b", made.stdout)[0]
        command = [program, "serve", "--config", str(configuration)]
        with cls.started(command, token, folder, folder / "notes.log") as running:
            yield running

    @classmethod
    @contextlib.contextmanager
    def waiting(cls, folder: Path) -> Iterator["Program"]:
        """The server whose calls wait for another; it knows the same tokens as the program."""
        command = [os.environ["PROXIED_BIN"], "--token-file", str(folder / "tokens.toml")]
        with cls.started(command, "", folder, folder / "waiting.log") as running:
            yield running

    @classmethod
    @contextlib.contextmanager
    def started(cls, command: list[str], token: str, folder: Path, log: Path) -> Iterator["Program"]:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        ports: list[int] = []
        known = threading.Event()

        def follow() -> None:
            with log.open("w") as written:
                for line in process.stdout:
                    written.write(line)
                    written.flush()
                    if found := re.search(r"http://127\.0\.0\.1:(\d+)/mcp", line):
                        ports.append(int(found[1]))
                        known.set()
            known.set()

        reader = threading.Thread(target=follow)
        reader.start()
        try:
            known.wait(START_SECONDS_MAX)
            assert ports, f"{command} did not say where it listens: {log.read_text()}"
            yield cls(process, ports[0], token, folder)
            process.terminate()
            code = process.wait(STOP_SECONDS_MAX)
            reader.join()
            assert "panicked" not in log.read_text(), f"it panicked: {log.read_text()}"
            assert code in (0, -signal.SIGTERM), f"it ended with {code}: {log.read_text()}"
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()


@dataclass
class Proxy:
    """A proxy that runs."""

    port: int
    plain_port: int

    @property
    def url(self) -> str:
        """Its address, by a name every client on this machine can look up."""
        return f"https://localhost:{self.port}"


@contextlib.contextmanager
def nginx(folder: Path, certificate: Certificate, upstream: int) -> Iterator[Proxy]:
    """nginx with deploy/nginx/holdall.conf."""

    def configure(port: int, plain_port: int) -> list[str]:
        text = (DEPLOY / "nginx/holdall.conf").read_text()
        text = text.replace("/etc/ssl/notes.example/fullchain.pem", str(certificate.chain))
        text = text.replace("/etc/ssl/notes.example/privkey.pem", str(certificate.key))
        text = replaced(text, "server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream};")
        text = replaced(text, "listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;")
        text = replaced(text, "listen 80;", f"listen 127.0.0.1:{plain_port};")
        text = re.sub(r".*listen \[::\]:.*\n", "", text)
        (folder / "holdall.conf").write_text(text)
        main = folder / "nginx.conf"
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main.write_text(
            f"daemon off;\nerror_log stderr;\npid {folder}/nginx.pid;\nevents {{}}\n"
            f"http {{\naccess_log {folder}/access.log;\n{temporary}include {folder}/holdall.conf;\n}}\n"
        )
        return ["nginx", "-e", "stderr", "-c", str(main)]

    with proxied(folder, configure) as proxy:
        yield proxy


@contextlib.contextmanager
def caddy(folder: Path, certificate: Certificate, upstream: int) -> Iterator[Proxy]:
    """Caddy with deploy/caddy/Caddyfile; with a certificate of our own, as nobody would sign one for this name."""

    def configure(port: int, plain_port: int) -> list[str]:
        text = (DEPLOY / "caddy/Caddyfile").read_text()
        text = replaced(text, "reverse_proxy 127.0.0.1:8000", f"reverse_proxy 127.0.0.1:{upstream}")
        addresses = f"https://notes.example:{port}, https://localhost:{port}"
        text = replaced(text, "\nnotes.example {", f"\n{addresses} {{\nbind 127.0.0.1\ntls {certificate.chain} {certificate.key}\n")
        # It changes nothing on this machine, and how long it would wait for streams is its own matter.
        options = "\n".join(
            ["admin off", "skip_install_trust", "auto_https disable_redirects", f"http_port {plain_port}", "grace_period 1s"]
        )
        text = replaced(text, "grace_period 10s", options)
        (folder / "Caddyfile").write_text(text)
        return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]

    with proxied(folder, configure) as proxy:
        yield proxy


def replaced(text: str, what: str, by: str) -> str:
    """A text with something else in the one place where something stands."""
    assert text.count(what) == 1, f"`{what}` stands in the configuration {text.count(what)} times"
    return text.replace(what, by)


@contextlib.contextmanager
def proxied(folder: Path, configure) -> Iterator[Proxy]:
    """Starts a proxy on free ports, and ends it."""
    folder.mkdir()
    environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    for _ in range(ATTEMPTS):
        proxy = Proxy(*free_ports(2))
        command = configure(proxy.port, proxy.plain_port)
        with (folder.parent / f"{folder.name}.log").open("a") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        try:
            if answers(proxy.port, process):
                yield proxy
                return
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS_MAX)
            finally:
                process.kill()
                process.wait()
    log = (folder.parent / f"{folder.name}.log").read_text()
    raise AssertionError(f"{command[0]} did not start: {log}")


def answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether a proxy takes connections, as soon as it does or has ended."""
    for _ in range(START_SECONDS_MAX * 20):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return process.poll() is None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            return False
    return False


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
