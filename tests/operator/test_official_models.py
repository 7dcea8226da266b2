"""Every object the operator writes fits the official client's models, which refuse a misspelt or misplaced field."""

import asyncio
import copy
import random
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from kubernetes import client as official
from pydantic import BaseModel, ValidationError

from leadmodel_operator.kubernetes.apiserver.lease import Lease
from leadmodel_operator.kubernetes.render import names
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.core_types import core_schema
from leadmodel_operator.resource.spec import Spec
from support.official_models import MODELS, check
from worlds import fuzzed_specs
from worlds.fake_cluster import LEADMODEL, FakeCluster, Truth
from worlds.fake_leader import a_cluster, a_leader
from worlds.rendering import rendered

EXAMPLES = [
    file
    for file in sorted((Path(__file__).parents[2] / "crds" / "examples").glob("*.yaml"))
    if "kind: LeadModel" in file.read_text()
]


# --- what is rendered ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_objects_of_the_examples_fit(example):
    spec = load(Spec, yaml.safe_load(example.read_text())["spec"], "spec")
    for body in rendered(spec):
        check(body)


@pytest.mark.parametrize("seed", range(8))
def test_objects_of_random_specs_fit(seed):
    chance, kinds = random.Random(seed), set()
    for _ in range(24):
        for body in rendered(load(Spec, fuzzed_specs.spec(chance), "spec")):
            check(body)
            kinds.add(body["kind"])
    assert kinds == names.KINDS.keys() == MODELS.keys() - {"Event", "Lease"}


# --- what is sent ------------------------------------------------------------------------------------------------------------


async def sent(seed: int) -> list[dict[str, Any]]:
    """Whole objects that a leader sends in the life of a LeadModel: two champions, a random spec, its Lease."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.apply()
        body = copy.deepcopy(cluster.lead_model)
        body["spec"] = fuzzed_specs.spec(random.Random(seed))
        cluster.api.put(LEADMODEL, body)
        cluster.downtime_allowed = True
        for letter, auc in (("C", 0.72), ("D", 0.78)):
            _upload(cluster, letter, auc)
            await leader.settle(limit=160)
            cluster.annotate("poll", letter)
        await leader.settle(limit=160)
        lease = Lease(leader.client, "default", "leadmodel-operator", "one", lambda: cluster.now)
        await lease.acquire()
        await lease.release()
        return [call.body for call in cluster.api.log if _is_whole(call)]


def _is_whole(call) -> bool:
    return call.resource != "leadmodels" and (
        call.method in {"POST", "PUT"} or (call.method == "PATCH" and "apply" in call.kind)
    )


def _upload(cluster: FakeCluster, letter: str, auc: float) -> None:
    cluster.truths[letter] = Truth(auc=auc)
    for uri in fuzzed_specs.URIS:
        cluster.store[uri] = letter


def test_objects_a_leader_sends_fit():
    kinds = set()
    for seed in range(2):
        for body in asyncio.run(sent(seed)):
            check(body)
            kinds.add(body["kind"])
    assert {"Deployment", "Job", "ConfigMap", "Event", "Lease"} <= kinds


# --- controls ------------------------------------------------------------------------------------------------------------------


def _misspell(body: Any, name: str, wrong: str) -> bool:
    """Rename a field wherever it is; whether it was anywhere."""
    if isinstance(body, list):
        return max((_misspell(item, name, wrong) for item in body), default=False)
    if not isinstance(body, dict):
        return False
    inside = max((_misspell(value, name, wrong) for value in body.values()), default=False)
    if name not in body:
        return inside
    body[wrong] = body.pop(name)
    return True


@pytest.mark.parametrize(
    ("kind", "name", "wrong"),
    [
        ("Deployment", "progressDeadlineSeconds", "progresDeadlineSeconds"),
        ("Deployment", "progressDeadlineSeconds", "progress_deadline_seconds"),
        ("Deployment", "volumeMounts", "volumeMount"),
        ("Job", "backoffLimit", "backOffLimit"),
        ("CronJob", "startingDeadlineSeconds", "startingDeadline"),
        ("CronJob", "onPodConditions", "onPodCondition"),
        ("NetworkPolicy", "podSelector", "selector"),
        ("HorizontalPodAutoscaler", "averageUtilization", "averageUtilisation"),
        ("RoleBinding", "roleRef", "roleReference"),
        ("ConfigMap", "binaryData", "binarydata"),
        ("Service", "ownerReferences", "ownerReference"),
    ],
)
def test_control_a_misspelt_field_is_refused(kind, name, wrong):
    everything = Path(__file__).parents[2] / "crds" / "examples" / "everything.yaml"
    found = rendered(load(Spec, yaml.safe_load(everything.read_text())["spec"], "spec"))
    spelt = [body for body in copy.deepcopy(found) if body["kind"] == kind and _misspell(body, name, wrong)]
    assert spelt
    for body in spelt:
        with pytest.raises((ValidationError, AssertionError)) as refusal:
            check(body)
        assert wrong in str(refusal.value) or "_" in wrong


# --- the CRD's copies of core/v1 types -----------------------------------------------------------------------------------------


def unknown_fields(node: dict[str, Any], model: type[BaseModel], path: str) -> list[str]:
    """Properties of a schema that a model has not."""
    fields = {
        field.serialization_alias or name: field.annotation for name, field in model.model_fields.items()
    }
    found = []
    for name, inner in node.get("properties", {}).items():
        here = f"{path}.{name}"
        if name not in fields:
            found.append(here)
        elif (part := _model_in(fields[name])) is not None:
            found += unknown_fields(inner.get("items", inner), part, here)
        elif "properties" in inner.get("items", inner):
            found.append(f"{here}: no object")
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as Optional[List[Model]]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for part in get_args(annotation) if (m := _model_in(part)) is not None), None)


CORE_TYPES: dict[str, type[BaseModel]] = {
    "ResourceRequirements": official.V1ResourceRequirements,
    "EnvVar": official.V1EnvVar,
    "Toleration": official.V1Toleration,
    "TopologySpreadConstraint": official.V1TopologySpreadConstraint,
    "Affinity": official.V1Affinity,
}


@pytest.mark.parametrize("name", CORE_TYPES)
def test_fields_of_a_copied_core_type_exist(name):
    assert unknown_fields(core_schema(name), CORE_TYPES[name], name) == []


def test_control_a_field_deep_in_a_copied_core_type_is_missed():
    node = copy.deepcopy(core_schema("Affinity"))
    preferred = node["properties"]["nodeAffinity"]["properties"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    preferred["items"]["properties"]["wieght"] = preferred["items"]["properties"].pop("weight")
    assert unknown_fields(node, official.V1Affinity, "Affinity") == [
        "Affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution.wieght"
    ]
