"""Commands: what a person requests once, by annotation.

Each value is processed once; the value is recorded in the same write of status as the decision.
"""

import re
from dataclasses import replace

from leadmodel_operator.planning.challenger_place import rendering_for
from leadmodel_operator.planning.challenger_record import is_open, release_challenger
from leadmodel_operator.planning.champion import roll_back
from leadmodel_operator.planning.fallback import fallback
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.polls import request_poll
from leadmodel_operator.planning.text_attempts import request_text_check
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_decisions import Quarantined
from leadmodel_operator.resource.vocabulary import (
    ADOPT,
    GROUP,
    PAUSED,
    Command,
    EventReason,
    QuarantineKind,
    Reason,
)

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
UNKNOWN = "unknown"  # the entry of `handled` for annotations that are no command
_SHOWN, _REMEMBERED = 80, 256  # characters of a value that an event repeats, and of names that status keeps


def run_commands(state: PassState) -> Outcome:
    """Run every command that has a new value, in the order of `Command`; forget values whose annotation is gone."""
    commands = state.seen.commands
    handled = {name: value for name, value in state.status.handled.items() if name in commands}
    _report_unknown(state, handled)
    new = [c for c in Command if c in commands and handled.get(c) != commands[c][:256]]
    run: list[str] = []
    for command in new:
        if state.champion_changed and command in _CHANGES_CHAMPION:
            continue  # the next pass runs the command
        handled[command] = commands[command][:256]
        run.append(command)
        if state.why_suspended is not None:
            _refuse(state, command, f"not acted on, {state.why_suspended}", EventReason.PAUSED)
        else:
            _ACTIONS[command](state, commands[command].partition("@")[0].strip())
    if handled != state.status.handled:
        state.change(handled=handled)
    return _outcome(state, run)


def _outcome(state: PassState, run: list[str]) -> Outcome:
    if not run:
        return nothing(PlanStep.COMMANDS)
    if state.why_suspended is not None:
        return withheld(PlanStep.COMMANDS, f"{', '.join(run)}: {state.why_suspended}")
    refusals = [event.message for event in state.events if event.reason is EventReason.VERB_REFUSED]
    if refusals:
        return withheld(PlanStep.COMMANDS, "; ".join(refusals))
    return did(PlanStep.COMMANDS, f"{', '.join(run)} by annotation")


def _refuse(
    state: PassState, command: Command, why: str, reason: EventReason = EventReason.VERB_REFUSED
) -> None:
    """Refuse a command by an event that repeats the value: another wrong value is another event."""
    value = "".join(sign if sign.isprintable() else "?" for sign in state.seen.commands[command][:_SHOWN])
    state.emit(reason, f"{command}={value}: {why}", warning=True)


def _report_unknown(state: PassState, handled: dict[str, str]) -> None:
    """Warn of annotations under our prefix that are no command, once for each set of names."""
    names = ", ".join(state.seen.unknown_annotations)[:_REMEMBERED]
    if names and state.status.handled.get(UNKNOWN) != names:
        known = ", ".join(f"{GROUP}/{word}" for word in (*Command, PAUSED, ADOPT))
        state.emit(EventReason.UNKNOWN_ANNOTATION, f"{names} does nothing; known are {known}", warning=True)
    if names:
        handled[UNKNOWN] = names


def _full_digest(state: PassState, command: Command, value: str) -> str | None:
    """The digest that a value names in full or by its first 12 or more hex digits; None, with an event, if no known digest fits."""
    if _DIGEST.match(value):
        return value
    known = {r.digest for r in state.seen.ledger} | {q.digest for q in state.status.quarantine}
    known |= {
        d.digest
        for d in (state.status.candidate, state.status.requested)
        if d is not None and d.digest is not None
    }
    matches = [
        digest for digest in known if len(value) >= 12 and digest.removeprefix("sha256:").startswith(value)
    ]
    if len(matches) == 1:
        return matches[0]
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
    candidate, asked = state.status.candidate, state.status.challenger
    if state.quarantine_entry(digest) is not None:
        state.release(digest)
        release_challenger(state, digest)
        again = ""
        if asked is not None and is_open(asked) and asked.digest != digest:
            again = f"; {short(asked.digest)} is checked against live leads now, so release it again once it is the candidate"
        state.emit(EventReason.RELEASED, f"{short(digest)} is no longer quarantined{again}")
    elif candidate is not None and candidate.digest == digest:
        state.change(candidate=replace(candidate, released=True))
        state.emit(EventReason.RELEASED, f"{short(digest)} is no longer held")
    elif asked is not None and is_open(asked) and asked.digest == digest:
        release_challenger(state, digest)
        state.emit(EventReason.RELEASED, f"{short(digest)} waits for no more live leads")
    else:
        _refuse(state, Command.RELEASE, f"{short(digest)} is neither quarantined nor held")


def _abort(state: PassState, value: str) -> None:
    digest = _full_digest(state, Command.ABORT, value)
    if digest is None:
        return
    champion, rollout = state.champion, state.status.rollout
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
    elif _is_candidate(state, digest):
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
        state.emit(EventReason.ABORTED, f"{short(digest)} is quarantined (Manual)", warning=True)
    else:
        _refuse(state, Command.ABORT, f"{short(digest)} is neither candidate nor rolling out")


def _is_candidate(state: PassState, digest: str) -> bool:
    """Whether a digest is under validation or before the pods; what is pinned again is there without a validation."""
    candidate, challenger = state.status.candidate, state.status.challenger
    if candidate is not None and candidate.digest == digest:
        return True
    return challenger is not None and is_open(challenger) and challenger.digest == digest


def _promote(state: PassState, value: str) -> None:
    digest, challenger = _full_digest(state, Command.PROMOTE, value), state.status.challenger
    if digest is None:
        return
    if challenger is None or not is_open(challenger) or challenger.digest != digest:
        _refuse(
            state,
            Command.PROMOTE,
            f"{short(digest)} is in no step of a canary; release lets a held one serve",
        )
    elif challenger.step is None:
        _refuse(state, Command.PROMOTE, f"{short(digest)} is in no step yet; release lets it serve at once")
    else:
        state.change(challenger=replace(challenger, promoted=True))
        state.emit(EventReason.CANARY_STEP, f"{short(digest)} is to skip the rest of its steps")


def _poll(state: PassState, _value: str) -> None:
    request_text_check(state)
    if not state.pinned:
        request_poll(state)
    elif state.spec.enrichment is None:
        _refuse(state, Command.POLL, "the spec pins a digest, so the source is not polled")


def _refresh(state: PassState, _value: str) -> None:
    champion = state.champion
    if champion is None:
        _refuse(state, Command.REFRESH, "nothing serves that could be refreshed")
    else:
        state.change(champion=replace(champion, image=state.image, template=rendering_for(state)))
        state.record_decision(champion.digest, Reason.MANUAL, "present default image and rendering taken")


_CHANGES_CHAMPION = (Command.ROLLBACK_TO, Command.ABORT)
_ACTIONS = {
    Command.ROLLBACK_TO: _rollback_to,
    Command.RELEASE: _release,
    Command.ABORT: _abort,
    Command.PROMOTE: _promote,
    Command.POLL: _poll,
    Command.REFRESH: _refresh,
}
