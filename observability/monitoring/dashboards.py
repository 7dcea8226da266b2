"""The dashboards of the chart: fleet, one model, operator, privacy and jobs. `make monitoring` writes their JSON."""

import json
from pathlib import Path

from monitoring.fleet import FLEET
from monitoring.jobs import JOBS
from monitoring.one_model import ONE_MODEL
from monitoring.operator_board import OPERATOR

FOLDER = Path(__file__).resolve().parent.parent.parent / "charts" / "leadmodel" / "files" / "dashboards"
DASHBOARDS = (FLEET, ONE_MODEL, OPERATOR, JOBS)


def files() -> dict[Path, str]:
    """The text of each dashboard file, by its path."""
    return {FOLDER / f"{board.uid}.json": json.dumps(board.model(), indent=1) + "\n" for board in DASHBOARDS}


def write() -> None:
    """Write the dashboards, one JSON file each, into a folder."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text)
