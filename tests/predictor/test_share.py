"""A challenger with a share of leads: who answers which lead, what answers name, and that nothing the challenger does fails a request."""

import asyncio
import json
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.snapshot import digest
from leadmodel_messages import share
from leadmodel_messages.errors import SHARE, ErrorWord
from leadmodel_messages.places import CHALLENGER_FILE, SHARE_FILE
from leadmodel_messages.share import Share
from leadmodel_predictor.http import shares
from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.challengers import Challengers
from leadmodel_predictor.serving.decode import BadLead
from leadmodel_predictor.serving.units import unit
from leadmodel_statistics.buckets import bucket
from support.mounts import Mount
from support.other_models import AGE, HOUR, OTHERS, of
from support.predictor_thread import model_of
from support.small_models import leads, linear

CHAMPION = linear()
OTHER = linear(-0.4, name="other", version=1_768_000_000)
NAMES = {digest(dump(model)): model for model in (CHAMPION, OTHER)}
FIRST, SECOND = NAMES
SENT = [{"id": i, **lead} for i, lead in enumerate(leads(300))]


def folder(mount, challenger, weight=None, named=None):
    """Swap the place's content for a challenger and a share of it, as one write of the operator does."""
    files = {CHALLENGER_FILE: dump(challenger)} if challenger is not None else {}
    if weight is not None:
        files[SHARE_FILE] = share.dump(Share(named or digest(dump(challenger)), weight)).encode()
    mount.swap(files)


@pytest.fixture
def mount(tmp_path):
    return Mount(tmp_path, CHALLENGER_FILE)


@pytest.fixture
def watched(mount):
    return Challengers(mount.file.as_uri(), {}, model_of(CHAMPION))


def look(watched):
    asyncio.run(watched.step())
    return watched.report(watched.model.ring.window(0.0))


def put(watched, mount, *given, **more):
    folder(mount, *given, **more)
    return look(watched)


def ask(model, lead):
    body = lead if isinstance(lead, bytes) else json.dumps(lead).encode()
    return json.loads(Predict(model).answer(body))


def scorers(model, sent=SENT):
    return [ask(model, lead).get("digest") for lead in sent]


def in_share(weight, sent=SENT):
    return [bucket(SECOND, unit(json.dumps(lead).encode())) < 100 * weight for lead in sent]


def test_every_answer_names_the_model_that_scored_and_holds_its_score(watched, mount):
    put(watched, mount, OTHER, 30)
    for lead, is_taken in zip(SENT, in_share(30), strict=True):
        answer = ask(watched.model, lead)
        model = NAMES[answer["digest"]]
        assert answer["digest"] == (SECOND if is_taken else FIRST)
        assert answer["score"] == pytest.approx(make_scorer(model)(*lead_values(model, lead)), abs=1e-12)
        assert (answer["model"], answer["version"]) == (model.name, model.version)
    assert 0.15 < sum(in_share(30)) / len(SENT) < 0.45


@pytest.mark.parametrize("weight", [None, 30])
def test_without_a_share_answers_are_the_same_bytes(watched, mount, weight):
    """The control is the share, which changes every answer."""
    bare = model_of(CHAMPION)
    put(watched, mount, OTHER, weight)
    bodies = [json.dumps(lead).encode() for lead in SENT]
    same = [Predict(bare).answer(body) == Predict(watched.model).answer(body) for body in bodies]
    assert same == [weight is None] * len(SENT)


@pytest.mark.parametrize(
    ("lead", "wanted"),
    [
        ({"id": "a", "lead_id": "b"}, b"a"),
        ({"age": 50, "id": 7}, b"7"),
        ({"id": "7", "more": [1]}, b"7"),
        ({"lead_id": "b"}, b"b"),
        ({"id": None, "lead_id": "b"}, b"b"),
        ({"id": [1], "lead_id": "b"}, b"b"),
        ({"id": 1.5, "lead_id": "b"}, b"b"),
        ({"id": True, "lead_id": 8}, b"8"),
        ({"id": "a", "lead_id": {"a": 1}}, b"a"),
        ({"id": "", "lead_id": {"a": 1}}, b'{"id": "", "lead_id": {"a": 1}}'),
        ({"age": 50}, b'{"age": 50}'),
        ({"lead": {"id": 7}}, b'{"lead": {"id": 7}}'),
    ],
)
def test_the_id_decides_else_the_lead_id_else_the_body(lead, wanted):
    assert unit(json.dumps(lead).encode()) == wanted


