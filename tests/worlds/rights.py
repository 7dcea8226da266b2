"""What the chart lets the operator do, read from its template without Helm."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from worlds.fake_api import Call, Refused

TEMPLATES = Path(__file__).parents[2] / "charts" / "leadmodel" / "templates"
LEASES = {("leases", verb) for verb in ("get", "create", "update")}  # of the role for its own namespace


def without_actions(text: str) -> str:
    """A template without its conditions and loops, with a word for each value and a map for each included part."""
    lines = [
        line
        for line in text.splitlines()
        if not re.fullmatch(r"\s*\{\{-? *(if|range|end|else|with)\b.*\}\}", line)
    ]
    included = re.sub(r"\{\{-? *include [^}]*nindent[^}]*\}\}", "{included: part}", "\n".join(lines))
    return re.sub(r"\{\{[^}]*\}\}", "value", included)


def rules() -> list[dict[str, Any]]:
    """The rules of the operator, with those that only some values add."""
    text = (TEMPLATES / "_rules.tpl").read_text()
    block = text.partition('{{- define "leadmodel.rules" -}}')[2]
    return list(yaml.safe_load(without_actions(block)))


@cache
def granted() -> frozenset[tuple[str, str]]:
    """Pairs of resource[/subresource] and verb."""
    pairs = {(resource, verb) for rule in rules() for resource in rule["resources"] for verb in rule["verbs"]}
    return frozenset(pairs | LEASES)


def right(call: Call) -> tuple[str, str]:
    """The right that a request needs."""
    sub = call.sub.partition("/")[0]  # what follows is a path that a proxy passes on
    resource = f"{call.resource}/{sub}" if sub else call.resource
    if call.method == "GET":
        reads = "watch" if call.watches else "list"
        return resource, "get" if call.name else reads
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    return resource, verbs[call.method]


def require(call: Call) -> None:
    """Refuse a request that the chart does not let the operator make, as an API server does."""
    if right(call) not in granted():
        raise Refused(403, "Forbidden", f"no right for {call}")
