"""Reads the state folder into documents. Views (`table`, `tree`, `why`) are pure functions of these documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadmodel_local.state import children, files
from leadmodel_local.state.files import ModelFolder
from leadmodel_operator.resource.vocabulary import API_VERSION, KIND

JOBS_SHOWN = 6


@dataclass(frozen=True)
class PredictorProcess:
    """A predictor as its folder shows: the digest it was started with, its own port, whether it runs or drains."""

    name: str
    champion: str | None
    port: int | None
    alive: bool
    leaving: bool


@dataclass(frozen=True)
class JobProcess:
    """A Job as its folder shows; `exit_code` is None while the Job runs."""

    name: str
    exit_code: int | None


@dataclass(frozen=True)
class Processes:
    """Child processes of one LeadModel: predictors by name, Jobs newest first."""

    predictors: tuple[PredictorProcess, ...] = ()
    jobs: tuple[JobProcess, ...] = ()


def read(folder: ModelFolder) -> dict[str, Any]:
    """Read a LeadModel as `kubectl get -o json` would print it."""
    kept = files.read_json(folder.object) or {}
    status = (files.read_json(folder.status) or {}).get("status") or {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": folder.key.name,
            "namespace": folder.key.namespace,
            "uid": kept.get("uid"),
            "generation": kept.get("generation"),
            "creationTimestamp": kept.get("created"),
            "annotations": kept.get("annotations") or {},
        },
        "spec": kept.get("spec") or {},
        "status": status,
    }


def read_trace(folder: ModelFolder) -> list[dict[str, str]]:
    """Read what the newest pass did and withheld: step, effect and reason per entry; empty before the first pass."""
    return files.read_json(folder.trace) or []


def read_all(root: Path) -> list[dict[str, Any]]:
    """Read every LeadModel of a state folder, by namespace and name."""
    return [read(folder) for folder in files.model_folders(root)]


def read_processes(folder: ModelFolder) -> Processes:
    """Read the child processes of a LeadModel; of the Jobs the newest few."""
    predictors = (_predictor(path) for path in sorted((folder.folder / "pods").glob("*")))
    jobs = sorted((folder.folder / "jobs").glob("*/about.json"), key=lambda path: path.stat().st_mtime)
    newest = (path.parent for path in reversed(jobs[-JOBS_SHOWN:]))
    return Processes(
        tuple(predictors), tuple(JobProcess(path.name, children.exit_code(path)) for path in newest)
    )


def _predictor(folder: Path) -> PredictorProcess:
    metadata: Mapping[str, Any] = files.read_json(folder / "about.json") or {}
    return PredictorProcess(
        name=folder.name,
        champion=(metadata.get("template") or {}).get("champion"),
        port=metadata.get("port"),
        alive=children.is_alive(folder),
        leaving=(folder / "leaving").exists(),
    )
