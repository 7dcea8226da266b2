"""What became of a command, read from documents: done, refused, or not acted upon, with the sentence for its user."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Document, NotThereError, event_time
from leadmodel_cli.views.tree import condition
from leadmodel_operator.resource.vocabulary import GROUP, Command, EventReason, Phase, Reason

POLL_S = 0.5
EVENT_S = 5.0  # an event comes after the status
_ANSWERS = {EventReason.VERB_REFUSED, EventReason.PAUSED}  # reasons of the operator's events
_REFUSALS = {Reason.FORBIDDEN, Reason.QUOTA_EXCEEDED, Reason.REFUSED}
_NO_RIGHT = re.compile(r"may not \w+ configmaps here;")  # of an operator that does not name the object
_PINNED = "the spec pins a digest, so the source is not polled"


@dataclass(frozen=True)
class Clock:
    """The time and a way to wait, so that tests need neither."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Request:
    """One command as it was given: the LeadModel before, the verb, the annotation's value, and its name for people."""

    document: Document
    verb: Command
    value: str
    named: str


def present(cluster: Cluster, metadata: Document) -> Document | None:
    """The LeadModel as it is; None where kubectl fails for a moment: the command is written, so that another try may show its answer."""
    try:
        return cluster.lead_model(metadata["name"], metadata["namespace"])
    except NotThereError:
        raise
    except ClusterError:
        return None


def is_handled(request: Request, document: Document) -> bool:
    """Whether the operator has looked at the command; it may have refused it."""
    handled = (document.get("status") or {}).get("handled") or {}
    return bool(handled.get(request.verb) == request.value) or is_unknown(request, document)


def is_unknown(request: Request, document: Document) -> bool:
    """Whether the operator does not know the command, because it is older than the plugin."""
    handled = (document.get("status") or {}).get("handled") or {}
    return f"{GROUP}/{request.verb}" in str(handled.get("unknown", "")).split(", ")


def is_done(request: Request, status: Document) -> bool:
    """Whether a status shows that the operator did what a handled command asked for; a refusal leaves it as it was."""
    target, before = request.value.partition("@")[0], request.document.get("status") or {}
    listed, listed_before = _quarantine(status), _quarantine(before)
    champion, candidate = (status.get(role) or {} for role in ("champion", "candidate"))
    is_new_champion = champion.get("digest") == target != (before.get("champion") or {}).get("digest")
    match request.verb:
        case Command.ROLLBACK_TO:
            return is_new_champion
        case Command.RELEASE:
            is_released = candidate.get("digest") == target and bool(candidate.get("released"))
            return target not in listed and (target in listed_before or is_released or is_new_champion)
        case Command.ABORT:
            return target in listed and listed[target] != listed_before.get(target)
        case Command.PROMOTE:
            challenger = status.get("challenger") or {}
            return is_new_champion or (
                challenger.get("digest") == target and bool(challenger.get("promoted"))
            )
        case Command.POLL:
            return _of_poll(status, "wanted") not in {"", _of_poll(before, "wanted")}
        case Command.REFRESH:
            return int(status.get("decision") or 0) > int(before.get("decision") or 0)


def _quarantine(status: Document) -> dict[str, Document]:
    return {entry["digest"]: entry for entry in status.get("quarantine") or []}


def _of_poll(status: Document, field: str) -> str:
    return str((status.get("poll") or {}).get(field) or "")


def _may_be_polled(request: Request, document: Document) -> bool:
    """Whether a poll ended and nothing stands against the command: it may be the command's, which was over before its Job was seen.

    A poll by schedule ends alike, also while the command is refused.
    """
    before, status = request.document.get("status") or {}, document.get("status") or {}
    is_new = _of_poll(status, "job") != _of_poll(before, "job")
    return request.verb is Command.POLL and is_new and not why_suspended(document)


def refusal(cluster: Cluster, request: Request, document: Document, clock: Clock) -> str:
    """Why a handled command was not carried out; empty if it was."""
    status, spec = document.get("status") or {}, document.get("spec") or {}
    name = request.document["metadata"]["name"]
    if is_unknown(request, document):
        return f"this operator does not know {request.verb}: it is older than the plugin"
    if is_done(request, status):
        return ""
    if status.get("phase") == Phase.PAUSED:
        return "the LeadModel is paused; resume it first"
    if request.verb is Command.POLL and (spec.get("artifact") or {}).get("digest"):
        return _PINNED
    may_be_done = _may_be_polled(request, document)
    end = clock.now() + (0 if may_be_done else EVENT_S)
    while not (sentence := refused(cluster, request)) and clock.now() < end:
        clock.sleep(POLL_S)
    if sentence or may_be_done:
        return sentence
    return why_suspended(document) or f"the operator did not do it; see `kubectl leadmodel why {name}`"


def refused(cluster: Cluster, request: Request) -> str:
    """The sentence of the event in which the operator did not carry out this value of a command; empty where there is none."""
    metadata = request.document["metadata"]
    begin = f"{request.verb}={request.value[:80]}: "
    try:
        events = cluster.items("events.events.k8s.io", namespace=metadata["namespace"])
    except ClusterError:
        return ""  # who may not read events is not told the sentence
    for event in sorted(events, key=event_time, reverse=True):
        note = str(event.get("note") or "")
        if event.get("reason") in _ANSWERS and _is_of(event, metadata) and note.startswith(begin):
            return note.removeprefix(begin)
    return ""


def _is_of(event: Document, metadata: Document) -> bool:
    regarding = event.get("regarding") or {}
    return bool(
        regarding.get("name") == metadata["name"] and regarding.get("uid") in {None, metadata.get("uid")}
    )


def why_suspended(document: Document) -> str:
    """Why the operator decides nothing although the LeadModel is not paused; empty if it decides, as far as its status tells.

    Decisions wait while the spec is refused, while nothing can be read, and while Deployment or ledger belong to another owner or are
    refused by the API server.
    """
    status, name = document.get("status") or {}, document["metadata"]["name"]
    stalled, ready = (condition(status, kind) or {} for kind in ("Stalled", "Ready"))
    if stalled.get("status") != "True":
        return ""
    reason, message = stalled.get("reason"), str(stalled.get("message", ""))
    ledger = f"ConfigMap/{name}-ledger"
    is_blind = reason == ready.get("reason") and (
        reason == Reason.INVALID_SPEC or ready.get("status") == "Unknown"
    )
    is_taken = reason == Reason.NAME_CONFLICT and any(
        o in message.replace(",", "").split() for o in (ledger, f"Deployment/{name}")
    )
    is_refused = reason in _REFUSALS and (ledger in message or _NO_RIGHT.search(message))
    return f"the operator decides nothing: {reason}: {message}" if is_blind or is_taken or is_refused else ""
