"""Writing of an artifact as a JSON document; `artifact.dump` makes the canonical bytes of the document."""

from __future__ import annotations

from collections.abc import Mapping

from leadmodel_artifact.model import Artifact, DataWindow, Feature, Linear, Reference, Trees

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

_PLAIN = (
    "name",
    "version",
    "trained_at",
    "recipe",
    "auc",
    "n_train",
    "n_holdout",
    "holdout_digest",
    "parent",
)


def write(artifact: Artifact) -> dict[str, Any]:
    """The JSON document that `reading.read` turns back into the same artifact."""
    plain: dict[str, Any] = {key: getattr(artifact, key) for key in _PLAIN}
    return {
        **artifact.unknown,
        **plain,
        "schema": artifact.schema,
        "features": [_write_feature(feature) for feature in artifact.features],
        "model": _write_model(artifact.model),
        "calibration": artifact.calibration and _fields(artifact.calibration),
        "reference": _write_reference(artifact.reference),
        "examples": [{"lead": dict(e.lead), "score": e.score} for e in artifact.examples],
        "data": _write_data(artifact.data),
        **_write_text_models(artifact),
    }


def _write_text_models(artifact: Artifact) -> dict[str, Any]:
    if not artifact.text_models:
        return {}
    from leadmodel_text.writing import write as document_of  # most artifacts have no text model

    return {
        "text_models": {name: document_of(model.document) for name, model in artifact.text_models.items()}
    }


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _write_feature(feature: Feature) -> dict[str, Any]:
    document = _without(_fields(feature), None)
    return document if feature.missing else _without(document, (), "missing")


def _write_data(data: DataWindow) -> dict[str, Any]:
    document = _without(_fields(data), None, "time", "positive")
    return {("from" if key == "from_" else key): value for key, value in document.items()}


def _without(document: Mapping[str, Any], nothing: object, *names: str) -> dict[str, Any]:
    """The document without those fields (all, when no names are given) that hold `nothing`."""
    return {key: value for key, value in document.items() if value != nothing or (names and key not in names)}


def _write_model(model: Linear | Trees) -> dict[str, Any]:
    match model:
        case Linear():
            return {"kind": "linear", **_fields(model)}
        case Trees():
            trees = [{**_fields(t), "missing_left": [int(m) for m in t.missing_left]} for t in model.trees]
            return {"kind": "trees", "baseline": model.baseline, "trees": trees}


def _write_reference(reference: Reference) -> dict[str, Any]:
    document = {
        "method": reference.method,
        "rows": reference.rows,
        "features": [_fields(f) for f in reference.features],
        "psi_q999": reference.psi_q999,
    }
    if reference.calendar:
        document["calendar"] = reference.calendar
    if reference.hours:
        document["hour_of_day"] = {"counts": reference.hours}
    return document
