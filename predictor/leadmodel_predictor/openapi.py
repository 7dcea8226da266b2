"""OpenAPI 3.1 with the fields of the loaded champion: real names, types and bounds, and an example that works."""

from typing import Any

from leadmodel_artifact.artifact import Feature, FeatureKind
from leadmodel_predictor.card import _known
from leadmodel_predictor.slots import Slots


def openapi(slots: Slots) -> dict[str, Any]:
    """OpenAPI 3.1 with the fields of the loaded champion and an example that works."""
    artifact = slots.champion.artifact
    lead = {"$ref": "#/components/schemas/Lead"}
    answer = {"$ref": "#/components/schemas/Score"}
    batch = {"type": "array", "items": lead, "maxItems": 10_000}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"LeadModel {artifact.name}", "version": str(artifact.version)},
        "paths": {
            "/predict": {"post": _operation("Score one lead", lead, answer)},
            "/predict/batch": {
                "post": _operation("Score a list of leads", batch, {"type": "array", "items": answer})
            },
        },
        "components": {
            "schemas": {
                "Lead": _lead_schema(artifact.features, dict(artifact.examples[0].lead)),
                "Score": {
                    "type": "object",
                    "required": ["score", "model", "version"],
                    "properties": {
                        "score": {"type": "number", "minimum": 0, "maximum": 1},
                        "model": {"type": "string"},
                        "version": {"type": "integer"},
                    },
                },
                "Error": {
                    "type": "object",
                    "required": ["error", "field"],
                    "properties": {"error": {"type": "string"}, "field": {"type": "string"}},
                },
            }
        },
    }


def _operation(summary: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    def json_of(schema: dict[str, Any]) -> dict[str, Any]:
        return {"application/json": {"schema": schema}}

    error = {
        "description": "Refused; the field says where.",
        "content": json_of({"$ref": "#/components/schemas/Error"}),
    }
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": json_of(body)},
        "responses": {
            "200": {"description": "Scored.", "content": json_of(answer)},
            "413": error,
            "422": error,
            "503": error,
        },
    }


def _lead_schema(features: tuple[Feature, ...], example: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for feature in features:
        properties.setdefault(feature.source, _known(_property(feature)))
    required = sorted({f.source for f in features if f.required and f.kind is not FeatureKind.HOUR_OF_DAY})
    found = {"type": "object", "properties": properties, "example": example}
    return {**found, "required": required} if required else found


def _property(feature: Feature) -> dict[str, Any]:
    match feature.kind:
        case FeatureKind.NUMERIC:
            kind: Any = {"type": ["number", "null"], "minimum": feature.minimum, "maximum": feature.maximum}
        case FeatureKind.CATEGORICAL:
            known = ", ".join(feature.levels[:10])
            kind = {
                "type": ["string", "null"],
                "description": f"Known: {known}. Anything else counts as other.",
            }
        case FeatureKind.TEXT_LENGTH:
            kind = {
                "type": ["string", "null"],
                "description": "Only its length is used; the text is not kept.",
            }
        case FeatureKind.HOUR_OF_DAY:
            kind = {
                "type": ["string", "number", "null"],
                "format": "date-time",
                "description": "When the lead came in (ISO 8601 or Unix seconds); absent: now.",
            }
    if feature.required and feature.kind is not FeatureKind.HOUR_OF_DAY:
        kind["type"] = kind["type"][0]
    return dict(kind)
