"""Documents of text models: what is written reads back the same, and what is wrong is refused with its path, never with its text."""

import base64
import copy
import gzip
import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_text.document import MAX_FEATURE, MAX_FEATURES, MAX_GZIP_BYTES, MAX_RAW_BYTES, DocumentError
from leadmodel_text.files import dump, load, pack
from leadmodel_text.reading import read
from leadmodel_text.writing import write
from support.text_documents import document, table

SECRET = "jane.doe@example.org"


@given(st.integers(0, 10**6))
def test_a_document_reads_back_the_same(seed):
    whole = document(seed)
    assert load(dump(whole)) == whole
    assert load(pack(whole)) == whole
    assert dump(load(dump(whole))) == dump(whole)


def test_a_figure_that_was_added_later_is_written_where_it_was_measured():
    assert "transfer_precision" not in json.loads(dump(document()))["quality"]
    measured = replace(document(), quality=replace(document().quality, transfer_precision=0.8))
    assert load(dump(measured)).quality.transfer_precision == 0.8
    assert load(dump(measured)) == measured


def test_a_document_without_heads_reads_back_the_same():
    bare = replace(document(), intent=None, sentiment=None, urgency=None, language=None, reference=None)
    assert load(dump(bare)) == bare


def changed(path: str, value: object) -> dict:
    """The sample document with another value at a path such as heads.0.scope.scale; the value may be a function of the old one."""
    whole = json.loads(dump(document()))
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    node = whole
    for key in parents:
        node = node[key]
    node[last] = value(node[last]) if callable(value) else value
    return whole


