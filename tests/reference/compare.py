"""Asks the reference servers and Holdall the same things, and measures both: tests/reference/run"""

import base64
import functools
import http.server
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cases
from cases import Case, Result
from stdio import Server

ROOT = Path(__file__).resolve().parents[2]
SERVERS = Path(os.environ["REFERENCE_SERVERS"])
HOLDALL = os.environ["HOLDALL_BIN"]
# How often each is called and started while it is measured, and what is left out at the beginning.
CALLS, CALLS_FIRST, STARTS = 400, 100, 11
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PAGE = """<!doctype html><html><head><title>The harbour</title></head><body><nav>Menu</nav><article>
<h1>Harbour</h1><p>Ships that come in <b>after dusk</b> are met by the pilot, who knows the <a href="/sands">sands</a>
better than any chart. The lamp on the mole is lit at sunset and is put out at sunrise, whatever the weather.</p>
<h2>Rates</h2><ul><li>Small boats pay nothing for the first night</li><li>Freighters pay by length</li></ul>
<p>Whoever has a question finds the harbourmaster in the tower.</p></article></body></html>"""


@dataclass
class Pair:
    """A toolset, and the reference server that does the same."""

    toolset: str
    reference: str
    theirs: list[str]
    cases: list[Case]
    configuration: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    #: What stands for names in curly brackets in the arguments of calls.
    places: dict[str, str] = field(default_factory=dict)


@contextmanager
def site(folder: Path) -> Iterator[tuple[str, str]]:
    """A small site on this machine, by two addresses."""
    (folder / "private").mkdir(parents=True)
    (folder / "page.html").write_text(PAGE)
    (folder / "private/page.html").write_text(PAGE)
    (folder / "plain.txt").write_text("Tide table\n03:12 low\n09:40 high\n")
    (folder / "robots.txt").write_text("User-agent: *\nDisallow: /private/\n")
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    try:
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.2:{port}"
    finally:
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def shared(work: Path) -> Path:
    """A folder to serve, with something beside it that nobody may read."""
    folder = work / "shared"
    (folder / "sub").mkdir(parents=True)
    (folder / "poem.txt").write_text("one\ntwo\nthree\n")
    (folder / "other.txt").write_text("another\n")
    (folder / "sub/deep.txt").write_text("deep\n")
    (folder / "dot.png").write_bytes(DOT)
    (work / "secret").mkdir()
    (work / "secret/secret.txt").write_text("secret")
    (work / "secret.txt").write_text("secret")
    (folder / "out").symlink_to(work / "secret")
    return folder


def pairs(work: Path, stack: ExitStack) -> list[Pair]:
    node = SERVERS / "node/node_modules/@modelcontextprotocol"
    theirs, ours = (shared(work / whose) for whose in ("theirs", "ours"))
    database = work / "books.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price REAL)")
        books = [(number, f"Book {number}", number / 4) for number in range(1, 51)]
        connection.executemany("INSERT INTO books VALUES (?, ?, ?)", books)
    here, elsewhere = stack.enter_context(site(work / "site"))
    return [
        Pair("clock", "mcp-server-time", python("time", "mcp-server-time", "--local-timezone", "UTC"), cases.CLOCK),
        Pair(
            "fetch",
            "mcp-server-fetch",
            python("fetch", "mcp-server-fetch", "--allow-private-ips"),
            cases.FETCH,
            configuration='[fetch.network]\nallowed = ["127.0.0.1/32"]\n',
            # Without Node its Readability is the one in Python, which needs no packages of its own.
            environment={"PATH": str(SERVERS / "fetch/bin")},
            places={"site": here, "elsewhere": elsewhere},
        ),
        Pair(
            "files",
            "server-filesystem",
            ["node", str(node / "server-filesystem/dist/index.js"), str(theirs)],
            cases.FILES,
            configuration=f"[files.roots.shared]\npath = '{ours}'\nwrite = true\n",
            places={"root": str(theirs)},
        ),
        Pair(
            "memory",
            "server-memory",
            ["node", str(node / "server-memory/dist/index.js")],
            cases.MEMORY,
            environment={"MEMORY_FILE_PATH": str(work / "memory.jsonl")},
        ),
        Pair(
            "sql",
            "mcp-server-sqlite",
            python("sqlite", "mcp-server-sqlite", "--db-path", str(database)),
            cases.SQL,
            configuration=f"[sql.databases.books]\npath = '{database}'\n",
        ),
        Pair(
            "thinking",
            "server-sequential-thinking",
            ["node", str(node / "server-sequential-thinking/dist/index.js")],
            cases.THINKING,
        ),
    ]


def python(environment: str, program: str, *arguments: str) -> list[str]:
    return [str(SERVERS / environment / "bin" / program), *arguments]


