"""The API server refuses one object: a person reads which and why within seconds, and the rest goes on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from leadmodel_operator.kubernetes import applier as appliers
from leadmodel_operator.kubernetes import port as ports
from leadmodel_operator.kubernetes.apiserver.client import ApiError, error_of
from leadmodel_operator.kubernetes.render import objects
from leadmodel_operator.kubernetes.render.models_only import models_patch
from leadmodel_operator.planning import conditions, desired, refusals
from leadmodel_operator.planning.observed import Refusal
from leadmodel_operator.planning.planned import Desired, Serve
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.spec_serving import Predictor
from worlds import stories
from worlds.fake_api import Call, Object, Refused, merged
from worlds.fake_cluster import NAME, FakeCluster, Truth, digest
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet, writes
from worlds.stories import DRIFT

DIGEST_A, DIGEST_B, DIGEST_C = digest("A"), digest("B"), digest("C")
INVALID = (
    f'Deployment.apps "{NAME}" is invalid: spec.template.annotations: Invalid value: "owner team": name part must consist of '
    "alphanumeric characters"
)
POLICY = f"deployments.apps \"{NAME}\" is forbidden: ValidatingAdmissionPolicy 'team' denied request: label team is missing"
QUOTA = f'deployments.apps "{NAME}" is forbidden: exceeded quota: few, requested: count/deployments.apps=1, used: 2, limited: 2'
RIGHTS = (
    'deployments.apps is forbidden: User "operator" cannot patch resource "deployments" in API group "apps"'
)
TWICE = (  # in the words of a real server, which has no reason for them
    f"failed to create typed patch object (sales/{NAME}; apps/v1, Kind=Deployment): .spec.template.spec.topologySpreadConstraints: "
    'duplicate entries for key [topologyKey="kubernetes.io/hostname",whenUnsatisfiable="ScheduleAnyway"]'
)
WEBHOOK = 'Internal error occurred: failed calling webhook "check.example.org": context deadline exceeded'


@dataclass
class RefusesKind:
    """A hook: writes of a resource get this answer; with `numbered`, each in other words."""

    status: int
    message: str
    resource: str = "deployments"
    numbered: bool = False
    done: int = 0

    async def __call__(self, call: Call, when: str) -> None:
        if when == "before" and call.writes and call.resource == self.resource:
            self.done += 1
            raise Refused(
                self.status, "Invalid", self.message + (f" (request {self.done})" if self.numbered else "")
            )


@dataclass
class RefusesName:
    """A hook: a policy refuses writes of objects whose name begins so; with `method`, only such writes."""

    prefix: str
    method: str = ""

    async def __call__(self, call: Call, when: str) -> None:
        if (
            when == "before"
            and call.writes
            and call.name.startswith(self.prefix)
            and self.method in call.method
        ):
            raise Refused(403, "Forbidden", "denied by a policy")


def message(cluster: FakeCluster, kind: str) -> str:
    return next(c["message"] for c in cluster.status["conditions"] if c["type"] == kind)


def events(cluster: FakeCluster, reason: str) -> list[str]:
    return [event["note"] for event in cluster.all("events") if event["reason"] == reason]


def told(work: Callable[[FakeCluster, Leader], object]) -> None:
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await work(cluster, leader)

    asyncio.run(tell())


CASES = {
    "an invalid field": (RefusesKind(422, INVALID), "Refused", "name part must consist"),
    "an admission policy": (RefusesKind(403, POLICY), "Refused", "label team is missing"),
    "a quota": (RefusesKind(403, QUOTA), "QuotaExceeded", "exceeded quota: few"),
    "a missing right": (RefusesKind(403, RIGHTS), "Forbidden", "give it the rights of its chart"),
    "a list with an entry twice": (RefusesKind(500, TWICE), "Refused", "duplicate entries for key"),
    "a webhook that does not answer": (RefusesKind(500, WEBHOOK), "Refused", "failed calling webhook"),
    "a webhook that answers in other words each time": (
        RefusesKind(400, 'admission webhook "x" denied the request: no', numbered=True),
        "Refused",
        "denied the request",
    ),
}


async def refused_and_mended(case: str, cluster: FakeCluster, leader: Leader) -> None:
    template, reason, words = CASES[case]
    hook = RefusesKind(template.status, template.message, template.resource, template.numbered)
    await stories.proven(cluster, leader)
    before = cluster.api.objects[("deployments", "sales", NAME)]
    cluster.api.hooks.append(hook)
    cluster.apply(
        predictor={"podAnnotations": {"owner team": "sales"}},
        retraining={"leads": {"uri": "s3://leads/l"}},
        **DRIFT,
    )
    await leader.march(3)
    assert cluster.condition("Stalled") == ("True", reason)
    assert cluster.condition("Ready") == ("False", reason)
    assert cluster.condition("Reconciling")[0] == "False"
    for kind in ("Stalled", "Ready"):
        assert words in message(cluster, kind)
    assert "pods serve" in message(cluster, "Ready")
    assert (reason == "Forbidden") == ("rights of its chart" in message(cluster, "Stalled"))
    assert len(events(cluster, reason)) == 1
    assert ("cronjobs", "sales", f"{NAME}-retraining") in cluster.api.objects, "the other objects go on"
    assert cluster.api.objects[("deployments", "sales", NAME)]["spec"] == before["spec"]
    await quietly_refused(cluster, leader)
    cluster.api.hooks.clear()
    cluster.now += timedelta(minutes=1)
    await leader.settle()
    assert cluster.condition("Stalled") == ("False", "Settled")
    assert cluster.condition("Ready") == ("True", "Serving")
    assert await stays_quiet(leader) == []


async def quietly_refused(cluster: FakeCluster, leader: Leader) -> None:
    """As long as the refusal lasts, it is asked again and status stays as it is, for a new process as well."""
    version = cluster.lead_model["metadata"]["resourceVersion"]
    await leader.march(4, seconds=30)
    async with a_leader(cluster) as other:
        await other.march(4, seconds=30)
    assert cluster.lead_model["metadata"]["resourceVersion"] == version


@pytest.mark.parametrize("case", CASES)
def test_a_refused_deployment_is_named(case):
    told(lambda cluster, leader: refused_and_mended(case, cluster, leader))


async def strict(_self: object, _name: str, work: Callable) -> object:
    return await work


def test_control_a_pass_that_ends_at_the_first_refusal(monkeypatch):
    monkeypatch.setattr(appliers.Applier, "permitted", strict)
    with pytest.raises((AssertionError, ApiError)):
        told(lambda cluster, leader: refused_and_mended("an invalid field", cluster, leader))


def test_control_a_request_id_that_counts_as_news(monkeypatch):
    monkeypatch.setattr(refusals, "steady_words", lambda _state, message, _refused: message)
    case = "a webhook that answers in other words each time"
    with pytest.raises(AssertionError):
        told(lambda cluster, leader: refused_and_mended(case, cluster, leader))


# --- a rollback that is decided and refused ------------------------------------------------------------------------------------


async def rollback_refused(cluster: FakeCluster, leader: Leader) -> None:
    await stories.drifting(cluster, leader)
    assert cluster.serving() == "B"
    cluster.api.hooks.append(RefusesKind(422, INVALID))
    await leader.march(60, seconds=30)
    assert (cluster.champion(), cluster.serving()) == ("A", "B")
    assert cluster.condition("RolledBack")[0] == "True"
    assert "decided: " in message(cluster, "RolledBack")
    assert not [note for note in events(cluster, "RolledBack") if "serves instead" in note]
    assert cluster.condition("Stalled") == ("True", "Refused")
    assert cluster.condition("Ready") == ("False", "Refused")
    cluster.api.hooks.clear()
    cluster.now += timedelta(minutes=1)
    await leader.settle()
    assert (cluster.champion(), cluster.serving()) == ("A", "A")
    assert "serves instead" in message(cluster, "RolledBack")


def test_a_rollback_that_is_refused_says_what_pods_serve():
    told(rollback_refused)


def test_control_a_rollback_that_is_taken_for_done(monkeypatch):
    monkeypatch.setattr(conditions, "serving_digests", lambda state: [state.status.rollbacks[0].to])
    with pytest.raises(AssertionError):
        told(rollback_refused)


class RefusesAnnotation:
    """A hook: as the API server does, refuse each pod template with a key that is no key."""

    async def __call__(self, call: Call, when: str) -> None:
        if (
            when == "before"
            and call.writes
            and call.resource == "deployments"
            and "owner team" in str(call.body)
        ):
            raise Refused(422, "Invalid", INVALID)


async def rollback_beside_refused_settings(cluster: FakeCluster, leader: Leader) -> None:
    """B drifts, and its person has just written an annotation that the API server refuses: A serves with the settings of before."""
    await stories.proven(cluster, leader)
    good = {"env": [{"name": "TEAM", "value": "sales"}], "podAnnotations": {"team": "sales"}}
    cluster.apply(predictor=good, **DRIFT)
    cluster.upload("B", Truth(auc=0.8, drifts=True))
    cluster.annotate("poll", "B")
    await leader.settle()
    assert cluster.serving() == "B"
    cluster.api.hooks.append(RefusesAnnotation())
    cluster.apply(predictor={**good, "podAnnotations": {"owner team": "sales"}}, **DRIFT)
    await leader.march(60, seconds=30)
    assert (cluster.champion(), cluster.serving()) == ("A", "A")
    template = cluster.api.objects[("deployments", "sales", NAME)]["spec"]["template"]
    assert template["metadata"]["annotations"]["team"] == "sales"
    assert template["spec"]["containers"][0]["env"] == good["env"]
    assert "serves instead" in message(cluster, "RolledBack")
    assert cluster.condition("Stalled") == ("True", "Refused")
    assert "pods serve" in message(cluster, "Ready")
    assert cluster.broken == []
    await quietly_refused(cluster, leader)
    cluster.apply(predictor=good, **DRIFT)
    cluster.now += timedelta(minutes=1)
    await leader.settle()
    assert cluster.condition("Stalled") == ("True", "RolledBack")
    assert (cluster.champion(), cluster.serving()) == ("A", "A")
    assert await stays_quiet(leader) == []


def test_settings_that_are_refused_hold_up_no_rollback():
    told(rollback_beside_refused_settings)


async def nothing(_applier: object, _body: Object) -> None:
    return None


def test_control_a_rollback_that_waits_for_good_settings(monkeypatch):
    monkeypatch.setattr(appliers.Applier, "change_models", nothing)
    with pytest.raises(AssertionError):
        told(rollback_beside_refused_settings)


async def promotion_beside_refused_settings(cluster: FakeCluster, leader: Leader) -> None:
    """A promotion waits: nothing is broken that it would mend, and a person asked for other pods."""
    await stories.proven(cluster, leader)
    cluster.api.hooks.append(RefusesAnnotation())
    cluster.apply(predictor={"podAnnotations": {"owner team": "sales"}}, **DRIFT)
    cluster.upload("B", Truth(auc=0.8))
    cluster.annotate("poll", "B")
    await leader.march(20)
    assert (cluster.champion(), cluster.serving()) == ("B", "A")


def test_settings_that_are_refused_hold_up_a_promotion():
    told(promotion_beside_refused_settings)


def test_models_are_changed_and_nothing_else():
    """A sidecar, a volume and an annotation of others stay, and so do the settings of the predictor."""
    serve = Serve(DIGEST_A, DIGEST_B, "predictor:1", 1, 7, 0.75, Predictor(), 1)
    owner = {"metadata": {"name": NAME, "namespace": "sales", "uid": "0"}}
    live = objects.deployment(owner, serve, 1)
    live["metadata"] |= {"resourceVersion": "5", "uid": "1"}
    pod = live["spec"]["template"]["spec"]
    pod["containers"].append({"name": "proxy", "image": "proxy:1"})
    pod["volumes"].insert(0, {"name": "certs", "emptyDir": {}})
    live["spec"]["template"]["metadata"]["annotations"]["restarted"] = "today"
    back = Serve(DIGEST_B, None, "predictor:0", 1, 8, 0.7, Predictor(env=({"name": "X", "value": "1"},)), 1)
    wanted = objects.deployment(owner, back, 1)
    patch = models_patch(live, wanted)
    assert patch is not None
    after = merged(live, patch)
    changed = after["spec"]["template"]["spec"]
    assert [c["name"] for c in changed["containers"]] == ["predictor", "proxy"]
    assert {v["name"] for v in changed["volumes"]} == {"certs", "tmp", "champion"}
    assert after["spec"]["template"]["metadata"]["annotations"]["restarted"] == "today"
    of_wanted = wanted["spec"]["template"]["spec"]["containers"][0]
    assert changed["containers"][0] == {**of_wanted, "env": []}
    assert models_patch(after, wanted) is None


@pytest.mark.parametrize("before", [None, DIGEST_C])
@pytest.mark.parametrize("previous", [None, DIGEST_A])
def test_pods_of_changed_models_are_those_of_a_whole_rendering(before: str | None, previous: str | None):
    """Once the settings are taken again, nothing is left to roll: the same items in the same order."""
    owner = {"metadata": {"name": NAME, "namespace": "sales", "uid": "0"}}
    broken = Serve(DIGEST_A, before, "predictor:1", 1, 7, 0.75, Predictor(), 1, text=True, challenger=True)
    back = Serve(DIGEST_B, previous, "predictor:1", 1, 8, 0.7, Predictor(), 1, text=True, challenger=True)
    live, wanted = (objects.deployment(owner, serve, 1) for serve in (broken, back))
    live["metadata"] |= {"resourceVersion": "5", "uid": "1"}
    patch = models_patch(live, wanted)
    assert patch is not None
    assert merged(live, patch)["spec"]["template"] == wanted["spec"]["template"]


async def bytes_survive(cluster: FakeCluster, leader: Leader) -> None:
    """A person rolls back, thinks again, releases and pins: the store is away all the time."""
    await stories.promoted(cluster, leader)
    b = cluster.status["champion"]["digest"]
    cluster.annotate("rollback-to", cluster.status["previous"]["digest"])
    await leader.settle()
    assert cluster.serving() == "A"
    await leader.pass_time(timedelta(minutes=20))
    cluster.store_up = False
    cluster.annotate("release", b)
    await leader.settle()
    cluster.apply(artifact={"digest": b}, revisionHistoryLimit=0, **DRIFT)
    await leader.settle()
    assert cluster.serving() == "B"


def test_what_a_rollback_left_can_be_pinned_without_the_store():
    told(bytes_survive)


def test_control_bytes_that_go_with_a_rollback(monkeypatch):
    monkeypatch.setattr(desired, "left_by_rollback", lambda _state: set())
    with pytest.raises(AssertionError):
        told(bytes_survive)


# --- other objects ---------------------------------------------------------------------------------------------------------------


CHILDREN = {
    "cronjobs": (
        "CronJob/conversion-retraining",
        'spec.timeZone: Invalid value: "Europe/Berln": unknown time zone Europe/Berln',
    ),
    "services": ("Service/conversion", "denied"),
    "networkpolicies": ("NetworkPolicy/conversion", "denied"),
    "serviceaccounts": ("ServiceAccount/conversion-jobs", "denied"),
    "jobs": ("Job/conversion-poll-", "exceeded"),
    "configmaps": ("ConfigMap/conversion-", "exceeded quota: few"),
}


@pytest.mark.parametrize("resource", CHILDREN)
def test_any_refused_child_is_named_and_made_once_it_is_taken(resource):
    name, words = CHILDREN[resource]

    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        hook = RefusesKind(422 if resource == "cronjobs" else 403, words, resource)
        cluster.api.hooks.append(hook)
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(retraining={"leads": {"uri": "s3://leads/l"}}, **DRIFT)
        await leader.march(8)
        assert cluster.condition("Stalled")[0] == "True"
        assert name in message(cluster, "Stalled")
        assert words in message(cluster, "Stalled")
        before = writes(cluster.api)
        await leader.march(4)
        assert writes(cluster.api) - before < 60
        cluster.api.hooks.clear()
        cluster.now += timedelta(minutes=1)
        await leader.settle()
        assert cluster.serving() == "A"
        assert cluster.condition("Ready") == ("True", "Serving")
        assert await stays_quiet(leader) == []

    told(tell)


async def several_refused_at_length(cluster: FakeCluster, leader: Leader) -> None:
    """Four objects, each with a long sentence of the server: one event, and a message that status holds as a whole."""
    for resource in ("services", "serviceaccounts", "roles", "rolebindings"):
        cluster.api.hooks.append(
            RefusesKind(403, f"{resource}: denied " + "for a long reason " * 40, resource)
        )
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply(**DRIFT)
    await leader.march(6)
    said, told_before = message(cluster, "Stalled"), len(events(cluster, "Refused"))
    assert all(name in said for name in ("Service/", "ServiceAccount/", "Role/", "and 1 more"))
    assert len(said) < 1024
    await leader.march(6, seconds=30)
    assert len(events(cluster, "Refused")) == told_before


def test_long_refusals_are_told_once():
    told(several_refused_at_length)


def test_control_a_message_that_status_cuts(monkeypatch):
    monkeypatch.setattr(refusals, "LENGTH", 9900)
    with pytest.raises(AssertionError):
        told(several_refused_at_length)


async def ledger_refused(cluster: FakeCluster, leader: Leader) -> None:
    """What cannot be recorded is not decided: a crash would lose a rollback."""
    await stories.proven(cluster, leader)
    cluster.api.hooks.append(RefusesName(f"{NAME}-ledger"))
    cluster.upload("B", Truth(auc=0.8))
    cluster.annotate("poll", "B")
    await leader.march(12)
    assert (cluster.champion(), cluster.serving()) == ("A", "A")
    assert "ConfigMap/conversion-ledger" in message(cluster, "Stalled")
    cluster.api.hooks.clear()
    cluster.now += timedelta(minutes=1)
    await leader.settle()
    assert (cluster.champion(), cluster.serving()) == ("B", "B")


def test_a_ledger_that_is_refused_stops_decisions_and_is_named():
    told(ledger_refused)


async def ledger_refused_for_long(cluster: FakeCluster, leader: Leader) -> None:
    """The ledger is tried every half minute, not as fast as passes can be made."""
    await stories.proven(cluster, leader)
    cluster.api.hooks.append(RefusesName(f"{NAME}-ledger"))
    cluster.upload("B", Truth(auc=0.8))
    cluster.annotate("poll", "B")
    await leader.march(12)
    version = cluster.lead_model["metadata"]["resourceVersion"]
    delays = []
    for _ in range(10):
        delays.append(await leader.look())
        cluster.now += timedelta(seconds=30)
    assert delays == [30.0] * 10
    assert cluster.lead_model["metadata"]["resourceVersion"] == version


def test_a_ledger_that_is_refused_is_tried_twice_a_minute():
    told(ledger_refused_for_long)


def test_control_a_ledger_whose_refusal_is_forgotten(monkeypatch):
    async def forgotten(_port: ports.ClusterPort, _key: Key, _desired: Desired) -> Refusal | None:
        return None

    monkeypatch.setattr(ports.ClusterPort, "ledger_is_refused", forgotten)
    with pytest.raises(AssertionError):
        told(ledger_refused_for_long)


async def mark_refused(cluster: FakeCluster, leader: Leader) -> None:
    """A policy forbids to change snapshots: a good model is promoted, and one that drifts is taken back, all the same."""
    await stories.proven(cluster, leader)
    cluster.api.hooks.append(RefusesName(f"{NAME}-rev-", method="PATCH"))
    cluster.upload("B", Truth(auc=0.8, drifts=True))
    cluster.annotate("poll", "B")
    await leader.settle()
    assert cluster.serving() == "B"
    await leader.pass_time(timedelta(minutes=30))
    assert (cluster.champion(), cluster.serving()) == ("A", "A")
    assert len(events(cluster, "SnapshotNotMarked")) == 2
    assert cluster.condition("Stalled") == ("True", "RolledBack")
    assert leader.failures == []


def test_a_snapshot_that_must_not_be_marked_is_served():
    told(mark_refused)


async def fails(_port: object, _key: Key, _name: str, error: ApiError) -> None:
    raise error


def test_control_a_mark_without_which_nothing_is_decided(monkeypatch):
    monkeypatch.setattr(ports.ClusterPort, "report_unclaimed", fails)
    with pytest.raises(AssertionError):
        told(mark_refused)


async def orphan_refused(cluster: FakeCluster, leader: Leader) -> None:
    """A snapshot of an earlier LeadModel that must not be taken over: what serves goes on all the same, and is repaired."""
    await stories.proven(cluster, leader)

    def orphan(body: Object) -> None:
        del body["metadata"]["ownerReferences"]

    snapshot = next(
        o["metadata"]["name"] for o in cluster.all("configmaps") if "-rev-" in o["metadata"]["name"]
    )
    cluster.edit("configmaps", snapshot, orphan)
    cluster.annotate("adopt", "true")
    cluster.api.hooks.append(RefusesName(snapshot))
    cluster.delete("services")
    await leader.march(4)
    assert ("services", "sales", NAME) in cluster.api.objects
    assert f"ConfigMap/{snapshot}" in message(cluster, "Stalled")
    cluster.api.hooks.clear()
    cluster.now += timedelta(minutes=1)
    await leader.settle()
    assert cluster.condition("Stalled") == ("False", "Settled")


def test_a_snapshot_that_must_not_be_taken_over_stops_nothing_else():
    told(orphan_refused)


def test_control_a_refused_snapshot_that_ends_the_pass(monkeypatch):
    monkeypatch.setattr(appliers.Applier, "permitted", strict)
    with pytest.raises((AssertionError, ApiError)):
        told(orphan_refused)


# --- the server's words --------------------------------------------------------------------------------------------------------


def status_of(*causes: dict[str, str], text: str = "") -> str:
    import json

    return json.dumps(
        {"kind": "Status", "reason": "Invalid", "message": text, "details": {"causes": list(causes)}}
    )


def test_words_name_the_field_and_hold_no_dump_of_a_template():
    dump = 'Invalid value: {"metadata":{},"spec":{"containers":[{"env":[{"name":"A","value":"s3cr3t"}]}]}}: field is immutable'
    words = error_of(422, None, status_of({"field": "spec.template", "message": dump})).words
    assert words == "spec.template: Invalid value: field is immutable"
    older = 'Invalid value: core.PodTemplateSpec{Env:[]core.EnvVar{{Value:"s3cr3t"}}}: field is immutable'
    assert "s3cr3t" not in error_of(422, None, status_of({"field": "spec.template", "message": older})).words


def test_words_are_short_and_printable():
    words = error_of(422, None, status_of(text="\x1b[31mno\n" + "x" * 10_000)).words
    assert words.isprintable()
    assert len(words) <= 400
