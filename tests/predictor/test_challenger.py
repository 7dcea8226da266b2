"""A challenger comes and goes beside the models that serve: it sees their leads, changes no answer of theirs and empties no window."""

import asyncio
import json
import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import LeadError, coded, lead_values
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_messages.window_paired import moved, rank_correlation
from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving import challengers
from leadmodel_predictor.serving.decode import BadLead
from leadmodel_predictor.serving.fields import UNREAD
from leadmodel_predictor.serving.remember import remember
from leadmodel_predictor.serving.slots import challenged, load_slot
from support.mounts import Mount
from support.other_models import AGE, DETAILS, HOUR, OTHERS, SENT, SOURCE, of
from support.predictor_thread import model_of
from support.small_models import leads, linear

OTHER = linear(-0.4, name="other")
MORE = OTHERS["one more number"]
BAD = [
    b'{"age": "old"}',
    b"[]",
    b"no lead",
    b'{"unknown": 1}',
    b'{"created_at": "tomorrow"}',
    b'{"extra": 3}',
]


def watching(folder, model, challenger=None):
    """Challengers of a model, which have looked at their mount once."""
    mount = Mount(folder, "challenger.json.gz")
    mount.write(None if challenger is None else dump(challenger))
    found = challengers.Challengers(mount.file.as_uri(), {}, model)
    asyncio.run(found.step())
    return mount, found


def with_challenger(champion, challenger, previous=None):
    """A model that has had a challenger from its first lead on."""
    model = model_of(champion, previous)
    model.challenge(challenged(model.slots, load_slot(dump(challenger), None)), [], after=None)
    return model


def send(model, rows):
    for lead in rows:
        Predict(model).score(json.dumps(lead).encode(), 0.0)


def window(model):
    return model.ring.window(time.time())


@pytest.mark.parametrize("case", OTHERS)
def test_the_challenger_reads_live_leads_as_it_means_them(case):
    challenger = OTHERS[case]
    model, scorer = with_challenger(linear(), challenger), make_scorer(challenger)
    for lead in SENT:
        send(model, [lead])
        entry = model.ring.entries[-1]
        sent = {k: v for k, v in lead.items() if v is not None}
        sent.setdefault("created_at", 1767571200 + entry[1] * 3600)
        try:
            wanted = lead_values(challenger, sent)
        except LeadError:
            assert entry[6] is None, lead
            continue
        assert entry[6] == coded(challenger.features, wanted), lead
        assert entry[7] == pytest.approx(scorer(*wanted), abs=1e-12)
    assert window(model).challenger.unread == 0


def test_another_time_than_that_of_the_leads_hours_is_not_guessed():
    """The control is the time that the champion reads, too."""
    called = replace(HOUR, source="called_at")
    for hour, unread in ((called, 2), (HOUR, 0)):
        model = with_challenger(linear(), of(AGE, hour))
        send(model, [{"age": 30, "called_at": "2026-01-05T05:00:00Z"}, {"age": 31}])
        assert window(model).challenger.unread == unread


@pytest.mark.parametrize(
    "previous", [None, linear(0.1, name="older")], ids=["alone", "with a previous model"]
)
@pytest.mark.parametrize("case", OTHERS)
def test_no_answer_and_no_count_of_the_others_changes(case, previous):
    """The control is the challenger as champion, which answers otherwise."""
    bare, beside = model_of(linear(), previous), with_challenger(linear(), OTHERS[case], previous)
    for body in [*(json.dumps(lead).encode() for lead in SENT), *BAD]:
        answers = [answered(model, body) for model in (bare, beside)]
        assert answers[0] == answers[1], body
    one, two = window(bare), window(beside)
    assert (one.champion, one.previous) == (two.champion, two.previous)
    assert two.challenger.n == two.champion.n == len(SENT) + len(BAD)
    body = b'{"age": 40, "source": "ads"}'
    assert answered(model_of(OTHERS[case]), body) != answered(bare, body)


def answered(model, body):
    try:
        return Predict(model).score(body, 0.0)
    except BadLead as error:
        return error.field, str(error)


COLUMNS = [
    {"age": [30, 41], "extra": [1, 2]},
    {"age": [30, 41], "extra": [1, 2, 3]},  # longer than the columns before it
    {"age": [30, 41], "extra": "no column"},
    {"extra": [1, 2]},
]


ODD = {  # columns of the challenger that are no list of values
    "no UTF-8": b'"\xff"',
    "no UTF-8 in an object": b'{"\xff": 1}',
    "a deep nest": b"[" * 200 + b"]" * 200,
}


