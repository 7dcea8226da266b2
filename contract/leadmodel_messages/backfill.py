"""The answer of `leadmodel-privacy backfill`: how a run ended and what it counted. Counts and places, never a value.

The privacy image holds no artifact code, so this module reads without the artifact's strict reader: a field of another type reads as
absent, because a run that cannot be read is a run that counted nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum

from leadmodel_messages import termination
from leadmodel_messages.exits import BackfillExit
from leadmodel_messages.texts import one_line

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SCHEMA = "leadmodel.backfill/v1"
MAX_COUNT = 2**53  # up to here every JSON reader keeps each whole number exactly
TEXT_LIMIT = 1024  # characters of a text


class Mode(StrEnum):
    """Whether a run only counts or also redacts."""

    DRY_RUN = "DryRun"
    APPLY = "Apply"


class Outcome(StrEnum):
    """How a run ended, in one word for reports."""

    CLEAN = "Clean"  # nothing to redact
    FOUND = "Found"  # a dry run that found something
    REDACTED = "Redacted"  # redacted and verified
    ANSWERED = "Answered"  # answered beside the messages and verified
    RESIDUE = "Residue"  # something is left
    FAILED = "Failed"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class Head:
    """Which run ended how. Times are ISO 8601 in UTC; `detector` is the detector's version, `config` a digest of the settings."""

    run: str = ""
    mode: str = ""
    outcome: str = ""
    message: str = ""
    exit_code: int = 0
    detector: str = ""
    config: str = ""
    started: str = ""
    ended: str = ""


@dataclass(frozen=True)
class Counts:
    """What a run counted: keys, and the messages in them."""

    seconds: float = 0
    keys: int = 0  # that match
    dirty_keys: int = 0
    scanned: int = 0  # messages read
    found: int = 0  # messages to redact
    changed: int = 0  # messages redacted
    returned: int = 0  # messages redacted in the verify pass: written back or new
    verified_keys: int = 0
    conflicts: int = 0  # keys that changed under the run and were read again
    given_up: int = 0  # keys that could not be finished
    residue: int = 0  # messages left that hold personal data
    too_long: int = 0  # messages left because of their length
    undecoded: int = 0  # messages left because a placeholder would break their format
    entities: Mapping[str, int] = field(default_factory=dict)
    skipped_types: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BackfillAnswer:
    """The termination message of a run; `report` says where the whole report is."""

    head: Head = Head()
    counts: Counts = field(default_factory=Counts)
    report: str = ""


def document_of(part: Head | Counts) -> dict[str, Any]:
    """Give the JSON fields of one part, which reports and audit records repeat."""
    document = {_name(item.name): getattr(part, item.name) for item in fields(part)}
    if not document.get("undecoded", 1):
        del document["undecoded"]  # added later: a run without such messages reads as before
    return {"schema": SCHEMA, **document} if isinstance(part, Head) else document


def _name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def dump(answer: BackfillAnswer) -> str:
    """Write the answer as one line of JSON of at most 4 KB; the counts per entity and type go where the line is longer."""
    import json

    document = {**document_of(answer.head), **document_of(answer.counts), "report": answer.report}
    line = json.dumps(document, separators=(",", ":"))
    if len(line.encode()) > termination.LIMIT:
        line = json.dumps(document | {"entities": {}, "skippedTypes": {}}, separators=(",", ":"))
    return line


def dump_refused(mode: Mode, message: str) -> str:
    """Write how a run ended that was refused before it began: its configuration is wrong."""
    import json

    head = Head(mode=mode, outcome=Outcome.FAILED, message=message, exit_code=BackfillExit.CONFIGURATION)
    document = document_of(head)
    names = ("schema", "mode", "outcome", "message", "exitCode")
    return json.dumps({name: document[name] for name in names}, separators=(",", ":"))


def parse(line: str) -> BackfillAnswer:
    """Read an answer; a field that is absent, has another type or is out of bounds reads as empty or 0.

    Raises:
        ValueError: The line is no JSON object.
    """
    document = termination.document(line)
    report = document.get("report")
    return BackfillAnswer(
        Head(**_read(document, Head)),
        Counts(**_read(document, Counts)),
        one_line(report, TEXT_LIMIT) if isinstance(report, str) else "",
    )


def _read(document: Mapping[str, Any], part: type[Head | Counts]) -> dict[str, Any]:
    values = {item.name: document.get(_name(item.name)) for item in fields(part)}
    return {name: _shown(value) for name, value in values.items() if _fits(name, value)}


def _shown(value: Any) -> Any:
    return one_line(value, TEXT_LIMIT) if isinstance(value, str) else value


def _fits(name: str, value: object) -> bool:
    if name in {"entities", "skipped_types"}:
        return isinstance(value, dict) and all(_is_count(count) for count in value.values())
    if name == "seconds":
        return _is_count(value) or (isinstance(value, float) and 0 <= value <= MAX_COUNT)
    if name == "mode":
        return isinstance(value, str) and value in set(Mode)
    return (
        isinstance(value, str)
        if name in {item.name for item in fields(Head)} - {"exit_code"}
        else _is_count(value)
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