@pytest.mark.parametrize(
    "body", [b'{"id": "\xff", "age": 30}', b'{"age": 30, "id": ' + b"[" * 5000 + b"]" * 5000 + b"}", b"no"]
)
def test_an_id_that_cannot_be_read_is_none(body):
    assert unit(body) == body


def test_a_lead_keeps_its_model_and_a_greater_weight_only_adds_leads(watched, mount):
    taken = []
    for weight in (1, 5, 25, 100):
        put(watched, mount, OTHER, weight)
        taken.append({i for i, name in enumerate(scorers(watched.model)) if name == SECOND})
        assert taken[-1] == {i for i, is_taken in enumerate(in_share(weight)) if is_taken}
    assert taken[0] <= taken[1] < taken[2] < taken[3] == set(range(len(SENT)))
    again = Challengers(mount.file.as_uri(), {}, model_of(CHAMPION))  # another pod
    put(again, mount, OTHER, 25)
    assert {i for i, name in enumerate(scorers(again.model)) if name == SECOND} == taken[2]


def counts(model):
    window = model.slots.canary.window()
    return window.answered, window.failed, window.refused, window.champion_answered


def test_the_champion_answers_what_the_challenger_refuses(watched, mount):
    """The control are leads that the challenger reads."""
    narrow = OTHERS["other bounds"]  # takes ages from 35 to 45
    put(watched, mount, narrow, 100)
    assert ask(watched.model, {"id": 1, "age": 20})["digest"] == FIRST
    assert counts(watched.model) == (0, 0, 1, 1)
    assert ask(watched.model, {"id": 1, "age": 40})["digest"] == digest(dump(narrow))
    assert counts(watched.model) == (1, 0, 1, 1)


def failing(_lead, _hour, _values):
    raise RuntimeError("a fault of the model")


@pytest.mark.parametrize(
    "broken",
    [failing, lambda _lead, _hour, values: (float("nan"), values), lambda *_: (float("inf"), ())],
    ids=["raises", "NaN", "infinite"],
)
def test_the_champion_answers_what_the_challenger_cannot_score(watched, mount, broken):
    put(watched, mount, OTHER, 100)
    assert ask(watched.model, SENT[0])["digest"] == SECOND  # control
    watched.model.slots.reader.challenger_score = broken
    assert ask(watched.model, SENT[0])["digest"] == FIRST
    assert counts(watched.model) == (1, 1, 0, 1)
    assert watched.model.ring.window(0.0).challenger.bad == 1


def test_without_the_guard_a_fault_of_the_challenger_would_fail_the_request(watched, mount, monkeypatch):
    """The control of the test above."""
    put(watched, mount, OTHER, 100)
    watched.model.slots.reader.challenger_score = failing
    monkeypatch.setattr(shares, "challenge", lambda reader, *given: reader.challenger_score(*given))
    with pytest.raises(RuntimeError):
        ask(watched.model, SENT[0])


@pytest.mark.parametrize("weight", [None, 100])
@pytest.mark.parametrize("body", [b'{"age": "old"}', b"[]", b"no lead", b'{"created_at": "tomorrow"}'])
def test_what_the_champion_refuses_is_refused_as_without_a_share(watched, mount, body, weight):
    put(watched, mount, of(AGE, name="reads less"), weight)
    with pytest.raises(BadLead) as refused:
        Predict(watched.model).score(body, 0.0)
    with pytest.raises(BadLead) as wanted:
        Predict(model_of(CHAMPION)).score(body, 0.0)
    assert (refused.value.field, str(refused.value)) == (wanted.value.field, str(wanted.value))
    assert len(watched.model.ring.entries) == 1


