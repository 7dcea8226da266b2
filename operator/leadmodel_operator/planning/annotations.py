"""What a person asks for once, by annotation. Each value is acted on once and remembered in the write that records the decision."""

import re
from dataclasses import replace

from leadmodel_operator.planning.champion import fallback, roll_back
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.sources import want_poll
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Quarantined
from leadmodel_operator.resource.vocabulary import Command, QuarantineKind, Reason

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


def run_commands(state: PassState) -> None:
    """Act on every command that has a new value, in a fixed order; forget values whose annotation went."""
    commands = state.seen.commands
    handled = {name: value for name, value in state.status.handled.items() if name in commands}
    for command in Command:
        value = commands.get(command)
        if (
            value is None
            or handled.get(command) == value[:256]
            or (state.champion_changed and command in _CHANGE_CHAMPION)
        ):
            continue
        handled[command] = value[:256]
        if state.is_suspended:
            state.emit("Paused", f"{command} was not acted on: {_why_suspended(state)}", warning=True)
        else:
            _ACTIONS[command](state, value.partition("@")[0].strip())
    if handled != state.status.handled:
        state.change(handled=handled)


def _why_suspended(state: PassState) -> str:
    return "the LeadModel is paused" if state.paused else f"{state.seen.conflicts[0]} belongs to someone else"


def _refuse(state: PassState, command: Command, why: str) -> None:
    state.emit("VerbRefused", f"{command}: {why}", warning=True)


def _full_digest(state: PassState, command: Command, value: str) -> str | None:
    """The digest a value names: in full, or by 12 hex as tables show it."""
    if _DIGEST.match(value):
        return value
    known = {r.digest for r in state.seen.ledger} | {q.digest for q in state.status.quarantine}
    known |= {
        d.digest
        for d in (state.status.candidate, state.status.requested)
        if d is not None and d.digest is not None
    }
    found = [
        digest for digest in known if len(value) >= 12 and digest.removeprefix("sha256:").startswith(value)
    ]
    if len(found) == 1:
        return found[0]
    _refuse(state, command, "name a digest as sha256:… or its first 12 hex")
    return None


def _rollback_to(state: PassState, value: str) -> None:
    digest = _full_digest(state, Command.ROLLBACK_TO, value)
    champion = state.champion
    if digest is None:
        return
    target = state.known_revision(digest)
    if champion is None:
        _refuse(
            state, Command.ROLLBACK_TO, "nothing serves that could be rolled back; release or pin a digest"
        )
    elif digest == champion.digest:
        _refuse(state, Command.ROLLBACK_TO, f"{short(digest)} is the champion already")
    elif target is None or target.served_at is None:
        _refuse(state, Command.ROLLBACK_TO, f"{short(digest)} has never served here")
    elif state.permanent_entry(digest) is not None:
        _refuse(state, Command.ROLLBACK_TO, f"{short(digest)} is quarantined; release it first")
    elif not state.is_reachable(digest):
        _refuse(state, Command.ROLLBACK_TO, f"the bytes of {short(digest)} are not kept any more")
    else:
        roll_back(
            state, target, kind=QuarantineKind.MANUAL, reason=Reason.MANUAL, message="asked for by annotation"
        )


def _release(state: PassState, value: str) -> None:
    digest = _full_digest(state, Command.RELEASE, value)
    if digest is None:
        return
    candidate = state.status.candidate
    if state.quarantine_entry(digest) is not None:
        state.release(digest)
        state.emit("Released", f"{short(digest)} is no longer quarantined")
    elif candidate is not None and candidate.digest == digest:
        state.change(candidate=replace(candidate, released=True))
        state.emit("Released", f"{short(digest)} is no longer held")
    else:
        _refuse(state, Command.RELEASE, f"{short(digest)} is neither quarantined nor held")


def _abort(state: PassState, value: str) -> None:
    digest = _full_digest(state, Command.ABORT, value)
    if digest is None:
        return
    champion, rollout, candidate = state.champion, state.status.rollout, state.status.candidate
    if champion is not None and rollout is not None and digest == rollout.to == champion.digest:
        roll_back(
            state,
            fallback(state),
            kind=QuarantineKind.MANUAL,
            reason=Reason.MANUAL,
            message="aborted by annotation",
        )
    elif champion is not None and digest == champion.digest:
        _refuse(state, Command.ABORT, f"{short(digest)} is the champion; use rollback-to")
    elif state.quarantine_is_full():
        _refuse(state, Command.ABORT, "the quarantine is full; release a digest first")
    elif candidate is not None and candidate.digest == digest:
        entry = Quarantined(
            digest=digest,
            kind=QuarantineKind.MANUAL,
            reason=Reason.MANUAL,
            since=state.now,
            evidence="aborted by annotation",
        )
        state.add_to_quarantine(entry)
        state.change(candidate=None, hold=None)
        state.record_decision(digest, Reason.MANUAL, "aborted by annotation")
        state.emit("Aborted", f"{short(digest)} is quarantined (Manual)", warning=True)
    else:
        _refuse(state, Command.ABORT, f"{short(digest)} is neither candidate nor rolling out")


def _poll(state: PassState, _value: str) -> None:
    want_poll(state)


def _refresh(state: PassState, _value: str) -> None:
    champion = state.champion
    if champion is not None:
        state.change(champion=replace(champion, image=state.image, template=state.seen.rendering))
        state.record_decision(champion.digest, Reason.MANUAL, "present default image and rendering taken")


_CHANGE_CHAMPION = (Command.ROLLBACK_TO, Command.ABORT)
_ACTIONS = {
    Command.ROLLBACK_TO: _rollback_to,
    Command.RELEASE: _release,
    Command.ABORT: _abort,
    Command.POLL: _poll,
    Command.REFRESH: _refresh,
}
