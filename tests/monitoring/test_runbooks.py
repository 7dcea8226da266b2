"""Commands of runbooks name things that exist: fields of the resource, annotations, roles, verbs and kinds of kubectl."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from monitoring.rules import ROOT, RUNBOOKS

from leadmodel_operator.kubernetes.render.follow_ups import FOLLOW_UPS
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.resource.vocabulary import ADOPT, PAUSED, Command

PAGES = sorted(RUNBOOKS.glob("LeadModel*.md"))
VERBS = {
    "annotate",
    "auth",
    "create",
    "delete",
    "describe",
    "events",
    "get",
    "logs",
    "patch",
    "rollout",
    "run",
    "top",
    "wait",
}
KINDS = {
    "cronjob", "deployment", "endpointslices", "events", "hpa", "job", "jobs", "lease", "leadmodel", "leadmodels", "limitrange",
    "networkpolicies", "pdb", "pod", "pods", "podmonitors", "pvc", "resourcequota", "secret", "service", "servicemonitors",
}  # fmt: skip
ENDPOINTS = {"/ops/model-status", "/ops/drift-window", "/ops/model-card", "/openapi.json"}
ROLES = {"predictor", FOLLOW_UPS, *JobKind}
SCHEMA: dict[str, Any] = yaml.safe_load((ROOT / "crds" / "leadmodels.yaml").read_text())["spec"]["versions"][
    0
]["schema"]["openAPIV3Schema"]


def commands(page: Path) -> Iterator[str]:
    """Every command of the page."""
    for block in re.findall(r"```sh \w+\n(.*?)```", page.read_text(), re.DOTALL):
        yield from block.splitlines()


def problem(command: str) -> str | None:
    """What is wrong with a command; None if nothing."""
    words = shlex.split(re.sub(r"^[A-Z]+=\$\((.*)\)$", r"\1", command))
    is_text = len(words) == 1 and re.match("[A-Z]+=", words[0])  # for a command below
    if is_text or words[0] == "helm":
        return None
    rest = [word for word in words[1:] if word not in {"-n", "sales", "leadmodel-system"}]
    if words[0] != "kubectl" or rest[0] not in VERBS:
        return f"no command of kubectl: {words[0]} {rest[0]}"
    if rest[0] in {"get", "describe", "delete"} and not rest[1].startswith("--raw"):
        kinds = rest[1].split(",")
        if not KINDS.issuperset(kinds):
            return f"no kind: {rest[1]}"
    for path in re.findall(r"\{(\.(?:status|spec)\.[\w.\[\]]+)\}", command):
        if "leadmodel conversion" in command and not has_field(path):
            return f"no field {path}"
    for role in re.findall(r"customerops\.dev/role=([\w-]+)", command):
        if role not in ROLES:
            return f"no role {role}"
    return annotation_problem(command) or endpoint_problem(command) or patch_problem(words)


def annotation_problem(command: str) -> str | None:
    names = re.findall(r"annotate leadmodel conversion customerops\.dev/([\w-]+)", command)
    return next((f"no annotation {n}" for n in names if n not in {*Command, PAUSED, ADOPT}), None)


def endpoint_problem(command: str) -> str | None:
    paths = re.findall(r"conversion:80/proxy(\S+)", command)
    return next((f"no endpoint {p}" for p in paths if p not in ENDPOINTS), None)


def patch_problem(words: list[str]) -> str | None:
    if "patch" not in words or "leadmodel" not in words:
        return None
    return unknown_field(SCHEMA, json.loads(words[words.index("--patch") + 1]))


def unknown_field(schema: dict[str, Any], document: Any) -> str | None:
    """The first field of a document that a schema does not know."""
    if not isinstance(document, dict) or "properties" not in schema:
        return None
    for name, value in document.items():
        if name not in schema["properties"]:
            return f"no field {name}"
        if (deeper := unknown_field(schema["properties"][name], value)) is not None:
            return deeper
    return None


def has_field(path: str) -> bool:
    schema = SCHEMA
    for name in re.findall(r"\w+|\[0\]", path):
        schema = schema.get("items", {}) if name == "[0]" else schema.get("properties", {}).get(name, {})
    return bool(schema)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_name_what_exists(page):
    lines = list(commands(page))
    assert len(lines) >= 2
    assert [(line, why) for line in lines if (why := problem(line)) is not None] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "kubectl -n sales inspect pods",
        "kubectl -n sales get leedmodels",
        "kubectl -n sales get leadmodel conversion -o jsonpath='{.status.drift.sigmas}'",
        "kubectl -n sales logs -l customerops.dev/role=trainer",
        "kubectl -n sales annotate leadmodel conversion customerops.dev/roll-back=x",
        "kubectl get --raw /api/v1/namespaces/sales/services/conversion:80/proxy/ops/status",
        'kubectl -n sales patch leadmodel conversion --type=merge --patch \'{"spec": {"minAUC": 0.6}}\'',
    ],
)
def test_a_wrong_command_is_seen(wrong):
    assert problem(wrong) is not None


def test_pages_differ_in_every_part():
    """No page is a copy of another one."""
    parts = [
        part.strip()
        for page in PAGES
        for part in re.split(
            r"^## [^\n]*$|```\w+\n.*?```",
            page.read_text().partition("## ")[2],
            flags=re.MULTILINE | re.DOTALL,
        )
    ]
    long = [part for part in parts if len(part) > 80]
    assert len(long) == len(set(long))
