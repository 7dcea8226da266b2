"""When figures of live texts are written to status: at once when there are enough texts, then every few minutes."""

from datetime import UTC, datetime, timedelta

from leadmodel_messages.window import FeatureWindow, TextWindow
from leadmodel_operator.planning.text_drift import read_texts
from leadmodel_operator.resource.spec_policies import DriftPolicy

NOW = datetime(2026, 1, 5, tzinfo=UTC)
POLICY = DriftPolicy()


def window(texts: int, first: int | None = None) -> TextWindow:
    first = texts // 2 if first is None else first
    intent = FeatureWindow("categorical", texts, 5000, 1e5, (first, texts - first), (texts / 2, texts / 2))
    return TextWindow("sha256:" + "a" * 64, None, texts, {"intent": intent})


def test_the_first_figures_do_not_wait():
    few = read_texts(None, window(10), 0.25, POLICY, NOW)
    assert (few.texts, few.psi) == (10, None)
    enough = read_texts(few, window(200), 0.25, POLICY, NOW + timedelta(seconds=1))
    assert (enough.texts, enough.feature) == (200, "intent")


def test_control_later_figures_wait():
    first = read_texts(None, window(200), 0.25, POLICY, NOW)
    assert read_texts(first, window(300), 0.25, POLICY, NOW + timedelta(minutes=4)) == first
    assert read_texts(first, window(300), 0.25, POLICY, NOW + timedelta(minutes=5)).texts == 300


def test_figures_that_read_alike_are_written_once():
    first = read_texts(None, window(200), 0.25, POLICY, NOW)
    assert read_texts(first, window(204), 0.25, POLICY, NOW + timedelta(hours=1)) == first


def test_a_breach_does_not_wait():
    first = read_texts(None, window(200), 0.25, POLICY, NOW)
    breach = read_texts(first, window(300, first=290), 0.25, POLICY, NOW + timedelta(seconds=1))
    assert breach.breach_since == NOW + timedelta(seconds=1)
