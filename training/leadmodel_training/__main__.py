"""`leadmodel-train`: leads in, holdout and artifact out. Reads arguments and the clock, prints one JSON line."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from leadmodel_artifact.artifact import Artifact, ArtifactError, digest, dump, load
from leadmodel_statistics.ranking import NotMeasurable
from leadmodel_store.store import StoreError, StoreReason, fetch, put, show
from leadmodel_training.build import AUTO, Asked, Trained, build
from leadmodel_training.export import ExportRefused
from leadmodel_training.progress import Progress
from leadmodel_training.rows import MAX_BYTES, Rows, RowsError, read
from leadmodel_training.split import TrainingRefused
from leadmodel_training.train import Recipe

REFUSED, USAGE, LATER = 1, 2, 75


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    p = argparse.ArgumentParser(
        prog="leadmodel-train",
        description="Train a lead-scoring model. Writes holdout.csv.gz first, then model.json, and prints one JSON line.",
        epilog="The newest leads are the holdout: sort the file by time or name the time column. Fields known only after "
        "the outcome (a call's duration, say) must be excluded. Exit codes: 0 written, 1 these leads make no model, 2 usage, "
        "75 the store did not answer, try again later.",
    )
    p.add_argument(
        "--leads",
        required=True,
        help="leads with outcomes: a file or URI; CSV or JSON lines, gzip or not, or Parquet",
    )
    p.add_argument(
        "--label", default="y", help="the column that says whether the lead converted (default: y)"
    )
    p.add_argument("--out", type=Path, help="folder for holdout.csv.gz and model.json")
    p.add_argument("--artifact", help="URI to write model.json to, instead of --out")
    p.add_argument("--holdout", help="URI to write holdout.csv.gz to, instead of --out")
    p.add_argument("--exclude", default="", help="columns known only after the outcome, comma separated")
    p.add_argument("--allow", default="", help="columns that look as if they knew the outcome, but do not")
    p.add_argument(
        "--time-column", help="when the lead came in (default: created_at if there is one, else file order)"
    )
    p.add_argument("--id-column", help="what tells leads apart (default: all their fields together)")
    p.add_argument(
        "--horizon",
        type=float,
        metavar="DAYS",
        help="leave out leads younger than this, seen from the newest one: their outcome is still open",
    )
    p.add_argument(
        "--recipe",
        choices=[*Recipe, AUTO],
        default=Recipe.LINEAR,
        help="what to train; auto compares both on the newer training leads and says why (default: linear)",
    )
    p.add_argument("--name", default="lead-conversion", help="name of the model")
    p.add_argument("--parent", help="digest of the model this one follows")
    p.add_argument(
        "--holdout-share", type=float, default=0.2, help="share of the newest leads kept out (default: .2)"
    )
    p.add_argument(
        "--calibration-share",
        type=float,
        default=0.1,
        help="share of the newest training leads that only calibrates; 0: no calibration (default: .1)",
    )
    p.add_argument("--seed", type=int, default=0, help="seed of everything random (default: 0)")
    p.add_argument(
        "--termination-log", type=Path, default=Path("/dev/termination-log"), help=argparse.SUPPRESS
    )
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    p = parser()
    given = p.parse_args(arguments)
    if (given.out is None) == (given.artifact is None or given.holdout is None):
        p.error("give either --out, or both --artifact and --holdout")
    if not 0 < given.holdout_share < 1:
        p.error("--holdout-share must lie between 0 and 1")
    if not 0 <= given.calibration_share < 1:
        p.error("--calibration-share must lie between 0 and 1")
    if given.horizon is not None and not 0 < given.horizon < 36500:
        p.error("--horizon is a number of days above 0")
    try:
        answer = run(given)
    except (ValueError, OSError, MemoryError) as error:
        return _failed(given.termination_log, error)
    print(json.dumps(answer))
    _terminate(given.termination_log, answer)
    return 0


def _failed(log: Path, error: Exception) -> int:
    """One line that says what to do; the same for whoever reads the termination message."""
    message = (
        str(error) or "there is not enough memory for these leads; raise the limit or take a shorter period"
    )
    print(f"leadmodel-train: {message}", file=sys.stderr)
    _terminate(log, {"error": _reason(error), "message": message[:500]})
    return LATER if isinstance(error, StoreError) and error.reason is StoreReason.UNREACHABLE else REFUSED


def _reason(error: Exception) -> str:
    """Why, in one word."""
    match error:
        case TrainingRefused() | StoreError():
            return str(error.reason)
        case RowsError():
            return "LeadsUnreadable"
        case ExportRefused() | ArtifactError():
            return "ExportDiffers"
        case NotMeasurable():
            return "NotMeasurable"
        case MemoryError():
            return "OutOfMemory"
        case _:
            return "BadRequest"


def _terminate(path: Path, answer: dict[str, object]) -> None:
    if path.exists():
        path.write_text(json.dumps(answer))


def run(given: argparse.Namespace) -> dict[str, object]:
    """Train and write; the line to print."""
    progress = Progress()
    leads = given.leads if "://" in given.leads else Path(given.leads).resolve().as_uri()
    progress.say(f"reading {show(leads)}")
    rows = read(fetch(leads, max_bytes=MAX_BYTES, environ=os.environ).data)
    progress.say(f"{len(rows):,} leads")
    trained = build(rows, asked_for(given), _now(), progress)
    raw = dump(trained.artifact)
    load(raw)
    if trained.choice is not None:
        print(f"leadmodel-train: {trained.choice}", file=sys.stderr)
    return {**_answer(trained, raw), **_write(given, trained.holdout, raw)}


def _answer(trained: Trained, raw: bytes) -> dict[str, object]:
    artifact = trained.artifact
    return {
        "digest": digest(raw),
        "auc": round(artifact.auc, 6),
        "holdout": digest(trained.holdout),
        "recipe": artifact.recipe,
        "rows": artifact.data.rows,
        "duplicates": trained.dropped,
        **({"why": str(trained.choice)} if trained.choice else {}),
    }


def _now() -> datetime:
    """The clock, or SOURCE_DATE_EPOCH where builds are to be the same."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)  # noqa: TID251  # outermost layer


def _write(given: argparse.Namespace, held: bytes, raw: bytes) -> dict[str, object]:
    """Holdout first: an artifact never names a holdout that is not there."""
    if given.out is None:
        put(given.holdout, held, environ=os.environ)
        put(given.artifact, raw, environ=os.environ)
        return {"uri": show(given.artifact)}
    given.out.mkdir(parents=True, exist_ok=True)
    for name, data in (("holdout.csv.gz", held), ("model.json", raw)):
        put((given.out / name).resolve().as_uri(), data, environ=os.environ)
    return {"model": str(given.out / "model.json")}


def asked_for(given: argparse.Namespace) -> Asked:
    """What the arguments ask for."""
    return Asked(
        label=given.label,
        exclude=tuple(filter(None, given.exclude.split(","))),
        allow=tuple(filter(None, given.allow.split(","))),
        time_column=given.time_column,
        id_column=given.id_column,
        recipe=given.recipe,
        horizon_days=given.horizon,
        holdout_share=given.holdout_share,
        calibration_share=given.calibration_share,
        name=given.name,
        parent=given.parent,
        seed=given.seed,
    )


def train(rows: Rows, given: argparse.Namespace, now: datetime) -> tuple[Artifact, bytes]:
    """The artifact and the bytes of its holdout."""
    trained = build(rows, asked_for(given), now, Progress())
    return trained.artifact, trained.holdout


if __name__ == "__main__":
    sys.exit(main())
