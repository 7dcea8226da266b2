"""Functions of decoded leads, written for the models of one process: values, score, scores of many leads, score of another model.

Only names made here stand in the text of a function. Strings and numbers of an artifact are objects that the function refers to, so
that an artifact is never code.

How to debug generated code: every function goes through `_compile`; print `text` there to read the function. A traceback names the
file `<scorer>` and a line of that text. `namespace` holds the objects behind the names: `t0` the codes of the levels of feature 0, `r0`
the check of a field that the champion reads with another type, `text0` the text model whose first feature is feature 0, `scorer` the
compiled model. `leadmodel_artifact.scoring.explain_score` computes the same scores slowly, term by term; tests/predictor/test_slots.py
compares the two.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from leadmodel_artifact.compiler import Scorer, code, code_line, score_lines
from leadmodel_artifact.lead import codes
from leadmodel_artifact.model import Artifact, Feature, FeatureKind, Linear
from leadmodel_artifact.text_features import groups
from leadmodel_artifact.values import text_of
from leadmodel_predictor.serving.fields import NAN, Field, Scored, Values, wire_type
from leadmodel_predictor.serving.text_numbers import number_or_text

Namespace = dict[str, Any]  # the objects that a function refers to, by their names in its text
ReadFeature = Callable[
    [int, Feature, Namespace], list[str]
]  # lines that turn the field in x0, x1, … into a value


@dataclass(frozen=True)
class LeadFunctions:
    """Makes functions of leads whose fields were decoded for the champion."""

    champion: Artifact
    fields: Mapping[str, Field]

    def values(self) -> Callable[[Any, int], Values]:
        """A function of a lead and its UTC hour: the champion's coded values."""
        namespace: Namespace = {}
        body = self._read_lines(self.champion, _coded, namespace)
        return _compile(["def read(lead, hour):", *body, f"    return {_tuple(self.champion)}"], namespace)

    def score(self, scorer: Scorer) -> Callable[[Any, int], Scored]:
        """A function of a lead and its UTC hour: the champion's score and coded values.

        No values where no field has a value, or a required category has a word for missing.
        """
        return self._scored(
            self.champion, _present, scorer, [f"    if {self.bare_test(self.champion)}: return refused"]
        )

    def is_bare(self) -> Callable[[Any], bool]:
        """A function of a lead: whether none of the champion's fields has a value."""
        return _compile(["def read(lead):", f"    return {self.bare_test(self.champion)}"], {})

    def scores(self, scorer: Scorer) -> Callable[[Iterable[Any], Iterable[int]], list[float]]:
        """A function of many leads and their UTC hours: the champion's scores, NaN where no field has a value."""
        artifact = self.champion
        namespace: Namespace = {"scorer": scorer}
        namespace["nan"] = NAN
        inner = [
            f"    if {self.bare_test(artifact)}:",
            "        add(nan)",
            "        continue",
            *self._read_lines(artifact, _coded, namespace),
            *_score_lines(artifact, namespace),
            "    add(score)",
        ]
        local = ", ".join(f"{name}={name}" for name in namespace)  # faster in a loop than global names
        lines = [f"def read(leads, hours, {local}):", "    scores = []", "    add = scores.append"]
        lines += ["    for lead, hour in zip(leads, hours):", *(f"    {line}" for line in inner)]
        return _compile([*lines, "    return scores"], namespace)

    def previous_score(
        self, previous: Artifact, scorer: Scorer
    ) -> Callable[[Any, int, Values | None], Scored]:
        """A function of a lead that the champion took, its UTC hour and the champion's values: the previous model's score."""
        if shape(previous) == shape(self.champion):
            return self._of_values(previous, scorer)  # the champion took the lead
        own = {f.source for f in self.champion.features}

        def read_feature(i: int, feature: Feature, namespace: Namespace) -> list[str]:
            if feature.source in own and _read_alike(feature, self.fields[feature.source]):
                return [*_bounds(i, feature), *_present(i, feature, namespace)]
            namespace[f"r{i}"] = _checked(feature, raw=feature.source not in own)
            checked = [f"    x{i} = r{i}(x{i})", f"    if x{i} is r{i}: return refused"]
            return [*checked, *_present(i, feature, namespace)]

        is_apart = own.isdisjoint(f.source for f in previous.features)  # an absent field is then no null
        guard = [f"    if {self.bare_test(previous)}: return refused"] if is_apart else []
        return self._scored(previous, read_feature, scorer, guard, parameters="lead, hour, _values")

    def _of_values(self, artifact: Artifact, scorer: Scorer) -> Callable[[Any, int, Values | None], Scored]:
        """A function as `previous_score` gives, for a model that reads the champion's very values."""
        if not isinstance(artifact.model, Linear):
            return lambda _lead, _hour, values: (scorer(*values), values)  # type: ignore[misc]  # the lead has values
        namespace: Namespace = {}
        lines = ["def read(_lead, _hour, values):", f"    {_tuple(artifact)} = values"]
        return _compile([*lines, *score_lines(artifact, namespace), "    return score, values"], namespace)

    def bare_test(self, artifact: Artifact) -> str:
        """An expression: none of the model's fields has a value. The first field with a value ends the test."""
        names = dict.fromkeys(self.fields[feature.source].name for feature in artifact.features)
        return " and ".join(f"lead.{name} is None" for name in names)

    def _scored(
        self,
        artifact: Artifact,
        read_feature: ReadFeature,
        scorer: Scorer,
        guard: Sequence[str] = (),
        parameters: str = "lead, hour",
    ) -> Callable[..., Scored]:
        namespace: Namespace = {"scorer": scorer, "refused": (NAN, None)}
        lines = [f"def read({parameters}):", *guard, *self._read_lines(artifact, read_feature, namespace)]
        lines += [f"    values = {_tuple(artifact)}", *_score_lines(artifact, namespace)]
        return _compile([*lines, "    return score, values"], namespace)

    def _read_lines(self, artifact: Artifact, read_feature: ReadFeature, namespace: Namespace) -> list[str]:
        """Lines that leave the values of a lead in x0, x1, …."""
        lines = []
        texts = {group.places[0]: group for group in groups(artifact.features, artifact.text_models)}
        for i, feature in enumerate(artifact.features):
            if feature.kind is FeatureKind.HOUR_OF_DAY:
                lines.append(f"    x{i} = hour")
                continue
            if feature.text_model is not None and i not in texts:
                continue  # the first feature of the text fills this one, too
            lines.append(f"    x{i} = lead.{self.fields[feature.source].name}")
            lines += read_feature(i, feature, namespace)
            if i in texts:
                namespace[f"text{i}"] = texts[i].codes()
                lines.append(f"    {' '.join(f'x{place},' for place in texts[i].places)} = text{i}(x{i})")
        return lines


