"""The models and leads of the benches: made by LeadModel's own programs from a seed, once, and kept in the cache folder."""

import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.machine import CACHE

import leadmodel_artifact
import leadmodel_statistics
import leadmodel_training

Lead = dict[str, Any]
NUMBERS = ("staff", "visits")
TREES = ("--recipe", "trees")
LARGE = "from leadmodel_training import recipes; recipes.LEAVES = 31; from leadmodel_training.__main__ import main; main()"


@dataclass(frozen=True)
class Made:
    """Files of one folder."""

    leads: Path
    champion: Path
    previous: Path
    challenger: Path  # as the champion, of other leads: something to reload
    trees: Path  # 100 × 31 leaves
    other_trees: Path  # as these, of other leads


def made() -> Made:
    """Everything the benches need; the first call takes about a minute."""
    folder = CACHE / f"models-{_mark()}"
    folder.mkdir(parents=True, exist_ok=True)
    leads = _leads(folder, 1)
    older = _leads(folder, 2)
    return Made(
        leads,
        _train(folder / "champion", leads),
        _train(folder / "previous", older),
        _train(folder / "challenger", _leads(folder, 3)),
        _train(folder / "trees", leads, *TREES, program=("-c", LARGE)),
        _train(folder / "other-trees", _leads(folder, 3), *TREES, program=("-c", LARGE)),
    )


def _mark() -> str:
    """Another trainer makes other models: a mark of its source."""
    roots = [
        Path(package.__path__[0])
        for package in (leadmodel_artifact, leadmodel_statistics, leadmodel_training)
    ]
    files = sorted(file for root in roots for file in root.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in (*files, Path(__file__)))).hexdigest()[:12]


def _leads(folder: Path, seed: int) -> Path:
    out = folder / f"leads-{seed}.csv.gz"
    if not out.exists():
        size = ["--days", "40", "--per-day", "600"]
        _run("-m", "leadmodel_training.synth", "--seed", str(seed), *size, "--out", str(out))
    return out


def _train(
    out: Path, leads: Path, *flags: str, program: Sequence[str] = ("-m", "leadmodel_training")
) -> Path:
    if not (out / "model.json").exists():
        _run(*program, "--leads", str(leads), "--out", str(out), *flags)
    return out / "model.json"


def _run(*command: str) -> None:
    found = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        sys.exit(f"{' '.join(command[:2])} failed: {found.stderr.strip()}")


def wire(path: Path, count: int) -> list[Lead]:
    """The last leads of a file that have every field, as a caller would send them."""
    with gzip.open(path, "rb") as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline="")))
    whole = [row for row in rows if all(row.values())][-count:]
    return [{k: float(v) if k in NUMBERS else v for k, v in row.items() if k != "y"} for row in whole]


def bodies(path: Path, leads: Sequence[Any], encode: Callable[[Any], bytes]) -> Path:
    """A file with one body a line."""
    path.write_bytes(b"\n".join(map(encode, leads)) + b"\n")
    return path


def as_json(value: Any) -> bytes:
    """Compact JSON without a line break."""
    return json.dumps(value, separators=(",", ":")).encode()
