"""What single values of a lead table mean as a number, an outcome or a time."""

import math
from typing import Any, TypeAlias

from leadmodel_artifact.lead import LeadError, instant
from leadmodel_artifact.values import number_of, text_of

YES = frozenset({"1", "1.0", "true", "yes", "y", "t"})
NO = frozenset({"0", "0.0", "false", "no", "n", "f"})

Value: TypeAlias = float | str | None  # None: missing


def number(value: Any) -> float | None:
    """The finite number that a text or a number stands for; None for anything else."""
    try:
        result = number_of(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if result is not None and math.isfinite(result) else None


def outcome(value: Any, positive: str | None = None) -> bool | None:
    """The outcome that a label stands for; None for anything else.

    Args:
        value: yes/no, true/false or 1/0, in any case, blanks around it ignored.
        positive: the word of a lead that converted instead; every other word then is the label of a lead that did not.
    """
    word = text_of(value).strip().lower()
    if positive is not None:
        return None if value is None or not word else word == positive.strip().lower()
    return True if word in YES else False if word in NO else None


def seconds(value: Any) -> float | None:
    """Unix seconds of a time: ISO 8601 (UTC without an offset), or else Unix seconds as a number or a text; None for anything else."""
    try:
        return instant(value).timestamp()
    except LeadError:
        return None
