"""Dataclass → OpenAPI: the structural schema of spec and status, derived from the declarations of their fields."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, cast, get_args, get_origin

from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.core_types import core_schema
from leadmodel_operator.resource.fields import Duration, hints, is_required, wire_name, without_none
from leadmodel_operator.resource.formats import DIGEST, DURATION


def schema(kind: type) -> dict[str, Any]:
    """The structural OpenAPI schema of a dataclass, every field described."""
    known = hints(cast(Any, kind))
    node: dict[str, Any] = {"type": "object", "properties": {}}
    required = []
    for f in fields(kind):
        node["properties"][wire_name(f)] = _field_schema(known[f.name], f)
        if is_required(known[f.name], f):
            required.append(wire_name(f))
    if required:
        node["required"] = required
    return node


_RULES = {
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "min_items": "minItems",
    "max_items": "maxItems",
    "max_properties": "maxProperties",
}


def _field_schema(annotation: Any, f: Field[Any]) -> dict[str, Any]:
    kind = without_none(annotation)
    node = {"description": str(f.metadata["description"]), **_type_schema(kind, f.metadata)}
    for rule, name in _RULES.items():
        if rule in f.metadata and not _is_for_items(node, rule):
            node[name] = f.metadata[rule]
    if node["type"] == "string" and not {"enum", "format", "maxLength"} & node.keys():
        node["maxLength"] = len("sha256:") + 64 if node.get("pattern") == DIGEST else 1024
    default = dump(f.default) if f.default is not MISSING and f.default is not None else None
    if default is not None and default != [] and not (is_dataclass(f.default) and "required" in node):
        node["default"] = default
    return node


def _is_for_items(node: Mapping[str, Any], rule: str) -> bool:
    return node["type"] in {"array", "object"} and rule in {"max_length", "min_length", "pattern"}


def _type_schema(kind: Any, rules: Mapping[str, Any]) -> dict[str, Any]:
    origin = get_origin(kind)
    if "kubernetes" in rules:
        return _kubernetes_schema(kind, rules)
    if origin is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    if origin is tuple:
        return _list_schema(get_args(kind)[0], rules)
    if origin is not None and issubclass(origin, Mapping):
        return {
            "type": "object",
            "additionalProperties": {
                "type": "string",
                "maxLength": rules.get("max_length", 1024),
                **({"pattern": rules["pattern"]} if "pattern" in rules else {}),
            },
            **({"keyPattern": rules["key_pattern"]} if "key_pattern" in rules else {}),
        }
    if is_dataclass(kind):
        return schema(cast(type, kind))
    return _scalar_schema(kind)


def _kubernetes_schema(kind: Any, rules: Mapping[str, Any]) -> dict[str, Any]:
    item = core_schema(rules["kubernetes"])
    if get_origin(kind) is not tuple:
        return item
    return {"type": "array", "items": item, **_list_type(rules)}


def _list_schema(item: Any, rules: Mapping[str, Any]) -> dict[str, Any]:
    inner = _type_schema(item, {})
    if inner["type"] == "string" and "enum" not in inner:
        inner |= {
            _RULES[rule]: rules[rule] for rule in ("min_length", "max_length", "pattern") if rule in rules
        }
    return {"type": "array", "items": inner, **_list_type(rules)}


def _list_type(rules: Mapping[str, Any]) -> dict[str, Any]:
    if "list_map_key" in rules:
        return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [rules["list_map_key"]]}
    return {"x-kubernetes-list-type": "atomic"}


def _scalar_schema(kind: Any) -> dict[str, Any]:
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer", "format": "int64"}
    if kind is float:
        return {"type": "number"}
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    if kind is Duration:
        return {"type": "string", "pattern": DURATION, "maxLength": 24}
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(member) for member in kind]}
    return {"type": "string"}
