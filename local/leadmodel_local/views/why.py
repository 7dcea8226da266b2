"""The last decision in prose, with its numbers; and the story so far."""

from datetime import datetime
from typing import Any

from leadmodel_operator.resource.digest import short


def why(found: dict[str, Any]) -> list[str]:
    """Sentences, the most important first."""
    status, name = found["status"], found["metadata"]["name"]
    if not status:
        return [f"{name}: nothing is known yet; is `leadmodel local up` running?"]
    conditions = {c["type"]: c for c in status.get("conditions", [])}
    ready = conditions["Ready"]
    lines = [
        f"{name} is {'ready' if ready['status'] == 'True' else 'not ready'} ({ready['reason']}): {ready['message']}"
    ]
    lines += [*_champion(status), *_gate(status), *_drift(status), *_quarantine(status)]
    return lines + _waiting(conditions, status)


def _champion(status: dict[str, Any]) -> list[str]:
    champion, newest = status.get("champion"), (status.get("history") or [None])[0]
    lines = []
    if champion is not None:
        auc = f", AUC {champion['auc']:.4f} on the holdout" if champion.get("auc") is not None else ""
        lines.append(f"Champion: {short(champion['digest'])}{auc}.")
    else:
        lines.append("Champion: none; no model has passed the gate yet.")
    if newest is not None:
        did = "was promoted" if newest["reason"] == "Promoted" else f"was gone back to ({newest['reason']})"
        lines.append(f"Last decision: {short(newest['digest'])} {did}: {newest.get('message', '')}.")
    return lines


def _gate(status: dict[str, Any]) -> list[str]:
    gate = status.get("gate")
    if gate is None:
        return []
    said = f"Gate: {short(gate['digest'])} got {gate['verdict']} ({gate['reason']})"
    if gate.get("auc") is not None:
        said += f": AUC {gate['auc']:.4f}, at least {gate['minAuc']:.2f} asked"
    if gate.get("lower") is not None:
        said += f"; with 95 % confidence it is above {gate['lower']:.4f}"
    if gate.get("delta") is not None:
        said += f"; {gate['delta']:+.4f} against the champion on the same leads (at least {gate['deltaLower']:+.4f})"
    rows = f" ({gate['positives']} converted and {gate['negatives']} other leads)"
    return [said + rows + "."]


def _drift(status: dict[str, Any]) -> list[str]:
    drift = status.get("drift")
    if drift is None:
        return []
    said = f"Live leads: {drift['evidence']} on {drift['samples']} leads"
    if drift.get("psi") is not None:
        said += f", largest PSI {drift['psi']:.2f} in {drift['feature']}"
    if drift.get("previousPsi") is not None:
        said += f"; the previous model on the same leads: {drift['previousPsi']:.2f}"
    lines = [said + "."]
    return [*lines, f"What was made of it: {drift['verdict']}."] if drift.get("verdict") else lines


def _quarantine(status: dict[str, Any]) -> list[str]:
    return [
        f"Quarantined: {short(entry['digest'])} ({entry['kind']}, {entry['reason']})"
        + (f": {entry['evidence']}" if entry.get("evidence") else "")
        + "."
        for entry in status.get("quarantine", [])[:5]
    ]


def _waiting(conditions: dict[str, Any], status: dict[str, Any]) -> list[str]:
    found = [
        f"{kind}: {conditions[kind]['message']}"
        for kind in ("Stalled", "Reconciling")
        if conditions[kind]["status"] == "True" and conditions[kind]["message"]
    ]
    poll = status.get("poll") or {}
    return [*found, f"The source did not answer: {poll['error']}"] if poll.get("error") else found


def history(found: dict[str, Any]) -> list[str]:
    """Decisions, oldest first."""
    return [
        f"{moment(entry['at'])}  {entry['reason']:<18} {short(entry['digest'])}  {entry.get('message', '')}".rstrip()
        for entry in reversed(found["status"].get("history") or [])
    ]


def moment(text: str) -> str:
    """Day and time of day."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")