REFUSED = {
    "schema": ("schema", "leadtext/v2", "schema must be leadtext/v1"),
    "version": ("version", 1.5, "version must be a whole number"),
    "flag": ("version", True, "version must be a whole number"),
    "name": ("name", "n" * 129, "name must be a string"),
    "languages": ("languages", ["en", "en"], "languages must hold each"),
    "kind": ("heads.0.kind", "score", "heads[0].kind must be classes"),
    "twice": ("heads.1.name", "intent", "heads[1].name must be one of"),
    "strange head": ("heads.0.name", SECRET, "heads[0].name must be one of"),
    "list": ("heads.0", [], "heads[0].name must be one of"),
    "unknown field": ("heads.0.scope", lambda old: old | {SECRET: 1}, "heads[0].scope has a field that is none of"),
    "unknown top field": ("quality", lambda old: old | {"more": 1}, "quality has a field that is none of"),
    "missing": ("heads.0.scope", lambda old: {k: v for k, v in old.items() if k != "bias"}, "heads[0].scope.bias is missing"),
    "cut base64": ("heads.0.weights", lambda old: old[:-5], "heads[0].weights must be the base64 of"),
    "not base64": ("heads.0.weights", lambda old: "!" * len(old), "heads[0].weights must be the base64 of"),
    "not ASCII": ("heads.0.weights", lambda old: "é" * len(old), "heads[0].weights must be the base64 of"),
    "row too few": ("heads.0.features", lambda old: old[:-3], "heads[0].weights must be the base64 of"),
    "row too many": ("heads.0.features", lambda old: [*old, "unseen", "b c"], "heads[0].weights must be the base64 of"),
    "class too many": ("heads.0.classes", lambda old: [*old, "more"], "heads[0].bias must be a list of 6"),
    "one class": ("heads.0.classes", ["pricing"], "heads[0].classes must be at least two"),
    "feature twice": ("heads.0.features", lambda old: [old[1], *old[1:]], "heads[0].features must hold each"),
    "long feature": ("heads.0.features", lambda old: [SECRET * 4, *old[1:]], "heads[0].features must be strings"),
    "no feature": ("heads.0.features", lambda old: ["", *old[1:]], "heads[0].features must be strings"),
    "number for a feature": ("heads.0.features", lambda old: [1, *old[1:]], "heads[0].features must be strings"),
    "many features": ("heads.0.features", [str(n) for n in range(MAX_FEATURES + 1)], f"heads[0].features must be a list of at most {MAX_FEATURES}"),
    "many classes": ("heads.0.classes", [str(n) for n in range(33)], "heads[0].classes must be a list of at most 32"),
    "no scale": ("heads.0.scale", 0, "heads[0].scale must be a number"),
    "text for a scale": ("heads.0.scale", "1", "heads[0].scale must be a number"),
    "cold": ("heads.0.temperature", 0.0, "heads[0].temperature must be a number"),
    "share": ("heads.0.min_scope", 1.1, "heads[0].min_scope must be a number from 0 to 1"),
    "levels": ("heads.2.high", 0.1, "heads[2].high must be a number"),
    "cue": ("heads.2.cues.3.weight", 2, "heads[2].cues[3].weight must be a number"),
    "empty cue": ("heads.2.cues.3.words.0", [], "heads[2].cues[3].words[0] must be a list"),
    "number in a cue": ("heads.2.cues.3.words.0", [5], "heads[2].cues[3].words[0][0] must be a string"),
    "language": ("language.weights", "", "language.weights must be the base64 of"),
    "quality": ("quality.ece", -0.1, "quality.ece must be a number"),
    "class of quality": ("quality.by_class", {SECRET: 2}, "quality.by_class[0] must be a number"),
    "reference": ("reference.unknown", [0] * 9, "reference.unknown must be 10 counts"),
    "example": ("examples.1.confidence", [], "examples[1].confidence must be a number"),
    "source": ("provenance.0.rows", -1, "provenance[0].rows must be a whole number"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_wrong_field_is_refused_with_its_path(fault):
    path, value, message = REFUSED[fault]
    with pytest.raises(DocumentError) as refused:
        read(changed(path, value))
    assert str(refused.value).startswith(message)
    assert SECRET not in str(refused.value)


def test_the_sample_is_taken_where_nothing_was_changed():
    assert read(changed("version", lambda old: old)) == document()


def test_a_path_begins_where_the_document_stands_inside_another():
    with pytest.raises(DocumentError, match=r"^text_models\.a\.heads\[0\]\.scale must be"):
        read(changed("heads.0.scale", -1), "text_models.a")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(word):
    raw = json.dumps(changed("heads.0.scale", "SCALE")).replace('"SCALE"', word).encode()
    with pytest.raises(DocumentError):
        load(raw)
    assert load(raw.replace(word.encode(), b"0.5", 1))


def test_nan_inside_of_decoded_json_is_refused_with_its_path():
    with pytest.raises(DocumentError, match=r"heads\[0\]\.scale"):
        read(changed("heads.0.scale", float("nan")))


def test_a_field_that_stands_twice_is_refused():
    raw = dump(document())
    with pytest.raises(DocumentError, match="names a field twice"):
        load(raw.replace(b'"version":', b'"version":1,"version":', 1))


def test_half_a_character_is_refused():
    whole = changed("provenance.0.source", "\ud800")
    with pytest.raises(DocumentError, match="no JSON in UTF-8"):
        load(json.dumps(whole).encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000], ids=range(6))
def test_what_is_no_document_is_refused(raw):
    with pytest.raises(DocumentError):
        load(raw)


def test_cut_bytes_are_refused_at_every_length():
    for data in (dump(document()), pack(document())):
        for length in range(0, len(data) - 1, max(1, len(data) // 50)):
            with pytest.raises(DocumentError):
                load(data[:length])


def test_a_document_that_is_too_large_is_neither_taken_nor_packed():
    with pytest.raises(DocumentError, match="bytes"):
        load(b" " * (MAX_RAW_BYTES + 1))
    with pytest.raises(DocumentError, match="bytes"):
        load(gzip.compress(b" " * (MAX_RAW_BYTES + 1)))
    with pytest.raises(DocumentError, match="bytes"):
        load(b"\x1f\x8b" + b"0" * MAX_GZIP_BYTES)
    draw = random.Random(1)
    names = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=MAX_FEATURE)) for _ in range(MAX_FEATURES)]
    whole = document()
    large = replace(whole, intent=replace(whole.intent, table=table(names, 5, 1)))
    with pytest.raises(DocumentError, match="packed bytes"):
        pack(large)
    assert read(write(large)) == large


def test_reading_changes_no_value_of_its_caller():
    value = write(document())
    before = copy.deepcopy(value)
    read(value)
    assert value == before


def test_weights_are_plain_base64_of_signed_bytes():
    head = json.loads(dump(document()))["heads"][0]
    raw = base64.b64decode(head["weights"], validate=True)
    assert len(raw) == len(head["features"]) * len(head["classes"])
