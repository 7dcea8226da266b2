"""Artifacts with text models: schema `leadmodel/v2` and no other, read strictly, and the same answers whoever reads the text."""

import gzip
import json
import random
import subprocess
import sys
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump, load
from leadmodel_artifact.compiler import make_coded_scorer
from leadmodel_artifact.lead import LeadError, coded, lead_values
from leadmodel_artifact.model import (
    SCHEMA,
    TEXT_SCHEMA,
    ArtifactError,
    ArtifactReason,
    Feature,
    FeatureKind,
    TextModel,
)
from leadmodel_artifact.scoring import explain_score
from leadmodel_artifact.snapshot import pack, unpack
from leadmodel_artifact.text_features import groups, reader
from leadmodel_text.document import Example
from leadmodel_text.enrich import Enricher
from support.small_models import linear
from support.text_documents import SENTENCES, message
from support.text_lead_models import KINDS, name_of, text_feature, text_leads, text_model, with_texts

RAW = dump(with_texts())


def test_round_trip():
    assert load(RAW) == with_texts()
    assert dump(load(RAW)) == RAW
    assert json.loads(RAW)["schema"] == "leadmodel/v2"


def test_an_artifact_without_text_features_stays_v1():
    document = json.loads(dump(linear()))
    assert document["schema"] == SCHEMA == "leadmodel/v1"
    assert "text_models" not in document
    assert all("text_model" not in feature for feature in document["features"])


def test_an_artifact_without_text_models_loads_nothing_of_them(tmp_path):
    """The control is an artifact with one."""

    def loaded(raw: bytes) -> set[str]:
        path = tmp_path / "model.json"
        path.write_bytes(raw)
        program = (
            "import sys; from leadmodel_artifact.artifact import load; "
            "load(open(sys.argv[1], 'rb').read()); print(*sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
        )
        return {name for name in done.stdout.split() if name.startswith("leadmodel_text")}

    assert loaded(dump(linear())) == set()
    assert "leadmodel_text.enrich" in loaded(RAW)


def changed(path: str, value: object, raw: bytes = RAW) -> bytes:
    document = json.loads(raw)
    *way, last = path.split("/")
    at = document
    for step in way:
        at = at[int(step)] if step.isdecimal() else at[step]
    at[int(last) if last.isdecimal() else last] = value
    return json.dumps(document).encode()


