"""What pods answer and leave behind is read within bounds: no answer freezes a LeadModel, ends its watch over leads, or breaks its status.

The API server of these tests validates each status as the CRD asks.
"""

import asyncio
import copy
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages import backfill, failure, poll, refusal, report, training, window_document
from leadmodel_messages.termination import read
from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes import refused_status
from leadmodel_operator.kubernetes.apiserver import client
from leadmodel_operator.kubernetes.observe import cluster as observed
from leadmodel_operator.planning import drift
from leadmodel_operator.resource.spec_policies import DriftPolicy
from worlds.fake_cluster import NAME, START, Truth, digest
from worlds.fake_leader import a_cluster, a_leader
from worlds.status_schema import ValidatesStatus
from worlds.stories import DRIFT, HOUR, proven
from worlds.windows import make_window

BAD: list[Any] = [
    None,
    True,
    -1,
    0,
    1e300,
    -1e300,
    1e-300,
    10**400,
    2**63,
    math.nan,
    math.inf,
    "",
    "x" * 3000,
    "$(X)",
    '\x1b[2J\n"',
    "\ud800",
    [],
    [0] * 70,
    ["a"],
    {},
    {"a": 1},
]


def variants(value: Any) -> Iterator[Any]:
    """Copies of a document in each of which one value is a bad one, or is left out."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            for inner in (*variants(value[key]), *BAD):
                yield _with(value, key, inner)
        if value:
            yield _with(value, next(iter(keys)), ...)


def _with(value: Any, key: Any, inner: Any) -> Any:
    copied = copy.copy(value)
    if inner is ...:
        del copied[key]
    else:
        copied[key] = inner
    return copied


REPORT = {
    "schema": report.SCHEMA,
    "outcome": "Measured",
    "reason": "",
    "image": "predictor:1",
    "artifact": {
        "digest": digest("A"),
        "size": 1,
        "gz": 1,
        "version": 1,
        "to": "2026-01-01T00:00:00Z",
        "claimedAuc": 0.7,
    },
    "holdout": {"digest": digest("H"), "rows": 1000, "positives": 500, "negatives": 500},
    "used": {"rows": 1000, "positives": 500, "negatives": 500},
    "auc": 0.75,
    "var": 0.0001,
    "lower": 0.72,
    "champion": {
        "digest": digest("B"),
        "auc": 0.7,
        "delta": 0.05,
        "se": 0.01,
        "positives": 500,
        "negatives": 500,
    },
}
POLL = {
    "uri": "s3://leads/model.json",
    "digest": digest("A"),
    "size": 1,
    "etag": "e",
    "notModified": False,
    "holdout": {"digest": digest("H"), "size": 1, "etag": "h", "notModified": False},
}
FAILURE = {
    "error": "ArtifactNotFound",
    "message": "m",
    "uri": "s3://a/b",
    "digest": digest("A"),
    "etag": "e",
    "size": 1,
}
TRAINING = {
    "digest": digest("A"),
    "auc": 0.7,
    "holdout": digest("H"),
    "recipe": "linear",
    "rows": 1,
    "why": "w",
}
BACKFILL = json.loads(
    backfill.dump(
        backfill.BackfillAnswer(backfill.Head(mode="Apply", message="m"), backfill.Counts(seconds=1.5))
    )
)
READERS: dict[str, tuple[Callable[[str], Any], dict[str, Any]]] = {
    "report": (report.parse, REPORT),
    "poll": (poll.parse, POLL),
    "failure": (failure.parse, FAILURE),
    "refusal": (refusal.parse, {"error": "e", "digest": digest("A")}),
    "training": (training.parse, TRAINING),
    "backfill": (backfill.parse, BACKFILL),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_message_with_a_bad_field_is_read_within_bounds_or_not_at_all(kind):
    parse, message = READERS[kind]
    assert parse(json.dumps(message)) is not None
    for document in variants(message):
        answer = read(parse, json.dumps(document))
        if answer is not None:
            assert misfits(answer) == []


def misfits(answer: Any) -> list[str]:
    """Texts in a message that cannot be shown, and numbers that cannot be recorded."""
    if isinstance(answer, str):
        return [] if answer.isprintable() or answer == "" else [ascii(answer)]
    if isinstance(answer, float) and not math.isfinite(answer):
        return [repr(answer)]
    values = vars(answer).items() if hasattr(answer, "__dataclass_fields__") else ()
    return [text for name, value in values if name not in SHOWN_NOWHERE for text in misfits(value)]


SHOWN_NOWHERE = {"uri", "etag"}  # a URI is compared with that of the spec, the ETag of a failure is hashed


# --- drift windows ------------------------------------------------------------------------------------------------------------


def a_window() -> dict[str, Any]:
    """The window of a pod with every part."""
    full = window_document.dump(
        make_window(digest("A"), digest("B"), drifts=False, previous_drifts=False, now=START)
    )
    slot = full["slots"]["champion"]
    slot |= {"leadsByHour": [500, *[0] * 23], "refByHour": [1000, *[0] * 23]}
    slot["hours"] = {"n": 600, "nRef": 5000, "observed": [25] * 24, "expected": [25.0] * 24}
    return {**full, "since": {"1.000": 5}}


def assessed(documents: list[dict[str, Any]]) -> drift.Assessed:
    """What the planner makes of the windows of pods."""
    parsed = [_parsed(document) for document in documents]
    pods = [observed.pod_seen(a_pod(number), answer) for number, answer in enumerate(parsed)]
    return drift.assess(
        None,
        pods,
        champion=digest("A"),
        previous=digest("B"),
        ready=len(pods),
        policy=DriftPolicy(),
        now=START,
    )


def _parsed(document: dict[str, Any]) -> Window | None:
    try:
        return window_document.parse(json.loads(json.dumps(document)))
    except LayoutError:
        return None


def a_pod(number: int) -> dict[str, Any]:
    return {"metadata": {"name": f"pod-{number}"}, "spec": {"containers": [{"image": "i"}]}, "status": {}}


def test_whatever_one_pod_answers_the_others_are_heard():
    """A pod that answers nonsense counts as mute: two of three pods say that nothing drifts."""
    good = a_window()
    assert assessed([good] * 3).result.pods == "3/3"
    for bad in variants(good):
        result = assessed([bad, good, good]).result
        assert result.pods in {"2/3", "3/3"}
        assert result.evidence == "Pass"
        json.dumps([result.psi, result.sigma, result.bad_share], allow_nan=False)


def test_whatever_every_pod_answers_is_assessed():
    for bad in variants(a_window()):
        assert math.isfinite(assessed([bad, bad]).result.psi or 0.0)


def as_before(windows: Any) -> list[Window]:
    """Accept every window, as before windows had bounds."""
    return list(windows)


def test_control_windows_that_differ_cannot_be_added(monkeypatch):
    monkeypatch.setattr(drift, "alike", as_before)
    with pytest.raises(ValueError, match=r"different models|zip"):
        test_whatever_one_pod_answers_the_others_are_heard()


def test_a_pod_cannot_outweigh_the_others():
    shouting = a_window()
    slot = shouting["slots"]["champion"]
    slot["n"], slot["features"]["score"]["observed"] = 10**9, [10**9, 0]
    assert _parsed(shouting) is None
    slot["n"] = 500
    assert _parsed(shouting) is None


# --- the whole way ---------------------------------------------------------------------------------------------------------------


async def frozen(message: str, role: str) -> tuple[str | None, ValidatesStatus]:
    """A poll or a retraining ends with a message; then the Service is deleted, and a better model is uploaded."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        hook = ValidatesStatus()
        cluster.api.hooks.append(hook)
        await proven(cluster, leader)
        cluster.job_end = lambda job: (True, message, None) if role in job["metadata"]["name"] else None
        cluster.annotate("poll", "again")
        await leader.march(6)
        cluster.job_end = None
        cluster.upload("B", Truth(auc=0.8))
        cluster.annotate("poll", "B")
        cluster.delete("services", NAME)
        await leader.settle()
        await leader.pass_time(0.2 * HOUR)
        assert ("services", "sales", NAME) in cluster.api.objects
        assert leader.failures == []
        return cluster.serving(), hook


