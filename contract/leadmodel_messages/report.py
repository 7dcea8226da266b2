"""The report of a validation: what was measured, in one line of JSON of at most 4 KB. The gate decides which figures suffice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_messages import bounds, termination

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "leadmodel.report/v1"


class Outcome(StrEnum):
    """How far a validation came."""

    MEASURED = "Measured"  # every figure is there
    REFUSED = "Refused"  # the bytes are no model: reason says why
    NOT_MEASURABLE = "NotMeasurable"  # the holdout does not let it be measured: reason says why


@dataclass(frozen=True)
class ArtifactSeen:
    """The artifact as it was fetched: `size` in bytes, `gz` in bytes when packed, `to` the time of the newest training row."""

    digest: str
    size: int
    gz: int
    version: int | None = None
    to: str | None = None
    claimed_auc: float | None = None
    label: str | None = None  # the column it takes for the outcome; absent in reports of older programs
    positive: str | None = None  # its word for a lead that converted; None: yes, true or 1


@dataclass(frozen=True)
class Rows:
    """How many rows there are, in all and per outcome."""

    rows: int
    positives: int
    negatives: int


@dataclass(frozen=True)
class Comparison:
    """A comparison with another model on the same rows: `delta` is this AUC − the other, `se` the standard error of delta."""

    digest: str
    auc: float
    delta: float
    se: float
    positives: int
    negatives: int


DETAIL_LENGTH = 256  # characters
TO_LENGTH = 64  # characters of a time
LABEL_LENGTH = 129  # characters: one more than a spec can name, so that no cut label equals that of a spec


@dataclass(frozen=True)
class Report:
    """What one validation measured, with every digest it used."""

    outcome: Outcome
    reason: str
    image: str
    artifact: ArtifactSeen | None
    holdout_digest: str | None = None
    holdout: Rows | None = None
    used: Rows | None = None  # rows newer than the training
    auc: float | None = None
    var: float | None = None
    lower: float | None = None
    brier_skill: float | None = None
    oe: float | None = None
    slope: float | None = None
    champion: Comparison | None = None
    best: Comparison | None = None
    detail: str = (
        ""  # why the bytes are no model, by field, or what the holdout lacks; never a value of either
    )


def dump(report: Report) -> str:
    """Write the report as one line of JSON, with numbers to 12 digits."""
    import json

    artifact, holdout = report.artifact, report.holdout
    document = {
        "schema": SCHEMA,
        "outcome": report.outcome,
        "reason": report.reason,
        "image": report.image,
        "artifact": artifact
        and {
            "digest": artifact.digest,
            "size": artifact.size,
            "gz": artifact.gz,
            "version": artifact.version,
            "to": artifact.to and artifact.to[:TO_LENGTH],
            "claimedAuc": artifact.claimed_auc,
            **({"label": artifact.label[:LABEL_LENGTH]} if artifact.label is not None else {}),
            **({"positive": artifact.positive[:LABEL_LENGTH]} if artifact.positive is not None else {}),
        },
        "holdout": holdout and {"digest": report.holdout_digest, **_rows(holdout)},
        "used": report.used and _rows(report.used),
        "auc": rounded(report.auc),
        "var": rounded(report.var),
        "lower": rounded(report.lower),
        "brierSkill": rounded(report.brier_skill),
        "oe": rounded(report.oe),
        "slope": rounded(report.slope),
        "champion": report.champion and _comparison(report.champion),
        "best": report.best and _comparison(report.best),
        **({"detail": report.detail[:DETAIL_LENGTH]} if report.detail else {}),
    }
    line = json.dumps(document, allow_nan=False, separators=(",", ":"))
    if len(line.encode()) > termination.LIMIT and report.detail:
        return dump(replace(report, detail=""))
    if len(line.encode()) > termination.LIMIT:
        raise ValueError(f"the report has more than {termination.LIMIT} bytes")
    return line


def rounded(value: float | None) -> float | None:
    """Return a figure to 12 digits, as reports write it."""
    return None if value is None else float(f"{value:.12g}")


def _rows(rows: Rows) -> dict[str, int]:
    return {"rows": rows.rows, "positives": rows.positives, "negatives": rows.negatives}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "digest": comparison.digest,
        "auc": rounded(comparison.auc),
        "delta": rounded(comparison.delta),
        "se": rounded(comparison.se),
        "positives": comparison.positives,
        "negatives": comparison.negatives,
    }


def parse(text: str) -> Report:
    """Read a report strictly; NaN and Infinity are not JSON and not taken.

    Raises:
        LayoutError: A field is missing, has another type or is out of bounds.
    """
    return _read(report_node(text, SCHEMA))


def named_digest(line: str) -> str | None:
    """Give the digest of the artifact that a report names; None where the line is no report."""
    report = termination.read(parse, line)
    return report.artifact.digest if report is not None and report.artifact is not None else None


def report_node(text: str, schema: str) -> Node:
    """Return the document of a report with this schema. Raises LayoutError for any other text, and for NaN and Infinity."""
    if len(text.encode()) > termination.LIMIT:
        raise LayoutError(f"the report has more than {termination.LIMIT} bytes")
    import json

    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise LayoutError("the report is not a JSON document") from None
    node = Node(document, "")
    if node.text("schema", 64) != schema:
        raise LayoutError(f"schema must be {schema!r}")
    return node


def outcome_of(node: Node) -> Outcome:
    """Return how far a report's program came. Raises LayoutError."""
    try:
        return Outcome(node.text("outcome", 64))
    except ValueError:
        raise LayoutError(f"outcome must be one of {', '.join(Outcome)}") from None


