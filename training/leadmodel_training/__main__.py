"""`leadmodel-train`: leads in, holdout and artifact out. Reads arguments and the clock, prints one JSON line."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from leadmodel_artifact.artifact import Artifact, ArtifactError, DataWindow, digest, dump, load
from leadmodel_artifact.auc import NotMeasurable, delong
from leadmodel_store.store import StoreError, fetch, put, show
from leadmodel_training.export import ExportRefused, check, export, make_reference
from leadmodel_training.features import describe, find_roles, instants, raw_columns
from leadmodel_training.rows import MAX_BYTES, Rows, RowsError, labels, read, write_csv
from leadmodel_training.train import TrainingRefused, check_sizes, fit_linear, split_by_time


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    p = argparse.ArgumentParser(
        prog="leadmodel-train",
        description="Train a lead-scoring model. Writes holdout.csv.gz first, then model.json, and prints one JSON line.",
        epilog="The newest leads are the holdout: sort the file by time or name the time column. Fields known only after "
        "the outcome (a call's duration, say) must be excluded.",
    )
    p.add_argument(
        "--leads", required=True, help="leads with outcomes: a file or URI; CSV or JSON lines, gzip or not"
    )
    p.add_argument(
        "--label", default="y", help="the column that says whether the lead converted (default: y)"
    )
    p.add_argument("--out", type=Path, help="folder for holdout.csv.gz and model.json")
    p.add_argument("--artifact", help="URI to write model.json to, instead of --out")
    p.add_argument("--holdout", help="URI to write holdout.csv.gz to, instead of --out")
    p.add_argument("--exclude", default="", help="columns known only after the outcome, comma separated")
    p.add_argument(
        "--time-column", help="when the lead came in (default: created_at if there is one, else file order)"
    )
    p.add_argument("--recipe", choices=["linear"], default="linear", help="what to train (default: linear)")
    p.add_argument("--name", default="lead-conversion", help="name of the model")
    p.add_argument("--parent", help="digest of the model this one follows")
    p.add_argument(
        "--holdout-share", type=float, default=0.2, help="share of the newest leads kept out (default: .2)"
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
    try:
        answer = run(given)
    except (
        RowsError,
        TrainingRefused,
        ExportRefused,
        NotMeasurable,
        ArtifactError,
        StoreError,
        ValueError,
    ) as error:
        print(f"leadmodel-train: {error}", file=sys.stderr)
        _terminate(given.termination_log, {"error": type(error).__name__, "message": str(error)[:500]})
        return 1
    print(json.dumps(answer))
    _terminate(given.termination_log, answer)
    return 0


def _terminate(path: Path, answer: dict[str, object]) -> None:
    if path.exists():
        path.write_text(json.dumps(answer))


def run(given: argparse.Namespace) -> dict[str, object]:
    """Train and write; the line to print."""
    leads = given.leads if "://" in given.leads else Path(given.leads).resolve().as_uri()
    rows = read(fetch(leads, max_bytes=MAX_BYTES, environ=os.environ).data)
    artifact, held = train(rows, given, _now())
    raw = dump(artifact)
    load(raw)
    where = _write(given, held, raw)
    return {
        "digest": digest(raw),
        "auc": round(artifact.auc, 6),
        "holdout": digest(held),
        "rows": artifact.data.rows,
        **where,
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


def train(rows: Rows, given: argparse.Namespace, now: datetime) -> tuple[Artifact, bytes]:
    """The artifact and the bytes of its holdout."""
    roles = find_roles(rows, given.label, given.time_column, [n for n in given.exclude.split(",") if n])
    outcome = labels(rows.columns[roles.label], roles.label)
    times = instants(rows, roles)
    keys = list(zip(*(c for n, c in rows.columns.items() if n != roles.time), strict=True))
    split = split_by_time(times, keys, given.holdout_share)
    train_y, holdout_y = [outcome[i] for i in split.train], [outcome[i] for i in split.holdout]
    check_sizes(train_y, "training part")
    check_sizes(holdout_y, "holdout")
    train_rows, holdout_rows = rows.take(split.train), rows.take(split.holdout)
    features = describe(train_rows, roles, hours=2 * sum(t is not None for t in times) >= len(rows))
    if not features:
        raise TrainingRefused("no column but the label varies; there is nothing to learn from")
    fitted = fit_linear(features, raw_columns(train_rows, features), train_y, given.seed)
    columns = raw_columns(holdout_rows, fitted.features)
    scores = [float(p) for p in fitted.predict(columns)]
    held = _holdout(holdout_rows, fitted.features, roles.label, roles.text)
    hours = [None if times[i] is None else int((times[i] or 0) // 3600 % 24) for i in split.holdout]
    artifact = export(
        fitted,
        make_reference(fitted.features, columns, scores, hours),
        name=given.name,
        recipe=given.recipe,
        now=now,
        auc=delong(scores, holdout_y)[0],
        n_train=len(split.train),
        holdout_digest=digest(held),
        data=_window([times[i] for i in split.train], train_y, given.label, roles.excluded),
        parent=given.parent,
    )
    check(artifact, fitted, columns)
    return artifact, held


def _window(
    times: Sequence[float | None], outcome: Sequence[bool], label: str, excluded: tuple[str, ...]
) -> DataWindow:
    known = [time for time in times if time is not None]
    return DataWindow(
        from_=_iso(min(known)) if known else None,
        to=_iso(max(known)) if known else None,
        rows=len(outcome),
        positives=sum(outcome),
        label=label,
        excluded=excluded,
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _holdout(rows: Rows, features: Sequence[object], label: str, text: Sequence[str]) -> bytes:
    """The fields a model reads, and the label. Texts leave as filler of their length: no conversation is copied."""
    sources = {getattr(feature, "source", "") for feature in features} | {label}
    kept = {name: column for name, column in rows.columns.items() if name in sources}
    for name in text:
        kept[name] = [None if value is None else "x" * len(str(value)) for value in kept[name]]
    return write_csv(Rows(kept))


if __name__ == "__main__":
    sys.exit(main())
