"""docs/reference/leadmodel.md: every field of the CustomResourceDefinition, from its YAML."""

from collections.abc import Iterator
from typing import Any

import yaml

from project.house import ROOT
from project.reference.tables import code, page, table

CRD = ROOT / "crds" / "leadmodels.yaml"
BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} keys",
}
OWN_TABLES = 3  # fields with more below them get a table of their own down to this depth
Schema = dict[str, Any]


def version() -> Schema:
    """The one version of the definition."""
    (only,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    return dict(only)


def walk(node: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    """Yield path, schema and whether it is required, of every field below a node, in the order of the YAML."""
    required = node.get("required", [])
    for name, below in node.get("properties", {}).items():
        where = f"{path}.{name}"
        yield where, below, name in required
        yield from walk(below, where)
    for inner, mark in ((node.get("items"), "[]"), (node.get("additionalProperties"), ".KEY")):
        if isinstance(inner, dict):
            yield from walk(inner, path + mark)


def type_of(node: Schema) -> str:
    """The type as a person writes it."""
    if node.get("x-kubernetes-int-or-string"):
        return "number or string"
    kind = str(node.get("type", "any"))
    if kind == "array":
        return f"list of {type_of(node['items'])}"
    if isinstance(node.get("additionalProperties"), dict):
        return f"map of {type_of(node['additionalProperties'])}"
    return kind


def limits(node: Schema) -> str:
    """The values a field takes: bounds, words and the sentences of its rules."""
    parts = [text.format(node[name]) for name, text in BOUNDS.items() if name in node]
    if "enum" in node:
        parts.append("one of " + ", ".join(code(str(word)) for word in node["enum"]))
    parts += [rule["message"] for rule in node.get("x-kubernetes-validations", [])]
    return "; ".join(parts)


def default_of(node: Schema, required: bool) -> str:
    """The default, or that there is none because a person must decide."""
    if "default" not in node:
        return "**required**" if required else ""
    value = node["default"]
    return code(str(value).lower() if isinstance(value, bool) else str(value) if value != "" else '""')


def section(title: str, fields: list[tuple[str, Schema, bool]]) -> str:
    """The table of the fields below one field."""
    rows = [
        (code(path), type_of(node), default_of(node, needed), limits(node), str(node.get("description", "")))
        for path, node, needed in fields
    ]
    return f"## {title}\n\n" + table(("field", "type", "default", "values", "meaning"), rows)


def groups(fields: list[tuple[str, Schema, bool]]) -> dict[str, list[tuple[str, Schema, bool]]]:
    """The fields by the two first names of their path, each group under the path that all of it shares."""
    chosen: dict[str, list[tuple[str, Schema, bool]]] = {}
    tall = {".".join(path.split(".")[:2]).removesuffix("[]") for path, _, _ in fields if path.count(".") >= 2}
    for field in fields:
        head = ".".join(field[0].split(".")[:2]).removesuffix("[]")
        chosen.setdefault(head if head in tall else field[0].split(".")[0], []).append(field)
    return chosen


def render() -> str:
    """The page."""
    only = version()
    schema = only["schema"]["openAPIV3Schema"]
    fields = [
        field
        for part in ("spec", "status")
        for field in walk({"properties": {part: schema["properties"][part]}}, "")
    ]
    fields = [(path.removeprefix("."), node, needed) for path, node, needed in fields]
    rules = [(rule["message"],) for rule in schema["properties"]["spec"].get("x-kubernetes-validations", [])]
    columns = [
        (c["name"], "`-o wide`" if c["priority"] else "always", code(c["jsonPath"]), c["description"])
        for c in only["additionalPrinterColumns"]
    ]
    intro = (
        "Every field of `customerops.dev/v1alpha1`, kind `LeadModel` (short name `lm`), as `kubectl explain leadmodel.spec` tells it too."
        " [Examples](../../crds/examples) show the fields in use; [conditions](../conditions.md) explains what status means;"
        " [the API policy](../api-policy.md) says what may change.\n\n"
        f"Fields in `spec` and `status`: {len(fields)}. Durations are written like `30s`, `10m` or `1h30m`."
    )
    parts = [section(name, chosen) for name, chosen in groups(fields).items()]
    return page(
        "Reference: the LeadModel resource",
        intro,
        "## Rules across fields\n\nThe API server refuses a manifest that breaks one of them, with this sentence.\n\n"
        + table(("rule",), rules),
        "## Columns of kubectl get\n\n" + table(("column", "shown", "path", "meaning"), columns),
        *parts,
    )
