"""The text model of a LeadModel as names and texts, in the order in which a person wants to know them. A pure function of status."""

from collections.abc import Mapping
from typing import Any

from leadmodel_operator.resource.digest import short

_FIGURES = {
    "macroF1": "macro-F1 on the holdout",
    "coverage": "answered on the holdout",
    "scopeAuroc": "scope AUROC",
    "calibrationError": "calibration error",
}


def pairs(status: Mapping[str, Any]) -> list[list[str]]:
    """Pairs of name and text; empty without a text model in the spec. What pods report stands beside what was decided."""
    text = status.get("enrichment")
    if not text:
        return []
    lines = [
        ["text model", short(text.get("digest"))],
        ["ready pods that report it", str(text.get("readyPods", 0))],
    ]
    lines += [["text model before", short(text["previous"])]] if text.get("previous") else []
    figures = text.get("figures") or {}
    lines += [[name, f"{figures[key]:.2f}"] for key, name in _FIGURES.items() if figures.get(key) is not None]
    if text.get("abstained") is not None:
        lines.append(["live texts without an intent", f"{text['abstained']:.2f}"])
    return [*lines, *_drift(text.get("drift") or {}), *_judged(text)]


def decisions(status: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Times and texts of what the status keeps of decisions: the model that serves, the newest one that was judged, those that pods refused."""
    text = status.get("enrichment") or {}
    serving, candidate = text.get("digest"), text.get("candidate") or {}
    decided: list[tuple[str, str | None, str]] = [
        (entry["at"], entry["digest"], f"refused by pods: {entry['reason']}")
        for entry in text.get("refused") or []
    ]
    if serving and text.get("servedAt"):
        before = f", instead of {short(text['previous'])}" if text.get("previous") else ""
        decided.append((text["servedAt"], serving, f"decided to serve{before}"))
    if candidate.get("verdict") == "Fail" and candidate.get("digest") not in {
        digest for _, digest, _ in decided
    }:
        why = candidate.get("message") or candidate["reason"]
        decided.append((candidate["at"], candidate.get("digest"), f"refused: {why}"))
    return [(at, f"{'text model':<18} {short(digest)}  {decision}") for at, digest, decision in decided]


def _drift(drift: Mapping[str, Any]) -> list[list[str]]:
    if drift.get("psi") is None:
        return [["live texts", f"{drift.get('texts', 0)}, too few to compare"]] if drift else []
    lasting = ", and has lasted" if drift.get("sustained") else ""
    return [
        ["live texts", f"{drift['texts']}, largest PSI {drift['psi']:.2f} in {drift['feature']}{lasting}"]
    ]


def _judged(text: Mapping[str, Any]) -> list[list[str]]:
    candidate, check = text.get("candidate") or {}, text.get("check") or {}
    why = candidate.get("message") or candidate.get("reason")
    lines = (
        [["judged last", f"{short(candidate.get('digest'))} {candidate['verdict']}: {why}"]]
        if candidate
        else []
    )
    trouble = check.get("error") or check.get("waiting")
    return [*lines, ["the check", trouble]] if trouble else lines