@pytest.mark.parametrize("field", ["etag", "digest", "size", "uri"])
@pytest.mark.parametrize("value", ["x" * 257, 5, ["a"], "\ud800", None])
def test_a_poll_with_a_bad_field_freezes_nothing(field, value):
    serving, hook = asyncio.run(frozen(json.dumps({**POLL, field: value}), "poll"))
    assert serving == "B"
    assert hook.refused == []


def test_control_an_etag_without_a_bound_is_refused_by_the_server(monkeypatch):
    """The API server refuses the status, and the operator writes what is left of it."""
    monkeypatch.setattr(poll, "usable_etag", lambda etag: etag)
    serving, hook = asyncio.run(frozen(json.dumps({**POLL, "etag": "x" * 257}), "poll"))
    assert serving == "B"
    assert ("status.poll.etag",) in hook.refused


# --- a refused status ------------------------------------------------------------------------------------------------------------


async def narrow() -> tuple[Any, list[str]]:
    """A CRD that is older than the operator takes no URL."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.api.hooks.append(ValidatesStatus(url=0))
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT)
        await leader.march(16)
        events = [e["note"] for e in cluster.all("events") if e["reason"] == "StatusRefused"]
        assert cluster.condition("Ready") == ("True", "Serving")
        return cluster.serving(), [*events, *leader.failures]


def test_a_refused_part_of_status_stops_nothing_and_is_named():
    serving, notes = asyncio.run(narrow())
    assert serving == "A"
    assert notes
    assert all("the API server refuses status.url;" in note for note in notes)


def test_control_without_a_second_write_nothing_is_served(monkeypatch):
    monkeypatch.setattr(refused_status, "accepted_part", lambda *_: None)
    with pytest.raises(AssertionError):
        asyncio.run(narrow())


def test_control_a_note_without_a_field_that_is_taken_for_one(monkeypatch):
    monkeypatch.setattr(client, "NO_FIELD", "")
    with pytest.raises(AssertionError):
        asyncio.run(narrow())


async def unknown_condition() -> None:
    """A CRD that is older than a type of condition: the other conditions go on to tell the truth."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        hook = ValidatesStatus()
        hook.conditions = {"SourceReachable"}
        cluster.api.hooks.append(hook)
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT)
        await leader.march(16)
        assert cluster.serving() == "A"
        assert cluster.condition("Ready") == ("True", "Serving")
        assert cluster.condition("SourceReachable") == ("", "")


