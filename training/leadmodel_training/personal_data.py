"""Keeps personal data out of a model and its holdout: leaves out columns that name or number people, and redacts values of the others.

An artifact shows levels of categories and thresholds of numbers to everybody who may read a ConfigMap, so a phone number that became a
threshold would be published. A column stays as it is only if the person who trains allows it by name.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_privacy.detect import default
from leadmodel_privacy.json_text import key_as_words
from leadmodel_privacy.surroundings import labels_as_personal
from leadmodel_training.columns import Column, Rows, each
from leadmodel_training.features import Floats, encode

MIN_VALUES = 30  # values of a column from which their likeness is judged
UNIQUE_SHARE = (
    0.8  # distinct values among all, from which a number rather names a lead than measures something
)
ALIKE_SHARE = 0.95
MIN_DIGITS, MAX_DIGITS = 7, 16  # of phone numbers, national numbers and cards
SURE_DIGITS = 9  # numbers so long measure little, whatever their lengths
MANY_VALUES = 20  # distinct values up to which a column tells kinds apart, not people
SAMPLE = 2000  # rows, spread over all, whose texts are looked through
PERSONAL_SHARE = 0.5  # values with personal data from which a whole column is left out
_SECONDS, _MILLISECONDS = (9.4e8, 2.3e9), (9.4e11, 2.3e12)  # 2000 to 2042, since 1970
_PEOPLE = re.compile(
    r"(?:(?:full|first|last|given|family|middle|maiden|sur|fore|contact|customer|client|lead|person|patient|prospect|employee|agent|owner|rep|"
    r"manager|user|spouse|vor|nach)[ _-]?)names?|surname|pr[eé]nom|apellidos?|cognome|achternaam|voornaam|imi[eę]|nazwisko|"
    r"contact[ _-]person|e[ _-]?mails?|(?:e[ _-]?)?mail[ _-]?address|.*[ _-]e?mail|"
    r"(?:street|postal|home|mailing|billing|shipping)?[ _-]?address(?:[ _-]?(?:line)?[ _-]?\d)?|street|stra(?:ß|ss)e|"
    r"dob|date[ _-]of[ _-]birth|birth[ _-]?(?:date|day)|geburtsdatum|ip[ _-]?address|iban|passport(?:[ _-]?(?:no|number))?|"
    r"ssn|social[ _-]security(?:[ _-]?(?:no|number))?",
    re.IGNORECASE,
)
_PERHAPS_PEOPLE = re.compile("names?|nom|nombre|contact|person", re.IGNORECASE)  # or products, channels
_SENSITIVE_HEAD = re.compile(
    r"(?<![a-z])(?:diagnos[ei]s|disease|illness|hiv|religion|religious|ethnicity|ethnic|race|sexual|sexuality|disability|disabilities|pregnan(?:t|cy)|"
    r"genetic|biometric|political|trade[ _-]?union|health[ _-]?(?:status|condition)|medical[ _-]?(?:condition|history))(?![a-z])",
    re.IGNORECASE,
)
_SENSITIVE_LEVEL = re.compile(
    r"(?<![a-z])(?:hiv|aids|cancer|leuk[ae]emia|diabet(?:es|ic)|pregnan(?:t|cy)|abortion|depress(?:ion|ive)|schizophren(?:ia|ic)|bipolar|epilep(?:sy|tic)|"
    r"dementia|hepatitis|tuberculosis|syphilis|alcoholi(?:c|sm)|muslim|jewish|catholic|protestant|hindu|buddhist|atheist|gay|lesbian|bisexual|"
    r"transgender|homosexual)(?![a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Screening:
    """The features that remain, and one sentence per column that lost something. No sentence holds a value."""

    features: tuple[Feature, ...]
    notes: tuple[str, ...]


def screen(features: Sequence[Feature], rows: Rows, allowed: Collection[str]) -> Screening:
    """Leave out features whose values are personal data, and levels that are.

    Args:
        features: The features as the columns suggest them.
        rows: The leads that the model is fitted on.
        allowed: Columns that stay as they are.
    """
    kept, notes = [], []
    for feature in features:
        remaining, reason = (
            (feature, None) if feature.source in allowed else _screened(feature, rows.columns[feature.source])
        )
        if remaining is not None:
            kept.append(remaining)
        if reason is not None:
            notes.append(
                f"column {feature.source!r} {reason}; --allow-personal {feature.source} keeps it as it is"
            )
    return Screening(tuple(kept), tuple(notes))


def _screened(feature: Feature, column: Column) -> tuple[Feature | None, str | None]:
    """The feature as it may stay, None if it may not, and why it does not stay as it is."""
    if feature.kind not in {FeatureKind.NUMERIC, FeatureKind.CATEGORICAL}:
        return feature, None
    if (reason := _reason(feature, column)) is not None:
        return None, reason
    levels = tuple(level for level in feature.levels if not _SENSITIVE_LEVEL.search(level))
    if len(levels) == len(feature.levels):
        return feature, None
    reason = f"counts {len(feature.levels) - len(levels)} of its levels as other: they name health, religion or sexual orientation"
    return (replace(feature, levels=levels) if levels else None), reason


def _reason(feature: Feature, column: Column) -> str | None:
    """Why the whole column is left out, or None."""
    head = feature.source.strip()
    if _PEOPLE.fullmatch(head) or (_PERHAPS_PEOPLE.fullmatch(head) and _distinct(column) > MANY_VALUES):
        return "is left out: by its name it names people"
    if _SENSITIVE_HEAD.search(feature.source):
        return "is left out: by its name it holds a special category of personal data"
    if feature.kind is FeatureKind.NUMERIC:
        numbers = encode(Rows({feature.source: column}), [feature], np.empty(0))[:, 0]
        if numbers_people(feature.source, numbers[~np.isnan(numbers)]):
            return f"is left out: whole numbers of {MIN_DIGITS} to {MAX_DIGITS} digits that hardly repeat look like phone or identity numbers"
        return None
    rows = Rows({feature.source: column})
    sample = rows.take(np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.intp)).columns[
        feature.source
    ]
    personal = each(cache(lambda value: None if value is None else float(_is_personal(str(value)))), sample)
    known = personal[~np.isnan(personal)]
    if len(known) and known.mean() > PERSONAL_SHARE:
        return "is left out: most of its values hold personal data"
    return None


def _distinct(column: Column) -> int:
    return len({value for value in column if value is not None})


def numbers_people(name: str, numbers: Floats) -> bool:
    """True if the numbers of a column look like those of people: phones, national numbers, cards, accounts.

    Args:
        name: The column's name, which may say so.
        numbers: The values that are not missing, shape (n,).
    """
    size = np.abs(numbers)
    whole = (size == np.floor(size)) & (size >= 10 ** (MIN_DIGITS - 1)) & (size < 10**MAX_DIGITS)
    if not len(numbers) or whole.mean() < ALIKE_SHARE or _is_time(size):
        return False
    if labels_as_personal(key_as_words(name)):
        return True
    if len(numbers) < MIN_VALUES or len(np.unique(numbers)) < UNIQUE_SHARE * len(numbers):
        return False
    if (size[whole] % 100 == 0).mean() > 0.1:
        return False  # amounts are round more often than by chance
    digits = np.floor(np.log10(size[whole])).astype(int) + 1
    return bool(
        (digits >= SURE_DIGITS).mean() >= ALIKE_SHARE
        or np.bincount(digits).max() >= ALIKE_SHARE * len(digits)
    )


def _is_time(numbers: Floats) -> bool:
    return any(bool(((low <= numbers) & (numbers <= high)).all()) for low, high in (_SECONDS, _MILLISECONDS))


def _is_personal(text: str) -> bool:
    return bool(default().detect(text))


def redacted(column: Column, feature: Feature) -> Column:
    """The column as the holdout may hold it: personal data becomes placeholders, which count as other as the texts did."""
    if isinstance(column, np.ndarray) and column.dtype == np.float64:
        return column
    levels = frozenset(feature.levels)
    return list(each(cache(lambda value: value if value in levels else _redacted(value)), column, object))


def _redacted(value: Any) -> Any:
    return default().redact(value)[0] if isinstance(value, str) else value
