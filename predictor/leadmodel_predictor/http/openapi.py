"""OpenAPI 3.1 of the running predictor: the loaded champion's fields with names, types and bounds, and an example that works."""

from typing import Any

from leadmodel_artifact.lead import MAX_UNIX, MIN_UNIX
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_predictor.http.openapi_enrich import text_paths, text_schemas
from leadmodel_predictor.http.schemas import BUSY, REFUSED, json_, object_, ref
from leadmodel_predictor.serving.fields import MAX_TEXT
from leadmodel_predictor.serving.slots import MAX_BATCH, Slots
from leadmodel_predictor.serving.text_slot import TextSlot

TEXT = {"text/plain": {"schema": {"type": "string"}}}
SCORE = {"type": "number", "minimum": 0, "maximum": 1}
DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}


def openapi(slots: Slots, text: TextSlot | None = None) -> dict[str, Any]:
    """The OpenAPI document of a predictor with these slots and with this text model."""
    artifact = slots.champion.artifact
    example = dict(artifact.examples[0].lead)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"LeadModel {artifact.name}", "version": str(artifact.version)},
        "paths": {**_scoring(), **(text_paths() if text else {}), **_operations()},
        "components": {
            "schemas": {
                "Lead": _lead(artifact.features, example),
                "Columns": _columns(artifact.features, example),
                "Score": _answer(SCORE, DIGEST),
                "Scores": _answer({"type": "array", "items": SCORE}, {"type": "array", "items": DIGEST}),
                **(text_schemas(text) if text else {}),
                "Error": object_({"error": {"type": "string"}, "field": {"type": "string"}}),
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _answer(score: dict[str, Any], digest: dict[str, Any]) -> dict[str, Any]:
    """A score or many; who scored is named only while a challenger answers a share of leads."""
    scored = {"score": score, "model": {"type": "string"}, "version": {"type": "integer"}}
    why = "The model that scored; only while a challenger answers a share of leads."
    return object_({**scored, "digest": {**digest, "description": why}}, list(scored))


def _scoring() -> dict[str, Any]:
    batch = {"oneOf": [{"type": "array", "items": ref("Lead"), "maxItems": MAX_BATCH}, ref("Columns")]}
    answers = {"oneOf": [{"type": "array", "items": ref("Score")}, ref("Scores")]}
    live = {
        "name": "live",
        "in": "query",
        "description": "true: these leads came in just now, count them for drift.",
        "schema": {"type": "string", "enum": ["true", "false"], "default": "false"},
    }
    return {
        "/predict": {"post": _post("Score one lead", ref("Lead"), ref("Score"))},
        "/predict/batch": {"post": _post("Score many leads", batch, answers) | {"parameters": [live]}},
    }


def _post(summary: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": json_(answer, "Scored."), "413": REFUSED, "422": REFUSED, "503": BUSY},
    }


def _operations() -> dict[str, Any]:
    document = {"type": "object"}
    since = {
        "name": "since",
        "in": "query",
        "description": "Unix seconds, at most 8 times: how many leads are newer.",
        "schema": {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": 1e11},
            "maxItems": 8,
        },
    }
    which = {"name": "digest", "in": "query", "description": "Of which slot.", "schema": DIGEST}
    min_auc = {"name": "min_auc", "in": "query", "schema": {"type": "number", "minimum": 0, "maximum": 1}}
    return {
        "/ops/reload-model": {"post": _reload(min_auc)},
        "/ops/model-status": {"get": _get("What serves and how it fares", document)},
        "/ops/drift-window": {"get": _get("Counts of the last leads", document, since)},
        "/ops/artifact": {"get": _get("The very bytes served", document, which, missing=True)},
        "/ops/model-card": {"get": _get("What is known of the model", document)},
        "/metrics": {"get": _text("Metrics for Prometheus")},
        "/healthz": {"get": _text("The process answers")},
        "/readyz": {"get": _text("A model is loaded and the process is not leaving", leaving=True)},
        "/openapi.json": {"get": _get("This document", document)},
    }


def _get(
    summary: str, schema: dict[str, Any], *parameters: dict[str, Any], missing: bool = False
) -> dict[str, Any]:
    responses = {"200": json_(schema, "Found.")}
    responses |= {"422": REFUSED} if parameters else {}
    responses |= {"404": REFUSED} if missing else {}
    return {"summary": summary, "parameters": list(parameters), "responses": responses}


def _text(summary: str, *, leaving: bool = False) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "Yes.", "content": TEXT}}
    responses |= {"503": {"description": "Leaving.", "content": TEXT}} if leaving else {}
    return {"summary": summary, "responses": responses}


