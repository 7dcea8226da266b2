"""`leadmodel-validate`: fetch, score every holdout row with the serving code, measure, report. The gate decides, not this program."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from leadmodel_artifact.artifact import load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import LeadError, instant, lead_values
from leadmodel_artifact.model import Artifact, ArtifactError
from leadmodel_artifact.snapshot import MAX_GZIP_BYTES, MAX_RAW_BYTES, digest, pack, unpack
from leadmodel_messages import failure, termination
from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import ValidateExit
from leadmodel_messages.failure import Failure
from leadmodel_messages.leaving import leave
from leadmodel_messages.report import ArtifactSeen, Comparison, Outcome, Report, Rows, dump
from leadmodel_messages.uris import place, uri_of
from leadmodel_predictor.jobs import holdout, mailbox
from leadmodel_predictor.serving.slots import load_slot
from leadmodel_statistics.calibration import brier_skill, calibration_slope, observed_expected
from leadmodel_statistics.ranking import NotMeasurable, delong, delong_paired, logit_lower_bound
from leadmodel_store.store import StoreError, fetch


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments."""
    p = argparse.ArgumentParser(
        prog="leadmodel-validate", description="Measure a model on a holdout and print the report as JSON."
    )
    p.add_argument("--artifact", required=True, help="model.json or a snapshot of it: a path or URI")
    p.add_argument("--holdout", required=True, help="labelled leads: a path or URI")
    p.add_argument("--champion", help="the model to compare with: a path or URI")
    p.add_argument("--best", help="the best model of the last 30 days: a path or URI")
    p.add_argument("--min-auc", type=float, help="only repeated for people; the gate decides")
    p.add_argument("--expect-digest", help="the digest the artifact must have")
    p.add_argument("--champion-digest", help="the digest the champion must have")
    p.add_argument("--best-digest", help="the digest the best must have")
    p.add_argument("--holdout-digest", help="the digest the holdout must have")
    p.add_argument("--image", default="", help="the image this runs in, repeated in the report")
    p.add_argument("--mailbox", help="what takes the snapshot: NAMESPACE/NAME of a ConfigMap, or /a/file")
    p.add_argument(
        "--deadline", type=float, default=600.0, help="seconds this may take (the platform ends it)"
    )
    termination.add_option(p)
    return p