class Contest:
    """One pair, started as often as asked."""

    def __init__(self, pair: Pair, work: Path) -> None:
        self.pair = pair
        self.work = work / pair.toolset
        self.work.mkdir()
        self.configuration = self.work / "holdall.toml"
        data = f"[data]\ndir = '{self.work / 'data'}'\n"
        self.configuration.write_text(data + pair.configuration)

    def theirs(self) -> Server:
        return Server(self.pair.theirs, self.work, self.pair.environment)

    def ours(self) -> Server:
        command = [HOLDALL, "serve", self.pair.toolset, "--config", str(self.configuration)]
        return Server(command, self.work, {})

    def arguments(self, value: Any) -> Any:
        """With places in place of their names."""
        if isinstance(value, str):
            for name, place in self.pair.places.items():
                value = value.replace("{" + name + "}", place)
            return value
        if isinstance(value, dict):
            return {key: self.arguments(item) for key, item in value.items()}
        return [self.arguments(item) for item in value] if isinstance(value, list) else value


def compare(contest: Contest) -> list[str]:
    """Runs the cases, and returns what is wrong."""
    pair = contest.pair
    page = (ROOT / f"docs/toolsets/{pair.toolset}.md").read_text()
    # A sentence may go over lines.
    page = " ".join(page.split())
    problems = []
    theirs, ours = contest.theirs(), contest.ours()
    print(f"\n{pair.toolset}: {pair.reference}")
    for case in pair.cases:
        seen = [
            look(result, see)
            for result, see in zip(
                (
                    theirs.call(case.theirs[0], contest.arguments(case.theirs[1])),
                    ours.call(case.ours[0], contest.arguments(case.ours[1])),
                ),
                case.seen,
                strict=True,
            )
        ]
        same = seen[0] == seen[1]
        print(f"  {'same   ' if same else 'differs'}  {case.what}")
        told = f"theirs {seen[0]!r:.300}, ours {seen[1]!r:.300}"
        if case.differs is None and not same:
            problems.append(f"{pair.toolset}, {case.what}: {told}")
        if case.differs is not None and same:
            problems.append(f"{pair.toolset}, {case.what}: no difference any more: {told}")
        if case.differs is not None and case.differs not in page:
            problems.append(f"docs/toolsets/{pair.toolset}.md does not say: {case.differs}")
    theirs.close()
    ours.close()
    return problems


def look(result: Result, see: Any) -> Any:
    return cases.FAILED if result.get("isError") else see(result)


def milliseconds(seconds: list[float]) -> str:
    value = statistics.median(seconds) * 1000
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def measure(contest: Contest) -> list[str]:
    """Rows of the table: calls, start, memory. The two take turns, so that what else the machine does meets both."""
    pair = contest.pair
    rows = []
    theirs, ours = contest.theirs(), contest.ours()
    for case in (case for case in pair.cases if case.measured):
        taken: tuple[list[float], list[float]] = ([], [])
        asked = [(server, tool, contest.arguments(arguments)) for server, (tool, arguments) in ((theirs, case.theirs), (ours, case.ours))]
        for number in range(CALLS + CALLS_FIRST):
            for (server, tool, arguments), times in zip(asked, taken, strict=True):
                begun = time.perf_counter()
                server.call(tool, arguments)
                if number >= CALLS_FIRST:
                    times.append(time.perf_counter() - begun)
        rows.append(row(pair, f"{case.what}, ms", milliseconds(taken[0]), milliseconds(taken[1])))
    memory = [f"{server.resident_bytes() / 2**20:.0f}" for server in (theirs, ours)]
    theirs.close()
    ours.close()
    starts: tuple[list[float], list[float]] = ([], [])
    for _ in range(STARTS):
        for start, times in zip((contest.theirs, contest.ours), starts, strict=True):
            server = start()
            times.append(server.start_seconds)
            server.close()
    rows.append(row(pair, "start to list of tools, ms", milliseconds(starts[0]), milliseconds(starts[1])))
    rows.append(row(pair, "resident memory after the calls, MiB", *memory))
    return rows


def row(pair: Pair, what: str, theirs: str, ours: str) -> str:
    ratio = float(theirs) / max(float(ours), 0.01)
    line = f"| `{pair.toolset}` | {what} | {theirs} | {ours} | {ratio:.1f} |"
    print(line, flush=True)
    return line


def write(rows: list[str]) -> None:
    begin, end = "<!-- written by tests/reference/run --measure -->\n", "<!-- end of what it writes -->"
    path = ROOT / "docs/benchmarks.md"
    page = path.read_text()
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    head = "| toolset | what | reference server | Holdall | ratio |\n| --- | --- | --- | --- | --- |\n"
    path.write_text(before + begin + head + "\n".join(rows) + "\n" + end + after)


def main() -> None:
    problems: list[str] = []
    rows: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        work = Path(folder)
        for pair in pairs(work, stack):
            contest = Contest(pair, work)
            problems += compare(contest)
            if "--measure" in sys.argv[1:]:
                rows += measure(contest)
    if rows:
        write(rows)
    for problem in problems:
        print(f"wrong: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print("\nevery difference is one the documents tell of")


if __name__ == "__main__":
    main()