def test_a_challenger_that_reads_another_time_reads_the_lead_alone(watched, mount):
    """It cannot be given what the champion decoded; the window counts the lead as unread all the same."""
    other = of(AGE, replace(HOUR, source="called_at"))
    put(watched, mount, other, 100)
    lead = {"id": 1, "age": 40, "called_at": "2026-01-05T05:00:00Z"}
    answer = ask(watched.model, lead)
    assert answer["digest"] == digest(dump(other))
    assert answer["score"] == pytest.approx(make_scorer(other)(*lead_values(other, lead)), abs=1e-12)
    assert watched.model.ring.window(0.0).challenger.unread == 1


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (share.dump(Share(FIRST, 100)).encode(), ErrorWord.DIGEST_MISMATCH),
        (share.dump(Share(SECOND, 100)).encode()[:-9], ErrorWord.SCHEMA_MISMATCH),
        (b"", ErrorWord.SCHEMA_MISMATCH),
        (b"[" * 4000, ErrorWord.SCHEMA_MISMATCH),
        (b"\xff", ErrorWord.SCHEMA_MISMATCH),
        (bytes(share.MAX_BYTES + 1), ErrorWord.ARTIFACT_TOO_LARGE),
        (None, None),
    ],
    ids=["another digest", "torn", "empty", "nested", "no text", "too large", "none"],
)
def test_what_is_no_share_of_this_challenger_gives_it_no_lead(watched, mount, data, word):
    """The control is the share before and after."""
    model = dump(OTHER)
    good = share.dump(Share(SECOND, 100)).encode()
    for text, error in ((good, None), (data, word), (good, None)):
        mount.swap({CHALLENGER_FILE: model} | ({} if text is None else {SHARE_FILE: text}))
        window = look(watched)
        assert window.share_error is error
        assert window.challenger.digest == SECOND
        assert (window.share is None) == (text is not good)
        assert set(scorers(watched.model)) == ({SECOND} if text is good else {None})
    assert word is None or word in SHARE


def test_a_share_without_a_challenger_is_none(watched, mount):
    window = put(watched, mount, None, 100, named=SECOND)
    assert (window.share, window.share_error) == (None, ErrorWord.DIGEST_MISMATCH)
    assert set(scorers(watched.model)) == {None}


def test_stores_have_no_share(watched):
    watched.uri = "https://localhost:1/challenger.json.gz"
    look(watched)
    assert watched.share is None


def test_an_abort_is_seen_by_the_next_look(watched, mount):
    put(watched, mount, OTHER, 100)
    assert set(scorers(watched.model)) == {SECOND}
    folder(mount, None)
    assert set(scorers(watched.model)) == {SECOND}  # control: nobody has looked yet
    window = look(watched)
    assert (window.share, window.share_error, window.challenger) == (None, None, None)
    assert set(scorers(watched.model)) == {None}


def test_counts_outlive_a_change_of_weight_and_begin_anew_with_another_challenger(watched, mount):
    put(watched, mount, OTHER, 100)
    scorers(watched.model)
    assert put(watched, mount, OTHER, 50).share.answered == len(SENT)
    put(watched, mount, OTHER)
    window = put(watched, mount, OTHER, 100).share
    assert (window.answered, window.weight, window.digest) == (len(SENT), 100, SECOND)
    assert window.seconds > 0
    another = put(watched, mount, linear(0.2, name="another"), 100).share
    assert (another.answered, another.champion_answered) == (0, 0)


def test_a_share_changes_nothing_in_the_drift_window(watched, mount):
    beside = Challengers(mount.file.as_uri(), {}, model_of(CHAMPION))
    put(watched, mount, OTHER, 50)
    put(beside, mount, OTHER)
    one, two = [(scorers(each.model), each.model.ring.window(0.0))[1] for each in (watched, beside)]
    assert (one.champion, one.challenger) == (two.champion, two.challenger)
    assert one.challenger.paired.n == len(SENT)


# --- batches ---------------------------------------------------------------------------------------------------------------------