def _no_constant(word: str) -> float:
    raise ValueError(word)


def _read(node: Node) -> Report:
    holdout = node.node("holdout") if node.has("holdout") else None
    return Report(
        outcome=outcome_of(node),
        reason=bounds.sentence(node, "reason", 64),
        image=bounds.sentence(node, "image", 512),
        artifact=_read_artifact(node.node("artifact")) if node.has("artifact") else None,
        holdout_digest=bounds.digest(holdout, "digest") if holdout else None,
        holdout=_read_rows(holdout) if holdout else None,
        used=_read_rows(node.node("used")) if node.has("used") else None,
        auc=node.optional("auc", lambda key: bounds.share(node, key)),
        var=node.optional("var", lambda key: bounds.share(node, key)),
        lower=node.optional("lower", lambda key: bounds.share(node, key)),
        brier_skill=node.optional("brierSkill", node.number),
        oe=node.optional("oe", node.number),
        slope=node.optional("slope", node.number),
        champion=_read_comparison(node.node("champion")) if node.has("champion") else None,
        best=_read_comparison(node.node("best")) if node.has("best") else None,
        detail=node.text("detail", DETAIL_LENGTH) if node.has("detail") else "",
    )


def _read_artifact(node: Node) -> ArtifactSeen:
    return ArtifactSeen(
        digest=bounds.digest(node, "digest"),
        size=node.integer("size"),
        gz=node.integer("gz"),
        version=node.optional("version", node.integer),
        to=node.optional("to", lambda key: bounds.sentence(node, key, TO_LENGTH)),
        claimed_auc=node.optional("claimedAuc", node.number),
        label=node.optional("label", lambda key: node.text(key, LABEL_LENGTH)),
        positive=node.optional("positive", lambda key: node.text(key, LABEL_LENGTH)),
    )


def _read_rows(node: Node) -> Rows:
    return Rows(node.integer("rows"), node.integer("positives"), node.integer("negatives"))


def _read_comparison(node: Node) -> Comparison:
    return Comparison(
        digest=bounds.digest(node, "digest"),
        auc=bounds.share(node, "auc"),
        delta=bounds.between(node, "delta", -1, 1),
        se=bounds.share(node, "se"),
        positives=node.integer("positives"),
        negatives=node.integer("negatives"),
    )
