"""What a person asks for: each verb writes one annotation of the API, then waits for the operator's answer."""

import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Document, NotThereError
from leadmodel_messages.exits import KubectlExit
from leadmodel_messages.visible import visible
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.vocabulary import GROUP, PAUSED_ANNOTATION, Command

REFUSED = "VerbRefused"  # the reason of the operator's event
POLL_S = 0.5
EVENT_S = 5.0  # an event comes after the status


class UsageError(ValueError):
    """What is asked for does not fit the LeadModel as it is; the message says what to give instead."""


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


def rollback_target(status: Document, to: str | None) -> str:
    """The digest to go back to: the one that was named, else the previous model's."""
    previous = status.get("previous")
    if to:
        return full(status, to)
    if previous is None:
        raise UsageError("there is no previous model; name one of `kubectl leadmodel history` with --to")
    return str(previous["digest"])


def release_target(status: Document, digest: str | None) -> str:
    """The digest to release: the one that was named, else the held candidate, else the only one in quarantine."""
    if digest:
        return full(status, digest)
    candidate, quarantine = status.get("candidate") or {}, status.get("quarantine") or []
    if status.get("hold") and candidate.get("digest"):
        return str(candidate["digest"])
    if len(quarantine) == 1:
        return str(quarantine[0]["digest"])
    listed = ", ".join(short(entry["digest"]) for entry in quarantine) or "none"
    raise UsageError(f"nothing is held; name the digest to release; in quarantine: {listed}")


def abort_target(status: Document, digest: str | None) -> str:
    """The digest to take back: the one that was named, else the one that rolls out, else the candidate."""
    if digest:
        return full(status, digest)
    rollout, candidate = status.get("rollout"), status.get("candidate") or {}
    if rollout is not None:
        return str(rollout["to"])
    if candidate.get("digest"):
        return str(candidate["digest"])
    raise UsageError("nothing rolls out and nothing is a candidate; use rollback to leave the champion")


def digests(status: Document) -> list[str]:
    """Every digest that a status names, those a person most likely means first."""
    single = [status.get(role) or {} for role in ("candidate", "requested", "champion", "previous")]
    listed = [*(status.get("quarantine") or []), *(status.get("history") or [])]
    return list(dict.fromkeys(str(entry["digest"]) for entry in (*single, *listed) if entry.get("digest")))


def full(status: Document, text: str) -> str:
    """Complete the beginning of a digest (four hex digits and more) from those that the status names."""
    wanted = text.removeprefix("sha256:").lower()
    matches = [d for d in digests(status) if d.removeprefix("sha256:").startswith(wanted)]
    if len(matches) == 1 and len(wanted) >= 4:
        return matches[0]
    if len(wanted) == 64 and all(sign in "0123456789abcdef" for sign in wanted):
        return f"sha256:{wanted}"
    listed = ", ".join(map(short, digests(status))) or "none"
    trouble = "names several digests" if len(matches) > 1 else "names no digest"
    raise UsageError(f"{text!r} {trouble} of this LeadModel; known: {listed}")


TARGETS: dict[Command, Callable[[Document, str | None], str]] = {
    Command.ROLLBACK_TO: rollback_target,
    Command.RELEASE: release_target,
    Command.ABORT: abort_target,
}


def command(cluster: Cluster, options: Namespace, verb: Command, clock: Clock) -> int:
    """Give one command to the operator and print what became of it."""
    document = cluster.lead_model(options.name)
    status = document.get("status") or {}
    target = TARGETS[verb](status, options.digest) if verb in TARGETS else None
    value = _fresh(document, verb, target, clock)
    cluster.annotate(document, [f"{GROUP}/{verb}={value}"])
    named = f"{verb} {short(target)}" if target else str(verb)
    if not options.timeout:
        print(f"asked for {named}; the operator has not answered yet")
        return KubectlExit.DONE
    return _answer(cluster, Request(document, verb, value, named), clock.now() + options.timeout, clock)


def _fresh(document: Document, verb: Command, target: str | None, clock: Clock) -> str:
    """A value that has not been acted on: the operator acts once on each value."""
    stamp = f"{clock.now():.0f}"
    if target is None:
        return stamp
    used = {(document["metadata"].get("annotations") or {}).get(f"{GROUP}/{verb}")}
    used.add(((document.get("status") or {}).get("handled") or {}).get(verb))
    return f"{target}@{stamp}" if target in {str(value).partition("@")[0] for value in used} else target


