"""What a person asks for once, by annotation. Each value is acted on once and remembered in the write that records the decision."""

import re
from dataclasses import replace

from leadmodel_operator.planning.champion import fallback, roll_back
from leadmodel_operator.planning.pass_state import Draft
from leadmodel_operator.planning.sources import want_poll
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Quarantined
from leadmodel_operator.resource.vocabulary import QuarantineKind, Reason, Verb

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


def act(draft: Draft) -> None:
    """Act on every verb that has a new value, in a fixed order; forget values whose annotation went."""
    verbs = draft.seen.verbs
    handled = {name: value for name, value in draft.status.handled.items() if name in verbs}
    for verb in Verb:
        value = verbs.get(verb)
        if value is None or handled.get(verb) == value[:256] or (draft.moved and verb in _MOVES):
            continue
        handled[verb] = value[:256]
        if draft.halted:
            draft.say("Paused", f"{verb} was not acted on: {_why_halted(draft)}", warning=True)
        else:
            _ACTIONS[verb](draft, value.partition("@")[0].strip())
    if handled != draft.status.handled:
        draft.change(handled=handled)


def _why_halted(draft: Draft) -> str:
    return "the LeadModel is paused" if draft.paused else f"{draft.seen.conflicts[0]} belongs to someone else"


def _refuse(draft: Draft, verb: Verb, why: str) -> None:
    draft.say("VerbRefused", f"{verb}: {why}", warning=True)


def _full_digest(draft: Draft, verb: Verb, value: str) -> str | None:
    """The digest a value names: in full, or by 12 hex as tables show it."""
    if _DIGEST.match(value):
        return value
    known = {r.digest for r in draft.seen.ledger} | {q.digest for q in draft.status.quarantine}
    known |= {
        d.digest
        for d in (draft.status.candidate, draft.status.requested)
        if d is not None and d.digest is not None
    }
    found = [
        digest for digest in known if len(value) >= 12 and digest.removeprefix("sha256:").startswith(value)
    ]
    if len(found) == 1:
        return found[0]
    _refuse(draft, verb, "name a digest as sha256:… or its first 12 hex")
    return None


def _rollback_to(draft: Draft, value: str) -> None:
    digest = _full_digest(draft, Verb.ROLLBACK_TO, value)
    champion = draft.champion
    if digest is None:
        return
    target = draft.revision(digest)
    if champion is None:
        _refuse(draft, Verb.ROLLBACK_TO, "nothing serves that could be rolled back; release or pin a digest")
    elif digest == champion.digest:
        _refuse(draft, Verb.ROLLBACK_TO, f"{short(digest)} is the champion already")
    elif target is None or target.served_at is None:
        _refuse(draft, Verb.ROLLBACK_TO, f"{short(digest)} has never served here")
    elif draft.lasting(digest) is not None:
        _refuse(draft, Verb.ROLLBACK_TO, f"{short(digest)} is quarantined; release it first")
    elif not draft.reachable(digest):
        _refuse(draft, Verb.ROLLBACK_TO, f"the bytes of {short(digest)} are not kept any more")
    else:
        roll_back(
            draft, target, kind=QuarantineKind.MANUAL, reason=Reason.MANUAL, message="asked for by annotation"
        )


def _release(draft: Draft, value: str) -> None:
    digest = _full_digest(draft, Verb.RELEASE, value)
    if digest is None:
        return
    candidate = draft.status.candidate
    if draft.quarantined(digest) is not None:
        draft.release(digest)
        draft.say("Released", f"{short(digest)} is no longer quarantined")
    elif candidate is not None and candidate.digest == digest:
        draft.change(candidate=replace(candidate, released=True))
        draft.say("Released", f"{short(digest)} is no longer held")
    else:
        _refuse(draft, Verb.RELEASE, f"{short(digest)} is neither quarantined nor held")


def _abort(draft: Draft, value: str) -> None:
    digest = _full_digest(draft, Verb.ABORT, value)
    if digest is None:
        return
    champion, rollout, candidate = draft.champion, draft.status.rollout, draft.status.candidate
    if champion is not None and rollout is not None and digest == rollout.to == champion.digest:
        roll_back(
            draft,
            fallback(draft),
            kind=QuarantineKind.MANUAL,
            reason=Reason.MANUAL,
            message="aborted by annotation",
        )
    elif champion is not None and digest == champion.digest:
        _refuse(draft, Verb.ABORT, f"{short(digest)} is the champion; use rollback-to")
    elif draft.full():
        _refuse(draft, Verb.ABORT, "the quarantine is full; release a digest first")
    elif candidate is not None and candidate.digest == digest:
        entry = Quarantined(
            digest=digest,
            kind=QuarantineKind.MANUAL,
            reason=Reason.MANUAL,
            since=draft.now,
            evidence="aborted by annotation",
        )
        draft.quarantine(entry)
        draft.change(candidate=None, hold=None)
        draft.decided(digest, Reason.MANUAL, "aborted by annotation")
        draft.say("Aborted", f"{short(digest)} is quarantined (Manual)", warning=True)
    else:
        _refuse(draft, Verb.ABORT, f"{short(digest)} is neither candidate nor rolling out")


def _poll(draft: Draft, _value: str) -> None:
    want_poll(draft)


def _refresh(draft: Draft, _value: str) -> None:
    champion = draft.champion
    if champion is not None:
        draft.change(champion=replace(champion, image=draft.image, template=draft.seen.rendering))
        draft.decided(champion.digest, Reason.MANUAL, "present default image and rendering taken")


_MOVES = (Verb.ROLLBACK_TO, Verb.ABORT)
_ACTIONS = {
    Verb.ROLLBACK_TO: _rollback_to,
    Verb.RELEASE: _release,
    Verb.ABORT: _abort,
    Verb.POLL: _poll,
    Verb.REFRESH: _refresh,
}
