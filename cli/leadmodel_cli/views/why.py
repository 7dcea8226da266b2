"""Why a LeadModel is as it is: its status, verdicts and the newest pass in sentences, and the history of decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from leadmodel_cli.views import texts
from leadmodel_operator.planning.trace import Effect
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.vocabulary import Evidence

ENTRIES_SHOWN = 5


def why(lead_model: dict[str, Any], trace: Sequence[dict[str, str]] = ()) -> list[str]:
    """Explain a LeadModel, the most important sentence first.

    Args:
        lead_model: The document as `documents.read` gives it.
        trace: What the newest pass did and withheld, as `documents.read_trace` gives it.
    """
    status, name = lead_model.get("status") or {}, lead_model["metadata"]["name"]
    if not status.get("conditions"):
        return [
            f"{name}: nothing is known yet; is the operator running (on one machine: `leadmodel local up`)?"
        ]
    conditions = {c["type"]: c for c in status.get("conditions", [])}
    ready = conditions["Ready"]
    is_ready = "ready" if ready["status"] == "True" else "not ready"
    lines = [f"{name} is {is_ready} ({ready['reason']}): {ready['message']}"]
    lines += [*_champion(status), *_gate(status), *_live_gate(status), *_drift(status), *_quarantine(status)]
    lines += _follow_ups(conditions.get("FollowUpsHealthy"), status)
    return [*lines, *_waiting(conditions, status), *_trace(trace)]


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
    line = f"Gate: {short(gate['digest'])} got {gate['verdict']} ({gate['reason']})"
    if gate.get("auc") is not None:
        line += f": AUC {gate['auc']:.4f}, at least {gate['minAuc']:.2f} asked"
    if gate.get("lower") is not None:
        line += f"; with 95 % confidence it is above {gate['lower']:.4f}"
    if gate.get("delta") is not None:
        line += f"; {gate['delta']:+.4f} against the champion on the same leads (at least {gate['deltaLower']:+.4f})"
    rows = f" ({gate['positives']} converted and {gate['negatives']} other leads)"
    return [line + rows + "."]


def _live_gate(status: dict[str, Any]) -> list[str]:
    """How the newest candidate did on live leads; none without one."""
    challenger = status.get("challenger")
    if challenger is None or (
        challenger.get("until") and not challenger.get("verdict")
    ):  # released before it was checked
        return []
    name, message = short(challenger["digest"]), challenger.get("message") or "no pod has answered yet"
    if not challenger.get("until") and challenger.get("step") is not None:
        return [f"Canary: {name}: {message}."]
    if not challenger.get("until"):
        return [f"Live gate: {name} is checked against live leads: {message}."]
    line = f"Live gate: {name} got {challenger['verdict']} ({challenger['reason']}): {message}"
    shift = challenger.get("shift") or {}
    if shift.get("moved") is not None and challenger["verdict"] != Evidence.INSUFFICIENT:
        line += f"; its scores are {shift['mean']:+.3f} on average, {shift['moved']:.0%} of leads fall into another tenth"
    return [line + "."]


def _drift(status: dict[str, Any]) -> list[str]:
    drift = status.get("drift")
    if drift is None:
        return []
    line = f"Live leads: {drift['evidence']} on {drift['samples']} leads"
    if drift.get("compared") is not None and drift["compared"] < drift["samples"]:
        line += f", of which {drift['compared']} could be compared with the reference"
    if drift.get("psi") is not None:
        line += f", largest PSI {drift['psi']:.2f} in {drift['feature']}"
    if drift.get("previousPsi") is not None:
        line += f"; the previous model on the same leads: {drift['previousPsi']:.2f}"
    lines = [line + "."]
    return [*lines, f"What was made of it: {drift['verdict']}."] if drift.get("verdict") else lines


def _quarantine(status: dict[str, Any]) -> list[str]:
    return [
        f"Quarantined: {short(entry['digest'])} ({entry['kind']}, {entry['reason']})"
        + (f": {entry['evidence']}" if entry.get("evidence") else "")
        + "."
        for entry in status.get("quarantine", [])[:ENTRIES_SHOWN]
    ]


def _follow_ups(condition: dict[str, Any] | None, status: dict[str, Any]) -> list[str]:
    """One line about the messages to leads; none without `spec.followUps`."""
    known = status.get("followUps")
    if known is None or condition is None:
        return []
    words = {"True": "are sent", "False": "need a person"}.get(condition["status"], "are not judged")
    line = f"Follow-ups {words} ({condition['reason']}): {condition.get('message', '')}"
    counts = f"{known.get('sent24h', 0)} sent and {known.get('failed24h', 0)} failed within 24 hours, {known.get('waiting', 0)} wait"
    return [f"{line}. {counts}."]


def _waiting(conditions: dict[str, Any], status: dict[str, Any]) -> list[str]:
    lines = [
        f"{kind}: {conditions[kind]['message']}"
        for kind in ("Stalled", "Reconciling")
        if conditions[kind]["status"] == "True" and conditions[kind]["message"]
    ]
    poll = status.get("poll") or {}
    return [*lines, f"The source did not answer: {poll['error']}"] if poll.get("error") else lines


def _trace(trace: Sequence[dict[str, str]]) -> list[str]:
    """One line per step of the newest pass that did or withheld something."""
    verbs = {Effect.DID: "Done", Effect.WITHHELD: "Withheld"}
    return [
        f"{verbs[Effect(entry['effect'])]} in the newest pass, {entry['step']}: {entry['reason']}."
        for entry in trace
        if entry["effect"] in verbs
    ]


def history(lead_model: dict[str, Any]) -> list[str]:
    """List the decisions about champions, and what the status keeps of those about text models, oldest first."""
    status = lead_model.get("status") or {}
    entries = [(entry["at"], _decided(entry)) for entry in reversed(status.get("history") or [])]
    entries += texts.decisions(status)
    return [
        f"{moment(at)}  {decided}".rstrip() for at, decided in sorted(entries, key=lambda entry: entry[0])
    ]


def _decided(entry: dict[str, Any]) -> str:
    return f"{entry['reason']:<18} {short(entry['digest'])}  {entry.get('message', '')}"


def moment(text: str) -> str:
    """An instant in ISO 8601 as date and time of day, to the second; any other text as it is."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return text
