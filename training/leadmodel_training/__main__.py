"""`leadmodel-train`: reads leads, writes holdout and artifact, prints one JSON line. Only this module reads the wall clock."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from leadmodel_artifact.artifact import digest, dump, load
from leadmodel_artifact.model import ArtifactError
from leadmodel_messages import failure, termination, training
from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import TrainExit
from leadmodel_messages.failure import Failure
from leadmodel_messages.leaving import leave
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.training import TrainingAnswer
from leadmodel_messages.uris import place, show, uri_of
from leadmodel_statistics.ranking import NotMeasurable
from leadmodel_store.store import StoreError, StoreReason, fetch
from leadmodel_training.export import ExportRefused
from leadmodel_training.features import TEXT
from leadmodel_training.pipeline import TrainingResult, train_model
from leadmodel_training.recipes import Recipe
from leadmodel_training.request import AUTO, TrainingRequest
from leadmodel_training.rows import MAX_BYTES, read
from leadmodel_training.split import TrainingRefused
from leadmodel_training.step_timer import PASSED, Step, StepTimer
from leadmodel_training.targets import ARTIFACT, PATIENCE_S, Targets
from leadmodel_training.text_source import offered_texts
from leadmodel_training.times import UNITS, is_format


def parser() -> argparse.ArgumentParser:
    """Build the parser of the program's arguments."""
    p = argparse.ArgumentParser(
        prog="leadmodel-train",
        description="Train a lead-scoring model. Writes holdout.csv.gz first, then model.json, and prints one JSON line.",
        epilog="The newest leads are the holdout: sort the file by time or name the time column. Fields known only after "
        "the outcome (a call's duration, say) must be excluded. Exit codes: 0 written, 1 these leads make no model, 2 usage, "
        "75 the store did not answer, try again later.",
    )
    _add_files(p)
    _add_columns(p)
    _add_model(p)
    _add_texts(p)
    termination.add_option(p)
    return p


def _add_files(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--leads",
        required=True,
        help="leads with outcomes: a file or URI; CSV or JSON lines, gzip or not, or Parquet",
    )
    p.add_argument("--out", help="folder for holdout.csv.gz and model.json: a path or URI")
    p.add_argument("--artifact", help="where to write model.json, instead of --out: a path or URI")
    p.add_argument("--holdout", help="where to write holdout.csv.gz, instead of --out: a path or URI")


def _add_columns(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--label", default="y", help="the column that says whether the lead converted (default: y)"
    )
    p.add_argument("--exclude", default="", help="columns known only after the outcome, comma separated")
    p.add_argument("--allow", default="", help="columns that look as if they knew the outcome, but do not")
    p.add_argument(
        "--allow-personal",
        default="",
        metavar="COLUMNS",
        help="columns that look like personal data and may stand in model and holdout, comma separated",
    )
    p.add_argument(
        "--time-column", help="when the lead came in (default: created_at if there is one, else file order)"
    )
    p.add_argument(
        "--time-format",
        help="how that column writes times, such as '%%d.%%m.%%Y %%H:%%M', unix-ms or unix-us (default: ISO 8601 or Unix seconds)",
    )
    p.add_argument("--numeric", default="", help="columns that hold numbers, comma separated")
    p.add_argument("--categorical", default="", help="columns that hold codes, not amounts, comma separated")
    p.add_argument(
        "--positive",
        metavar="VALUE",
        help="the label of a lead that converted, such as Won (default: yes, true or 1)",
    )
    p.add_argument(
        "--require",
        default="",
        metavar="COLUMNS",
        help="fields without which the predictor answers a lead with 422 instead of a score, comma separated; leads without "
        "them are left out of training and holdout",
    )
    p.add_argument("--id-column", help="what tells leads apart (default: all their fields together)")
    p.add_argument(
        "--horizon",
        type=float,
        metavar="DAYS",
        help="leave out leads younger than this, seen from the newest one: their outcome is still open",
    )


def _add_model(p: argparse.ArgumentParser) -> None:
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
        help="least share of the newest training leads on which a model of the others is calibrated; 0: no calibration (default: .1)",
    )
    p.add_argument("--seed", type=int, default=0, help="seed of everything random (default: 0)")


