"""Candidates on this machine: one file lies where every predictor looks, and a replay asks its predictors in simulated time."""

import asyncio
from dataclasses import replace
from itertools import groupby

import pytest

from leadmodel_artifact.snapshot import digest, pack
from leadmodel_local.replay.port import ReplayPort
from leadmodel_local.replay.programs import Predictors
from leadmodel_local.serving.rollout import template_of
from leadmodel_local.serving.snapshots import Snapshots, digest_of
from leadmodel_local.state import files
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages import share, training
from leadmodel_messages.share import Share
from leadmodel_messages.training import TrainingAnswer
from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.planned import Asked, Serve
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_policies import Gate, LiveGate
from leadmodel_operator.resource.spec_rollout import RolloutPolicy, RolloutStep
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource
from leadmodel_operator.resource.vocabulary import Reason
from scenarios.goods import BETTER, GOOD, SPOILT, holdout, live
from worlds.local_world import put

KEY = Key("sales", "conversion")
NOON = 1_767_614_400.0


@pytest.fixture
def folder(tmp_path):
    found = ModelFolder(tmp_path, KEY)
    for raw in (GOOD, BETTER):
        files.write(found.snapshot(digest(raw)), pack(raw))
    return found


def test_a_candidate_lies_where_predictors_look_until_nobody_is_asked(folder):
    shelves = Snapshots()
    for raw in (GOOD, BETTER, GOOD):
        shelves.ask(folder, Asked(digest(raw), 1))
        assert digest_of(folder.challenger) == digest(raw)
    shelves.ask(folder, None)
    assert not folder.challenger.exists()
    shelves.ask(folder, None)
    shelves.ask(folder, Asked(digest(SPOILT), 2))
    assert not folder.challenger.exists(), "nobody holds it"


def test_a_candidate_that_somebody_edited_is_put_back(folder):
    """The control is a candidate that nobody touched: it is not written again."""
    shelves = Snapshots()
    shelves.ask(folder, Asked(digest(GOOD), 1))
    before = files.signature(folder.challenger)
    shelves.ask(folder, Asked(digest(GOOD), 1))
    assert files.signature(folder.challenger) == before
    files.write(folder.challenger, pack(BETTER))
    shelves.ask(folder, Asked(digest(GOOD), 1))
    assert digest_of(folder.challenger) == digest(GOOD)


def shared(folder):
    return share.parse(folder.share.read_bytes())


def test_a_share_of_leads_lies_beside_its_candidate(folder):
    """What somebody edited is put back; the control is a share that nobody touched, which is not written again."""
    shelves, asked = Snapshots(), Asked(digest(GOOD), 1)
    for weight in (5, 25):
        shelves.ask(folder, replace(asked, weight=weight))
        assert shared(folder) == Share(asked.digest, weight)
    before = files.signature(folder.share)
    shelves.ask(folder, replace(asked, weight=25))
    assert files.signature(folder.share) == before
    files.write(folder.share, b"edited")
    shelves.ask(folder, replace(asked, weight=25))
    assert shared(folder) == Share(asked.digest, 25)
    shelves.ask(folder, asked)
    assert (folder.share.exists(), folder.challenger.exists()) == (False, True)
    shelves.ask(folder, Asked(digest(BETTER), 2, 5))
    assert shared(folder) == Share(digest(BETTER), 5)
    shelves.ask(folder, None)
    assert (folder.share.exists(), folder.challenger.exists()) == (False, False)


def test_a_replay_gives_a_candidate_its_share(folder):
    """The control is the score without a share."""
    champion, other = digest(GOOD), digest(BETTER)
    lead = live(1)[0]
    with Predictors() as predictors:
        here = ArtifactSource(uri="file:///model.json")
        spec = Spec(artifact=here, holdout=HoldoutSource(uri="file:///holdout.csv"))
        port = ReplayPort(folder.root, predictors, spec=spec, key=KEY, now=NOON)
        predictors.serve(folder.snapshot(champion), None, 2)
        scores = []
        for asked in (Asked(other, 1), Asked(other, 1, 100), Asked(other, 1, 1), None):
            port.ask(asked)
            scores += predictors.score([(NOON, lead), (NOON, lead)])
            windows = predictors.windows(NOON, None)
            wanted = asked.weight if asked else None
            assert {window.share and window.share.weight for window in windows} == {wanted}
        assert sum(window.champion.n for window in windows) == 8
    assert scores[0] != scores[2] == scores[3]
    assert scores[0] == scores[6] == scores[7]


def test_a_place_for_candidates_is_part_of_what_a_predictor_is_started_from():
    """Predictors of an earlier release have none and go on as they are."""
    serve = {"champion": "a", "previous": None, "image": "i", "decision": 1, "measured_auc": None}
    with_place, without = (
        template_of(Serve(**serve, template=RENDERING, pod=Predictor(), replicas=1, challenger=place))
        for place in (True, False)
    )
    assert with_place == {**without, "challenger": True}


