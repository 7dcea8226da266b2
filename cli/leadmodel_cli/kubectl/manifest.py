"""Checks a manifest as the API server would: types, bounds, unknown fields, and the CEL rules of the CRD itself. Offline and pure.

The CEL rules are evaluated, not repeated: `cel` is the Rust implementation of CEL, and the few functions that Kubernetes adds to CEL and
the rules use are added here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from leadmodel_operator.resource.crd import crd
from leadmodel_operator.resource.vocabulary import API_VERSION, KIND

Node = Mapping[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_SCALE = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12} | {
    f"{sign}i": 1024.0**power for power, sign in enumerate("KMGT", 1)
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")


@cache
def object_schema() -> Node:
    """The OpenAPI schema of a LeadModel, as the CRD has it."""
    schema: Node = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def faults(document: Any) -> list[str]:
    """Say what the API server would refuse, each with the path of the field; empty where it would take the document."""
    if not isinstance(document, dict):
        return ["the document must be an object with apiVersion, kind, metadata and spec"]
    if (document.get("apiVersion"), document.get("kind")) != (API_VERSION, KIND):
        return [f"must be a {KIND} of {API_VERSION}"]
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return ["metadata.name: Required value"]
    body = with_defaults({**document, "status": {}}, object_schema())
    typed = list(_below(body, object_schema(), ""))
    return typed or list(_rules(body, object_schema(), ""))


def with_defaults(value: Any, node: Node) -> Any:
    """Fill in the defaults of the schema, as the API server does before it checks anything."""
    if isinstance(value, dict):
        filled = {name: item for name, item in value.items() if item is not None}  # null means: not given
        for name, below in (node.get("properties") or {}).items():
            if name not in filled and "default" in below:
                filled[name] = deepcopy(below["default"])
            if name in filled:
                filled[name] = with_defaults(filled[name], below)
        return filled
    if isinstance(value, list) and "items" in node:
        return [with_defaults(item, node["items"]) for item in value]
    return value


def _check(value: Any, node: Node, path: str) -> Iterator[str]:
    if node.get("x-kubernetes-int-or-string"):
        if not isinstance(value, int | str) or isinstance(value, bool):
            yield f"{path}: must be a number or a text"
        return
    kind = node.get("type", "object")
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path}: must be of type {kind}"
    elif isinstance(value, str):
        yield from _text(value, node, path)
    elif isinstance(value, list):
        yield from _list(value, node, path)
    elif isinstance(value, dict):
        yield from _below(value, node, path)
    elif not node.get("minimum", value) <= value <= node.get("maximum", value):
        yield f"{path}: must be a number between {node.get('minimum', '-')} and {node.get('maximum', '-')}"


def _text(value: str, node: Node, path: str) -> Iterator[str]:
    if "enum" in node and value not in node["enum"]:
        yield f"{path}: must be one of {', '.join(node['enum'])}"
    if not node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value)):
        yield f"{path}: must have {node.get('minLength', 0)} to {node.get('maxLength')} characters"


def _list(value: list[Any], node: Node, path: str) -> Iterator[str]:
    if not node.get("minItems", 0) <= len(value) <= node.get("maxItems", len(value)):
        yield f"{path}: must have {node.get('minItems', 0)} to {node.get('maxItems', 'any number of')} entries"
    for i, item in enumerate(value):
        yield from _check(item, node["items"], f"{path}[{i}]")
    keys = node.get("x-kubernetes-list-map-keys")
    if keys:
        named = [tuple(item.get(k) for k in keys) for item in value if isinstance(item, dict)]
        for twice in sorted({str(key[0]) for key in named if named.count(key) > 1}):
            yield f"{path}: {twice} is there twice"


def _below(value: Mapping[str, Any], node: Node, path: str) -> Iterator[str]:
    known, more = node.get("properties"), node.get("additionalProperties")
    for name in node.get("required") or []:
        if name not in value:
            yield f"{path}.{name}: Required value".lstrip(".")
    if "maxProperties" in node and len(value) > node["maxProperties"]:
        yield f"{path}: must have at most {node['maxProperties']} entries"
    for name, item in value.items():
        below = (known or {}).get(name, more)
        place = f"{path}.{name}".lstrip(".")
        if below is not None:
            yield from _check(item, below, place)
        elif known is not None and not node.get("x-kubernetes-preserve-unknown-fields"):
            yield f"{place}: is no field; known here: {', '.join(sorted(known))}"


# --- CEL -----------------------------------------------------------------------------------------------------------------------


def _rules(value: Any, node: Node, path: str) -> Iterator[str]:
    for rule in node.get("x-kubernetes-validations") or []:
        if not holds(rule["rule"], value):
            yield f"{path}: {rule['message']}".removeprefix(": ")
    if isinstance(value, dict):
        known, more = node.get("properties") or {}, node.get("additionalProperties")
        for name, item in value.items():
            below = known.get(name, more)
            if isinstance(below, Mapping):
                yield from _rules(item, below, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _rules(item, node["items"], f"{path}[{i}]")


def holds(rule: str, value: Any) -> bool:
    """Evaluate a CEL rule on a value; a rule that cannot be evaluated on it counts as broken, as it does on the API server.

    Raises:
        ModuleNotFoundError: The extra `cli` is not installed.
    """
    import cel

    context = cel.Context()
    context.add_variable("self", value)
    for name, function in _FUNCTIONS.items():
        context.add_function(name, function)
    try:
        return cel.evaluate(rule, context) is True
    except (LookupError, ValueError, TypeError, RuntimeError):
        return False


def quantity(text: str) -> float:
    """The value of a Kubernetes quantity such as 250m or 2Gi, in its unit."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError("must be a quantity such as 250m, 1, 128Mi or 2Gi")
    return float(match[1]) * _SCALE[match[2] or ""]


def _hour(time: datetime, zone: str) -> int:
    """The hour of an instant in a time zone, -1 where no such zone exists; UTC counts where this machine has no zones at all."""
    try:
        return time.astimezone(ZoneInfo(zone)).hour
    except (LookupError, ValueError, OSError):
        return -1 if available_timezones() else time.hour


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isSorted": lambda values: sorted(values) == values,
    "findAll": lambda text, pattern: re.findall(pattern, text),
    "split": lambda text, separator: text.split(separator),
    "isQuantity": lambda text: _QUANTITY.fullmatch(text) is not None,
    "quantity": quantity,
    "compareTo": lambda a, b: (a > b) - (a < b),
    "indexOf": lambda text, part: text.find(part),
    "getHours": _hour,
    "lowerAscii": str.lower,
    "replace": str.replace,
}
