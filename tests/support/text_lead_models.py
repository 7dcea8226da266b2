"""Lead models with features of a text: weights by hand, and a small text model whose tables are drawn by a seed."""

import random
from collections.abc import Sequence
from dataclasses import replace

from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import (
    HEADS,
    TEXT_SCHEMA,
    Artifact,
    Example,
    Feature,
    FeatureKind,
    Linear,
    TextModel,
)
from leadmodel_artifact.reference import SCORE, build
from leadmodel_artifact.snapshot import digest
from leadmodel_text.files import dump
from support.small_models import FEATURES, leads, linear
from support.text_documents import GERMAN, SENTENCES, message, open_document

KINDS = tuple(HEADS)


def text_model(seed: int = 1) -> TextModel:
    """A text model with all heads and no examples."""
    return TextModel(replace(open_document(seed), name=f"small {seed}", examples=()))


def name_of(model: TextModel) -> str:
    """The digest under which an artifact holds a text model."""
    return digest(dump(model.document))


def text_feature(kind: FeatureKind, model: TextModel, *, source: str = "details", **more: object) -> Feature:
    """The feature of one kind that a text model takes from a field."""
    head = getattr(model.document, HEADS[kind])
    levels = head.classes if hasattr(head, "classes") else ()
    return replace(
        Feature(f"{source}_{HEADS[kind]}", kind, source, levels=levels, text_model=name_of(model)), **more
    )


def text_leads(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Leads that nobody sent, with texts of known and unknown words; some have no text, an empty one or a number."""
    draw = random.Random(seed)
    odd: Sequence[object] = (None, "", 4711, GERMAN[0])
    return [
        {**lead, "details": draw.choice(odd) if draw.random() < 0.1 else message(draw)}
        for lead in leads(count, seed)
    ]


def with_texts(
    seed: int = 1,
    *,
    kinds: Sequence[FeatureKind] = KINDS,
    name: str = "texts",
    features: Sequence[Feature] = FEATURES,
) -> Artifact:
    """A linear model of these features and of features of the text in `details`, with a reference of 300 leads."""
    model, draw = text_model(seed), random.Random(seed)
    whole = (*features, *(text_feature(kind, model) for kind in kinds))
    width = sum(len(feature.levels) + 1 if feature.is_category else 1 for feature in whole)
    bare = replace(
        linear(name=name),
        features=whole,
        model=Linear(-1.0, tuple(draw.uniform(-1, 1) for _ in range(width))),
        schema=TEXT_SCHEMA,
        text_models={name_of(model): model},
        examples=(),
    )
    scorer, rows = make_scorer(bare), [lead_values(bare, lead) for lead in text_leads(300)]
    watched = [(SCORE, FeatureKind.NUMERIC, [scorer(*row) for row in rows], ())]
    for place, feature in enumerate(whole):
        kind = FeatureKind.CATEGORICAL if feature.is_category else FeatureKind.NUMERIC
        if feature.kind is not FeatureKind.HOUR_OF_DAY:
            kind = feature.kind if feature.text_model is None else kind
            watched.append((feature.name, kind, [row[place] for row in rows], feature.levels))
    reference = replace(
        bare.reference,
        rows=len(rows),
        hours=(),
        features=tuple(build(n, k, values, None, levels=levels) for n, k, values, levels in watched),
    )
    sent = [{**lead, "details": text} for lead, text in zip(leads(6, seed=9), SENTENCES, strict=True)]
    examples = tuple(Example(lead, scorer(*lead_values(bare, lead))) for lead in sent)
    return replace(bare, reference=reference, examples=examples)
