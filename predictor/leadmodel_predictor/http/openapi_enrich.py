"""The endpoints of texts in OpenAPI: languages and labels are those of the loaded text model."""

from typing import Any

from leadmodel_predictor.http.schemas import BUSY, REFUSED, json_, object_, ref
from leadmodel_predictor.http.text_batch import MAX_TEXTS
from leadmodel_predictor.serving.fields import MAX_TEXT
from leadmodel_predictor.serving.text_slot import TextSlot
from leadmodel_text.enrich import HEADS

EXAMPLE = "How much would 40 seats cost us per year?"
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
TEXT = {"type": "string", "maxLength": MAX_TEXT}
WANT = {
    "type": ["array", "null"],
    "items": {"type": "string", "enum": list(HEADS)},
    "minItems": 1,
    "maxItems": len(HEADS),
    "default": None,
    "description": "The heads to answer; null: all.",
}


def text_paths() -> dict[str, Any]:
    """The paths of single texts and of batches."""
    refused = _flag("refused", "true: an intent that is not answered shows its likeliest label.")
    live = _flag("live", "true: these texts came in just now, count them for drift.")
    batch = {"oneOf": [{"type": "array", "items": ref("Text"), "maxItems": MAX_TEXTS}, ref("TextColumns")]}
    answers = {"oneOf": [{"type": "array", "items": ref("Enrichment")}, ref("Enrichments")]}
    return {
        "/enrich": {"post": _post("Say what one text says", ref("Text"), ref("Enrichment"), refused)},
        "/enrich/batch": {"post": _post("Say what many texts say", batch, answers, refused, live)},
    }


def _flag(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "enum": ["true", "false"], "default": "false"}
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _post(
    summary: str, body: dict[str, Any], answer: dict[str, Any], *flags: dict[str, Any]
) -> dict[str, Any]:
    missing = json_(ref("Error"), "No text model is loaded.")
    return {
        "summary": summary,
        "parameters": list(flags),
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": json_(answer, "Answered; a label is null where the text model is not sure."),
            "404": missing,
            "413": REFUSED,
            "422": REFUSED,
            "503": BUSY,
        },
    }


def text_schemas(slot: TextSlot) -> dict[str, Any]:
    """The schemas of texts and answers, with the languages and labels of a text model."""
    language = {
        "enum": [None, *slot.languages],
        "default": None,
        "description": "The language where it is known; null: detected.",
    }
    text = {"text": TEXT, "language": language, "want": WANT}
    columns = {
        "text": {"type": "array", "items": TEXT, "maxItems": MAX_TEXTS},
        "language": {"type": ["array", "null"], "items": language, "maxItems": MAX_TEXTS},
        "want": WANT,
    }
    heads = {head: _head(head, slot) for head in HEADS}
    rest = {"model": {"type": "string"}, "version": {"type": "integer"}}
    many = {name: {"type": "array", "items": head} for name, head in heads.items()}
    return {
        "Text": {**object_(text, ["text"]), "example": {"text": EXAMPLE}},
        "TextColumns": {**object_(columns, ["text"]), "example": {"text": [EXAMPLE]}},
        "Enrichment": object_({**heads, "truncated": {"type": "boolean"}, **rest}, ["truncated", *rest]),
        "Enrichments": object_(
            {**many, "truncated": {"type": "array", "items": {"type": "boolean"}}, **rest}, list(rest)
        ),
    }


def _head(name: str, slot: TextSlot) -> dict[str, Any]:
    label = "level" if name == "urgency" else "label"
    known = {"enum": [None, *slot.labels[name]]}
    score = {"type": ["number", "null"]}
    why = {"type": "string", "description": "Why there is no label."}
    return object_({label: known, "confidence": SHARE, "score": score, "why": why}, [label])
