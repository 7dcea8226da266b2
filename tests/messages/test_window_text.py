"""The text window: optional in a drift window, read strictly, added up per text model without touching the leads' windows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.window import FeatureWindow, TextWindow, Window
from leadmodel_messages.window_document import dump, parse
from leadmodel_messages.window_psi import text_psis
from leadmodel_messages.window_sums import alike, merge, merge_texts
from leadmodel_statistics.stability import psi

FORMATS = Path(__file__).parent / "formats" / "v1"
DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def labels(observed, expected=(50.0, 30.0, 20.0)):
    return FeatureWindow("categorical", sum(observed), 1000, 0.0, tuple(observed), tuple(expected))


def texts(observed=(50, 30, 20), digest=DIGEST, error=None):
    return TextWindow(digest, error, sum(observed), {"intent": labels(observed)})


def window(text, boot="a"):
    return Window(boot, 1.0, None, None, text=text)


FEATURE = dump(window(texts()))["text"]["features"]["intent"]


def changed(path, value):
    """The document of a window with one value of its text window changed, or left out where the value is Ellipsis."""
    document = dump(window(texts()))
    part = document["text"]
    for key in path[:-1]:
        part = part[key]
    if value is ...:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return json.loads(json.dumps(document))


def test_round_trip_with_and_without_a_model():
    for text in (texts(), texts(error=ErrorWord.SCHEMA_MISMATCH), TextWindow(None), None):
        assert parse(json.loads(json.dumps(dump(window(text))))).text == text


def test_an_old_document_has_no_text_and_is_written_without_one():
    old = json.loads((FORMATS / "window.json").read_text())
    assert "text" not in old
    assert parse(old).text is None
    assert "text" not in dump(parse(old))


def test_a_document_of_today_reads_the_same_without_its_text():
    """What an older reader takes: every field but `text`."""
    today = json.loads((FORMATS / "window-text.json").read_text())
    older = {key: value for key, value in today.items() if key != "text"}
    assert parse(older) == replace(parse(today), text=None)
    assert parse(today).text is not None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("n",), -1),
        (("n",), True),
        (("n",), 10**7),
        (("n",), 99),  # fewer than the texts of a head
        (("n",), ...),
        (("digest",), "sha256:1"),
        (("digest",), 5),
        (("error",), 5),
        (("error",), "x" * 65),
        (("features",), []),
        (("features",), ...),
        (("features",), {f"head{i}": FEATURE for i in range(17)}),
        (("features", "two words"), FEATURE),
        (("features", "h" * 129), FEATURE),
        (("features", "intent", "observed"), [100] * 65),
        (("features", "intent", "observed"), [50.5, 30, 20]),
        (("features", "intent", "observed"), [60, 30, 20]),
        (("features", "intent", "expected"), [50.0, 50.0]),
        (("features", "intent", "expected"), [-1.0, 50.0, 50.0]),
        (("features", "intent", "n"), 101),
        (("features", "intent", "shrink"), 1e300),
    ],
)
def test_a_hostile_text_window_is_refused(path, value):
    assert parse(changed(("features", "h" * 128), FEATURE)).text.n == 100  # control
    with pytest.raises(LayoutError, match="text"):
        parse(changed(path, value))


@pytest.mark.parametrize("text", [[], "x", 3, True])
def test_a_text_window_that_is_no_object_is_refused(text):
    with pytest.raises(LayoutError, match="text must be an object"):
        parse(dump(window(None)) | {"text": text})


def test_words_of_a_pod_reach_nobody():
    assert parse(changed(("error",), "Call Jane Roe\x1b[2J")).text.error is ErrorWord.UNKNOWN


def test_one_model_adds_up_and_errors_stay():
    whole = merge_texts([texts((50, 30, 20)), texts((10, 0, 0), error=ErrorWord.EXAMPLES_DIFFER)])
    assert whole.n == 110
    assert whole.features["intent"].observed == (60, 30, 20)
    assert whole.features["intent"].expected == (100.0, 60.0, 40.0)
    assert whole.error is ErrorWord.EXAMPLES_DIFFER
    assert merge_texts([]) is None


def test_pods_with_another_text_model_count_for_leads_but_not_for_texts():
    windows = [window(texts()), window(texts(), "b"), window(texts(digest=OTHER), "c"), window(None, "d")]
    assert alike(windows) == windows
    merged = merge(windows)
    assert (merged.text.digest, merged.text.n) == (DIGEST, 200)
    assert merge([window(None)]).text is None


def test_pods_with_other_bins_are_not_added():
    odd = TextWindow(DIGEST, None, 10, {"intent": labels((5, 5), (5.0, 5.0))})
    assert merge_texts([odd, texts(), texts()]).n == 200


def test_psi_of_labels_is_that_of_leads_without_hours():
    found = text_psis(texts((10, 30, 60)), 100)
    assert found == {"intent": psi((10, 30, 60), (50.0, 30.0, 20.0), n=100, n_ref=1000)}
    assert found["intent"].value > 0.5
    assert text_psis(texts((10, 30, 60)), 101) == {}