def _add_texts(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--text-model",
        metavar="FILE|URI",
        help="a text model, as leadmodel-enrich writes them: intent, language, sentiment and urgency of a text become features where "
        "they rank leads better by more than one standard error",
    )
    p.add_argument(
        "--text-field",
        metavar="NAMES",
        help=f"fields with a text for --text-model, comma separated (default: {TEXT})",
    )
    p.add_argument(
        "--text-messages",
        metavar="FILE|URI",
        help="the messages that the text model was trained on: leads among them are answered out of fold, and may not be in the holdout",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
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
    if given.time_format is not None and not is_format(given.time_format):
        p.error(f"--time-format takes {', '.join(UNITS)} or a format such as '%d.%m.%Y %H:%M'")
    if given.text_messages and not given.text_model:
        p.error("--text-messages belongs to --text-model")
    try:
        answer = run(given)
    except (ValueError, OSError, MemoryError) as error:
        return _failed(given.termination_log, error)
    except KeyboardInterrupt:
        print("leadmodel-train: stopped", file=sys.stderr)
        return 130
    line = training.dump(answer)
    print(line)
    termination.write(given.termination_log, line)
    return TrainExit.WRITTEN


def _failed(log: Path, error: Exception) -> int:
    """Write the error to standard error and to the termination message, and return the exit code."""
    message = (
        str(error) or "there is not enough memory for these leads; raise the limit or take a shorter period"
    )
    print(f"leadmodel-train: {message}", file=sys.stderr)
    termination.write(log, failure.dump(Failure(_word(error), message[:500])))
    away = isinstance(error, StoreError) and error.reason is StoreReason.UNREACHABLE
    return TrainExit.LATER if away else TrainExit.REFUSED


def _word(error: Exception) -> ErrorWord:
    """The error word that names the cause."""
    match error:
        case TrainingRefused() | StoreError():
            return ErrorWord(error.reason)
        case TableError():
            return ErrorWord.LEADS_UNREADABLE
        case ExportRefused() | ArtifactError():
            return ErrorWord.EXPORT_DIFFERS
        case NotMeasurable():
            return ErrorWord.NOT_MEASURABLE
        case MemoryError():
            return ErrorWord.OUT_OF_MEMORY
        case _:
            return ErrorWord.BAD_REQUEST


def run(given: argparse.Namespace) -> TrainingAnswer:
    """Train and write; the answer names what was written and where."""
    timer, targets = StepTimer(), Targets.of(given.out, given.artifact, given.holdout)
    targets.check()
    leads = uri_of(given.leads)
    timer.log(f"reading {show(leads)}")
    request, environ = request_of(given), environment(Source.LEADS, os.environ)
    data = fetch(leads, max_bytes=MAX_BYTES, environ=environ, seconds=PATIENCE_S).data
    rows = read(data, request.exclude)
    texts, without = offered_texts(given, rows)
    if without is not None:
        timer.note(without)
    request = replace(request, texts=texts)
    timer.log(f"{len(rows):,} leads", PASSED[request.recipe][Step.READ])
    trained = train_model(rows, request, _now(), timer)
    raw = dump(trained.artifact)
    load(raw)
    if trained.choice is not None:
        print(f"leadmodel-train: {trained.choice}", file=sys.stderr)
    targets.write(trained.holdout, raw)
    return _answer(targets, trained, raw, without)


def _answer(targets: Targets, trained: TrainingResult, raw: bytes, without: str | None) -> TrainingAnswer:
    artifact = trained.artifact
    return TrainingAnswer(
        digest=digest(raw),
        auc=round(artifact.auc, 6),
        holdout=digest(trained.holdout),
        recipe=artifact.recipe,
        rows=artifact.data.rows,
        duplicates=trained.dropped,
        why=str(trained.choice) if trained.choice else None,
        texts=str(trained.texts) if trained.texts else without,
        uri=place(targets.artifact) if targets.folder is None else None,
        model=str(targets.folder / ARTIFACT) if targets.folder is not None else None,
    )


def _now() -> datetime:
    """The clock, or SOURCE_DATE_EPOCH where builds are to be the same."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)  # noqa: TID251  # outermost layer


def request_of(given: argparse.Namespace) -> TrainingRequest:
    """The training that the arguments ask for."""
    return TrainingRequest(
        label=given.label,
        exclude=_names(given.exclude),
        allow=_names(given.allow),
        allow_personal=_names(given.allow_personal),
        time_column=given.time_column,
        time_format=given.time_format,
        numeric=_names(given.numeric),
        categorical=_names(given.categorical),
        positive=given.positive,
        require=_names(given.require),
        id_column=given.id_column,
        recipe=given.recipe,
        horizon_days=given.horizon,
        holdout_share=given.holdout_share,
        calibration_share=given.calibration_share,
        name=given.name,
        parent=given.parent,
        seed=given.seed,
    )


def program() -> NoReturn:
    """Run `leadmodel-train` as a program of its own."""
    leave(main)


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


if __name__ == "__main__":
    program()