def sent(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def with_odd(column):
    return b'{"age": [30, 41], "extra": ' + column + b"}"


def batch(model, body):
    try:
        return asyncio.run(Batch(model).answer(sent(body), live=True))
    except BadLead as error:
        return error.field, str(error)


@pytest.mark.parametrize(
    "body",
    [*COLUMNS, *map(with_odd, ODD.values()), [{"age": 30, "extra": [[]]}, {"extra": 3, "age": None}]],
    ids=[*map(str, range(len(COLUMNS))), *ODD, "rows"],
)
def test_batches_are_answered_as_without_a_challenger(body):
    assert batch(with_challenger(linear(), MORE), body) == batch(model_of(linear()), body)


def test_a_column_is_as_deep_as_it_may_be_without_a_challenger():
    """To decode a column takes a little more of the stack than to skip it."""
    models, found = (model_of(linear()), with_challenger(linear(), MORE)), set()
    for depth in range(700, 1000):
        one, two = (batch(model, with_odd(b"[" * depth + b"]" * depth)) for model in models)
        assert one == two, depth
        found.add(type(one[0]))
    assert found == {bytes, str}, "the control: depths that are answered, and depths that are refused"


def test_a_live_batch_counts_for_the_challenger_and_what_is_no_column_is_refused_by_it_alone():
    odd = [(with_odd(column), 2) for column in ODD.values()]
    for body, bad in [*zip(COLUMNS[:3], (0, 2, 2), strict=True), *odd]:
        model = with_challenger(linear(), MORE)
        batch(model, body)
        seen = window(model)
        assert (seen.champion.bad, seen.challenger.n, seen.challenger.bad) == (0, 2, bad)


@pytest.mark.parametrize("name", ODD)
def test_control_an_odd_column_of_the_champion_refuses_the_batch(name):
    with pytest.raises(BadLead):
        asyncio.run(Batch(model_of(MORE)).answer(with_odd(ODD[name]), live=True))


def test_a_lead_that_only_the_champion_refuses_is_no_stain_on_the_challenger():
    strict = of(replace(AGE, required=True, default=None), SOURCE, DETAILS, HOUR, name="strict")
    model = with_challenger(strict, linear())
    for body in (b'{"source": "ads"}', b"no lead at all"):
        assert isinstance(answered(model, body), tuple)
    seen = window(model)
    assert (seen.champion.bad, seen.challenger.n, seen.challenger.bad, seen.challenger.unread) == (2, 2, 1, 0)


# --- coming and going ----------------------------------------------------------------------------------------------------------


def test_a_challenger_is_scored_on_the_past_as_it_would_have_been_live(tmp_path):
    """The control empties the window, as a change of champion does."""
    rows, live = leads(300, seed=3), with_challenger(linear(), OTHER)
    late = model_of(linear())
    send(live, rows)
    send(late, rows)
    assert window(late).challenger is None
    mount, found = watching(tmp_path, late, OTHER)
    one, two = window(live), window(late)
    assert two.challenger == one.challenger
    assert two.champion == one.champion
    assert two.challenger.paired.n == 300
    mount.write(None)
    asyncio.run(found.step())
    assert window(late).challenger is None
    assert window(late).champion == one.champion
    assert {len(entry) for entry in late.ring.entries} == {6}
    late.swap(late.slots, time.time())
    assert window(late).champion.n == 0


def test_another_challenger_reads_the_past_anew(tmp_path):
    rows, model = leads(200, seed=3), model_of(linear())
    send(model, rows)
    mount, found = watching(tmp_path, model, OTHER)
    send(model, rows)
    mount.write(dump(MORE))
    asyncio.run(found.step())
    seen = window(model).challenger
    assert (seen.digest, seen.n, seen.unread) == (load_slot(dump(MORE), None).digest, 400, 400)
    send(model, [lead | {"extra": 3} for lead in rows[:50]])
    assert window(model).challenger.unread == 400
    assert window(model).challenger.paired.n == 50


def test_leads_that_come_while_a_challenger_is_loaded_are_counted(tmp_path, monkeypatch):
    """The control looks at the entries: these leads were seen by no challenger when they came."""
    rows, model, live = leads(100, seed=3), model_of(linear()), with_challenger(linear(), OTHER)
    send(model, rows[:60])
    make = challengers.challenged

    def slow(slots, wanted):
        send(model, rows[60:])
        return make(slots, wanted)

    monkeypatch.setattr(challengers, "challenged", slow)
    watching(tmp_path, model, OTHER)
    assert [len(entry) for entry in model.ring.entries] == [8] * 60 + [6] * 40
    send(live, rows)
    assert window(model).challenger == window(live).challenger


def test_a_full_ring_stays_full_and_in_order(tmp_path):
    model = model_of(linear())
    send(model, leads(1100, seed=3))
    before = [entry[:6] for entry in model.ring.entries]
    watching(tmp_path, model, OTHER)
    assert [entry[:6] for entry in model.ring.entries] == before
    send(model, leads(5, seed=4))
    assert [entry[:6] for entry in model.ring.entries][:995] == before[5:]
    assert window(model).challenger.n == 1000


def test_a_lead_decoded_before_a_challenger_came_is_read_from_what_the_champion_kept():
    """Of a batch, which waits between its pieces; the control is a lead that was decoded for this challenger."""
    model = model_of(linear())
    before = model.slots
    model.challenge(challenged(before, load_slot(dump(MORE), None)), [], after=None)
    now, body = time.time(), b'{"age": 30, "extra": 3}'
    for slots in (before, challenged(before, load_slot(dump(OTHER), None)), model.slots):
        lead = slots.reader.decode(body)
        score, values = slots.reader.score(lead, 3)
        remember(model, model.ring, slots, lead, (now, 3, values, score))
    assert [len(entry) for entry in model.ring.entries] == [6, 6, 8]
    seen = window(model).challenger
    assert (seen.n, seen.unread, seen.bad) == (3, 2, 0)


def test_a_change_of_champion_while_a_challenger_is_loaded_wins(tmp_path, monkeypatch):
    model, make = model_of(linear()), challengers.challenged
    newer = model_of(linear(0.2, name="newer")).slots

    def slow(slots, wanted):
        model.swap(newer, time.time())
        return make(slots, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(challengers, "challenged", slow)
        _, found = watching(tmp_path, model, OTHER)
    assert model.slots is newer
    asyncio.run(found.step())  # the next look
    assert model.slots.champion is newer.champion
    assert model.slots.challenger.slot.artifact.name == "other"


# --- figures -------------------------------------------------------------------------------------------------------------------


def test_pairs_are_what_numpy_counts():
    model = with_challenger(linear(), OTHER)
    send(model, leads(500, seed=6))
    send(model, [{"age": 30}])
    one, two = np.array([(entry[3], entry[7]) for entry in model.ring.entries]).T
    edges = next(r.edges for r in linear().reference.features if r.name == "score")
    rows, columns = (np.searchsorted(edges, scores, side="right") for scores in (one, two))
    table = np.zeros((10, 10), dtype=int)
    np.add.at(table, (rows, columns), 1)
    seen = window(model).challenger.paired
    assert (seen.n, seen.deciles) == (501, tuple(table.ravel().tolist()))
    assert (seen.sum, seen.sumsq) == pytest.approx(((two - one).sum(), ((two - one) ** 2).sum()))
    assert moved(seen) == (rows != columns).sum() > 100
    assert rank_correlation(seen) == pytest.approx(spearmanr(rows, columns).statistic, abs=1e-12)
    assert rank_correlation(seen) < 0.5
    twin = with_challenger(linear(), linear(name="twin"))
    send(twin, leads(500, seed=6))
    same = window(twin).challenger.paired
    assert (same.sum, moved(same), rank_correlation(same)) == (0, 0, pytest.approx(1))


def test_a_champion_without_a_reference_of_its_scores_gives_no_deciles():
    bare = linear()
    known = tuple(r for r in bare.reference.features if r.name != "score")
    model = with_challenger(replace(bare, reference=replace(bare.reference, features=known)), OTHER)
    send(model, leads(20))
    seen = window(model).challenger.paired
    assert (seen.n, seen.deciles) == (20, ())


def test_only_leads_that_both_score_are_pairs():
    model = with_challenger(linear(), of(replace(AGE, maximum=45.0), SOURCE, DETAILS, HOUR))
    send(model, [{"age": 30}, {"age": 50}])
    model.ring.add((*model.ring.entries[0][:6], *reversed(UNREAD)))
    seen = window(model).challenger
    assert (seen.n, seen.bad, seen.unread, seen.paired.n) == (3, 1, 1, 1)


def test_nothing_a_person_wrote_is_kept():
    secret = "anna.schmidt@example.org"
    word = of(AGE, Feature("word", FeatureKind.CATEGORICAL, "word", levels=("a",)), name="word")
    model = with_challenger(linear(), word)
    send(model, [{"details": secret, "source": secret, "word": secret}])
    assert secret not in repr(model.ring.entries)
    assert model.ring.entries[-1][6][-1] == 1  # other
