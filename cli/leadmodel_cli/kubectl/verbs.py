"""What a person asks for: each verb writes one annotation of the API, then waits for the operator's answer."""

from argparse import Namespace
from collections.abc import Callable

from leadmodel_cli.kubectl import answers
from leadmodel_cli.kubectl.answers import Clock, Request
from leadmodel_cli.kubectl.cluster import Cluster, Document
from leadmodel_messages.exits import KubectlExit
from leadmodel_messages.visible import visible
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.vocabulary import GROUP, PAUSED_ANNOTATION, Command, Phase


class UsageError(ValueError):
    """What is asked for does not fit the LeadModel as it is; the message says what to give instead."""


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
    """The digest to take back: the one that was named, else the one that rolls out, else the candidate or what is before the pods."""
    if digest:
        return full(status, digest)
    rollout, candidate = status.get("rollout"), status.get("candidate") or {}
    if rollout is not None:
        return str(rollout["to"])
    if not candidate.get("digest"):
        candidate = before_the_pods(status)
    if candidate.get("digest"):
        return str(candidate["digest"])
    raise UsageError("nothing rolls out and nothing is a candidate; use rollback to leave the champion")


def promote_target(status: Document, digest: str | None) -> str:
    """The digest whose steps are to end: the one that was named, else the one that is in a step of a canary."""
    if digest:
        return full(status, digest)
    challenger = before_the_pods(status)
    if challenger.get("step") is None:
        raise UsageError("no candidate is in a step of a canary; use release to let a held one serve")
    return str(challenger["digest"])


def before_the_pods(status: Document) -> Document:
    """What status says of the candidate that lies before the pods; empty where none does."""
    challenger: Document = status.get("challenger") or {}
    return {} if challenger.get("until") else challenger


def digests(status: Document) -> list[str]:
    """Every digest that a status names, those a person most likely means first."""
    single = [
        status.get(role) or {} for role in ("candidate", "requested", "challenger", "champion", "previous")
    ]
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
    Command.PROMOTE: promote_target,
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
    now = clock.now()
    stamp = f"{now:.0f}"
    used = {(document["metadata"].get("annotations") or {}).get(f"{GROUP}/{verb}")}
    used.add(((document.get("status") or {}).get("handled") or {}).get(verb))
    if target is None:
        return f"{now:.6f}" if stamp in used else stamp
    return f"{target}@{stamp}" if target in {str(value).partition("@")[0] for value in used} else target


def _answer(cluster: Cluster, request: Request, end: float, clock: Clock) -> int:
    metadata = request.document["metadata"]
    while (document := answers.present(cluster, metadata)) is None or not answers.is_handled(
        request, document
    ):
        if clock.now() >= end:
            return _no_answer(f"asked for {request.named}", document)
        clock.sleep(answers.POLL_S)
    if refusal := answers.refusal(cluster, request, document, clock):
        return _refused(refusal)
    return _done(f"{request.named}; ", document)


def _done(what: str, document: Document) -> int:
    status = document.get("status") or {}
    phase, champion = status.get("phase", "Pending"), (status.get("champion") or {}).get("digest")
    print(visible(f"done: {what}{document['metadata']['name']} is {phase}, champion {short(champion)}"))
    return KubectlExit.DONE


def _refused(why: str) -> int:
    print(visible(f"refused: {why}"))
    return KubectlExit.REFUSED


def _no_answer(asked: str, document: Document | None) -> int:
    why = answers.why_suspended(document) if document is not None else ""
    print(visible(f"{asked}, but the operator has not answered; {why or 'is it running?'}"))
    return KubectlExit.NO_ANSWER


def pause(cluster: Cluster, options: Namespace, clock: Clock) -> int:
    """Stop every decision, or let the operator decide again, and wait until the phase says so."""
    document = cluster.lead_model(options.name)
    wants_pause = options.verb == "pause"
    if not wants_pause and (document.get("spec") or {}).get("paused"):
        raise UsageError("it is paused by spec.paused: set it to false where the manifest is kept")
    cluster.annotate(document, [f"{PAUSED_ANNOTATION}=true" if wants_pause else f"{PAUSED_ANNOTATION}-"])
    end = clock.now() + options.timeout
    while options.timeout:
        present = answers.present(cluster, document["metadata"])
        if present is not None and _is_paused(present) == wants_pause:
            why = "" if wants_pause else answers.why_suspended(present)
            return _refused(f"the pause is taken back, but {why}") if why else _done("", present)
        if clock.now() >= end:
            return _no_answer(f"asked for {options.verb}", present)
        clock.sleep(answers.POLL_S)
    print(f"asked for {options.verb}; the operator has not answered yet")
    return KubectlExit.DONE


def _is_paused(document: Document) -> bool:
    return (document.get("status") or {}).get("phase") == Phase.PAUSED
