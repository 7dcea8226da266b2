"""Strict reading of `leadtext/v1` documents from decoded JSON: every field is checked, none is unknown, and an error names the field's path."""

from __future__ import annotations

from functools import partial
from sys import intern

from leadmodel_text.document import (
    LENGTH_EDGES,
    MAX_CLASSES,
    MAX_CUES,
    MAX_FEATURE,
    MAX_FEATURES,
    MAX_NAME,
    MAX_SEQUENCES,
    SCHEMA,
    UNKNOWN_BINS,
    ClassHead,
    Cue,
    Document,
    DocumentError,
    Example,
    LanguageHead,
    LexiconHead,
    Quality,
    Reference,
    ScoreHead,
    Source,
    Table,
)
from leadmodel_text.fields import Fields, as_items, as_number, as_text

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

_MAX_WORDS = 100  # a head may wait for so many words of a text
_FIELDS = (
    "schema name version trained_at tokenizer languages heads language quality reference examples provenance"
)
_TABLE = "features weights scale bias"
_KINDS = {"intent": "classes", "sentiment": "lexicon", "urgency": "score"}
_share = partial(as_number, low=0, high=1)


def read(value: Any, path: str = "") -> Document:
    """Read a document from decoded JSON; `path` leads to it where it stands inside another document.

    Raises:
        DocumentError: naming the path of the first field that is wrong.
    """
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        raise DocumentError(f"{path + '.' if path else ''}schema must be {SCHEMA}")
    node = Fields(value, path, _FIELDS)
    heads = _heads(node)
    return Document(
        name=node.text("name", MAX_NAME),
        version=node.integer("version"),
        trained_at=node.text("trained_at", 64),
        tokenizer=node.text("tokenizer", 16),
        languages=node.texts("languages", MAX_CLASSES, 16),
        intent=heads.get("intent"),
        sentiment=heads.get("sentiment"),
        urgency=heads.get("urgency"),
        language=node.optional("language", lambda key: _language(node.value[key], node.at(key))),
        quality=_quality(node.value["quality"], node.at("quality")),
        reference=node.optional("reference", lambda key: _reference(node.value[key], node.at(key))),
        examples=node.each("examples", 50, _example),
        provenance=node.each("provenance", 100, _source),
    )


def _heads(node: Fields) -> dict[str, Any]:
    readers = {"classes": _classes, "lexicon": _lexicon, "score": _score}
    heads: dict[str, Any] = {}
    for place, item in enumerate(node.items("heads", len(_KINDS))):
        path = f"{node.at('heads')}[{place}]"
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or name not in _KINDS or name in heads:
            raise DocumentError(f"{path}.name must be one of {', '.join(_KINDS)}, each once")
        if item.get("kind") != _KINDS[name]:
            raise DocumentError(f"{path}.kind must be {_KINDS[name]}")
        heads[name] = readers[_KINDS[name]](item, path)
    return heads


def _table(node: Fields, columns: int) -> Table:
    features = tuple(
        map(intern, node.texts("features", MAX_FEATURES, MAX_FEATURE))
    )  # tables share most of them
    bias = node.numbers("bias", columns)
    if len(bias) != columns:
        raise DocumentError(f"{node.at('bias')} must be a list of {columns} numbers")
    weights = node.data("weights", len(features) * columns)
    return Table(features, weights, node.positive("scale"), bias)


def _class_names(node: Fields) -> tuple[str, ...]:
    classes = node.texts("classes", MAX_CLASSES, MAX_NAME)
    if len(classes) < 2:
        raise DocumentError(f"{node.at('classes')} must be at least two names")
    return classes


def _classes(value: Any, path: str) -> ClassHead:
    names = f"name kind classes {_TABLE} temperature scope min_confidence min_scope min_known min_words"
    node = Fields(value, path, names)
    classes = _class_names(node)
    return ClassHead(
        classes=classes,
        table=_table(node, len(classes)),
        temperature=node.positive("temperature"),
        scope=_table(Fields(node.value["scope"], node.at("scope"), _TABLE), 1),
        min_confidence=node.share("min_confidence"),
        min_scope=node.share("min_scope"),
        min_known=node.share("min_known"),
        min_words=node.integer("min_words", _MAX_WORDS),
    )


