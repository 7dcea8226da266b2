"""Reading a LeadModel as people and the API server write the document: spec, status and annotations. Pure."""

from collections.abc import Mapping
from typing import Any

from leadmodel_messages.texts import one_line
from leadmodel_operator.resource.conversion import SchemaError, load
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import (
    ADOPT,
    ADOPT_ANNOTATION,
    GROUP,
    PAUSED,
    PAUSED_ANNOTATION,
    Command,
)


def read_spec(raw: Any) -> tuple[Spec | None, str]:
    """The spec and "", or None and the sentence that says why the document holds no valid spec."""
    try:
        return load(Spec, raw, "spec"), ""
    except SchemaError as error:
        return None, one_line(str(error), 512)


def read_status(raw: Any) -> Status | None:
    """The status; None if empty or unreadable, so that the planner rebuilds the status from the ledger."""
    if not raw or not raw.get("conditions"):
        return None
    try:
        return load(Status, raw)
    except SchemaError:
        return None


def read_commands(annotations: Mapping[str, str]) -> dict[Command, str]:
    """The value of every command annotation that is set.

    An empty value counts where a digest is due, so that the planner refuses the command; an empty `poll` or `refresh` is no command.
    """
    values = {command: annotations.get(f"{GROUP}/{command}") for command in Command}
    return {c: value for c, value in values.items() if value or (value is not None and c.takes_digest)}


def unknown_annotations(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """The names under our prefix that mean nothing to the operator, such as a misspelt command."""
    known = {f"{GROUP}/{word}" for word in (*Command, PAUSED, ADOPT)}
    return tuple(sorted(name for name in annotations if name.startswith(f"{GROUP}/") and name not in known))


def read_paused(annotations: Mapping[str, str]) -> bool:
    """Whether the annotation `customerops.dev/paused` pauses the LeadModel."""
    return _is_set(annotations, PAUSED_ANNOTATION)


def read_adopt(annotations: Mapping[str, str]) -> bool:
    """Whether a person lets the LeadModel take over what an earlier LeadModel of its name left behind."""
    return _is_set(annotations, ADOPT_ANNOTATION)


def _is_set(annotations: Mapping[str, str], name: str) -> bool:
    return annotations.get(name, "false").lower() in {"true", "1", "yes"}
