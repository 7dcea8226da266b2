"""The CRD: every field described and bounded, every refusal a sentence, every example what the code reads."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmodel_operator.resource import formats, schedules
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.crd import crd
from leadmodel_operator.resource.fields import duration_bounds
from leadmodel_operator.resource.spec import Spec

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = [
    file
    for file in sorted((ROOT / "crds" / "examples").glob("*.yaml"))
    if "kind: LeadModel" in file.read_text()
]
SCHEMA = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below a schema, with its path."""
    yield path, node
    for name, below in node.get("properties", {}).items():
        yield from nodes(below, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")
    if "additionalProperties" in node:
        yield from nodes(node["additionalProperties"], f"{path}{{}}")


def gaps(schema: dict[str, Any]) -> list[str]:
    """Fields without a description or a bound."""
    return [f"{path} lacks {what}" for path, node in nodes(schema) for what in lacking(path, node)]


def lacking(path: str, node: dict[str, Any]) -> Iterator[str]:
    if "description" not in node and not path.endswith(("]", "}", ".metadata")):
        yield "description"
    if node.get("type") == "string" and not {"maxLength", "enum", "format"} & node.keys():
        yield "maxLength"
    if node.get("type") == "array" and not {"maxItems", "x-kubernetes-list-type"} <= node.keys():
        yield "maxItems or list-type"
    if "additionalProperties" in node and "maxProperties" not in node:
        yield "maxProperties"
    if (
        node.get("type") == "integer"
        and path.startswith(".spec")
        and not {"minimum", "maximum"} <= node.keys()
    ):
        yield "minimum or maximum"
    if node.get("type") == "number" and path.startswith(".spec") and not node.get("x-kubernetes-validations"):
        yield "a range"


def test_every_field_is_described_and_bounded():
    assert gaps(SCHEMA) == []
    assert len(list(nodes(SCHEMA))) > 300


@pytest.mark.parametrize("taken", ["description", "maxLength"])
def test_a_gap_is_seen(taken):
    seeded = copy.deepcopy(SCHEMA)
    del seeded["properties"]["spec"]["properties"]["serviceAccountName"][taken]
    assert gaps(seeded) == [f".spec.serviceAccountName lacks {taken}"]


def test_a_refusal_in_the_spec_is_a_sentence():
    """No bare expression, and no fractional bound: the API server cuts it to an integer for a whole number."""
    for path, node in nodes(SCHEMA["properties"]["spec"]):
        assert "pattern" not in node, path
        assert node.get("type") != "number" or not {"minimum", "maximum"} & node.keys(), path
        for rule in node.get("x-kubernetes-validations", []):
            assert len(rule["message"].split()) > 5, path


def test_a_refused_uri_is_not_repeated():
    """Its rules stand on the object around it, for the API server prints the value that a rule stands on."""
    uris = [node for path, node in nodes(SCHEMA["properties"]["spec"]) if path.endswith(".uri")]
    assert len(uris) == 6
    assert not any("x-kubernetes-validations" in node for node in uris)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_what_the_code_reads(file):
    body = yaml.safe_load(file.read_text())
    load(Spec, body["spec"])
    known = {path for path, _ in nodes(SCHEMA)}
    assert {path for path in fields(body["spec"], ".spec") if path not in known} == set()


def fields(value: Any, path: str) -> Iterator[str]:
    """Paths of a document in the words of `nodes`; keys of open objects become {}."""
    if isinstance(value, list):
        for item in value:
            yield from fields(item, f"{path}[]")
    elif isinstance(value, dict):
        open_ = f"{path}{{}}" in {found for found, _ in nodes(SCHEMA)}
        for key, below in value.items():
            yield from fields(below, f"{path}{{}}" if open_ else f"{path}.{key}")
    else:
        yield path


def test_one_example_shows_every_field():
    body = yaml.safe_load((ROOT / "crds" / "examples" / "everything.yaml").read_text())
    shown = set(fields(body["spec"], ".spec"))
    wanted = {path for path, _ in nodes(SCHEMA["properties"]["spec"], ".spec") if path.count(".") <= 3}
    missing = {path for path in wanted if not any(found.startswith(path) for found in shown)}
    assert missing <= {path for path in missing if ".affinity" in path or ".valueFrom" in path}


def test_every_form_has_a_sentence():
    found = [
        v for module in (formats, schedules) for v in vars(module).values() if isinstance(v, formats.Form)
    ]
    assert len(found) >= 10
    assert all(form.sentence.startswith("must ") for form in found)


BOUNDS = {
    "drift.interval": ("1s", "1h"),
    "drift.sustainedFor": ("1s", "168h"),
    "gate.live.maxWait": ("0s", "168h"),
    "rollout.steps.for": ("10s", "168h"),
    "rollback.cooldown": ("0s", "720h"),
    "rollback.maxAge": ("1m", "8760h"),
    "progressDeadline": ("10s", "24h"),
    "piiBackfill.retention": ("1h", "8760h"),
    "retraining.horizon": ("1h", "8760h"),
    "followUps.bands.steps.after": ("0s", "168h"),
    "followUps.caps.window": ("1m", "8760h"),
    "followUps.reconcileFor": ("1m", "720h"),
    "followUps.retention": ("1h", "8760h"),
}


def test_bounds_of_durations_come_from_the_spec():
    assert duration_bounds(Spec) == BOUNDS
    rules = {
        path.replace("[]", ""): node["x-kubernetes-validations"][0]["rule"]
        for path, node in nodes(SCHEMA["properties"]["spec"])
        if "duration(self)" in str(node.get("x-kubernetes-validations"))
    }
    assert {path.lstrip(".") for path in rules} == set(BOUNDS)
    for path, (low, high) in BOUNDS.items():
        assert f">= duration('{low}')" in rules[f".{path}"]
        assert f"<= duration('{high}')" in rules[f".{path}"]


LARGEST = 512 * 1024  # bytes of a spec, or of a status, as JSON of ASCII
ESCAPED, KEY = 2, 317  # the quotes of a string, the longest key of a label
NUMBER, TIME = 24, 35  # the longest number and the longest time


def largest(node: dict[str, Any]) -> int:
    """Bytes of the largest JSON that a schema takes."""
    if "enum" in node:
        return max(map(len, node["enum"])) + ESCAPED
    if node.get("type") == "array":
        return 2 + node["maxItems"] * (1 + largest(node["items"]))
    if "additionalProperties" in node:
        return 2 + node["maxProperties"] * (KEY + ESCAPED + 2 + largest(node["additionalProperties"]))
    if node.get("type") == "object":
        return 2 + sum(len(k) + ESCAPED + 2 + largest(n) for k, n in node.get("properties", {}).items())
    if node.get("type") == "integer" and {"minimum", "maximum"} <= node.keys():
        return max(len(str(node[bound])) for bound in ("minimum", "maximum"))
    if node.get("type") == "string" or "x-kubernetes-int-or-string" in node:
        return node.get("maxLength", TIME) + ESCAPED
    return NUMBER


@pytest.mark.parametrize("part", ["spec", "status"])
def test_what_the_operator_reads_of_a_lead_model_is_bounded(part):
    """Lists in lists multiply: affinity alone once took twelve megabytes, of which etcd lets one and a half pass."""
    assert largest(SCHEMA["properties"][part]) <= LARGEST


def test_control_a_list_in_a_list_with_wide_bounds_is_seen():
    seeded = copy.deepcopy(SCHEMA["properties"]["spec"])
    affinity = seeded["properties"]["predictor"]["properties"]["affinity"]
    for _, node in nodes(affinity):
        if node.get("type") == "array":
            node["maxItems"] = 16
    assert largest(seeded) > LARGEST