NAME = name_of(text_model())
DOCUMENT = json.loads(RAW)["text_models"][NAME]
OTHER = name_of(text_model(2))
PLACE = next(i for i, f in enumerate(json.loads(RAW)["features"]) if f["kind"] == "text_intent")
REFUSED = {
    "features of texts in v1": (changed("schema", SCHEMA), "text_models may stand only"),
    "text models in v1": (changed("text_models", {}, dump(linear())), "text_models may stand only"),
    "v2 without text models": (changed("text_models", {}), "text_models must be 1 to 4"),
    "v2 without the field": (changed("schema", TEXT_SCHEMA, dump(linear())), "text_models is missing"),
    "a newer schema": (changed("schema", "leadmodel/v3"), "this program reads 'leadmodel/v1' and"),
    "too many": (changed("text_models", {str(i): DOCUMENT for i in range(5)}), "text_models must be 1 to 4"),
    "no digest": (changed("text_models", {"latest": DOCUMENT}), "text_models[0] must have a digest"),
    "another digest": (changed("text_models", {OTHER: DOCUMENT}), "text_models[0] has digest"),
    "another document": (changed(f"text_models/{NAME}/name", "b"), "text_models[0] has digest"),
    "no document": (changed(f"text_models/{NAME}", []), "text_models[0].schema must be"),
    "field of the document": (
        changed(f"text_models/{NAME}/heads/0/temperature", -1),
        "text_models[0].heads[0].temperature must",
    ),
    "newer tokeniser": (changed(f"text_models/{NAME}/tokenizer", "t9"), "text_models[0].tokenizer must"),
    "no text model": (changed(f"features/{PLACE}/text_model", None), f"features[{PLACE}].text_model"),
    "unknown text model": (
        changed(f"features/{PLACE}/text_model", OTHER),
        f"features[{PLACE}].text_model must name",
    ),
    "other levels": (
        changed(f"features/{PLACE}/levels", ["a", "b", "c", "d", "e"]),
        f"features[{PLACE}].levels must be the classes",
    ),
    "reference of a text": (
        changed("reference/features/4/kind", "text_intent"),
        "reference.features[4].kind",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_path(case):
    raw, message = REFUSED[case]
    with pytest.raises(ArtifactError) as caught:
        load(raw)
    assert caught.value.reason is ArtifactReason.SCHEMA_MISMATCH
    assert message in str(caught.value)


def test_a_text_model_without_the_head_or_without_a_feature_is_refused():
    found, bare = with_texts(kinds=[FeatureKind.TEXT_SENTIMENT]), text_model()
    silent = TextModel(replace(bare.document, sentiment=None))
    renamed = tuple(replace(f, text_model=f.text_model and name_of(silent)) for f in found.features)
    with pytest.raises(ArtifactError, match=r"features\[4\].text_model has no head for text_sentiment"):
        load(dump(replace(found, features=renamed, text_models={name_of(silent): silent})))
    more = {**found.text_models, OTHER: text_model(2)}
    with pytest.raises(ArtifactError, match="text_models must each be named by a feature"):
        load(dump(replace(found, text_models=more)))
    assert load(dump(found)) == found


def test_an_example_of_a_text_model_that_differs_refuses_the_artifact():
    """The control is the answer that the text model gives."""

    def load_with(example: Example) -> bytes:
        model = TextModel(replace(text_model().document, examples=(example,)))
        bare = with_texts()
        features = tuple(replace(f, text_model=f.text_model and name_of(model)) for f in bare.features)
        return dump(replace(bare, features=features, text_models={name_of(model): model}))

    answer = text_model().enricher.enrich(SENTENCES[0], "en", ("intent", "urgency"))
    right = Example(
        SENTENCES[0], answer["intent"]["label"], answer["intent"]["confidence"], answer["urgency"]["score"]
    )
    assert load(load_with(right)).text_models
    with pytest.raises(ArtifactError, match=r"text_models\[0\]: examples\[0\]") as caught:
        load(load_with(replace(right, urgency=0.5)))
    assert caught.value.reason is ArtifactReason.EXAMPLES_DIFFER


def test_values_are_the_answers_of_the_text_model():
    artifact, enricher = with_texts(), Enricher(text_model().document)
    seen = set()
    for lead in text_leads(200):
        values = dict(zip([f.name for f in artifact.features], lead_values(artifact, lead), strict=True))
        answer = enricher.enrich("" if lead["details"] is None else str(lead["details"]))
        assert values["details_intent"] == answer["intent"]["label"]
        assert values["details_language"] == answer["language"]["label"]
        sentiment = answer["sentiment"]
        assert values["details_sentiment"] == (sentiment["score"] if sentiment["label"] else None)
        assert values["details_urgency"] == answer["urgency"]["score"]
        seen |= {name for name, value in values.items() if value is None}
    assert {"details_intent", "details_language", "details_sentiment", "details_urgency"} <= seen


def test_coded_values_hold_no_text_and_score_alike():
    artifact, scorer = with_texts(), make_coded_scorer(with_texts())
    for lead in text_leads(100, seed=2):
        raw = lead_values(artifact, lead)
        values = coded(artifact.features, raw)
        assert not any(isinstance(value, str) for value in values)
        assert scorer(*values) == pytest.approx(explain_score(artifact, raw), abs=1e-12)


def test_a_text_that_is_needed():
    found = with_texts(kinds=[FeatureKind.TEXT_INTENT])
    artifact = replace(found, features=(*found.features[:-1], replace(found.features[-1], required=True)))
    for lead in ({"age": 40}, {"details": ""}, {"details": None}):
        with pytest.raises(LeadError, match="details: is required"):
            lead_values(artifact, lead)
    with pytest.raises(LeadError, match="details: must be a text"):
        lead_values(artifact, {"details": ["a"]})
    assert lead_values(artifact, {"details": SENTENCES[0]})[-1] is not None


def test_one_pass_for_all_features_of_a_text():
    model, needed = text_model(), text_feature(FeatureKind.TEXT_URGENCY, text_model(), required=True)
    plain = Feature("age", FeatureKind.NUMERIC, "age")
    features = (text_feature(KINDS[0], model), plain, text_feature(KINDS[1], model), needed)
    made = groups(features, {name_of(model): model})
    assert [(group.source, group.places) for group in made] == [("details", (0, 2)), ("details", (3,))]


def test_the_same_answers_after_json_and_gzip_bit_for_bit():
    """10,000 messages. The control is another text model, which answers otherwise."""
    artifact = with_texts()
    again = load(unpack(pack(dump(artifact))))
    first, other = text_model(), text_model(2)
    (restored,) = again.text_models.values()
    draw = random.Random(7)
    texts = [message(draw) for _ in range(10_000)]
    wanted = list(map(reader(first, KINDS), texts))
    assert repr(list(map(reader(restored, KINDS), texts))) == repr(wanted)
    alone = [list(map(reader(restored, [kind]), texts)) for kind in KINDS]
    assert repr([tuple(value for (value,) in row) for row in zip(*alone, strict=True)]) == repr(wanted)
    assert list(map(reader(other, KINDS), texts)) != wanted


def test_gzip_of_the_same_artifact_is_the_same():
    assert gzip.decompress(pack(RAW)) == RAW
    assert pack(dump(load(RAW))) == pack(RAW)
