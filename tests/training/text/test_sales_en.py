"""`sales-en`, the model that comes with the program: as `make sales` makes it, and as good as its page says."""

import gzip
import importlib.util
import json
import os
import re
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from leadmodel_messages.exits import EnrichExit
from leadmodel_privacy.detect import default
from leadmodel_text.base import base
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump, load
from leadmodel_training.text import command
from leadmodel_training.text.tables import features_of
from support.text_command import run, write

ROOT = Path(__file__).parents[3]
DATA = os.environ.get("LEADMODEL_DATA")
BYTES = files("leadmodel_training.text").joinpath("sales_en.json.gz").read_bytes()
MODEL = load(BYTES)


def builder():
    path = ROOT / "training" / "sales_en" / "build.py"
    spec = importlib.util.spec_from_file_location("build_sales_en", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = builder()


def test_the_classes_are_those_of_the_guide():
    guide = (ROOT / "training" / "sales_en" / "README.md").read_text()
    assert all(f"| `{name}` |" in guide for name in MODEL.intent.classes)
    assert len(MODEL.intent.classes) == 10


def test_language_and_sentiment_are_those_that_ship():
    """`make sales` copies them; a new table of languages needs a new model."""
    assert (MODEL.language, MODEL.sentiment) == (base().language, base().sentiment)


def test_every_feature_stands_in_two_messages():
    counts = Counter(name for names in features_of(BUILD.messages()) for name in names)
    assert min(counts[name] for name in MODEL.intent.table.features) >= 2
    assert min(counts[name] for name in MODEL.urgency.table.features) >= 2


def test_no_feature_is_personal_data():
    features = {*MODEL.intent.table.features, *MODEL.intent.scope.features, *MODEL.urgency.table.features}
    assert not [name for name in features if default().detect(name)]


def test_the_document_keeps_its_bytes():
    assert dump(MODEL) == gzip.decompress(BYTES)


def test_the_examples_hold():
    enricher = Enricher(MODEL)
    for example in MODEL.examples:
        answer = enricher.enrich(example.text, language="en")
        assert (answer["intent"]["label"], answer["urgency"]["score"]) == (example.intent, example.urgency)


PAGE = (ROOT / "docs" / "enrichment.md").read_text()


def first_model(folder, each):
    """A model of four classes from `each` messages a class of author one, and the messages of author two, as files."""
    classes = ("billing", "buy", "cancel", "demo")
    known = [replace(m, labels=m.labels[:1]) for m in BUILD.messages() if m.labels[0] in classes]
    few = [m for c in classes for m in [m for m in known if m.source == "one" and m.labels == (c,)][:each]]
    others = write(folder / "newer.jsonl", [m for m in known if m.source == "two"])
    model = folder / "text.json.gz"
    assert command.main(["train", f"--messages={write(folder / 'few.jsonl', few)}", f"--out={model}"]) == 0
    return f"--model={model}", f"--messages={others}"


def test_a_first_model_passes_the_check_of_the_page(tmp_path, capsys):
    """The limits that the page shows are within reach of thirty messages a class; control: they can be missed."""
    files_ = first_model(tmp_path, 30)
    limits = re.search(r"check .* (--min-macro-f1 \S+) (--min-precision \S+)", PAGE)
    options = [option.replace(" ", "=") for option in limits.groups()]
    assert run(capsys, "check", *files_, "--language=en", *options)[0] == EnrichExit.DONE
    assert run(capsys, "check", *files_, "--language=en", "--min-macro-f1=0.9")[0] == EnrichExit.REFUSED


def test_what_the_page_shows_of_a_denial_holds():
    enricher = Enricher(MODEL)
    texts = (
        "no rush, but I need it today",
        "it is not urgent, we have no deadline",
        "nothing is urgent here",
    )
    scores = [enricher.enrich(text, "en", ("urgency",))["urgency"] for text in texts]
    assert all(text in PAGE for text in texts)
    assert [score["level"] for score in scores[:2]] == ["high", "low"]
    assert all(f"gets about {score['score']:.1f}" in PAGE for score in scores[1:])
    assert enricher.enrich("There is no rush.", "en", ("urgency",))["urgency"]["level"] == "low"


@pytest.mark.parametrize(
    ("denied", "control"),
    [
        ("it is not urgent, we have no deadline", "it is urgent, we have a deadline"),
        ("how are you today, please send the price list", "please send the price list today"),
    ],
)
def test_what_a_text_denies_is_not_urgent(denied, control):
    """Controls: the same without the denial, and the same model without the cues that deny."""
    cues = tuple(cue for cue in MODEL.urgency.cues if cue.weight)
    deaf = Enricher(replace(MODEL, urgency=replace(MODEL.urgency, cues=cues)))
    answers = [
        enricher.enrich(text, "en", ("urgency",))["urgency"]
        for enricher, text in ((Enricher(MODEL), denied), (Enricher(MODEL), control), (deaf, denied))
    ]
    assert [answer["level"] for answer in answers] == ["low", "high", "high"]
    assert answers[0]["reasons"] == []


def test_a_denial_makes_no_text_more_urgent():
    """Here the table has learnt more of "no hurry" than the cue takes away: the text without these words is more urgent."""
    enricher = Enricher(MODEL)
    scores = [
        enricher.enrich(text, "en", ("urgency",))["urgency"]["score"]
        for text in ("our login is broken, no hurry", "our login is broken")
    ]
    assert scores[0] < scores[1]


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="needs CLINC150 under LEADMODEL_DATA")
def test_the_model_is_rebuilt_as_it_is_and_as_good_as_its_page_says():
    document, learned = BUILD.made(Path(DATA))
    assert (document.intent.classes, document.provenance) == (MODEL.intent.classes, MODEL.provenance)
    pairs = [(document.intent.table, MODEL.intent.table), (document.urgency.table, MODEL.urgency.table)]
    for made, shipped in [*pairs, (document.intent.scope, MODEL.intent.scope)]:
        assert made.features == shipped.features
        steps = [np.frombuffer(table.weights, np.int8).astype(int) for table in (made, shipped)]
        assert np.abs(steps[0] - steps[1]).max() <= 1  # another processor may round a weight the other way
    left_out = learned.report["intent"]["source_left_out"].values()
    assert min(figures["precision"] for figures in left_out) >= 0.80
    assert min(figures["coverage"] for figures in left_out) >= 0.3
    urgency = learned.report["urgency"]["source_left_out"].values()
    assert min(figures["auc"] for figures in urgency) >= 0.88
    assert min(figures["f1"] for figures in urgency) >= 0.70


def test_no_utterance_of_the_background_is_copied():
    text = gzip.decompress(BYTES).decode()
    assert json.loads(text)["provenance"][1]["licence"] == "CC-BY-3.0"
    assert max(len(name.split()) for name in json.loads(text)["heads"][0]["scope"]["features"]) == 2
