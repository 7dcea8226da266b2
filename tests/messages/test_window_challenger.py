"""The challenger's window: optional in a drift window, read strictly, added up without touching the champion's windows."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import spearmanr

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.window import FeatureWindow, PairedWindow, SlotWindow, Window
from leadmodel_messages.window_document import dump, parse
from leadmodel_messages.window_paired import added, mean_shift, moved, rank_correlation
from leadmodel_messages.window_psi import compared_leads, is_compared
from leadmodel_messages.window_sums import alike, merge, with_challenger

FORMATS = Path(__file__).parent / "formats" / "v1"
CHAMPION, CHALLENGER, OTHER = (f"sha256:{digit * 64}" for digit in "123")


def grid(*cells):
    """10 × 10 counts with one lead at each (row, column)."""
    counts = [0] * 100
    for row, column in cells:
        counts[10 * row + column] += 1
    return tuple(counts)


PAIRED = PairedWindow(3, -0.5, 0.25, grid((0, 0), (3, 1), (9, 9)))


def slot(digest, n=10, bins=(5, 5), unread=0, paired=None):
    score = FeatureWindow("numeric", sum(bins), 1000, 0.0, bins, tuple(map(float, bins)), 4.0, 2.0, 0.4, 0.2)
    return SlotWindow(digest, "m", n, 1, 0, (), (), {"score": score}, None, unread, paired)


def window(challenger, boot="a", error=None, takes=True):
    champion = slot(CHAMPION)
    return Window(boot, 1.0, champion, None, 5.0, {}, None, challenger, error, takes)


def changed(path, value):
    document = json.loads(json.dumps(dump(window(slot(CHALLENGER, 20, unread=6, paired=PAIRED)))))
    part = document["slots"]["challenger"]
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return document


def test_round_trip_with_and_without_a_challenger():
    for whole in (
        window(slot(CHALLENGER, 20, unread=6, paired=PAIRED)),
        window(None, error=ErrorWord.EXAMPLES_DIFFER),
        window(None, takes=False),
    ):
        assert parse(json.loads(json.dumps(dump(whole)))) == whole


def test_who_takes_no_challenger_writes_what_older_releases_wrote():
    """The control is a process that takes challengers and has none: it says so by a null."""
    old = json.loads((FORMATS / "window.json").read_text())
    assert dump(parse(old)) == old
    assert "challenger" not in dump(window(None, takes=False))["slots"]
    assert dump(window(None))["slots"]["challenger"] is None


def test_an_older_reader_takes_the_rest_of_the_document():
    today = json.loads((FORMATS / "window-challenger.json").read_text())
    older = today | {"slots": {k: v for k, v in today["slots"].items() if k != "challenger"}}
    older.pop("challengerError", None)
    read = parse(today)
    assert read.challenger.paired.n > 0
    assert parse(older) == replace(read, challenger=None, challenger_error=None, takes_challenger=False)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("unread",), -1),
        (("unread",), 17),  # with one bad lead and three pairs more than all
        (("unread",), "5"),
        (("paired",), []),
        (("paired", "n"), 4),  # another number than that of the deciles
        (("paired", "n"), True),
        (("paired", "sum"), 3.1),
        (("paired", "sum"), float("nan")),
        (("paired", "sumsq"), -0.1),
        (("paired", "sumsq"), 3.1),
        (("paired", "deciles"), [3]),
        (("paired", "deciles"), [3] + [0] * 100),
        (("paired", "deciles"), [4, -1] + [0] * 98),
        (("paired", "deciles"), [1.5, 1.5] + [0] * 98),
        (("paired", "deciles"), None),
    ],
)
def test_a_hostile_challengers_window_is_refused(path, value):
    assert parse(changed(("paired", "deciles"), [])).challenger.paired.deciles == ()  # control
    assert parse(changed(("unread",), 16)).challenger.unread == 16  # control
    with pytest.raises(LayoutError, match="challenger"):
        parse(changed(path, value))


def test_words_of_a_pod_reach_nobody():
    document = dump(window(None)) | {"challengerError": "Call Jane Roe"}
    assert parse(document).challenger_error is ErrorWord.UNKNOWN
    with pytest.raises(LayoutError, match="challengerError"):
        parse(document | {"challengerError": "x" * 65})


def test_leads_that_a_challenger_was_not_given_are_not_compared():
    given = slot(CHALLENGER, 301, unread=0)
    assert (compared_leads(given), is_compared(given, 150)) == (300, True)
    half = replace(given, unread=200)
    assert (compared_leads(half), is_compared(half, 150)) == (100, False)
    assert is_compared(half, 100)


def test_challengers_add_up():
    both = [window(slot(CHALLENGER, 20, unread=2, paired=PAIRED), boot) for boot in "ab"]
    whole = merge(both)
    assert (whole.challenger.n, whole.challenger.unread, whole.challenger.bad) == (40, 4, 2)
    assert whole.challenger.paired == PairedWindow(6, -1.0, 0.5, tuple(2 * n for n in PAIRED.deciles))
    assert whole.takes_challenger
    assert whole.challenger_error is None
    assert not merge([*both, window(None, "c", takes=False)]).takes_challenger


def test_pods_that_disagree_about_the_challenger_count_for_the_champion_alone():
    windows = [
        window(slot(CHALLENGER), "a"),
        window(slot(CHALLENGER), "b"),
        window(slot(OTHER), "c"),
        window(None, "d", ErrorWord.SCHEMA_MISMATCH),
    ]
    assert alike(windows) == windows
    whole = merge(windows)
    assert (whole.champion.n, whole.challenger.digest, whole.challenger.n) == (40, CHALLENGER, 20)
    assert whole.challenger_error is ErrorWord.SCHEMA_MISMATCH


def test_both_models_are_read_over_the_same_leads():
    """The control is the sum over all pods, in which the champion has leads that no challenger saw."""
    odd = slot(CHALLENGER, bins=(3, 3, 4))
    windows = [window(slot(CHALLENGER), b) for b in "ab"] + [window(odd, "c"), window(None, "d")]
    picked = with_challenger(windows, CHALLENGER)
    assert picked == windows[:2]
    whole = merge(picked)
    assert whole.champion.n == whole.challenger.n == 20
    assert merge(windows).champion.n == 40
    assert with_challenger(windows, OTHER) == []


def test_figures_of_pairs():
    assert mean_shift(PAIRED) == pytest.approx(-1 / 6)
    assert moved(PAIRED) == 1
    assert mean_shift(PairedWindow()) is None
    assert moved(PairedWindow(3, 0.0, 0.0)) is None
    assert rank_correlation(PairedWindow(3, 0.0, 0.0)) is None
    assert rank_correlation(PairedWindow(2, 0.0, 0.0, grid((1, 4), (2, 4)))) is None
    assert rank_correlation(PairedWindow(2, 0.0, 0.0, grid((1, 4), (2, 3)))) == pytest.approx(-1)


def test_the_rank_correlation_is_that_of_scipy():
    chance = random.Random(5)
    cells = [(row, min(9, max(0, row + chance.randrange(-4, 4)))) for row in chance.choices(range(10), k=500)]
    wanted = spearmanr(*zip(*cells, strict=True)).statistic
    assert rank_correlation(PairedWindow(500, 0.0, 0.0, grid(*cells))) == pytest.approx(wanted, abs=1e-12)
    shuffled = list(zip([row for row, _ in cells], chance.sample([c for _, c in cells], 500), strict=True))
    assert rank_correlation(PairedWindow(500, 0.0, 0.0, grid(*shuffled))) < wanted - 0.5


def test_a_part_without_deciles_makes_no_deciles_of_all():
    bare = PairedWindow(5, 0.1, 0.1)
    assert added([PAIRED, bare]) == PairedWindow(8, pytest.approx(-0.4), pytest.approx(0.35), ())
    assert added([PAIRED, PairedWindow()]) == PAIRED  # no lead yet: nothing is missing
    assert added([]) is None
