"""docs/reference/http.md: routes, parameters and answers of predictor and operator, from what they serve."""

import ast
from typing import Any

from leadmodel_predictor.http.openapi import openapi
from leadmodel_predictor.serving.text_slot import load_text
from leadmodel_text.base import base
from leadmodel_text.files import dump
from project.house import ROOT
from project.reference.tables import code, page, table
from support.predictor_thread import model_of
from support.small_models import linear

METHODS = ("get", "post")
OPERATOR = {
    "/healthz": "200 while passes make progress; 500 and the reason otherwise. The kubelet's liveness probe.",
    "/readyz": "200 with `leading` or `standby`; 503 with `listing` until all objects were read once.",
    "/metrics": "200: the operator's metrics for Prometheus, on a standby too.",
}
ANYWHERE = {
    400: "The bytes are no HTTP request. The connection closes.",
    401: "`/ops/reload-model`: the token is missing or wrong.",
    403: "`/ops/reload-model`: without a token only a program of the same machine may reload.",
    404: "There is nothing at this path, or no slot holds the digest that was asked for, or no text model is loaded.",
    405: "The path takes another method.",
    408: "The request did not arrive in time. The connection closes.",
    409: "Eight reloads wait already.",
    413: "The body is over its limit.",
    422: "The body, a lead or a parameter is wrong; `field` says where.",
    431: "The head of the request is over its limit. The connection closes.",
    500: "A fault of the predictor. It is logged; the answer says no more than that.",
    503: "Too many requests, batches of texts, bytes or connections wait, the process is leaving, or its token cannot be read. Try again after `Retry-After`.",
}


def document() -> dict[str, Any]:
    """The OpenAPI document of a predictor with a small model."""
    return openapi(model_of(linear()).slots, load_text(dump(base())))


def codes_in_code() -> set[int]:
    """Every HTTP status of a refusal that the predictor's sources name."""
    names = ("http", "serving")
    files = [f for name in names for f in (ROOT / "predictor" / "leadmodel_predictor" / name).rglob("*.py")]
    numbers = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and type(node.value) is int
    }
    return {number for number in numbers if number in range(400, 432) or number in range(501, 505)}


def _parameters(operation: dict[str, Any]) -> str:
    texts = [
        f"`{parameter['name']}`: {parameter.get('description') or _bounds(parameter['schema'])}"
        for parameter in operation.get("parameters", [])
    ]
    return " ".join(texts)


def _bounds(schema: dict[str, Any]) -> str:
    return f"a {schema['type']} from {schema['minimum']} to {schema['maximum']}"


def _body(operation: dict[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return " or ".join(_kind(choice) for choice in schema.get("oneOf", [schema]))


def _kind(schema: dict[str, Any]) -> str:
    if schema.get("type") == "array":
        limit = f"at most {schema['maxItems']:,} " if "maxItems" in schema else ""
        return f"list of {limit}{_kind(schema['items'])}"
    return code(schema["$ref"].rsplit("/", 1)[-1]) if "$ref" in schema else str(schema.get("type", "any"))


def _answers(operation: dict[str, Any]) -> str:
    return " ".join(
        f"**{status}** {answer['description']}" for status, answer in operation["responses"].items()
    )


def routes() -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of every documented route of the predictor."""
    return [
        (method.upper(), path, item[method])
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    ]


def render() -> str:
    """The page."""
    rows = [
        (
            code(f"{method} {path}"),
            operation["summary"],
            _parameters(operation),
            _body(operation),
            _answers(operation),
        )
        for method, path, operation in routes()
    ]
    schemas = document()["components"]["schemas"]
    bodies = [
        (
            code(name),
            ", ".join(code(field) for field in schema["properties"]),
            str(schema.get("description", "")),
        )
        for name, schema in schemas.items()
    ]
    return page(
        "Reference: HTTP",
        "What the [predictor](../predictor.md) and the operator answer. `GET /openapi.json` of a predictor has the same with the fields of"
        " the model that serves; the fields of `Lead` and `Columns` below are those of a small example.",
        "## Predictor\n\n" + table(("route", "what it does", "parameters", "body", "answers"), rows),
        "## Bodies\n\n" + table(("name", "fields", "meaning"), bodies),
        '## Refusals\n\nEach refusal is JSON: `{"error": ..., "field": ...}`. No refusal repeats a value of a lead.\n\n'
        + table(("code", "when"), [(code(str(number)), text) for number, text in ANYWHERE.items()]),
        "## Operator\n\nOn `--port` (8080), for probes and Prometheus.\n\n"
        + table(("route", "answers"), [(code(f"GET {path}"), text) for path, text in OPERATOR.items()]),
    )