def _score(value: Any, path: str) -> ScoreHead:
    node = Fields(value, path, f"name kind {_TABLE} temperature medium high min_known min_words cues")
    medium = node.share("medium")
    return ScoreHead(
        table=_table(node, 1),
        temperature=node.positive("temperature"),
        medium=medium,
        high=node.number("high", medium, 1),
        min_known=node.share("min_known"),
        min_words=node.integer("min_words", _MAX_WORDS),
        cues=node.each("cues", MAX_CUES, _cue),
    )


def _cue(value: Any, path: str) -> Cue:
    node = Fields(value, path, "name language weight words")
    sequences = node.each("words", MAX_SEQUENCES, _sequence)
    return Cue(node.text("name", MAX_NAME), node.text("language", 16), node.share("weight"), sequences)


def _sequence(value: Any, path: str) -> tuple[str, ...]:
    words = as_items(value, path, 12)
    if not words:
        raise DocumentError(f"{path} must be a list of at least one word")
    return tuple(as_text(word, f"{path}[{place}]", MAX_FEATURE) for place, word in enumerate(words))


def _lexicon(value: Any, path: str) -> LexiconHead:
    node = Fields(value, path, f"name kind {_TABLE} negations window band slope min_confidence")
    return LexiconHead(
        table=_table(node, 1),
        negations=node.texts("negations", 500, MAX_FEATURE),
        window=node.integer("window", _MAX_WORDS),
        band=node.share("band"),
        slope=node.positive("slope"),
        min_confidence=node.share("min_confidence"),
    )


def _language(value: Any, path: str) -> LanguageHead:
    node = Fields(value, path, f"classes {_TABLE} temperature min_confidence min_words")
    classes = _class_names(node)
    return LanguageHead(
        classes=classes,
        table=_table(node, len(classes)),
        temperature=node.positive("temperature"),
        min_confidence=node.share("min_confidence"),
        min_words=node.integer("min_words", _MAX_WORDS),
    )


def _quality(value: Any, path: str) -> Quality:
    shares = (
        "macro_f1",
        "coverage",
        "precision_kept",
        "oos_auroc",
        "ece",
        "transfer",
        "transfer_precision",
        "urgency_auc",
        "urgency_f1",
    )
    if isinstance(value, dict):
        value = {"transfer_precision": None, **value}  # added later
    node = Fields(value, path, f"{' '.join(shares)} by_class n_train n_holdout holdout_digest")
    return Quality(
        **{name: node.optional(name, node.share) for name in shares},
        by_class=node.mapping("by_class", MAX_CLASSES, _share),
        n_train=node.integer("n_train"),
        n_holdout=node.integer("n_holdout"),
        holdout_digest=node.text("holdout_digest", 80),
    )


def _reference(value: Any, path: str) -> Reference:
    node = Fields(value, path, "labels unknown lengths")
    return Reference(
        labels=node.mapping("labels", 8, _label_shares),
        unknown=_counts(node, "unknown", UNKNOWN_BINS),
        lengths=_counts(node, "lengths", len(LENGTH_EDGES) + 1),
    )


def _label_shares(value: Any, path: str) -> dict[str, float]:
    return Fields({"labels": value}, path, "labels").mapping("labels", MAX_CLASSES + 8, _share)


def _counts(node: Fields, key: str, size: int) -> tuple[int, ...]:
    counts = node.items(key, size)
    if len(counts) != size or set(map(type, counts)) != {int} or min(counts) < 0:
        raise DocumentError(f"{node.at(key)} must be {size} counts")
    return tuple(counts)


def _example(value: Any, path: str) -> Example:
    node = Fields(value, path, "text intent confidence urgency")
    return Example(
        text=node.text("text", 500),
        intent=node.optional("intent", lambda key: node.text(key, MAX_NAME)),
        confidence=node.optional("confidence", node.share),
        urgency=node.optional("urgency", node.share),
    )


def _source(value: Any, path: str) -> Source:
    node = Fields(value, path, "source licence rows")
    return Source(node.text("source", 256), node.text("licence", 128), node.integer("rows"))
