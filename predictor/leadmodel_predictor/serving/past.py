"""Leads of the past for a challenger: what the champion read of them, said in the challenger's codes, and never guessed.

The ring keeps the champion's coded values and no lead. A value of the challenger is known where the champion read the same field in the
same way: numbers, lengths and hours as they are, a category where all texts with the champion's code have one code of the challenger. What
is not known makes a lead unread.
"""

from collections.abc import Callable, Sequence
from typing import Any

from leadmodel_artifact.compiler import Scorer
from leadmodel_artifact.lead import codes
from leadmodel_artifact.model import Artifact, Feature, FeatureKind
from leadmodel_predictor.serving.compiled.lead_functions import shape
from leadmodel_predictor.serving.decode import safe_score
from leadmodel_predictor.serving.fields import NAN, UNREAD, Scored, Unread, Values

Translate = Callable[[Values | None], Scored | Unread]
ReadValue = Callable[[Values], Any]  # the challenger's value from the champion's values

UNKNOWN, REFUSED = object(), object()  # a value that nobody knows; a value that the challenger refuses


def translation(champion: Artifact, challenger: Artifact, scorer: Scorer) -> Translate:
    """A function of the champion's values of a lead (None: the champion refused it): the challenger's score and values.

    UNREAD where the values do not say what the challenger would have read; no values where it would refuse the lead.

    Args:
        champion: the model whose values are kept.
        challenger: the model to be given them.
        scorer: the challenger's scorer of coded values.
    """
    if shape(champion) == shape(challenger):
        return lambda values: UNREAD if values is None else (safe_score(scorer, values), values)
    reads = [_read(feature, champion.features) for feature in challenger.features]

    def translated(values: Values | None) -> Scored | Unread:
        if values is None:
            return UNREAD
        own = tuple([read(values) for read in reads])
        if REFUSED in own:
            return NAN, None
        return UNREAD if UNKNOWN in own else (safe_score(scorer, own), own)

    return translated


def _read(feature: Feature, known: Sequence[Feature]) -> ReadValue:
    """A function of the champion's values: the value of one feature of the challenger, UNKNOWN or REFUSED."""
    wanted = (feature.source, feature.kind, feature.text_model)
    place = next((i for i, f in enumerate(known) if (f.source, f.kind, f.text_model) == wanted), None)
    if place is None:
        return lambda _values: UNKNOWN
    if feature.is_category:
        meant = (_codes if feature.text_model is None else _labels)(known[place], feature)
        return lambda values: meant.get(values[place], UNKNOWN)
    match feature.kind:
        case FeatureKind.NUMERIC:
            return lambda values: _within(feature, values[place])
        case FeatureKind.TEXT_LENGTH:
            return lambda values: REFUSED if feature.required and not values[place] else values[place]
        case FeatureKind.HOUR_OF_DAY:
            return lambda values: values[place]
        case _:
            nothing = _without_answer(known[place], feature, None)
            return lambda values: nothing if values[place] is None else values[place]


def _within(feature: Feature, value: Any) -> Any:
    if value is None:
        return REFUSED if feature.required else None
    low, high = feature.minimum, feature.maximum
    is_within = (low is None or value >= low) and (high is None or value <= high)
    return value if is_within else REFUSED


def _codes(champion: Feature, challenger: Feature) -> dict[int, Any]:
    """The challenger's code by the champion's, where all values with the champion's code have one."""
    mine, theirs = codes(champion), codes(challenger)
    other, missing = len(challenger.levels), len(challenger.levels) + 1
    meant: dict[int, set[int]] = {}
    for value in [*mine, *theirs, True, False, object()]:  # the last one stands for all that neither lists
        code = mine.get(value, len(champion.levels))
        if champion.required and code == len(champion.levels) + 1:
            continue  # the champion refused such a lead
        meant.setdefault(code, set()).add(theirs.get(value, other))
    known = {code: those.pop() for code, those in meant.items() if len(those) == 1}
    return {code: REFUSED if challenger.required and own == missing else own for code, own in known.items()}


def _labels(champion: Feature, challenger: Feature) -> dict[int, Any]:
    """The challenger's code of a text model's label by the champion's."""
    own = {level: code for code, level in enumerate(challenger.levels)}
    known: dict[int, Any] = {code: own[level] for code, level in enumerate(champion.levels) if level in own}
    return known | {len(champion.levels) + 1: _without_answer(champion, challenger, len(own) + 1)}


def _without_answer(champion: Feature, challenger: Feature, nothing: Any) -> Any:
    """The value where a text model gave no answer: a challenger that needs a text must know that there was one."""
    return UNKNOWN if challenger.required and not champion.required else nothing