def _compile(lines: Sequence[str], namespace: Namespace) -> Callable[..., Any]:
    """The function `read` of these lines."""
    text = "\n".join(lines)
    exec(code(text), namespace)  # noqa: S102  # our own names only
    read: Callable[..., Any] = namespace["read"]
    return read


def _read_alike(feature: Feature, field: Field) -> bool:
    """Whether the champion's field takes values of the types that the feature takes."""
    if feature.kind in {FeatureKind.NUMERIC, FeatureKind.HOUR_OF_DAY}:
        return feature.kind is field.kind
    types: bool = (wire_type(feature)[0] | None) == (field.type | None)
    return types


def _tuple(artifact: Artifact) -> str:
    return f"({' '.join(f'x{i},' for i in range(len(artifact.features)))})"


def _score_lines(artifact: Artifact, namespace: Namespace) -> list[str]:
    """Lines that leave the score in `score`: arithmetic for a linear model; trees are not compiled a second time."""
    if isinstance(artifact.model, Linear):
        return score_lines(artifact, namespace)
    return [f"    score = scorer(*{_tuple(artifact)})"]


def _coded(i: int, feature: Feature, namespace: Namespace) -> list[str]:
    """Lines that turn a level into its code and a text into its length."""
    match feature.kind:
        case FeatureKind.CATEGORICAL:
            return [code_line(i, codes(feature), len(feature.levels), namespace)]
        case FeatureKind.TEXT_LENGTH:
            namespace["text_of"] = text_of
            return [f"    if x{i} is not None: x{i} = len(x{i} if x{i}.__class__ is str else text_of(x{i}))"]
        case _:
            return []


def _present(i: int, feature: Feature, namespace: Namespace) -> list[str]:
    """Lines that code a value and refuse a word for missing in a required category; the type refuses the empty text."""
    lines = _coded(i, feature, namespace)
    if feature.required and feature.missing:
        lines.append(f"    if x{i} == {len(feature.levels) + 1}: return refused")
    return lines


def _bounds(i: int, feature: Feature) -> list[str]:
    """Lines that refuse what the previous model would refuse in a field that both models read alike."""
    tests = []
    if feature.required:
        tests.append(f"x{i} is None")
    if feature.minimum is not None:
        tests.append(f"x{i} is not None and x{i} < {feature.minimum!r}")
    if feature.maximum is not None:
        tests.append(f"x{i} is not None and x{i} > {feature.maximum!r}")
    return [f"    if {test}: return refused" for test in tests]


def _checked(feature: Feature, *, raw: bool) -> Callable[[Any], Any]:
    """A function of a field that the champion reads otherwise or not at all.

    The function returns the value for the previous model, or itself where the previous model would refuse the lead.
    """
    kind, default = wire_type(feature)
    decode: Callable[[Any], Any] = (
        msgspec.json.Decoder(kind).decode if raw else partial(msgspec.convert, type=kind)
    )
    if feature.kind is FeatureKind.NUMERIC:
        decode = _texts_too(decode, kind, raw=raw)

    def read(value: Any) -> Any:
        if value is None:
            return read if default is msgspec.NODEFAULT else None
        try:
            return decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return read

    return read


def _texts_too(decode: Callable[[Any], Any], kind: Any, *, raw: bool) -> Callable[[Any], Any]:
    """A function that decodes a number, and a text that stands for one as the contract reads it."""

    def read(value: Any) -> Any:
        try:
            return decode(value)
        except msgspec.ValidationError:
            sent = msgspec.json.decode(value) if raw else value
            if not isinstance(sent, str):
                raise
            return msgspec.convert(number_or_text(sent), type=kind)

    return read


def shape(artifact: Artifact) -> tuple[Any, ...]:
    """All that decides what a model reads of a lead: models of one shape read the same coded values."""
    return tuple(
        (f.source, f.kind, f.required, f.minimum, f.maximum, f.levels, f.missing, f.text_model)
        for f in artifact.features
    )
