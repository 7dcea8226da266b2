"""Decides what becomes of each column: which feature it is, with levels and defaults, or why it is none. Nothing is fitted here."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leadmodel_artifact.model import MAX_FEATURES, MAX_LEVELS, MAX_NAME, MAX_SOURCE, Feature, FeatureKind
from leadmodel_artifact.reference import SCORE
from leadmodel_artifact.values import EXACT
from leadmodel_privacy.detect import redact
from leadmodel_training.canonical import Canonical, Wishes, counts, held, plain_reading
from leadmodel_training.columns import Column, Rows, Texts, each
from leadmodel_training.features import Floats, Roles, numbers_of

HOUR = "hour_of_day"
MIN_LEVEL_ROWS = 20
NOON = 12.0  # the hour of a lead without a time
SERIAL_SHARE, MIN_SERIAL = 0.99, 100  # steps from lead to lead that go one way; numbers
MOST = 0.5  # of the numbers beyond what a float tells apart
ROUNDED_FROM = 1e6
MAX_CODES = 50  # distinct whole numbers that may be codes


@dataclass(frozen=True)
class Decision:
    """What became of one column: a feature or None, the share of its fields that are missing, and why, for people."""

    column: str
    feature: Feature | None
    missing: float
    why: str

    def __str__(self) -> str:
        return f"column {self.column!r}: {self.why}; {self.missing:.1%} missing"


def describe(
    train: Rows,
    roles: Roles,
    *,
    hours: bool,
    wishes: Wishes = Wishes(),  # noqa: B008  # frozen
) -> tuple[Feature, ...]:
    """The features of a model trained on these rows, in column order; with `hours` also the hour of the day."""
    read = Canonical(train, {}, *held(train, roles, wishes))
    return features_of(decide(train, roles, hours=hours, wishes=wishes, read=read))


def features_of(decisions: Sequence[Decision]) -> tuple[Feature, ...]:
    """The features that were decided, the hour of the day last.

    Raises:
        ValueError: There are more features than a model may have.
    """
    features = [decision.feature for decision in decisions if decision.feature is not None]
    if len(features) > MAX_FEATURES:
        raise ValueError(
            f"{len(features)} columns could be features, at most {MAX_FEATURES} may; use --exclude"
        )
    return tuple(sorted(features, key=lambda feature: feature.kind is FeatureKind.HOUR_OF_DAY))


def with_required(
    features: Sequence[Feature], required: Sequence[str], decisions: Sequence[Decision]
) -> tuple[Feature, ...]:
    """The features, those of required columns marked: a predictor refuses leads without their fields.

    Raises:
        ValueError: A required column gives no feature.
    """
    personal = (
        "it holds personal data; --allow-personal keeps it as it is"  # of such a column nothing else is told
    )
    why = {decision.column: decision.why if decision.feature is None else personal for decision in decisions}
    for name in required:
        if all(feature.source != name for feature in features):
            raise ValueError(
                f"column {name!r} is required but is no feature: {why.get(name, 'left out')}; leave it out of --require"
            )
    return tuple(replace(f, required=True) if f.source in required else f for f in features)


def decide(train: Rows, roles: Roles, *, hours: bool, wishes: Wishes, read: Canonical) -> list[Decision]:
    """What becomes of each column of these rows, oldest first.

    Args:
        train: Rows to learn from, in canonical form.
        roles: The roles of the columns.
        hours: Whether the time of a lead gives the feature `hour_of_day`.
        wishes: What a person says that columns hold.
        read: What the columns hold, read from all rows.
    """
    hours = hours and roles.time not in roles.excluded
    taken = {SCORE, *(f"{name}_len" for name in roles.text), *([HOUR] if hours and roles.time else [])}
    decisions = []
    for name, column in train.columns.items():
        feature, why = _by_role(name, roles, hours=hours) or _by_values(name, column, wishes, read)
        if feature is not None and feature.name == name:
            feature = replace(feature, name=free_name(name, taken))
            taken.add(feature.name)
        if name in read.notes:
            why = f"{why} ({read.notes[name]}; live leads send plain numbers)"
        decisions.append(Decision(name, feature, _missing_share(column, feature), why))
    return decisions


def _missing_share(column: Column, feature: Feature | None) -> float:
    if feature is not None and feature.kind is FeatureKind.NUMERIC:
        return float(np.mean(np.isnan(numbers_of(column))))
    words = {None, *(feature.missing if feature else ())}
    return float(np.mean(each(words.__contains__, column, np.bool_)))


def free_name(source: str, taken: set[str]) -> str:
    """The feature's name: the field's own where it is short enough and free, for ours come first."""
    if len(source) <= MAX_NAME and source not in taken:
        return source
    mark = hashlib.sha256(source.encode()).hexdigest()[:8]
    return f"{source[: MAX_NAME - 9]}~{mark}"


def _by_role(name: str, roles: Roles, *, hours: bool) -> tuple[Feature | None, str] | None:
    """The feature, or none, that a role decides without a look at the values."""
    if name == roles.label:
        return None, "the outcome"
    if name == roles.time and hours:
        return Feature(
            HOUR, FeatureKind.HOUR_OF_DAY, name, default=NOON
        ), "the time, of which the model reads the hour (UTC)"
    if name in roles.excluded:
        return None, "left out by --exclude" + (", orders the leads" if name == roles.time else "")
    if name == roles.time:
        return (
            None,
            "the time, which orders the leads; the model reads no hour, because leads have dates alone or no time",
        )
    if name == roles.id:
        return None, "tells leads apart"
    if len(name) > MAX_SOURCE or any(c in '"\\' or c < " " for c in name):
        return (
            None,
            "left out: its name is too long or holds a quote, backslash or control character; rename it to use it",
        )
    if name in roles.text:
        return Feature(
            f"{name}_len", FeatureKind.TEXT_LENGTH, name, default=0.0
        ), "a text, of which only the length is used"
    return None


def _by_values(name: str, column: Column, wishes: Wishes, read: Canonical) -> tuple[Feature | None, str]:
    if name in read.numeric:
        return _numeric(name, column, wished=name in wishes.numeric)
    per_level = counts(column)
    missing = read.missing[name]
    levels = _levels(per_level, missing)
    if not levels:
        return (
            None,
            f"left out: none of its {len(per_level)} values is held by {MIN_LEVEL_ROWS} leads and free of personal data",
        )
    why = f"a category of {len(levels)} levels out of {len(per_level)} values"
    if missing:
        why += f", {' and '.join(missing)} meaning missing"
    return Feature(name, FeatureKind.CATEGORICAL, name, levels=levels, missing=missing), why


def _numeric(name: str, column: Column, *, wished: bool) -> tuple[Feature | None, str]:
    numbers = numbers_of(column)
    known = numbers[~np.isnan(numbers)]
    if not len(known) or known.min() == known.max():
        return None, "left out: every lead has the same number"
    if not wished and isinstance(column, Texts) and float(np.mean(np.abs(known) > EXACT)) > MOST:
        return (
            None,
            "left out: whole numbers of so many digits identify a lead and measure nothing; keep it with --numeric or --categorical",
        )
    if not wished and _is_serial(known):
        return (
            None,
            "left out: a serial number, which rises or falls from lead to lead; keep it with --numeric",
        )
    why = f"a number from {_rounded(known.min())} to {_rounded(known.max())}"
    kinds = len(np.unique(known))
    if not wished and 2 < kinds <= MAX_CODES and np.all(known == np.floor(known)):
        why += f", {kinds} different whole ones: if they are codes, name the column in --categorical"
    if isinstance(column, Texts) and (others := plain_reading(column).others):
        why += f"; {others} fields are neither number nor missing and count as missing"
    return Feature(name, FeatureKind.NUMERIC, name, default=float(np.median(known))), why


def _rounded(number: float) -> str:
    """A number for people; of a number with more digits than a measure needs only two, lest it be the number of a person."""
    return f"{number:.2g}" if abs(number) >= ROUNDED_FROM else f"{number:g}"


def _is_serial(known: Floats) -> bool:
    """Whether numbers count the leads: whole, each another, and nearly always rising or nearly always falling."""
    if len(known) < MIN_SERIAL or not np.all(known == np.floor(known)) or len(np.unique(known)) < len(known):
        return False
    rising = float(np.mean(np.diff(known) > 0))
    return max(rising, 1 - rising) >= SERIAL_SHARE


def _levels(per_level: Counter[Any], missing: Sequence[str]) -> tuple[str, ...]:
    """The most frequent levels, sorted; a rare level, or one that holds personal data, counts as other."""
    present = Counter({level: count for level, count in per_level.items() if level not in missing})
    return tuple(
        sorted(
            level
            for level, count in present.most_common(MAX_LEVELS)
            if count >= MIN_LEVEL_ROWS and len(level) <= 256 and not redact(level)[1]
        )
    )


def keep_missing(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The features without defaults for numbers, hours and scores of texts, for a model that handles missing values itself."""
    kept = {FeatureKind.TEXT_LENGTH, FeatureKind.CATEGORICAL}
    return tuple(f if f.kind in kept else replace(f, default=None) for f in features)
