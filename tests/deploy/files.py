"""Whether the files of deploy/ say what those who read them understand, and what the program knows.

Reads HOLDALL_BIN (the program). Exits with 1 if anything is wrong, after everything was looked at.
"""

import os
import plistlib
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from compose_spec import PyCompose

PROGRAM = os.environ["HOLDALL_BIN"]
ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
# The oldest Kubernetes that is told of in the documents, and the newest whose schemas are at hand.
KUBERNETES_VERSIONS = ["1.33", "1.37"]


def files() -> list[Path]:
    """All files of deploy/."""
    return sorted(path for path in DEPLOY.rglob("*") if path.is_file())


def interpolated(text: str) -> str:
    """A compose file with the defaults of its variables, or an address where there is none."""
    text = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text)
    return re.sub(r"\$\{\w+:\?.*?\}", "https://notes.example", text)


def check_plist() -> None:
    agent = plistlib.loads((DEPLOY / "launchd/holdall.plist").read_bytes())
    known = {
        "Label", "ProgramArguments", "EnvironmentVariables", "RunAtLoad", "KeepAlive", "ThrottleInterval",
        "ExitTimeOut", "ProcessType", "Umask", "SoftResourceLimits", "StandardErrorPath",
    }  # fmt: skip
    assert set(agent) <= known, set(agent) - known
    assert agent["ProgramArguments"][0].startswith("/"), agent["ProgramArguments"]
    assert agent["Umask"] == 0o077, oct(agent["Umask"])


def manifests() -> Iterator[tuple[Path, dict[str, Any]]]:
    """All objects of the Kubernetes manifests."""
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            yield path, document


def check_kubernetes() -> None:
    objects = {}
    for path, document in manifests():
        if document["kind"] == "Kustomization":
            others = {other.name for other in path.parent.glob("*.yaml")} - {path.name}
            assert set(document["resources"]) == others, others ^ set(document["resources"])
            continue
        objects[document["kind"], document["metadata"]["name"]] = document
        for version in KUBERNETES_VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)
    pod = objects["Deployment", "holdall"]["spec"]["template"]
    container = pod["spec"]["containers"][0]
    mounted = {volume["name"] for volume in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}, mounted
    claims = {name for kind, name in objects if kind == "PersistentVolumeClaim"}
    used = {volume["persistentVolumeClaim"]["claimName"] for volume in pod["spec"]["volumes"] if "persistentVolumeClaim" in volume}
    assert used == claims, used ^ claims
    labels = pod["metadata"]["labels"]
    for kind, where in {"Service": ["selector"], "NetworkPolicy": ["podSelector", "matchLabels"]}.items():
        selected = objects[kind, "holdall"]["spec"]
        for key in where:
            selected = selected[key]
        assert selected.items() <= labels.items(), (kind, selected)


def check_compose() -> None:
    text = interpolated((DEPLOY / "docker-compose.yml").read_text())
    compose = PyCompose.from_yaml(text)
    compose.validate()
    assert compose.service_names() == ["holdall", "redis", "qdrant"], compose.service_names()
    started = [name for name, service in yaml.safe_load(text)["services"].items() if "profiles" not in service]
    assert started == ["holdall"], started


def check_image_tags() -> None:
    """Images have a version, and none is whatever is newest."""
    images = []
    for path in files():
        images += re.findall(r"^\s*(?:image:|ARG (?:BUILDER|RUNTIME)=)\s*(\S+)", path.read_text(), re.MULTILINE)
    assert len(images) >= 6, images
    for image in images:
        name, _, tag = image.rpartition("=")[2].rpartition(":")
        assert name and tag and tag != "latest", image


def check_no_secrets() -> None:
    """Nothing that could let anybody in stands in a file."""
    for path in [*files(), ROOT / "docs/deployment.md"]:
        text = path.read_text()
        assert not re.search(r"hold_[A-Za-z0-9]{16,}|BEGIN [A-Z ]*PRIVATE KEY|sha256:[0-9a-f]{64}", text), path
        assert "kind: Secret" not in text, path


def program(*arguments: str, **environment: str) -> None:
    """Runs the program, which must succeed."""
    with tempfile.TemporaryDirectory() as home:
        clean = {"HOME": home, "PATH": "/usr/bin:/bin", **environment}
        done = subprocess.run([PROGRAM, *arguments], env=clean, capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments} {environment}: {done.stderr}"


def check_variables() -> None:
    """Every variable of a configuration is one the program knows, with a value it takes."""
    found = {}
    for path in files():
        text = interpolated(path.read_text())
        text = re.sub(r"<key>(\w+)</key>\s*<string>(.*?)</string>", r"\1=\2", text)
        for name, value in re.findall(r"\b(HOLDALL_[A-Z]+__[A-Z_]+)[=:][ \t]*(.*?)[.,;`]?(?=\s|$)", text):
            found.setdefault(name, set()).add(value)
    assert len(found) >= 5, found
    for name, values in found.items():
        for value in values:
            program("config", "show", **{name: value})


def check_configurations() -> None:
    """Every configuration shown somewhere is one the program takes. `config check` would want its files to be there, too."""
    shown = []
    for path in [*files(), *sorted((ROOT / "docs").glob("deployment.md"))]:
        text = path.read_text()
        if path.suffix == ".md":
            shown += [(path, block) for block in re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
        else:
            blocks = re.findall(r"(?:^#     .*\n|^#\n)+", text, re.MULTILINE)
            blocks = [re.sub(r"^#(     )?", "", block, flags=re.MULTILINE) for block in blocks]
            shown += [(path, block) for block in blocks if block.strip().startswith("[")]
    for path, document in manifests():
        if document["kind"] == "ConfigMap":
            shown += [(path, text) for text in document["data"].values()]
    assert len(shown) >= 3, [path for path, _ in shown]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "holdall.toml"
        for path, text in shown:
            file.write_text(text)
            try:
                program("config", "show", "--config", str(file))
            except AssertionError as error:
                raise AssertionError(f"{path.relative_to(ROOT)}: {error}") from None


def check_sources() -> None:
    """What the Dockerfile takes from the builder is there, and what the builder needs is sent to it."""
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    missing = [name for name in sent if not (ROOT / name).exists()]
    assert not missing, missing
    manifest = (ROOT / "Cargo.toml").read_text()
    members = re.search(r"^members = \[(.*?)\]", manifest, re.MULTILINE | re.DOTALL)[1]
    folders = {member.split("/")[0] for member in re.findall(r'"(.*?)"', members)}
    assert folders <= set(sent), folders - set(sent)


def main() -> int:
    failures = 0
    for name, check in list(globals().items()):
        if not name.startswith("check_"):
            continue
        what = name.removeprefix("check_").replace("_", " ")
        try:
            check()
            print(f"{what}: ok", flush=True)
        except Exception:
            failures += 1
            traceback.print_exc()
            print(f"{what}: FAILED", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
