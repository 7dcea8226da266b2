"""A rehearsed predictor sees what a serving one sees: the same scores, the same windows."""

import json
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import digest, load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_messages.window_document import dump, parse
from leadmodel_predictor.http import predict
from leadmodel_predictor.jobs.rehearse import Rehearsal
from scenarios.goods import BETTER, FAIR, GOOD, live

NOON = 1_767_614_400.0


@pytest.fixture
def played(tmp_path):
    for name, raw in (("champion", BETTER), ("previous", GOOD)):
        (tmp_path / name).write_bytes(raw)
    found = Rehearsal()
    found.serve(str(tmp_path / "champion"), str(tmp_path / "previous"), 1)
    return found


def test_scores_are_those_of_the_artifact(played):
    leads = live(50)
    scores = played.answer({"leads": [[NOON, lead] for lead in leads]})["scores"]
    artifact = load(BETTER)
    scorer = make_scorer(artifact)
    wanted = [scorer(*lead_values(artifact, {**lead, "created_at": NOON})) for lead in leads]
    assert scores == pytest.approx(wanted, abs=1e-12)


def test_windows_are_those_of_serving(played, monkeypatch):
    leads = [*live(200), {"age": "old"}, {"age": 7, "details": None}]
    played.answer({"leads": [[NOON + i, lead] for i, lead in enumerate(leads)]})
    rehearsed = played.answer({"look": NOON + 300, "since": NOON + 100})["windows"]
    model = played.models[0]
    model.swap(model.slots, NOON)
    serving = predict.Predict(model)
    for i, lead in enumerate(leads):
        monkeypatch.setattr(predict, "time", lambda i=i: NOON + i)
        try:
            serving.score(json.dumps(lead).encode(), 0.0)
        except predict.BadLead:
            continue
    window = model.ring.window(NOON + 300, (NOON + 100,))
    assert rehearsed == [dump(replace(window, takes_challenger=True))]
    assert rehearsed[0]["slots"]["champion"]["bad"] >= 1


def test_a_challenger_is_given_the_leads_of_the_past_and_those_that_come(played, tmp_path):
    """Dropped, it leaves the windows as they are without one."""
    (tmp_path / "challenger").write_bytes(FAIR)
    leads = live(60)

    def windows():
        return [parse(window) for window in played.answer({"look": NOON + 300})["windows"]]

    played.answer({"leads": [[NOON + i, lead] for i, lead in enumerate(leads[:40])]})
    assert [window.challenger for window in windows()] == [None]
    played.answer({"challenge": str(tmp_path / "challenger"), "at": NOON + 40})
    (seen,) = windows()
    assert (seen.challenger.digest, seen.challenger.n, seen.challenger.unread) == (digest(FAIR), 40, 0)
    played.answer({"leads": [[NOON + 40 + i, lead] for i, lead in enumerate(leads[40:])]})
    (seen,) = windows()
    assert (seen.champion.n, seen.challenger.n, seen.challenger.paired.n) == (60, 60, 60)
    played.answer({"challenge": None, "at": NOON + 300})
    assert windows() == [replace(seen, challenger=None)]


def test_a_share_of_leads_is_answered_as_by_a_serving_predictor(played, tmp_path):
    """The control are the scores without a share."""
    (tmp_path / "challenger").write_bytes(FAIR)
    leads = [{"id": i, **lead} for i, lead in enumerate(live(80))]
    sent = {"leads": [[NOON, lead] for lead in leads]}
    plain = played.answer(sent)["scores"]
    assert played.answer({"share": 50}) == {"pods": 1}
    assert played.answer(sent)["scores"] == plain, "there is no challenger yet"
    played.answer({"challenge": str(tmp_path / "challenger"), "at": NOON})
    played.answer({"share": 50})
    scores = played.answer(sent)["scores"]
    serving = predict.Predict(played.models[0])
    answers = [
        json.loads(serving.answer(json.dumps({**lead, "created_at": NOON}).encode())) for lead in leads
    ]
    assert scores == [answer["score"] for answer in answers]
    assert {answer["digest"] for answer in answers} == {digest(FAIR), digest(BETTER)}
    (seen,) = (parse(window) for window in played.answer({"look": NOON + 300})["windows"])
    own = sum(answer["digest"] == digest(FAIR) for answer in answers)
    assert (seen.share.weight, seen.share.answered, seen.share.champion_answered) == (
        50,
        2 * own,
        2 * (80 - own),
    )
    played.answer({"share": None})
    assert played.answer(sent)["scores"] == plain