# --- a replay --------------------------------------------------------------------------------------------------------------------


def replayed(folder, policy: str | None, raw: bytes, leads: int) -> tuple[ReplayPort, bool]:
    """A replay in which GOOD serves and has answered leads when a night makes another model; whether live leads were asked at once."""
    folder.mkdir()
    put(folder / "model.json", GOOD)
    put(folder / "holdout.csv", holdout())
    artifact = ArtifactSource(uri=(folder / "model.json").as_uri())
    sources = {"artifact": artifact, "holdout": HoldoutSource(uri=(folder / "holdout.csv").as_uri())}
    spec = Spec(**sources, min_auc=0.55, gate=Gate(live=LiveGate(policy=policy)))

    async def play(port: ReplayPort) -> bool:
        await port.settle()
        port.predictors.score([(port.now + i, lead) for i, lead in enumerate(live(leads))])
        port.now += 1000.0
        put(folder / "model.json", raw)
        answer = training.dump(TrainingAnswer(digest(raw), uri=artifact.uri))
        port.end_job("retraining-1", JobKind.RETRAINING, answer)
        await port.settle()
        asked = port.asks
        await port.pass_with_windows(port.now + 60.0)
        return asked

    with Predictors() as predictors:
        port = ReplayPort(folder / "replay", predictors, spec=spec, key=KEY, now=NOON)
        port.folder.mkdir()
        return port, asyncio.run(play(port))


@pytest.mark.parametrize(
    ("policy", "raw", "leads", "ends"),
    [
        (None, SPOILT, 400, (True, GOOD, [Reason.UNLIKE_LIVE_LEADS], False)),
        (None, BETTER, 400, (True, BETTER, [], False)),
        (None, BETTER, 40, (True, GOOD, [], True)),
        ("Report", SPOILT, 400, (True, SPOILT, [], False)),
        ("Off", SPOILT, 400, (False, SPOILT, [], False)),
    ],
    ids=["refused", "promoted", "waits for leads", "control: only told", "control: not asked"],
)
def test_a_replay_asks_the_leads_that_its_predictors_hold(tmp_path, policy, raw, leads, ends):
    port, asked = replayed(tmp_path / "all", policy, raw, leads)
    status = port.status
    refused = [entry.reason for entry in status.quarantine]
    assert (asked, status.champion.digest, refused, port.asks) == (ends[0], digest(ends[1]), *ends[2:])
    assert port.asked == (digest(raw) if port.asks else None)


def test_a_replay_says_how_many_leads_were_compared(tmp_path):
    port, _ = replayed(tmp_path / "all", None, SPOILT, 400)
    assert port.status.challenger.samples == 400
    assert "on the same 400 leads" in port.status.challenger.message


def test_a_replay_plays_the_steps_of_a_canary(folder):
    """Each step lasts until its time is over; the control is the same night without steps, which promotes at once."""
    steps = (RolloutStep(weight=20, for_=Duration("5m")), RolloutStep(weight=100, for_=Duration("5m")))
    weights, champions = {}, {}
    for number, policy in enumerate((RolloutPolicy(steps=steps), RolloutPolicy())):
        weights[number], champions[number] = asyncio.run(canary(folder.root / str(number), policy))
    assert [weight for weight, _ in groupby(weights[0])] == [20, 100, None]
    assert 5 <= weights[0].count(20) <= 8
    assert champions[0] == digest(BETTER)
    assert (set(weights[1]), champions[1]) == ({None}, digest(BETTER))


async def canary(folder, policy):
    """The weights that predictors of a replay had in the minutes after a night that makes BETTER, and the champion at the end."""
    folder.mkdir()
    put(folder / "model.json", GOOD)
    put(folder / "holdout.csv", holdout())
    artifact = ArtifactSource(uri=(folder / "model.json").as_uri())
    sources = {"artifact": artifact, "holdout": HoldoutSource(uri=(folder / "holdout.csv").as_uri())}
    spec = Spec(**sources, min_auc=0.55, rollout=policy)
    weights = []
    with Predictors() as predictors:
        port = ReplayPort(folder / "replay", predictors, spec=spec, key=KEY, now=NOON)
        port.folder.mkdir()
        await port.settle()
        predictors.score([(port.now + i, lead) for i, lead in enumerate(live(400))])
        port.now += 1000.0
        put(folder / "model.json", BETTER)
        answer = training.dump(TrainingAnswer(digest(BETTER), uri=artifact.uri))
        port.end_job("retraining-1", JobKind.RETRAINING, answer)
        await port.settle()
        for _ in range(20):
            await port.pass_with_windows(port.now + 60.0)
            predictors.score([(port.now, lead) for lead in live(50)])
            weights.append(port.weight)
    return weights, port.status.champion.digest