def _reload(min_auc: dict[str, Any]) -> dict[str, Any]:
    outcome = object_({"ok": {"type": "boolean"}, "error": {"type": "string"}}, ["ok"])
    return {
        "summary": "Read the artifact again, check it, swap",
        "parameters": [min_auc],
        "security": [{"token": []}, {}],
        "responses": {
            "200": json_(outcome, "`ok` says whether the new model serves; if not, the old one does."),
            "401": json_(outcome, "The token is missing or wrong."),
            "403": json_(outcome, "Without a token only loopback may reload."),
            "409": json_(outcome, "Too many reloads wait already."),
            "422": REFUSED,
        },
    }


# --- leads -------------------------------------------------------------------------------------------------------------------


def _lead(features: tuple[Feature, ...], example: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for feature in features:
        properties.setdefault(feature.source, _property(feature))
    return {**object_(properties, _required(features)), "example": example}


def _columns(features: tuple[Feature, ...], example: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for feature in features:
        properties.setdefault(
            feature.source, {"type": "array", "items": _property(feature), "maxItems": MAX_BATCH}
        )
    columns = {source: [value] for source, value in example.items()}
    description = "Each field with the values of all leads; columns are equally long."
    schema = {**object_(properties, _required(features)), "description": description, "minProperties": 1}
    return {**schema, "example": columns}


def _required(features: tuple[Feature, ...]) -> list[str]:
    return sorted({f.source for f in features if f.required and f.kind is not FeatureKind.HOUR_OF_DAY})


def _property(feature: Feature) -> dict[str, Any]:
    kind: dict[str, Any]
    match feature.kind:
        case FeatureKind.NUMERIC:
            bounds = {"minimum": feature.minimum, "maximum": feature.maximum}
            kind = {"type": "number", **{k: v for k, v in bounds.items() if v is not None}}
        case FeatureKind.CATEGORICAL:
            known = ", ".join(feature.levels[:50])
            kind = _scalar(feature, f"Known: {known}. Anything else counts as other.")
            if feature.required and feature.missing:
                kind["not"] = {"enum": list(feature.missing)}
        case FeatureKind.TEXT_LENGTH:
            kind = _scalar(feature, "Only its length is used; the text is not kept.")
        case FeatureKind.HOUR_OF_DAY:
            return _instant()
        case _:
            kind = _scalar(feature, "Only what it says is used, as labels and scores; the text is not kept.")
    if not feature.required:
        types = kind["type"] if isinstance(kind["type"], list) else [kind["type"]]
        kind |= {"type": [*types, "null"], "default": None}
    return kind


def _scalar(feature: Feature, description: str) -> dict[str, Any]:
    """A text, or a number or boolean that stands for its text; an empty text is no value where one is required."""
    kind = {"type": ["string", "number", "boolean"], "description": description, "maxLength": MAX_TEXT}
    return {**kind, "minLength": 1} if feature.required else kind


def _instant() -> dict[str, Any]:
    return {
        "description": "When the lead came in: ISO 8601 (without an offset: UTC) or Unix seconds; absent: now.",
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "number", "minimum": MIN_UNIX, "exclusiveMaximum": MAX_UNIX},
            {"type": "null"},
        ],
    }
