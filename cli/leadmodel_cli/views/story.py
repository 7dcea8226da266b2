"""One LeadModel, and all of them, as the page in a browser shows them: plain JSON, made from documents. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmodel_cli.views import advice, table, texts, tree, why
from leadmodel_cli.views.children import Children
from leadmodel_messages.window import SlotWindow, Window
from leadmodel_messages.window_psi import slot_psis
from leadmodel_messages.window_sums import alike, merge
from leadmodel_operator.resource.digest import short

Document = Mapping[str, Any]
FEATURES_SHOWN = 40
MIN_SAMPLES = 150  # spec.drift.minSamples, where a document has no defaults
SCORE = "score"


@dataclass(frozen=True)
class Look:
    """Everything the page shows of one LeadModel. `windows` are of predictors that answered, `note` says why others did not."""

    document: Document
    children: Children
    windows: Sequence[Window] = ()
    card: Mapping[str, Any] | None = None
    note: str = ""


def fleet(documents: Sequence[Document], now: datetime) -> list[dict[str, Any]]:
    """One row per LeadModel, what needs a look first."""
    rows = [_row(document, now) for document in documents]
    order = ["bad", "warning", "waiting", "paused", "good"]
    return sorted(rows, key=lambda row: (order.index(row["mood"]), row["namespace"], row["name"]))


def _row(document: Document, now: datetime) -> dict[str, Any]:
    metadata, status = document["metadata"], document.get("status") or {}
    drift, champion = status.get("drift") or {}, status.get("champion") or {}
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "mood": str(tree.mood_of(status)),
        "phase": status.get("phase", "Pending"),
        "headline": _sentence(status),
        "champion": short(champion.get("digest")),
        "auc": champion.get("auc"),
        "psi": drift.get("psi"),
        "limit": _drift_spec(document).get("maxPsi", 0.25),
        "age": table.age(metadata.get("creationTimestamp"), now),
    }


def _sentence(status: Document) -> str:
    ready = tree.condition(status, "Ready")
    return "nothing is known yet" if ready is None else str(ready.get("message") or ready["reason"])


def _drift_spec(document: Document) -> Mapping[str, Any]:
    return (document.get("spec") or {}).get("drift") or {}


def story(look: Look, now: datetime) -> dict[str, Any]:
    """Everything about one LeadModel: state, advice, gate, live leads, decisions, card, pods."""
    document, status = look.document, look.document.get("status") or {}
    merged = merge(alike(look.windows))
    return {
        **_row(document, now),
        "advice": advice.advise(document),
        "conditions": [
            {
                "type": c["type"],
                "status": c["status"],
                "reason": c["reason"],
                "message": c.get("message", ""),
                "since": table.age(c.get("lastTransitionTime"), now),
            }
            for c in status.get("conditions") or []
        ],
        "gate": _gate(status),
        "drift": _drift(document, merged, look.note),
        "scores": _scores(merged.champion) if merged and merged.champion else None,
        "decisions": [
            {
                "at": why.moment(d["at"]),
                "reason": d["reason"],
                "digest": short(d["digest"]),
                "message": d.get("message", ""),
            }
            for d in status.get("history") or []
        ],
        "quarantine": [
            {"digest": short(q["digest"]), "kind": q["kind"], "evidence": q.get("evidence") or q["reason"]}
            for q in status.get("quarantine") or []
        ],
        "models": [
            _model(role, status[role], now)
            for role in ("champion", "previous", "candidate")
            if status.get(role)
        ],
        "texts": texts.pairs(status),
        "card": _card(look.card),
        "pods": [
            {
                "name": p.name,
                "state": p.state,
                "mood": str(p.mood),
                "place": p.place,
                "model": short(p.champion),
                "restarts": p.restarts,
            }
            for p in look.children.pods
        ],
        "jobs": [{"name": j.name, "state": j.state, "mood": str(j.mood)} for j in look.children.jobs],
    }


def _model(role: str, model: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    since = table.age(model.get("since"), now)
    return {
        "role": role,
        "digest": short(model.get("digest")),
        "auc": model.get("auc"),
        "since": since,
        "verdict": model.get("verdict"),
    }


def _gate(status: Document) -> dict[str, Any] | None:
    gate = status.get("gate")
    if not gate:
        return None
    keys = ("auc", "lower", "minAuc", "delta", "deltaLower", "positives", "negatives", "verdict", "reason")
    return {"digest": short(gate["digest"]), **{key: gate.get(key) for key in keys}}


def _drift(document: Document, merged: Window | None, note: str) -> dict[str, Any]:
    drift = (document.get("status") or {}).get("drift") or {}
    samples = int(_drift_spec(document).get("minSamples", MIN_SAMPLES))
    indices = {
        role: _psi_of(getattr(merged, role), samples) if merged else {} for role in ("champion", "previous")
    }
    names = sorted(
        {*indices["champion"], *indices["previous"]}, key=lambda n: -indices["champion"].get(n, 0.0)
    )
    return {
        "evidence": drift.get("evidence", "Unavailable"),
        "samples": drift.get("samples", 0),
        "compared": drift.get("compared"),
        "verdict": drift.get("verdict", ""),
        "limit": _drift_spec(document).get("maxPsi", 0.25),
        "note": note,
        "features": [
            {
                "name": name,
                "champion": indices["champion"].get(name),
                "previous": indices["previous"].get(name),
            }
            for name in names[:FEATURES_SHOWN]
        ],
        "left": max(0, len(names) - FEATURES_SHOWN),
    }


def _psi_of(slot: SlotWindow | None, min_samples: int) -> dict[str, float]:
    return {name: index.value for name, index in slot_psis(slot, min_samples).items()} if slot else {}


def _scores(slot: SlotWindow) -> dict[str, Any] | None:
    """Shares of leads per bin of the score, as they came and as the reference expects them; None before any lead."""
    score = slot.features.get(SCORE)
    if score is None or not sum(score.observed) or not sum(score.expected):
        return None
    return {
        "leads": score.n,
        "observed": [count / sum(score.observed) for count in score.observed],
        "expected": [count / sum(score.expected) for count in score.expected],
    }


def _card(card: Mapping[str, Any] | None) -> list[list[str]]:
    """A model card as pairs of name and text; features are counted, not listed."""
    if not card:
        return []
    flat: list[list[str]] = []
    for key, value in card.items():
        if key == "features":
            flat.append(["features", ", ".join(str(feature.get("name")) for feature in value)])
        elif isinstance(value, Mapping):
            flat += [[f"{key} {name}".replace("_", " "), _cell(item)] for name, item in value.items()]
        else:
            flat.append([key.replace("_", " "), _cell(value)])
    return flat


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
