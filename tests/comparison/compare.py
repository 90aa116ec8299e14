"""Calls everything on the three servers, over stdio, and counts their lines: tests/comparison/run.

All must answer as `expected.json` says. Where they differ on purpose, their answers stand in docs/why-holdall.md,
between marker comments, and must be the ones measured here. `--write` writes what is measured instead of comparing it.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs" / "why-holdall.md"
EXPECTED = HERE / "expected.json"
WRITE = "--write" in sys.argv[1:]
PROTOCOL = "2025-06-18"
# How long an answer may take before it counts as none, in seconds.
PATIENCE = 20
# Whoever waits longer for a call whose answer is never sent learns nothing more.
PATIENCE_AFTER_PANIC = 5
BLOCKING_CALLS = 32
HEALTHY_CALLS = 5

PROGRAMS = Path(os.environ["COMPARISON_PROGRAMS"])
SERVERS = {
    f"FastMCP {version('fastmcp')}": [sys.executable, HERE / "fastmcp" / "{}.py"],
    f"rmcp {os.environ['COMPARISON_RMCP_VERSION']}": [PROGRAMS / "comparison-rmcp{}"],
    f"Holdall {os.environ['COMPARISON_HOLDALL_VERSION']}": [PROGRAMS / "comparison-holdall{}"],
}
SOURCES = ["fastmcp/server.py", "rmcp/src/main.rs", "holdall/src/main.rs"]


class Server:
    """A server as a child process, spoken to in lines of JSON."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.lines = queue.Queue()
        self.notifications = []
        self.stray = []
        self.last = 0
        threading.Thread(target=self._read, daemon=True).start()
        client = {"name": "comparison", "version": "1"}
        hello = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
        self.hello = self.ask("initialize", hello)["result"]
        self._send({"method": "notifications/initialized"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def start(self, method, params):
        self.last += 1
        self._send({"id": self.last, "method": method, "params": params})
        return self.last

    def next_answer(self, patience=PATIENCE):
        """The next answer, or None if none comes."""
        while True:
            try:
                line = self.lines.get(timeout=patience)
            except queue.Empty:
                return None
            if line is None:
                return None
            try:
                message = json.loads(line)
            except ValueError:
                self.stray.append(line.rstrip("\n"))
                continue
            if "id" in message:
                return message
            self.notifications.append(message)

    def ask(self, method, params, patience=PATIENCE):
        number = self.start(method, params)
        while (answer := self.next_answer(patience)) is not None:
            if answer["id"] == number:
                return answer
        return None

    def call(self, tool, arguments=None, **more):
        return self.ask("tools/call", {"name": tool, "arguments": arguments or {}, **more})


def command(server, suffix):
    if "FastMCP" in server:
        return [str(part).format(suffix or "server") for part in SERVERS[server]]
    return [str(part).format(suffix and f"-{suffix}") for part in SERVERS[server]]


def pick(value, *keys):
    return {key: value[key] for key in keys if key in value}


def properties(schema):
    """What a schema promises about each property, without how a library phrases it (`title`, `format`)."""
    keys = ("type", "description", "default", "minimum", "minLength", "maxLength")
    kept = {name: pick(value, *keys) for name, value in sorted(schema["properties"].items())}
    for name, value in schema["properties"].items():
        # The largest value of a Rust type is a promise of the libraries' own.
        if "maximum" in value and value["maximum"] < 2**31:
            kept[name]["maximum"] = value["maximum"]
    return {"properties": kept, "required": sorted(schema.get("required", []))}


def tool(listed):
    kept = pick(listed, "name", "description")
    kept["input"] = properties(listed["inputSchema"]) if listed["inputSchema"].get("properties") else {}
    if "outputSchema" in listed:
        kept["output"] = properties(listed["outputSchema"])
    return kept


def prompt_argument(listed):
    # FastMCP adds a paragraph about the JSON Schema of the argument.
    description = listed["description"].split("\n\n")[0]
    return pick(listed, "name", "required") | {"description": description}


def result(answer):
    """The part of a tool's result that all servers must agree about."""
    result = answer["result"]
    kept = {"isError": result.get("isError", False)}
    if "structuredContent" in result and not kept["isError"]:
        kept["structured"] = result["structuredContent"]
    kept["texts"] = [
        json.loads(content["text"]) if "structured" in kept else content["text"] for content in result["content"]
    ]
    return kept


def behaviour(server):
    """What a server offers and answers: the same for all three."""
    seen = {"server": pick(server.hello["serverInfo"], "name", "version")}
    tools = server.ask("tools/list", {})["result"]["tools"]
    seen["tools"] = sorted(map(tool, tools), key=lambda listed: listed["name"])
    templates = server.ask("resources/templates/list", {})["result"]["resourceTemplates"]
    keys = ("uriTemplate", "name", "description", "mimeType")
    seen["templates"] = [pick(template, *keys) for template in templates]
    prompts = server.ask("prompts/list", {})["result"]["prompts"]
    seen["prompts"] = [
        pick(prompt, "name", "description") | {"arguments": list(map(prompt_argument, prompt["arguments"]))}
        for prompt in prompts
    ]
    seen["add"] = result(server.call("add_chore", {"title": "Water the plants"}))
    seen["add with priority"] = result(server.call("add_chore", {"title": "Pay the rent", "priority": 5}))
    seen["count"] = result(server.call("count_chores"))
    seen["finish"] = result(server.call("finish_chore", {"id": 1}))
    seen["count after"] = result(server.call("count_chores"))
    seen["do"] = result(server.call("do_chores", _meta={"progressToken": "p"}))
    progress = [message["params"] for message in server.notifications if message["method"] == "notifications/progress"]
    seen["progress"] = [[float(one["progress"]), float(one["total"]), one["message"]] for one in progress]
    timed_out = server.call("do_chores", {"pause_ms": 5000})
    seen["do, too slow"] = {"isError": timed_out["result"].get("isError", False)}
    read = server.ask("resources/read", {"uri": "chore://2"})["result"]["contents"]
    seen["read"] = [pick(one, "uri", "mimeType") | {"json": json.loads(one["text"])} for one in read]
    prompt = server.ask("prompts/get", {"name": "plan_day", "arguments": {"hours": "3"}})["result"]
    seen["prompt"] = [[message["role"], message["content"]["text"]] for message in prompt["messages"]]
    return seen


WRONG = {
    "Two values out of range": ("tools/call", {"name": "add_chore", "arguments": {"title": "", "priority": 9}}),
    "A misspelt name and a wrong type": (
        "tools/call",
        {"name": "add_chore", "arguments": {"titel": "Sweep", "priority": "high"}},
    ),
    "A misspelt name of an optional argument": (
        "tools/call",
        {"name": "add_chore", "arguments": {"title": "Sweep", "prioritty": 5}},
    ),
    "A number as text": ("tools/call", {"name": "add_chore", "arguments": {"title": "Sweep", "priority": "5"}}),
    "A chore that is not there": ("tools/call", {"name": "finish_chore", "arguments": {"id": 9}}),
    "Longer than the timeout": ("tools/call", {"name": "do_chores", "arguments": {"pause_ms": 5000}}),
    "A tool that is not there": ("tools/call", {"name": "add_chores", "arguments": {"title": "Sweep"}}),
    "A resource that is not there": ("resources/read", {"uri": "chore://9"}),
    "A resource whose variable is no number": ("resources/read", {"uri": "chore://abc"}),
}


def shown(answer):
    """An answer as it came, without what every one has."""
    if answer is None:
        return "(no answer)"
    if "error" in answer:
        return "error " + json.dumps(answer["error"], ensure_ascii=False)
    result = answer["result"]
    texts = "\n".join(content["text"] for content in result.get("content", []))
    return ("isError: true\n" if result.get("isError") else "") + texts


def wrong_arguments(server):
    server.call("add_chore", {"title": "Water the plants"})
    return {title: shown(server.ask(*request)) for title, request in WRONG.items()}


def overtakes(server, tool):
    """Whether healthy calls, one after the other, are answered before any of the blocking ones sent before them.

    One alone may be lucky and find the worker that reads free; several cannot.
    """
    # The first call of a fresh process pays for what the others find ready.
    server.call("healthy")
    for _ in range(BLOCKING_CALLS):
        server.start("tools/call", {"name": tool, "arguments": {}})
    for _ in range(HEALTHY_CALLS):
        healthy = server.start("tools/call", {"name": "healthy", "arguments": {}})
        if server.next_answer()["id"] != healthy:
            return "wait for blocking ones"
    return "do not wait"


def faults(name):
    """What becomes of a server when functions misbehave, each in a fresh process."""
    seen = {}
    with Server(command(name, "faults")) as server:
        answer = server.ask("tools/call", {"name": "panic", "arguments": {}}, PATIENCE_AFTER_PANIC)
        seen["answer to a panic"] = shown(answer)
        seen["next call after a panic"] = shown(server.call("healthy"))
    with Server(command(name, "faults")) as server:
        seen["calls after blocking functions"] = overtakes(server, "block")
    with Server(command(name, "faults")) as server:
        seen["calls after blocking `async` functions"] = overtakes(server, "block_async")
    with Server(command(name, "faults")) as server:
        server.call("stray_print")
        seen["stray print"] = f"in the stream: {server.stray[0]!r}" if server.stray else "not in the stream"
    return seen


def code_lines(path):
    """Lines of code: neither empty nor a comment. Doc comments of items count: clients see them."""
    inside = False
    for line in path.read_text().splitlines():
        line = line.strip()
        if path.suffix == ".py":
            # The only docstring is the module's.
            quotes = line.count('"""')
            if inside or quotes:
                inside = inside != (quotes == 1)
                continue
            comment = line.startswith("#")
        else:
            comment = line.startswith("//") and not line.startswith("///")
        if line and not comment:
            yield line


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def size_table():
    rows = []
    for name, source in zip(SERVERS, SOURCES):
        lines = list(code_lines(HERE / source))
        characters = sum(len("".join(line.split())) for line in lines)
        rows.append([f"[{name}](../tests/comparison/{source})", str(len(lines)), str(characters)])
    return table(["", "lines of code", "characters in them, without spaces"], rows)


def answers_text(answers):
    parts = []
    for title, (method, params) in WRONG.items():
        request = params.get("arguments", params)
        call = f"{params['name']} {json.dumps(request)}" if "name" in params else f"read {params['uri']}"
        parts.append(f"### {title}\n\n`{call}`")
        parts += [f"{name}:\n\n```text\n{answers[name][title]}\n```" for name in SERVERS]
    return "\n\n".join(parts)


def cell(text):
    text = text.replace("\n", " ").replace("|", "\\|")
    return f"`{text}`" if text.startswith(("isError", "error", "fine")) else text


def faults_table(seen):
    rows = [[title, *(cell(seen[name][title]) for name in SERVERS)] for title in next(iter(seen.values()))]
    return table(["", *SERVERS], rows)


def in_document(document, name, text):
    start, end = f"<!-- {name}: written by tests/comparison/run --write -->", f"<!-- end of {name} -->"
    before, rest = document.split(start)
    _, after = rest.split(end)
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


def compare(what, path, measured):
    if WRITE:
        path.write_text(measured)
        return True
    written = path.read_text()
    if written == measured:
        return True
    pairs = enumerate(zip(written.splitlines(), measured.splitlines()), start=1)
    number, (old, new) = next((pair for pair in pairs if pair[1][0] != pair[1][1]), (0, ("", "another length")))
    print(f"{what}: {path.name}:{number} is not what was measured", file=sys.stderr)
    print(f"  written:  {old}\n  measured: {new}", file=sys.stderr)
    print("  if the change is meant, run `tests/comparison/run --write` and read the difference", file=sys.stderr)
    return False


def main():
    good, answers, broken = True, {}, {}
    for number, name in enumerate(SERVERS):
        with Server(command(name, "")) as server:
            seen = json.dumps(behaviour(server), indent=2, ensure_ascii=False) + "\n"
        if WRITE and number > 0 and EXPECTED.read_text() != seen:
            print(f"{name} does not answer as the first server does:\n{seen}", file=sys.stderr)
            return 1
        good &= compare(name, EXPECTED, seen)
        with Server(command(name, "")) as server:
            answers[name] = wrong_arguments(server)
        broken[name] = faults(name)
        print(f"{name}: asked")
    document = DOCUMENT.read_text()
    for part, text in {
        "lines": size_table(),
        "wrong calls": answers_text(answers),
        "faults": faults_table(broken),
    }.items():
        document = in_document(document, part, text)
    good &= compare("document", DOCUMENT, document)
    print(size_table())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