def test_a_condition_that_the_crd_does_not_know_hides_no_other():
    asyncio.run(unknown_condition())


def test_control_conditions_that_stay_as_they_were(monkeypatch):
    monkeypatch.setattr(refused_status, "other_conditions", lambda *_: [])
    with pytest.raises(AssertionError):
        asyncio.run(unknown_condition())


def test_parts_that_decide_are_never_left_out():
    status = {
        "champion": {"digest": "x"},
        "poll": {"etag": "e", "attempt": 1},
        "history": [1],
        "conditions": [2, 3],
    }
    left = refused_status.accepted_part
    assert left(status, {}, ("status.champion.digest",)) is None
    asked = {**status, "challenger": {"digest": "x", "until": "y"}}
    assert left(asked, {}, ("status.challenger.until",)) is None  # pods would be asked again
    assert left(status, {}, ("metadata.name",)) is None
    assert left(status, {}, ()) is None
    assert left(status, {}, ("status.poll.etag",)) == {**status, "poll": {"attempt": 1}}
    assert left(status, {"history": [0]}, ("status.history[0].message",)) == {**status, "history": [0]}
    assert left(status, {}, ("status.conditions[1].reason",)) == {**status, "conditions": [2]}
    whole = ("status.conditions[0].reason", "status.conditions[1].reason")
    assert "conditions" not in (left(status, {}, whole) or {"conditions": 1})