class Unmeasured(Exception):  # noqa: N818  # the outcome's own word
    """There is no report: the failure says why and what would help."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
        too_large = failure.error is ErrorWord.ARTIFACT_TOO_LARGE
        self.code = ValidateExit.TOO_LARGE if too_large else ValidateExit.UNMEASURED


def end(program: str, log: Path, report: Callable[[], str]) -> int:
    """Print the line of a report, or the reason why there is none, leave it as termination message in `log`, and return the exit code."""
    try:
        line = report()
    except Unmeasured as error:
        print(f"{program}: {error}", file=sys.stderr)
        shortened = replace(error.failure, message=error.failure.message[:1000])
        termination.write(log, failure.dump(shortened))
        return error.code
    print(line)
    termination.write(log, line)
    return ValidateExit.REPORTED


def deliver(where: str, packed: bytes) -> None:
    """Hand packed bytes to the mailbox. Raises Unmeasured."""
    try:
        mailbox.deliver(where, packed)
    except mailbox.MailboxError as error:
        raise Unmeasured(Failure(ErrorWord.MAILBOX_UNAVAILABLE, str(error))) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    given = parser().parse_args(arguments)
    return end("leadmodel-validate", given.termination_log, lambda: dump(run(given)))


def run(given: argparse.Namespace) -> Report:
    """Fetch the artifact and the holdout, measure the model, and hand the snapshot to the mailbox if one is given.

    Raises:
        Unmeasured: The artifact, the holdout or the mailbox cannot be used.
    """
    raw = _artifact(given)
    packed = pack(raw)
    raw_digest = digest(raw)
    seen = ArtifactSeen(raw_digest, len(raw), len(packed))
    if given.expect_digest and raw_digest != given.expect_digest:
        return Report(Outcome.REFUSED, ErrorWord.SOURCE_MOVED, given.image, seen)
    if len(packed) > MAX_GZIP_BYTES:
        message = f"the artifact has {len(packed)} bytes gzipped, at most {MAX_GZIP_BYTES} are taken"
        raise Unmeasured(Failure(ErrorWord.ARTIFACT_TOO_LARGE, message, digest=raw_digest, size=len(raw)))
    try:
        artifact = load(raw)
    except ArtifactError as error:
        return Report(Outcome.REFUSED, error.reason, given.image, seen, detail=str(error))
    data = artifact.data
    seen = replace(seen, version=artifact.version, to=data.to, claimed_auc=artifact.auc)
    seen = replace(seen, label=data.label, positive=data.positive)
    report = _measure(given, artifact, seen)
    if given.mailbox:
        deliver(given.mailbox, packed)
    return report


def _artifact(given: argparse.Namespace) -> bytes:
    uri = uri_of(given.artifact)
    try:
        fetched = fetch(uri, max_bytes=MAX_RAW_BYTES, environ=environment(Source.ARTIFACT, os.environ))
        raw = unpack(fetched.data)
    except StoreError as error:
        word = ErrorWord(f"Artifact{error.reason}")
        if word is not ErrorWord.ARTIFACT_TOO_LARGE:
            raise Unmeasured(Failure(word, str(error))) from None
        raise Unmeasured(Failure(word, str(error), place(uri), etag=error.etag, size=error.size)) from None
    except ArtifactError:
        return fetched.data  # a damaged snapshot: its digest says so
    if len(raw) > MAX_RAW_BYTES:
        message = f"the artifact unpacks to more than {MAX_RAW_BYTES} bytes"
        word = ErrorWord.ARTIFACT_TOO_LARGE
        raise Unmeasured(Failure(word, message, place(uri), etag=fetched.etag, size=len(raw)))
    return raw


def _measure(given: argparse.Namespace, artifact: Artifact, seen: ArtifactSeen) -> Report:
    try:
        environ = environment(Source.HOLDOUT, os.environ)
        data = fetch(uri_of(given.holdout), max_bytes=holdout.MAX_BYTES, environ=environ).data
    except StoreError as error:
        raise _no_holdout(str(error)) from None
    base = Report(
        Outcome.NOT_MEASURABLE, ErrorWord.HOLDOUT_UNAVAILABLE, given.image, seen, holdout_digest=digest(data)
    )
    if given.holdout_digest and base.holdout_digest != given.holdout_digest:
        raise _no_holdout(
            f"the holdout has digest {base.holdout_digest}, the spec pins {given.holdout_digest}"
        )
    try:
        rows = holdout.read(data, artifact)
    except holdout.HoldoutError as error:
        raise _no_holdout(str(error)) from None
    base = replace(base, holdout=_count([y for _, y in rows]), detail=_fields_without_a_value(artifact, rows))
    used = _newer(rows, artifact)
    base = replace(base, used=_count([y for _, y in used]))
    if not used:
        return replace(base, reason=ErrorWord.HOLDOUT_TOO_OLD if rows else ErrorWord.HOLDOUT_TOO_SMALL)
    return _score(
        given,
        artifact,
        base,
        used,
        timed=any((artifact.data.time or holdout.TIME) in lead for lead, _ in rows),
    )


def _no_holdout(message: str) -> Unmeasured:
    return Unmeasured(Failure(ErrorWord.HOLDOUT_UNAVAILABLE, message))


Labelled = list[tuple[dict[str, Any], bool]]


def _fields_without_a_value(artifact: Artifact, rows: Labelled) -> str:
    """Name the fields that the model reads and no lead of the holdout has: measured without them, a model looks worse than it is."""
    held = {name for lead, _ in rows for name in lead}
    missing = sorted({feature.source for feature in artifact.features} - held)
    return (
        f"no lead of the holdout has {', '.join(missing)}, which the model reads" if rows and missing else ""
    )


def _count(outcomes: Sequence[bool]) -> Rows:
    return Rows(len(outcomes), sum(outcomes), len(outcomes) - sum(outcomes))


def _newer(rows: Labelled, artifact: Artifact) -> Labelled:
    """Only rows after the newest training row; rows without a time are kept (the comparison is left out for them)."""
    if artifact.data.to is None:
        return rows
    after = instant(artifact.data.to).timestamp()
    return [(lead, y) for lead, y in rows if (at := holdout.time_of(lead, artifact)) is None or at > after]


def _scores(artifact: Artifact, rows: Labelled) -> list[float]:
    scorer = make_scorer(artifact)
    try:
        return [scorer(*lead_values(artifact, lead)) for lead, _ in rows]
    except LeadError as error:
        raise _no_holdout(f"a lead of the holdout cannot be scored: {error}") from None


def _score(
    given: argparse.Namespace, artifact: Artifact, base: Report, rows: Labelled, *, timed: bool
) -> Report:
    labels = [y for _, y in rows]
    scores = _scores(artifact, rows)
    try:
        area, variance = delong(scores, labels)
    except NotMeasurable:
        return replace(base, reason=ErrorWord.HOLDOUT_TOO_SMALL)
    assert base.used is not None
    return replace(
        base,
        outcome=Outcome.MEASURED,
        reason="",
        auc=area,
        var=variance,
        lower=logit_lower_bound(area, variance, min(base.used.positives, base.used.negatives)),
        brier_skill=brier_skill(scores, labels),
        oe=observed_expected(scores, labels),
        slope=calibration_slope(scores, labels),
        champion=_compare(artifact, Where(given.champion, given.champion_digest), rows, scores, timed=timed),
        best=_compare(artifact, Where(given.best, given.best_digest), rows, scores, timed=timed),
    )


@dataclass(frozen=True)
class Where:
    """Where another model lies, if there is one, and the digest its bytes must have."""

    where: str | None
    digest: str | None


def _compare(
    artifact: Artifact, other: Where, rows: Labelled, scores: list[float], *, timed: bool
) -> Comparison | None:
    """Against another model, on rows newer than the training of both; None when it cannot be read or no row is left."""
    if not other.where:
        return None
    try:
        environ = environment(Source.ARTIFACT, os.environ)
        fetched = fetch(uri_of(other.where), max_bytes=MAX_RAW_BYTES, environ=environ)
        slot = load_slot(fetched.data, other.digest)
    except (StoreError, ArtifactError):
        return None
    if timed and slot.artifact.data.to:
        after = instant(slot.artifact.data.to).timestamp()
        times = [holdout.time_of(lead, artifact) for lead, _ in rows]
        kept = [i for i, at in enumerate(times) if at is not None and at > after]
        rows, scores = [rows[i] for i in kept], [scores[i] for i in kept]
    labels = [y for _, y in rows]
    try:
        paired = delong_paired(scores, _scores(slot.artifact, rows), labels)
    except (NotMeasurable, Unmeasured):
        return None
    return Comparison(
        slot.digest, paired.auc_b, paired.delta, paired.se, sum(labels), len(labels) - sum(labels)
    )


def program() -> NoReturn:
    """Run `leadmodel-validate` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
