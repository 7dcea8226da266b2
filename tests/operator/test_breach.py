"""How long a breach lasts: it goes on through readings that say nothing, and ends with a Pass or a long silence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadmodel_messages.window import FeatureWindow, HoursWindow, SlotWindow, Window
from leadmodel_operator.planning import drift_reading
from leadmodel_operator.planning.drift import Assessed, assess
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_policies import DriftPolicy
from leadmodel_operator.resource.status_decisions import DriftResult
from leadmodel_operator.resource.vocabulary import Evidence

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
POLICY = DriftPolicy(interval=Duration("1s"), sustained_for=Duration("4s"))
A = "sha256:" + "a" * 64


def window(counts: tuple[int, int], since: datetime | None) -> Window:
    """Two bins that the reference filled alike."""
    n = sum(counts)
    feature = FeatureWindow("numeric", n, 5000, 1e5, counts, (n / 2, n / 2))
    slot = SlotWindow(A, "m", n, 0, 0, (), (), {"age": feature})
    key = {} if since is None else {f"{since.timestamp():.3f}": n}
    return Window("b", 0.0, slot, None, 60.0, key)


class Story:
    """Readings a second apart."""

    def __init__(self) -> None:
        self.now, self.last = START, None

    last: DriftResult | None

    def read(self, counts: tuple[int, int] | None, seconds: float = 1.0) -> Assessed:
        """`counts` of the two bins; None: the pods are mute."""
        self.now += timedelta(seconds=seconds)
        since = self.last.breach_since if self.last else None
        seen = PodSeen(name="p", template_champion=A, image="i", ready=True)
        if counts is not None:
            seen = replace(seen, champion=A, window=window(counts, since))
        found = assess(self.last, [seen], champion=A, previous=None, ready=1, policy=POLICY, now=self.now)
        self.last = found.result
        return found


DRIFTS, FITS, FEW = (380, 20), (200, 200), (10, 10)


def test_a_mute_moment_does_not_start_it_again():
    """A scrape that times out once under load: with a breach begun anew each time, nothing would ever be sustained."""
    story = Story()
    for _ in range(5):
        story.read(DRIFTS)
    assert story.read(DRIFTS).sustained
    began = story.last.breach_since
    mute = story.read(None)
    assert mute.result.evidence is Evidence.UNAVAILABLE
    assert not mute.sustained, "nothing is decided on silence"
    again = story.read(DRIFTS)
    assert again.sustained
    assert again.result.breach_since == began


def test_too_few_leads_for_a_moment_do_not_start_it_again():
    story = Story()
    story.read(DRIFTS)
    began = story.last.breach_since
    assert story.read(FEW).result.evidence is Evidence.INSUFFICIENT
    story.read(DRIFTS)
    assert story.last.breach_since == began


def test_a_pass_ends_it():
    story = Story()
    for _ in range(6):
        story.read(DRIFTS)
    assert story.read(FITS).result.breach_since is None
    assert not story.read(DRIFTS).sustained


def test_a_long_silence_ends_it():
    story = Story()
    for _ in range(6):
        story.read(DRIFTS)
    story.read(None)
    began = story.read(DRIFTS, seconds=15 * 60).result.breach_since
    assert began == story.now


def test_what_was_told_stays_told_through_a_mute_moment():
    story = Story()
    for _ in range(6):
        story.read(DRIFTS)
    story.last = replace(story.last, verdict="the world moved")
    story.read(None)
    assert story.read(DRIFTS).result.verdict == "the world moved"


def at_hours(compared: int, unsupported: int) -> Window:
    """Leads that fit where they were compared, and leads at hours that the reference does not know."""
    fits = window((compared // 2, compared // 2), None)
    slot = replace(fits.champion, n=compared + unsupported, unsupported=unsupported)
    hours = HoursWindow(600, 5000, (25,) * 24, (25.0,) * 24)  # leads come when they always came
    return replace(fits, champion=replace(slot, hours=hours))


@pytest.mark.parametrize(
    ("compared", "unsupported", "evidence"),
    [
        (400, 0, Evidence.PASS),
        (400, 400, Evidence.PASS),
        (400, 402, Evidence.INSUFFICIENT),
        (100, 900, Evidence.INSUFFICIENT),
        (0, 1000, Evidence.INSUFFICIENT),
    ],
)
def test_leads_that_were_not_compared_are_no_pass(compared, unsupported, evidence, monkeypatch):
    """A model is proven by leads that were compared; the control takes any figure as a measurement."""
    seen = PodSeen(name="p", template_champion=A, image="i", ready=True, champion=A)
    seen = replace(seen, window=at_hours(compared, unsupported))

    def found() -> DriftResult:
        return assess(None, [seen], champion=A, previous=None, ready=1, policy=POLICY, now=START).result

    result = found()
    assert result.evidence is evidence
    assert (result.psi is None) == (evidence is Evidence.INSUFFICIENT)
    assert (result.samples, result.compared) == (compared + unsupported, compared)
    monkeypatch.setattr(drift_reading, "is_compared", lambda *_: True)
    assert found().evidence is Evidence.PASS


def test_a_feature_that_drifts_in_the_few_leads_that_were_compared_fails():
    drifts = replace(window(DRIFTS, None).champion, n=2000, unsupported=1600)
    seen = PodSeen(name="p", template_champion=A, image="i", ready=True, champion=A)
    seen = replace(seen, window=Window("b", 0.0, drifts, None, 60.0, {}))
    result = assess(None, [seen], champion=A, previous=None, ready=1, policy=POLICY, now=START).result
    assert result.evidence is Evidence.FAIL
    assert result.psi is not None
