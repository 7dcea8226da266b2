"""The report of a check of a text model: what was measured, in one line of JSON of at most 4 KB. The operator decides which figures suffice."""

from __future__ import annotations

from dataclasses import dataclass, replace

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_messages import bounds, termination
from leadmodel_messages.report import Outcome, outcome_of, report_node, rounded

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "leadmodel.textreport/v1"
OUT_OF_SCOPE = "out_of_scope"  # the label in a holdout of a message of no intent
NAME_LENGTH = 128  # characters of a model's name
DETAIL_LENGTH = 256  # characters
MAX_LANGUAGES, MAX_HEADS = 32, 8
WORD_LENGTH = 16  # characters of a language or a head


@dataclass(frozen=True)
class TextModelSeen:
    """The text model as it was fetched: `size` in bytes, `gz` in bytes when packed. Without a name where the bytes are no text model."""

    digest: str
    size: int
    gz: int
    name: str | None = None
    version: int | None = None
    languages: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Messages:
    """The labelled messages that a text model was measured on: their digest, and how many have a label."""

    digest: str
    rows: int


@dataclass(frozen=True)
class TextMeasured:
    """Figures of intents: macro-F1 of the likeliest classes, share answered, and expected calibration error of the confidence."""

    macro_f1: float
    coverage: float
    ece: float


@dataclass(frozen=True)
class Serving:
    """The text model that serves, measured on the same messages."""

    digest: str
    measured: TextMeasured


@dataclass(frozen=True)
class TextReport:
    """What one check measured, with every digest it used. Without an intent head `measured` is None."""

    outcome: Outcome
    reason: str
    image: str
    model: TextModelSeen | None
    holdout: Messages | None = None
    measured: TextMeasured | None = None
    precision_kept: float | None = None  # share of the answers that are right; None without an answer
    scope_auroc: float | None = None  # None without messages of no intent
    serving: Serving | None = None
    detail: str = (
        ""  # why the bytes are no text model, by field, or what the holdout lacks; never a value of either
    )


def dump(report: TextReport) -> str:
    """Write the report as one line of JSON, with numbers to 12 digits.

    Raises:
        ValueError: The report does not fit a termination message.
    """
    import json

    model, holdout, serving = report.model, report.holdout, report.serving
    document = {
        "schema": SCHEMA,
        "outcome": report.outcome,
        "reason": report.reason,
        "image": report.image,
        "model": model
        and {
            "digest": model.digest,
            "size": model.size,
            "gz": model.gz,
            "name": model.name,
            "version": model.version,
            "languages": list(model.languages),
            "heads": list(model.heads),
        },
        "holdout": holdout and {"digest": holdout.digest, "rows": holdout.rows},
        **_figures(report.measured),
        "precisionKept": rounded(report.precision_kept),
        "scopeAuroc": rounded(report.scope_auroc),
        "serving": serving and {"digest": serving.digest, **_figures(serving.measured)},
        **({"detail": report.detail[:DETAIL_LENGTH]} if report.detail else {}),
    }
    line = json.dumps(document, allow_nan=False, separators=(",", ":"))
    if len(line.encode()) > termination.LIMIT and report.detail:
        return dump(replace(report, detail=""))
    if len(line.encode()) > termination.LIMIT:
        raise ValueError(f"the report has more than {termination.LIMIT} bytes")
    return line


def _figures(measured: TextMeasured | None) -> dict[str, Any]:
    return {
        "macroF1": rounded(measured.macro_f1 if measured else None),
        "coverage": rounded(measured.coverage if measured else None),
        "ece": rounded(measured.ece if measured else None),
    }


def parse(text: str) -> TextReport:
    """Read a report strictly; NaN and Infinity are not JSON and not taken.

    Raises:
        LayoutError: A field is missing, has another type or is out of bounds.
    """
    return _read(report_node(text, SCHEMA))


def named_digest(line: str) -> str | None:
    """Give the digest of the text model that a report names; None where the line is no report."""
    report = termination.read(parse, line)
    return report.model.digest if report is not None and report.model is not None else None


def _read(node: Node) -> TextReport:
    return TextReport(
        outcome=outcome_of(node),
        reason=bounds.sentence(node, "reason", 64),
        image=bounds.sentence(node, "image", 512),
        model=_read_model(node.node("model")) if node.has("model") else None,
        holdout=_read_messages(node.node("holdout")) if node.has("holdout") else None,
        measured=_read_measured(node),
        precision_kept=node.optional("precisionKept", lambda key: bounds.share(node, key)),
        scope_auroc=node.optional("scopeAuroc", lambda key: bounds.share(node, key)),
        serving=_read_serving(node.node("serving")) if node.has("serving") else None,
        detail=bounds.sentence(node, "detail", DETAIL_LENGTH) if node.has("detail") else "",
    )


def _read_model(node: Node) -> TextModelSeen:
    return TextModelSeen(
        digest=bounds.digest(node, "digest"),
        size=node.integer("size"),
        gz=node.integer("gz"),
        name=node.optional("name", lambda key: bounds.sentence(node, key, NAME_LENGTH)),
        version=node.optional("version", node.integer),
        languages=_words(node, "languages", MAX_LANGUAGES),
        heads=_words(node, "heads", MAX_HEADS),
    )


def _words(node: Node, key: str, limit: int) -> tuple[str, ...]:
    words = node.items(key, limit)
    if not all(map(_is_word, words)):
        raise LayoutError(f"{node.at(key)} must be words of at most {WORD_LENGTH} letters")
    return tuple(words)


def _is_word(word: Any) -> bool:
    return isinstance(word, str) and word.isascii() and word.isidentifier() and len(word) <= WORD_LENGTH


def _read_messages(node: Node) -> Messages:
    return Messages(bounds.digest(node, "digest"), node.integer("rows"))


def _read_measured(node: Node) -> TextMeasured | None:
    """Read the three figures, which are there together or not at all."""
    names = ("macroF1", "coverage", "ece")
    if not any(node.has(name) for name in names):
        return None
    return TextMeasured(*(bounds.share(node, name) for name in names))


def _read_serving(node: Node) -> Serving:
    measured = _read_measured(node)
    if measured is None:
        raise LayoutError(f"{node.at('macroF1')} must be a number from 0 to 1")
    return Serving(bounds.digest(node, "digest"), measured)
