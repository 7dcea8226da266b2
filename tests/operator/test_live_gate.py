"""The live gate: each rule of the verdict, each response, and for each rule a control that the same leads pass without it."""

from dataclasses import replace

import pytest

from leadmodel_messages.window_psi import HOUR_OF_DAY
from leadmodel_operator.planning import live_gate
from leadmodel_operator.planning.drift_reading import Reading
from leadmodel_operator.planning.live_gate import judge_live
from leadmodel_operator.planning.live_response import LiveVerdict, Response, respond
from leadmodel_operator.planning.pass_state import inputs_of
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_policies import Gate, LiveGate
from leadmodel_operator.resource.vocabulary import Evidence, Reason
from leadmodel_statistics.stability import Psi
from worlds.names import spec

PSIS = {"score": Psi(0.03, 0.004, 10), "source": Psi(0.02, 0.004, 5)}
FITS = Reading(
    samples=400, compared=400, is_compared=True, psi=0.03, feature="score", bad_share=0.0, psis=PSIS
)
DIFFERS = replace(
    FITS,
    psi=1.4,
    feature="source",
    over=("source",),
    stays=True,
    psis={**PSIS, "source": Psi(1.4, 0.004, 5)},
)
# one just over a limit, the other just below
BARELY, NEARLY = (
    replace(FITS, feature="source", psis={**PSIS, "source": Psi(0.27, 0.004, 5)}, over=("source",)),
    replace(FITS, feature="source", psis={**PSIS, "source": Psi(0.2, 0.004, 5)}),
)
# the world moved: the champion is over a limit too, by less than the candidate in the last row
MOVED = replace(
    FITS,
    psi=0.6,
    feature="visits",
    over=("visits",),
    psis={"visits": Psi(0.6, 0.004, 10), "source": Psi(0.02, 0.004, 5)},
)
SPOILT = replace(
    MOVED,
    psi=0.6,
    over=("visits", "source"),
    psis={"visits": Psi(0.6, 0.004, 10), "source": Psi(0.28, 0.004, 5)},
)
FEW = replace(FITS, samples=149, compared=149, is_compared=False, psi=None, feature=None, psis={})
# its reference knows none of the hours at which leads come
UNSUPPORTED = replace(FEW, samples=400, compared=100)
PASS, FAIL, INSUFFICIENT = Evidence.PASS, Evidence.FAIL, Evidence.INSUFFICIENT

