"""Past leads in a file, a manifest whose policy they are played through, and the real replay."""

import csv
import random
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from worlds.local_world import COMMAND

START = datetime(2026, 1, 5, tzinfo=UTC)


def replay(*arguments: str, timeout: float = 250) -> subprocess.CompletedProcess[str]:
    """Run `leadmodel local replay` to its end."""
    return subprocess.run(
        [*COMMAND, "replay", *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )


def lead_model(folder: Path, **spec: Any) -> dict[str, Any]:
    """A LeadModel whose artifact and holdout lie in a folder."""
    return {
        "apiVersion": "customerops.dev/v1alpha1",
        "kind": "LeadModel",
        "metadata": {"name": "conversion", "namespace": "sales"},
        "spec": {
            "artifact": {"uri": (folder / "model.json").as_uri()},
            "holdout": {"uri": (folder / "holdout.csv").as_uri()},
            "minAuc": 0.55,
            **spec,
        },
    }


def manifest(folder: Path, **spec: Any) -> str:
    """The path of its manifest."""
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(lead_model(folder, **spec)))
    return str(path)


def write(path: Path, days: list[list[dict[str, Any]]]) -> str:
    """Days of leads, one every few minutes, with some outcome."""
    chance = random.Random(4)
    with path.open("w", newline="") as out:
        table = csv.DictWriter(out, ["created_at", "age", "source", "details", "y"])
        table.writeheader()
        for number, leads in enumerate(days):
            for i, lead in enumerate(leads):
                at = START + timedelta(days=number, seconds=i * 86400 / len(leads))
                table.writerow({**lead, "created_at": at.isoformat(), "y": chance.randrange(2)})
    return str(path)
