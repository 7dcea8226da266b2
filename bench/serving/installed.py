"""Which modules a serving process has really loaded, which distributions they are of, and how large those are on disk."""

import json
import signal
import sys
from dataclasses import dataclass, replace
from importlib.metadata import PackagePath, distributions
from pathlib import Path

from serving.models import Lead
from serving.servers import Kind, start

OWN = "leadmodel"
WATCH = """
import json, os, runpy, signal, sys
before = set(sys.modules)
def tell(*_):
    modules = [m for name, m in list(sys.modules.items()) if name not in before]
    files = [m.__file__ for m in modules if getattr(m, "__file__", None)]
    with open(sys.argv_out + ".part", "w") as file:
        json.dump(files, file)
    os.replace(sys.argv_out + ".part", sys.argv_out)
sys.argv_out = sys.argv.pop(1)
signal.signal(signal.SIGUSR1, tell)
runpy.run_module("leadmodel_predictor", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Loaded:
    """Modules by number, distributions by size in MB."""

    modules: int
    distributions: dict[str, float]


def loaded(kind: Kind, lead: Lead, folder: Path) -> Loaded:
    """Serve a lead, a batch and a scrape, then ask the process what it has loaded."""
    out = folder / "modules.json"
    plain = kind.command

    def watched(port: int) -> list[str]:
        arguments = plain(port)
        return [
            sys.executable,
            "-c",
            WATCH,
            str(out),
            *arguments[arguments.index("leadmodel_predictor") + 1 :],
        ]

    server = start(replace(kind, command=watched), lead, folder / "watched.log")
    try:
        server.post(kind.batch_path or kind.path, kind.many([lead, lead]))
        server.get("/metrics")
        server.tell(signal.SIGUSR1)
        while not out.exists():
            server.get("/healthz")
        files = json.loads(out.read_text())
    finally:
        server.stop()
    return Loaded(len(files), _by_distribution({Path(file).resolve() for file in files}))


def _by_distribution(files: set[Path]) -> dict[str, float]:
    """The size of every distribution that owns one of the files. LeadModel itself counts by the packages loaded from its clone."""
    found = {}
    for distribution in distributions():
        own = [path for path in distribution.files or () if path.suffix != ".pyc"]
        if any(Path(str(path.locate())).resolve() in files for path in own):
            found[distribution.metadata["Name"]] = _size_mb(own)
    packages = {file.parent for file in files if file.parent.name.startswith(OWN)}
    found[OWN] = sum(folder_mb(package) for package in packages)
    return found


def _size_mb(paths: list[PackagePath]) -> float:
    sizes = [Path(str(path.locate())) for path in paths]
    return sum(path.stat().st_size for path in sizes if path.exists()) / 1e6


def folder_mb(folder: Path) -> float:
    """Everything below a folder, without byte code and links."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files if path.suffix != ".pyc") / 1e6