# place in CHAIN of the rule without which the verdict is another one, champion, candidate, leads not given, verdict
ROWS = {
    "the candidate fits": (9, FITS, FITS, 0, PASS, Reason.LIKE_LIVE_LEADS),
    "what could not be given is no fair sample": (
        5, FITS, replace(DIFFERS, compared=380), 20, INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES,
    ),
    "only the candidate differs": (
        6, NEARLY, BARELY, 0, FAIL, Reason.UNLIKE_LIVE_LEADS,
    ),
    "the champion was not compared": (
        4, UNSUPPORTED, DIFFERS, 0, INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES,
    ),
    "the champion refuses most leads": (
        8, replace(UNSUPPORTED, bad_share=0.9), DIFFERS, 0, PASS, Reason.WORLD_MOVED,
    ),
    "both differ": (8, DIFFERS, DIFFERS, 0, PASS, Reason.WORLD_MOVED),
    "both differ, the candidate far more": (
        7, MOVED, SPOILT, 0, FAIL, Reason.UNLIKE_LIVE_LEADS,
    ),
    "the champion has few leads": (
        0, FEW, FITS, 0, INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES,
    ),
    "few leads were compared": (
        3, FITS, replace(FEW, over=("source",)), 0, INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES,
    ),
    "the candidate refuses leads": (
        1, FITS, replace(FITS, bad_share=0.05), 0, FAIL, Reason.CANNOT_READ_LIVE_LEADS,
    ),
    "the candidate refuses far more leads than the champion": (
        1, replace(FITS, bad_share=0.05), replace(FITS, bad_share=0.4), 0, FAIL, Reason.CANNOT_READ_LIVE_LEADS,
    ),
    "the champion refuses some leads, the candidate all": (
        1, replace(FITS, bad_share=0.1), replace(FEW, samples=400, compared=0, bad_share=1.0), 0, FAIL, Reason.CANNOT_READ_LIVE_LEADS,
    ),
    "few leads could be given": (
        2, FITS, replace(FEW, samples=400), 251, INSUFFICIENT, Reason.CANNOT_READ_LIVE_LEADS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_verdict(name):
    _, champion, challenger, unread, evidence, reason = ROWS[name]
    verdict = judge_live(champion, challenger, unread=unread)
    assert (verdict.evidence, verdict.reason) == (evidence, reason)
    assert verdict.message
    assert len(verdict.message) <= 160  # of the evidence of a quarantine entry


@pytest.mark.parametrize("name", [name for name in ROWS if name != "the candidate fits"])
def test_each_rule_is_needed(name, monkeypatch):
    """Control: without its rule the same leads lead to another verdict."""
    rule, champion, challenger, unread, evidence, reason = ROWS[name]
    whole = live_gate.CHAIN
    chain = whole[:rule] + whole[rule + 1 :]
    monkeypatch.setattr(live_gate, "CHAIN", chain)
    verdict = judge_live(champion, challenger, unread=unread)
    assert len(chain) == len(whole) - 1
    assert (verdict.evidence, verdict.reason) != (evidence, reason)


def test_figures_are_of_the_same_leads():
    both = judge_live(FITS, replace(DIFFERS, compared=384), unread=16)
    expected = LiveVerdict(
        FAIL, Reason.UNLIKE_LIVE_LEADS, both.message, samples=384, psi=1.4, champion_psi=0.02, feature="source", unread=0.04
    )  # fmt: skip
    assert both == expected
    assert "1.40 in source" in both.message
    assert "champion 0.02" in both.message


def test_feature_is_the_one_in_which_the_candidate_is_worse():
    """Of several the one that speaks against the candidate, where the champion is over a limit too."""
    champion = replace(DIFFERS, feature="visits", over=("visits",), psis={"visits": Psi(0.9, 0.004, 10)})
    psis = {"visits": Psi(1.4, 0.004, 10), "source": Psi(0.7, 0.004, 5)}
    challenger = replace(DIFFERS, feature="visits", over=("visits", "source"), psis=psis)
    assert judge_live(champion, challenger).feature == "source"


@pytest.mark.parametrize(
    ("source", "noise", "reason"),
    [
        (0.28, 0.004, Reason.UNLIKE_LIVE_LEADS),
        (0.26, 0.004, Reason.WORLD_MOVED),
        (0.28, 0.04, Reason.WORLD_MOVED),
        (0.50, 0.04, Reason.UNLIKE_LIVE_LEADS),
    ],
    ids=["by a limit", "by less than a limit", "by less than its noise", "by more than its noise"],
)
def test_where_the_world_moved_only_a_breach_of_its_own_refuses(source, noise, reason):
    """By its own limit of .25, or by 4 √(2 · 4) of noise where that is more; the champion has .02 in that feature."""
    candidate = replace(SPOILT, psis={**SPOILT.psis, "source": Psi(source, noise, 5)})
    verdict = judge_live(MOVED, candidate)
    assert verdict.reason is reason
    assert ("source" in verdict.message) is (reason is Reason.UNLIKE_LIVE_LEADS)


def test_a_limit_of_the_users_own_counts_where_the_world_moved():
    assert judge_live(MOVED, SPOILT, max_psi=0.3).reason is Reason.WORLD_MOVED


def test_a_candidate_that_knows_the_new_world_better_is_told_so():
    newer = replace(MOVED, psi=0.3, psis={**MOVED.psis, "visits": Psi(0.3, 0.004, 10)})
    assert "fits them better" in judge_live(MOVED, newer).message
    assert "about as well" in judge_live(MOVED, MOVED).message


def test_hours_move_no_world():
    """Hours over the limit of both make no candidate worse."""
    hours = {HOUR_OF_DAY: Psi(2.0, 0.004, 24)}
    late = replace(MOVED, over=("visits", HOUR_OF_DAY), psis={**MOVED.psis, **hours})
    assert judge_live(MOVED, late).reason is Reason.WORLD_MOVED


def test_hours_blame_nobody():
    """Leads at other hours differ from every reference: that neither refuses a candidate nor excuses one."""
    at_night = {HOUR_OF_DAY: Psi(0.9, 0.004, 24)}
    hours = replace(FITS, psi=0.9, feature=HOUR_OF_DAY, over=(HOUR_OF_DAY,), psis={**PSIS, **at_night})
    assert judge_live(FITS, hours).reason is Reason.LIKE_LIVE_LEADS
    assert judge_live(hours, DIFFERS).reason is Reason.UNLIKE_LIVE_LEADS


def test_no_figure_is_of_the_hours():
    """They can be the largest of both models, and still refuse none."""
    at_night = {HOUR_OF_DAY: Psi(2.9, 0.004, 24)}
    late = replace(
        DIFFERS, psi=2.9, feature=HOUR_OF_DAY, over=("source", HOUR_OF_DAY), psis={**DIFFERS.psis, **at_night}
    )
    verdict = judge_live(replace(FITS, psi=2.9, feature=HOUR_OF_DAY, psis={**PSIS, **at_night}), late)
    assert (verdict.psi, verdict.champion_psi, verdict.feature) == (1.4, 0.02, "source")
    assert "PSI 1.40 in source, champion 0.02" in verdict.message
    fits = judge_live(FITS, replace(FITS, psi=2.9, feature=HOUR_OF_DAY, psis={**PSIS, **at_night}))
    assert (fits.psi, fits.feature) == (0.03, "score")


def test_the_name_of_a_feature_stays_on_one_line():
    """It is a text of the training, and ends in status and terminals."""
    name = "so\x1b[2Jurce\n"
    odd = replace(DIFFERS, feature=name, over=(name,), psis={name: Psi(1.4, 0.004, 5)})
    for champion in (FITS, replace(MOVED, psis={**MOVED.psis, name: Psi(0.02, 0.004, 5)})):
        verdict = judge_live(champion, odd)
        assert verdict.evidence is FAIL
        assert verdict.message.isprintable()
        assert verdict.feature.isprintable()


def test_leads_that_the_champion_refuses_are_bad_leads():
    """From 4 % of its own on, only what the candidate refuses in addition counts."""
    candidate = replace(FITS, bad_share=0.08)
    assert judge_live(replace(FITS, bad_share=0.04), candidate).evidence is PASS
    assert judge_live(replace(FITS, bad_share=0.039), candidate).evidence is FAIL
    assert judge_live(replace(FITS, bad_share=0.04), replace(FITS, bad_share=0.1)).evidence is FAIL
    assert judge_live(FITS, replace(FITS, bad_share=0.049)).evidence is PASS


def test_refused_share_is_of_the_leads_that_were_given():
    """12 refused are too many of 180 and few of 400; of 149 given leads no share is taken."""
    some = replace(FITS, compared=168, bad_share=0.03)
    assert judge_live(FITS, some, unread=220).evidence is FAIL
    assert judge_live(FITS, replace(some, compared=388)).evidence is PASS
    few = replace(FEW, samples=400, compared=137, bad_share=0.03)
    verdict = judge_live(FITS, few, unread=251)
    assert verdict.evidence is INSUFFICIENT
    assert verdict.unread == pytest.approx(0.6275 + 0.03)


def test_leads_not_given_do_not_count_where_enough_others_do():
    """The champion does not know the level of a new source; a candidate that does is not refused for that."""
    known = replace(FITS, compared=320)
    assert judge_live(FITS, known, unread=80).evidence is PASS


def test_a_new_level_refuses_nobody_and_a_new_field_that_does_not_come_does():
    """Leads with a level that only the candidate knows are missing among those of the past; of a new field all of these are."""
    for share, evidence in ((0.049, FAIL), (0.05, INSUFFICIENT), (0.5, INSUFFICIENT), (0.51, FAIL)):
        unread = round(share * 1000)
        known = replace(DIFFERS, samples=1000, compared=1000 - unread)
        assert judge_live(replace(FITS, samples=1000), known, unread=unread).evidence is evidence, share


def test_figures_say_how_many_leads_are_missing():
    assert "87 of 150 live leads" in judge_live(replace(FEW, samples=87, compared=87), FEW).message
    assert "149 of 150 live leads" in judge_live(FITS, FEW).message
    assert "180 of 400 live leads" in judge_live(FITS, replace(FEW, samples=400, compared=180)).message


def test_min_samples_is_the_live_gates_own():
    some = replace(FITS, samples=200, compared=200)
    assert judge_live(some, some, policy=LiveGate(min_samples=200)).evidence is PASS
    assert judge_live(some, some, policy=LiveGate(min_samples=201)).evidence is INSUFFICIENT


REFUSED = judge_live(FITS, DIFFERS)
UNREADABLE = judge_live(FITS, replace(FEW, samples=400), unread=251)
TOO_FEW = judge_live(FEW, FEW)
NOT_MOUNTED = LiveVerdict(INSUFFICIENT, Reason.NOT_MOUNTED, "no place")
HOLD = LiveGate(on_insufficient="Hold")
RESPONSES = (
    (judge_live(FITS, FITS), LiveGate(), True, False, Response.PROMOTE),
    (REFUSED, LiveGate(), True, False, Response.REFUSE),
    (REFUSED, LiveGate(), False, False, Response.PROMOTE),
    (TOO_FEW, LiveGate(), True, False, Response.ASK),
    (TOO_FEW, LiveGate(), False, False, Response.ASK),
    (TOO_FEW, LiveGate(), True, True, Response.PROMOTE),
    (TOO_FEW, HOLD, True, True, Response.HOLD),
    (TOO_FEW, HOLD, False, True, Response.PROMOTE),
    (UNREADABLE, LiveGate(), True, False, Response.ASK),
    (UNREADABLE, LiveGate(), True, True, Response.REFUSE),
    (UNREADABLE, LiveGate(), False, True, Response.PROMOTE),
    (NOT_MOUNTED, LiveGate(), True, False, Response.PROMOTE),
    (NOT_MOUNTED, HOLD, True, False, Response.HOLD),
)


@pytest.mark.parametrize(("verdict", "policy", "binding", "waited", "response"), RESPONSES)
def test_response(verdict, policy, binding, waited, response):
    assert respond(verdict, policy, binding=binding, waited=waited) is response


def test_settings_leave_verdicts_on_the_holdout_as_they_are():
    """A champion that passed before there was a live gate passed the present one: nothing is judged again on an upgrade."""
    plain, live = spec(), spec(gate=Gate(live=LiveGate(policy="Off", max_wait=Duration("2h"))))
    assert inputs_of(plain).gate == "3e64748b21"
    assert inputs_of(live).gate == inputs_of(plain).gate
    assert inputs_of(spec(gate=Gate(min_positives=99))).gate != inputs_of(plain).gate
