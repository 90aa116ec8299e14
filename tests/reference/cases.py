"""The calls: what each reference server is asked, what Holdall is asked, and whether the same comes back.

Where something else comes back on purpose, `differs` is the sentence of the toolset's page in docs/toolsets that says so.
"""

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Result = dict[str, Any]
Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    what: str
    theirs: Call
    ours: Call
    #: What is compared: of a result of theirs, and of ours. Errors are `FAILED`.
    seen: tuple[Callable[[Result], Any], Callable[[Result], Any]]
    #: Begins the sentence in the toolset's page that says in what the two differ.
    differs: str | None = None
    #: Whether it is measured, and so may be repeated.
    measured: bool = False


FAILED = "an error"


def text(result: Result) -> str:
    return "".join(part.get("text", "") for part in result["content"])


def structured(result: Result) -> Any:
    return result["structuredContent"]


def failed(_: Result) -> Any:
    """For calls of which only success or failure counts."""
    return "a result"


# --- clock: mcp-server-time ---


def minute(value: str) -> str:
    """A time up to its minute, with its offset."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)[^+-]*([+-]\d\d:\d\d|Z)", value)
    assert found, value
    return found[1] + found[2].replace("Z", "+00:00")


CLOCK = [
    Case(
        "the time in a zone",
        ("get_current_time", {"timezone": "Asia/Tokyo"}),
        ("current_time", {"timezone": "Asia/Tokyo"}),
        (
            lambda result: minute(json.loads(text(result))["datetime"]),
            lambda result: minute(structured(result)["datetime"]),
        ),
        measured=True,
    ),
    Case(
        "a time of day in another zone",
        (
            "convert_time",
            {"source_timezone": "America/New_York", "time": "16:30", "target_timezone": "Asia/Kathmandu"},
        ),
        (
            "convert_timezone",
            {"time": "16:30", "from": "America/New_York", "to": "Asia/Kathmandu"},
        ),
        (
            lambda result: minute(json.loads(text(result))["target"]["datetime"]),
            lambda result: minute(structured(result)["target"]["datetime"]),
        ),
        measured=True,
    ),
    Case(
        "a zone there is not",
        ("get_current_time", {"timezone": "Asia/Tokio"}),
        ("current_time", {"timezone": "Asia/Tokio"}),
        (failed, failed),
    ),
    Case(
        "a time of day as people write it",
        (
            "convert_time",
            {"source_timezone": "America/New_York", "time": "4pm", "target_timezone": "Asia/Kathmandu"},
        ),
        ("convert_timezone", {"time": "4pm", "from": "America/New_York", "to": "Asia/Kathmandu"}),
        (failed, failed),
        differs="any time on any day",
    ),
]

# --- thinking: server-sequential-thinking ---


def thought(number: int, **more: Any) -> Call:
    arguments = {"thought": f"step {number}", "nextThoughtNeeded": True, "thoughtNumber": number, "totalThoughts": 3}
    return ("sequentialthinking", {**arguments, **more})


def thinking(what: str, call: Call, differs: str | None = None, measured: bool = False) -> Case:
    return Case(what, call, call, (structured, structured), differs, measured)


THINKING = [
    thinking("a first thought", thought(1), measured=True),
    thinking("a second thought", thought(2)),
    thinking("a revision", thought(3, isRevision=True, revisesThought=1)),
    thinking("a branch", thought(4, branchFromThought=2, branchId="other")),
    thinking("more thoughts than were thought of", thought(7)),
    thinking("the last thought", thought(8, nextThoughtNeeded=False)),
    thinking("a thought without a number", ("sequentialthinking", {"thought": "?", "nextThoughtNeeded": True})),
    thinking("a thought numbered 0", thought(0)),
]

# --- memory: server-memory ---


def both(what: str, tool: str, arguments: dict[str, Any], differs: str | None = None, measured: bool = False) -> Case:
    call = (tool, arguments)
    return Case(what, call, call, (graph, graph), differs, measured)


def graph(result: Result) -> Any:
    """What was found, in any order, without what only one of the two says beside it."""
    found = {}
    for key in ("entities", "relations", "results"):
        for item in structured(result).get(key, []):
            found.setdefault(key, []).append(
                {name: item[name] for name in sorted(item) if name in KEPT}
            )
    return {key: sorted(items, key=json.dumps) for key, items in found.items()}


KEPT = {
    "name",
    "entityType",
    "observations",
    "from",
    "to",
    "relationType",
    "entityName",
    "addedObservations",
}
ADA = {"name": "Ada", "entityType": "person", "observations": ["likes engines"]}
BOB = {"name": "Bob", "entityType": "person", "observations": []}

MEMORY = [
    both("new entities", "create_entities", {"entities": [ADA, BOB]}),
    both("an entity that is there", "create_entities", {"entities": [ADA | {"observations": ["again"]}]}),
    both(
        "a relation",
        "create_relations",
        {"relations": [{"from": "Ada", "to": "Bob", "relationType": "knows"}]},
    ),
    both(
        "a relation that is there",
        "create_relations",
        {"relations": [{"from": "Ada", "to": "Bob", "relationType": "knows"}]},
    ),
    both(
        "more observations, one of them known",
        "add_observations",
        {"observations": [{"entityName": "Ada", "contents": ["likes engines", "writes programs"]}]},
    ),
    both(
        "an observation of nobody",
        "add_observations",
        {"observations": [{"entityName": "Nobody", "contents": ["is not there"]}]},
    ),
    both("a part of a word, in capitals", "search_nodes", {"query": "ENGIN"}, measured=True),
    both("words that are nowhere", "search_nodes", {"query": "turbine"}),
    both("entities by name, one of them unknown", "open_nodes", {"names": ["Ada", "Nobody"]}, measured=True),
    both("everything", "read_graph", {}, measured=True),
]

# --- files: server-filesystem ---


def lines(result: Result) -> list[str]:
    return text(result).splitlines()


def files(
    what: str,
    theirs: Call,
    ours: Call,
    seen: tuple[Callable[[Result], Any], Callable[[Result], Any]] = (failed, failed),
    differs: str | None = None,
    measured: bool = False,
) -> Case:
    """Paths of theirs begin at the root of the file system: `{root}` is their folder; Holdall has one like it."""
    return Case(what, theirs, ours, seen, differs, measured)


def content(result: Result) -> Any:
    return structured(result)["text"]


FILES = [
    files(
        "a text",
        ("read_text_file", {"path": "{root}/poem.txt"}),
        ("read_file", {"path": "poem.txt"}),
        (text, content),
        measured=True,
    ),
    files(
        "its first two lines",
        ("read_text_file", {"path": "{root}/poem.txt", "head": 2}),
        ("read_file", {"path": "poem.txt", "from_line": 1, "lines": 2}),
        (lambda result: text(result).rstrip("\n"), lambda result: content(result).rstrip("\n")),
    ),
    files(
        "a folder",
        ("list_directory", {"path": "{root}"}),
        ("list_directory", {}),
        (
            lambda result: sorted(re.sub(r"^\[\w+\] ", "", line) for line in lines(result)),
            lambda result: sorted(entry["path"].rsplit("/", 1)[-1] for entry in structured(result)["entries"]),
        ),
        measured=True,
    ),
    files(
        "files by their name",
        ("search_files", {"path": "{root}", "pattern": "**/*.txt"}),
        ("search_files", {"glob": "**/*.txt"}),
        (
            lambda result: sorted(line.rsplit("/", 1)[-1] for line in lines(result)),
            lambda result: sorted(match["path"].rsplit("/", 1)[-1] for match in structured(result)["files"]),
        ),
        measured=True,
    ),
    files(
        "a new file",
        ("write_file", {"path": "{root}/new.txt", "content": "new\n"}),
        ("write_file", {"path": "new.txt", "content": "new\n"}),
    ),
    files(
        "a file that is there",
        ("write_file", {"path": "{root}/new.txt", "content": "newer\n"}),
        ("write_file", {"path": "new.txt", "content": "newer\n"}),
        differs="it fails, unless `if_exists` is",
    ),
    files(
        "a change tried first",
        (
            "edit_file",
            {"path": "{root}/poem.txt", "edits": [{"oldText": "two", "newText": "2"}], "dryRun": True},
        ),
        ("edit_file", {"path": "poem.txt", "edits": [{"find": "two", "replace": "2"}], "dry_run": True}),
        (
            lambda result: [line for line in lines(result) if re.match(r"[+-][^+-]", line)],
            lambda result: [line for line in structured(result)["diff"].splitlines() if re.match(r"[+-][^+-]", line)],
        ),
        measured=True,
    ),
    files(
        "onto a file that is there",
        ("move_file", {"source": "{root}/poem.txt", "destination": "{root}/other.txt"}),
        ("move_file", {"from": "poem.txt", "to": "other.txt"}),
    ),
    files(
        "a file there is not",
        ("read_text_file", {"path": "{root}/nothing.txt"}),
        ("read_file", {"path": "nothing.txt"}),
    ),
    files(
        "upwards, out of the folder",
        ("read_text_file", {"path": "{root}/../secret.txt"}),
        ("read_file", {"path": "../secret.txt"}),
    ),
    files(
        "by a link, out of the folder",
        ("read_text_file", {"path": "{root}/out/secret.txt"}),
        ("read_file", {"path": "out/secret.txt"}),
    ),
    files(
        "a picture",
        ("read_media_file", {"path": "{root}/dot.png"}),
        ("read_file", {"path": "dot.png"}),
        (picture := lambda result: [part["data"] for part in result["content"] if part["type"] == "image"], picture),
        measured=True,
    ),
]

# --- sql: mcp-server-sqlite ---


def rows(result: Result) -> Any:
    """Rows as the reference server writes them: the `repr` of a list of Python dictionaries."""
    written = text(result)
    # Its errors are results like others.
    if not written.startswith("["):
        return FAILED
    return [list(row.values()) for row in ast.literal_eval(written)]


SQL = [
    Case(
        "the tables",
        ("list_tables", {}),
        ("list_tables", {}),
        (rows, lambda result: [[table["name"]] for table in structured(result)["tables"]]),
        measured=True,
    ),
    Case(
        "the columns of a table",
        ("describe_table", {"table_name": "books"}),
        ("describe_table", {"table": "books"}),
        (
            lambda result: [[row[1], row[2].lower()] for row in rows(result)],
            lambda result: [[column["name"], column["type"]] for column in structured(result)["columns"]],
        ),
        measured=True,
    ),
    Case(
        "rows",
        ("read_query", {"query": "SELECT id, title, price FROM books ORDER BY id"}),
        ("query", {"sql": "SELECT id, title, price FROM books ORDER BY id"}),
        (rows, lambda result: structured(result)["rows"]),
        measured=True,
    ),
    Case(
        "a mistake in the statement",
        ("read_query", {"query": "SELECT author FROM books"}),
        ("query", {"sql": "SELECT author FROM books"}),
        (rows, failed),
    ),
    Case(
        "a statement that begins with WITH",
        ("read_query", {"query": "WITH one AS (SELECT 1 AS a) SELECT a FROM one"}),
        ("query", {"sql": "WITH one AS (SELECT 1 AS a) SELECT a FROM one"}),
        (rows, lambda result: structured(result)["rows"]),
        differs="whatever the engine knows to only read",
    ),
    Case(
        "a statement that writes",
        ("write_query", {"query": "UPDATE books SET price = 1 WHERE id = -1"}),
        ("query", {"sql": "UPDATE books SET price = 1 WHERE id = -1"}),
        (failed, failed),
        differs="none: nothing is written",
    ),
]

# --- fetch: mcp-server-fetch ---


def words(result: Result) -> list[str]:
    """The words of the page, without what either server says around it."""
    # Links are absolute in one of them.
    body = re.sub(r"\]\([^)]*\)", "]", text(result))
    return re.findall(r"[A-Za-z]{4,}", body[body.index("Harbour") : body.rindex("harbourmaster")])


FETCH = [
    Case(
        "a page",
        ("fetch", {"url": "{site}/page.html"}),
        ("fetch_url", {"url": "{site}/page.html"}),
        (words, words),
        measured=True,
    ),
    Case(
        "a text",
        ("fetch", {"url": "{site}/plain.txt"}),
        ("fetch_url", {"url": "{site}/plain.txt"}),
        (lambda result: "Tide table" in text(result), lambda result: "Tide table" in text(result)),
        measured=True,
    ),
    Case(
        "a page there is not",
        ("fetch", {"url": "{site}/nothing"}),
        ("fetch_url", {"url": "{site}/nothing"}),
        (failed, failed),
    ),
    Case(
        "a page robots are asked not to read",
        ("fetch", {"url": "{site}/private/page.html"}),
        ("fetch_url", {"url": "{site}/private/page.html"}),
        (failed, failed),
    ),
    Case(
        "the same server by an address nobody allowed",
        ("fetch", {"url": "{elsewhere}/page.html"}),
        ("fetch_url", {"url": "{elsewhere}/page.html"}),
        (failed, failed),
        differs="refused, and opened network by network",
    ),
]