def _answer(cluster: Cluster, request: Request, end: float, clock: Clock) -> int:
    metadata = request.document["metadata"]
    while True:
        status = _present(cluster, metadata)
        if status is not None and (status.get("handled") or {}).get(request.verb) == request.value:
            break
        if clock.now() >= end:
            print(f"asked for {request.named}, but the operator has not answered; is it running?")
            return KubectlExit.NO_ANSWER
        clock.sleep(POLL_S)
    refusal = _paused(status) or ("" if is_done(request, status) else _refusal(cluster, request, clock))
    if refusal:
        print(visible(f"refused: {refusal}"))
        return KubectlExit.REFUSED
    phase, champion = status.get("phase", "Pending"), (status.get("champion") or {}).get("digest")
    print(visible(f"done: {request.named}; {metadata['name']} is {phase}, champion {short(champion)}"))
    return KubectlExit.DONE


def _present(cluster: Cluster, metadata: Document) -> Document | None:
    """The present status; None where kubectl fails for a moment: the command is written, so that another try may show its answer."""
    try:
        return cluster.lead_model(metadata["name"], metadata["namespace"]).get("status") or {}
    except NotThereError:
        raise
    except ClusterError:
        return None


def _paused(status: Document) -> str:
    return "the LeadModel is paused; resume it first" if status.get("phase") == "Paused" else ""


def is_done(request: Request, status: Document) -> bool:
    """Whether a status shows that the operator did what a handled command asked for; refusals leave it as it was."""
    target, before = request.value.partition("@")[0], request.document.get("status") or {}
    quarantined = {entry["digest"] for entry in status.get("quarantine") or []}
    champion, candidate = status.get("champion") or {}, status.get("candidate") or {}
    if request.verb is Command.ROLLBACK_TO:
        return bool(champion.get("digest") == target != (before.get("champion") or {}).get("digest"))
    if request.verb is Command.RELEASE:
        was_listed = target in {entry["digest"] for entry in before.get("quarantine") or []}
        is_released = candidate.get("digest") == target and bool(candidate.get("released"))
        return target not in quarantined and (was_listed or is_released or champion.get("digest") == target)
    return target in quarantined if request.verb is Command.ABORT else True


def _refusal(cluster: Cluster, request: Request, clock: Clock) -> str:
    """The operator's sentence, which it writes as an event just after the status."""
    end = clock.now() + EVENT_S
    while not (sentence := refused(cluster, request)) and clock.now() < end:
        clock.sleep(POLL_S)
    name = request.document["metadata"]["name"]
    return sentence or f"the operator did not do it; see `kubectl leadmodel why {name}`"


def refused(cluster: Cluster, request: Request) -> str:
    """The sentence of the event in which the operator refused this value of a command; empty where it did not."""
    metadata = request.document["metadata"]
    begin = f"{request.verb}={request.value[:80]}: "
    for event in cluster.items("events.events.k8s.io", namespace=metadata["namespace"]):
        note = str(event.get("note") or "")
        if event.get("reason") == REFUSED and _is_of(event, metadata) and note.startswith(begin):
            return note.removeprefix(begin)
    return ""


def _is_of(event: Document, metadata: Document) -> bool:
    regarding = event.get("regarding") or {}
    return bool(
        regarding.get("name") == metadata["name"] and regarding.get("uid") in {None, metadata.get("uid")}
    )


def pause(cluster: Cluster, options: Namespace, clock: Clock) -> int:
    """Stop every decision, or let the operator decide again, and wait until the phase says so."""
    document = cluster.lead_model(options.name)
    wants_pause = options.verb == "pause"
    if not wants_pause and (document.get("spec") or {}).get("paused"):
        raise UsageError("it is paused by spec.paused: set it to false where the manifest is kept")
    cluster.annotate(document, [f"{PAUSED_ANNOTATION}=true" if wants_pause else f"{PAUSED_ANNOTATION}-"])
    end = clock.now() + options.timeout
    while options.timeout:
        status = _present(cluster, document["metadata"])
        if status is not None and (status.get("phase") == "Paused") == wants_pause:
            print(visible(f"done: {document['metadata']['name']} is {status.get('phase', 'Pending')}"))
            return KubectlExit.DONE
        if clock.now() >= end:
            print("asked, but the operator has not answered; is it running?")
            return KubectlExit.NO_ANSWER
        clock.sleep(POLL_S)
    print(f"asked for {options.verb}; the operator has not answered yet")
    return KubectlExit.DONE
