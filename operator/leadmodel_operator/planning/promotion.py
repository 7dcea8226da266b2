"""From a passed verdict to a new champion: what stands against a promotion, and what holds a passed candidate.

requested digest                                  | outcome
--------------------------------------------------|----------------------------------------------------------
one of BLOCKERS answers                           | nothing is promoted
pinned, its revision held and passed this gate    | promoted at once, without a validation; if gate.live.policy is
                                                  | Require, as live leads say
one of CANDIDATE_BLOCKERS answers                 | nothing is promoted
passed, and one of HOLDS answers                  | held; promoted when the hold ends or a person releases
passed, and none of HOLDS answers                 | promoted, refused or held by live leads; see `challenger.py`
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from leadmodel_operator.planning.attempts import pinned_revision, verdict_inputs
from leadmodel_operator.planning.challenger import consult
from leadmodel_operator.planning.challenger_record import drop_unasked, is_binding, refuse
from leadmodel_operator.planning.champion import as_revision, promote
from leadmodel_operator.planning.first_evidence import first_evidence
from leadmodel_operator.planning.live_response import Response
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.rollback import is_automatic
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_decisions import Hold, Rollback
from leadmodel_operator.resource.status_models import Candidate, Requested, Revision
from leadmodel_operator.resource.vocabulary import Evidence, Reason

REPEAT_WINDOW = timedelta(days=7)  # two automatic rollbacks within this time need a person
_STEP = PlanStep.PROMOTION


def promote_passed(state: PassState) -> Outcome:
    """Promote the requested digest if the digest passed the gate, nothing holds the candidate, and live leads let it serve."""
    outcome = _promote_passed(state)
    drop_unasked(state)
    return outcome


def _promote_passed(state: PassState) -> Outcome:
    requested, champion = state.status.requested, state.champion
    if requested is None:
        return nothing(_STEP)
    if (why := _first(BLOCKERS, state, requested)) is not None:
        return withheld(_STEP, why)
    if champion is not None and champion.digest == requested.digest:
        state.change(hold=None)
        return nothing(_STEP)
    if (pinned := pinned_revision(state, requested.digest)) is not None:
        message = "the pinned revision is held and has passed this gate"
        candidate = state.status.candidate
        released = candidate is not None and candidate.digest == pinned.digest and candidate.released
        return _promote_if_live(state, pinned, message, asks=is_binding(state), released=released)
    if (why := _first(CANDIDATE_BLOCKERS, state, requested)) is not None:
        return withheld(_STEP, why)
    candidate = state.status.candidate
    return nothing(_STEP) if candidate is None else _promote_or_hold(state, candidate)


def _promote_or_hold(state: PassState, candidate: Candidate) -> Outcome:
    hold = why_held(state, candidate)
    if hold is None:
        revision = as_revision(state, candidate, state.image)
        return _promote_if_live(state, revision, candidate.message, released=candidate.released)
    _hold(state, hold)
    if hold.until is None:
        return withheld(_STEP, f"{short(candidate.digest)} is held ({hold.reason}) until a person acts")
    state.requeue_at(hold.until)
    return withheld(
        _STEP, f"{short(candidate.digest)} is held ({hold.reason}) until {hold.until:%Y-%m-%d %H:%M} UTC"
    )


def _promote_if_live(
    state: PassState, revision: Revision, message: str, *, asks: bool = True, released: bool = False
) -> Outcome:
    """Promote a revision if live leads let it serve; `asks`: whether they are asked at all."""
    digest = revision.digest
    response = consult(state, digest, released=released) if asks else Response.PROMOTE
    challenger = state.status.challenger if state.asks else None
    live = challenger.message if challenger is not None else ""
    if response is Response.REFUSE:
        return withheld(_STEP, f"{short(digest)} is refused: {refuse(state, digest)}")
    if response is Response.PROMOTE:
        replaced = state.champion
        promote(state, revision, "; ".join(filter(None, [message, live])))
        _keep_evidence(state, replaced)
        return did(_STEP, f"{short(digest)} passed the gate and is promoted")
    if response is Response.HOLD and challenger is not None:
        _hold(state, Hold(reason=challenger.reason or Reason.INSUFFICIENT_SAMPLES))
        return withheld(
            _STEP, f"{short(digest)} is held until enough live leads are compared or a person acts: {live}"
        )
    _hold(state, None)
    return withheld(_STEP, f"{short(digest)} is checked against live leads: {live}")


def _keep_evidence(state: PassState, replaced: Revision | None) -> None:
    """Keep what the pods hold of the new champion: its own windows will be empty."""
    champion, previous = state.champion, state.status.previous
    if replaced is not None and champion is not None:
        state.evidence = first_evidence(
            state.seen.pods,
            champion=replaced.digest,
            challenger=champion.digest,
            previous=previous.digest if previous is not None else None,
        )


def _hold(state: PassState, hold: Hold | None) -> None:
    if hold != state.status.hold:
        state.change(hold=hold)


# --- blockers: each gives the sentence that stands against a promotion, or None -------------------------------------------------

Blocker = Callable[[PassState, Requested], str | None]


def _first(chain: Sequence[Blocker], state: PassState, requested: Requested) -> str | None:
    return next((text for rule in chain if (text := rule(state, requested)) is not None), None)


def _suspended(state: PassState, _requested: Requested) -> str | None:
    """Nothing may be decided in this pass."""
    return state.why_suspended


def _champion_changed(state: PassState, _requested: Requested) -> str | None:
    """A pass changes the champion at most once."""
    return "the champion changed in this pass" if state.champion_changed else None


def _quarantined(state: PassState, requested: Requested) -> str | None:
    """A permanent quarantine entry needs a release."""
    entry = state.permanent_entry(requested.digest)
    return (
        f"{short(entry.digest)} is quarantined ({entry.kind}); a release lifts the entry" if entry else None
    )


def _not_passed(state: PassState, requested: Requested) -> str | None:
    """The requested digest has no passing verdict."""
    candidate = state.status.candidate
    is_passed = candidate is not None and candidate.verdict is Evidence.PASS
    if candidate is not None and candidate.digest == requested.digest and is_passed:
        return None
    return f"{short(requested.digest)} has not passed the gate"


def _not_kept(state: PassState, requested: Requested) -> str | None:
    """Only a digest whose snapshot is held may serve."""
    return None if requested.digest in state.seen.snapshots else f"{short(requested.digest)} is not kept yet"


def _verdict_lapsed(state: PassState, requested: Requested) -> str | None:
    """Gate, holdout, image or champion changed after the verdict."""
    candidate = state.status.candidate
    is_valid = candidate is not None and candidate.inputs == verdict_inputs(state, requested.digest)
    return None if is_valid else f"the verdict on {short(requested.digest)} has lapsed"


BLOCKERS: tuple[Blocker, ...] = (_suspended, _champion_changed, _quarantined)
CANDIDATE_BLOCKERS: tuple[Blocker, ...] = (_not_passed, _not_kept, _verdict_lapsed)


# --- holds: each gives the hold of a passed candidate, or None ------------------------------------------------------------------


def why_held(state: PassState, candidate: Candidate) -> Hold | None:
    """The hold of a passed candidate: the first of HOLDS that answers; None if the candidate may be promoted.

    Nothing is held while nothing serves.
    """
    if state.champion is None:
        return None
    return next((hold for rule in HOLDS if (hold := rule(state, candidate)) is not None), None)


def _quarantine_full(state: PassState, _candidate: Candidate) -> Hold | None:
    """A full quarantine has room only for the rollbacks that may still follow."""
    return Hold(reason=Reason.QUARANTINE_FULL) if state.quarantine_is_full() else None


def _repeated_rollbacks(state: PassState, candidate: Candidate) -> Hold | None:
    """After two automatic rollbacks within a week candidates wait for a person: time mends no training."""
    rollbacks = _binding_rollbacks(state, candidate)
    since = state.champion.since if state.champion else None
    if not needs_a_person([rollback.at for rollback in rollbacks], since, state.now):
        return None
    return Hold(reason=Reason.HELD_AFTER_ROLLBACK)


def _cooldown(state: PassState, candidate: Candidate) -> Hold | None:
    """After one automatic rollback candidates wait until rollback.cooldown has passed."""
    rollbacks = _binding_rollbacks(state, candidate)
    if not rollbacks:
        return None
    until = rollbacks[0].at + timedelta(seconds=state.spec.rollback.cooldown.seconds)
    return Hold(reason=Reason.HELD_AFTER_ROLLBACK, until=until) if state.now < until else None


HOLDS: tuple[Callable[[PassState, Candidate], Hold | None], ...] = (
    _quarantine_full,
    _repeated_rollbacks,
    _cooldown,
)


def _binding_rollbacks(state: PassState, candidate: Candidate) -> list[Rollback]:
    """The automatic rollbacks that hold a candidate, newest first: none if a person pinned or released the candidate."""
    if state.pinned or candidate.released:
        return []
    return [rollback for rollback in state.status.rollbacks if is_automatic(rollback)]


def needs_a_person(rollbacks: Sequence[datetime], promoted: datetime | None, now: datetime) -> bool:
    """Whether two automatic rollbacks within REPEAT_WINDOW of each other leave the next promotion to a person.

    Args:
        rollbacks: Times of the automatic rollbacks, newest first.
        promoted: When the champion began to serve; later than the newest rollback if a person has promoted since.
        now: The instant of the pass.
    """
    if sum(now - at < REPEAT_WINDOW for at in rollbacks) >= 2:
        return True
    if len(rollbacks) < 2 or rollbacks[0] - rollbacks[1] >= REPEAT_WINDOW:
        return False
    return promoted is None or promoted <= rollbacks[0]