def batch(model, body, *, live=True):
    answer, count = asyncio.run(Batch(model).answer(json.dumps(body).encode(), live=live))
    assert count == (len(body) if isinstance(body, list) else len(next(iter(body.values()))))
    return json.loads(answer)


def columns(sent):
    return {name: [lead[name] for lead in sent] for name in sent[0]}


@pytest.mark.parametrize("live", [True, False])
def test_lists_and_columns_go_to_the_models_of_single_leads(watched, mount, live):
    put(watched, mount, OTHER, 30)
    single = [ask(watched.model, lead) for lead in SENT]
    before, n = counts(watched.model), len(watched.model.ring.entries)
    assert batch(watched.model, SENT, live=live) == single
    assert len(watched.model.ring.entries) == n + len(SENT) * live
    assert counts(watched.model) == tuple(2 * count for count in before)
    answer = batch(watched.model, columns(SENT), live=live)
    assert answer["score"] == [one["score"] for one in single]
    assert answer["digest"] == [one["digest"] for one in single]
    assert (answer["model"], answer["version"]) == (CHAMPION.name, CHAMPION.version)
    assert watched.model.slots.canary.window().champion_seconds > 0


def test_without_a_share_batches_are_the_same_bytes(watched, mount):
    put(watched, mount, OTHER)
    for body in (SENT, columns(SENT), []):
        answers = [batch(model, body) for model in (watched.model, model_of(CHAMPION))]
        assert answers[0] == answers[1]
        assert "digest" not in json.dumps(answers)


def test_an_empty_batch_has_no_answers(watched, mount):
    put(watched, mount, OTHER, 100)
    assert batch(watched.model, []) == []


def test_the_champion_answers_leads_of_a_batch_that_the_challenger_cannot(watched, mount):
    put(watched, mount, OTHERS["other bounds"], 100)
    sent = [{"age": 20}, {"age": 40}, {"age": 41}]
    wanted = [FIRST, digest(dump(OTHERS["other bounds"]))]
    assert [one["digest"] for one in batch(watched.model, sent)] == [wanted[0], wanted[1], wanted[1]]
    assert counts(watched.model) == (2, 0, 1, 1)
    watched.model.slots.reader.challenger_score = failing
    assert batch(watched.model, columns(sent))["digest"] == [FIRST] * 3
    assert counts(watched.model) == (2, 3, 1, 4)


def test_columns_without_ids_are_sticky_by_what_they_hold(watched, mount):
    put(watched, mount, OTHER, 50)
    sent = [{key: value for key, value in lead.items() if key != "id"} for lead in SENT]
    first, again = (batch(watched.model, columns(rows))["digest"] for rows in (sent, sent[::-1]))
    assert first == again[::-1]
    assert {FIRST, SECOND} == set(first)


@pytest.mark.parametrize("ids", [[[]] * 300, "no column", [1], {"a": 1}, list(range(10_001))])
def test_columns_that_are_no_ids_are_none(watched, mount, ids):
    put(watched, mount, OTHER, 50)
    sent = [{key: value for key, value in lead.items() if key != "id"} for lead in SENT]
    bare = batch(watched.model, columns(sent))["digest"]
    odd = batch(watched.model, {**columns(sent), "id": ids})["digest"]
    assert odd[1:] == bare[1:]
    named = batch(watched.model, {**columns(sent), "id": list(range(300))})["digest"]
    assert named[1:] != bare[1:]  # control


def test_a_columnar_batch_of_a_challenger_that_reads_another_time(watched, mount):
    other = of(AGE, replace(HOUR, source="called_at"))
    put(watched, mount, other, 100)
    sent = [{"age": 40, "called_at": "2026-01-05T05:00:00Z"}] * 2
    single = ask(watched.model, sent[0])
    assert batch(watched.model, sent) == [single, single]
    assert batch(watched.model, columns(sent))["digest"] == [digest(dump(other))] * 2
    assert batch(watched.model, columns(sent))["score"] == [pytest.approx(single["score"])] * 2
