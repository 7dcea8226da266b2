"""The model card: facts of a model for people. An unknown fact is left out, not invented."""

from typing import Any

from leadmodel_artifact.model import Feature, Linear
from leadmodel_predictor.serving.slots import Slot


def card(slot: Slot, measured_auc: float | None) -> dict[str, Any]:
    """The model card as JSON."""
    a = slot.artifact
    known = {
        "name": a.name,
        "digest": slot.digest,
        "version": a.version,
        "trained_at": a.trained_at,
        "recipe": a.recipe,
        "parent": a.parent,
        "kind": "linear" if isinstance(a.model, Linear) else "trees",
        "auc": {"claimed": a.auc, **({"measured": measured_auc} if measured_auc is not None else {})},
        "holdout": {"rows": a.n_holdout, "digest": a.holdout_digest},
        "training": {
            "rows": a.data.rows,
            "positives": a.data.positives,
            "from": a.data.from_,
            "to": a.data.to,
            "horizon_days": a.data.horizon_days,
            "label": a.data.label,
            "excluded": list(a.data.excluded) or None,
        },
        "features": [_feature(f) for f in a.features],
    }
    return _known(known)


def _known(document: dict[str, Any]) -> dict[str, Any]:
    return {k: _known(v) if isinstance(v, dict) else v for k, v in document.items() if v is not None}


def _feature(feature: Feature) -> dict[str, Any]:
    return _known(
        {
            "name": feature.name,
            "kind": feature.kind,
            "source": feature.source,
            "required": feature.required,
            "default": feature.default,
            "levels": list(feature.levels) or None,
            "text_model": feature.text_model,
        }
    )
