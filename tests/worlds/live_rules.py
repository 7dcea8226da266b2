"""What must hold of the live gate in the small world after every write. The rules keep a memory of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leadmodel_operator.planning.first_evidence import unpack
from leadmodel_operator.planning.observed import Observed, Record
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import Command, Evidence, Reason
from worlds.challengers import says

if TYPE_CHECKING:
    from worlds.world import World

INSUFFICIENT = {
    Reason.INSUFFICIENT_SAMPLES,
    Reason.NOT_LOADED,
    Reason.NOT_MOUNTED,
    Reason.METRICS_UNAVAILABLE,
}


REFUSED = {Reason.UNLIKE_LIVE_LEADS}  # by what live leads say, and by nothing else


def _is_enforced(seen: Observed | World) -> bool:
    """Tell whether the spec names what serves, whatever live leads say of it."""
    spec = seen.spec
    return spec is not None and spec.artifact.digest is not None and spec.gate.live.policy != "Require"


@dataclass
class LiveRules:
    """What the rules remember: when a candidate was first recorded beside a champion, its shares, and which ones a person released."""

    since: dict[tuple[str, str], datetime] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    shares: set[tuple[str, int, int]] = field(
        default_factory=set
    )  # digest, decision and share that status named

    def check_status(self, world: World, status: Status, seen: Observed) -> None:
        """Check a status that is about to be written, given what its writer saw."""
        before, challenger, champion = world.status, status.challenger, status.champion
        self.released.add(seen.commands.get(Command.RELEASE, "").partition("@")[0])
        asked = challenger is not None and challenger.until is None
        if challenger is not None and champion is not None and asked:
            self.since.setdefault((champion.digest, challenger.digest), seen.now)
        if challenger is not None and challenger.weight is not None and asked:
            self.shares.add((challenger.digest, challenger.decision, challenger.weight))
        same = before is None or before.challenger == challenger
        world.require(not seen.paused or same, "nobody is asked and nothing is answered while paused")
        refused = {entry.digest for entry in status.quarantine if entry.reason in REFUSED}
        known = {entry.digest for entry in before.quarantine} if before is not None else set()
        world.require(
            not refused - known or not _is_enforced(seen), "leads refuse no artifact that is pinned"
        )
        held = status.hold is not None and status.hold.reason is Reason.HELD_AFTER_ROLLBACK
        world.require(not (held and asked), "a candidate that a rollback holds is not asked about")
        if before is not None and before.champion is not None and champion is not None:
            changed = before.champion.digest != champion.digest
            promoted = status.rollout is not None and status.rollout.reason is Reason.PROMOTED
            if changed and promoted:
                self._check_promotion(world, status, seen, before.champion.digest)
                self._check_steps(world, status, seen)

    def _check_promotion(self, world: World, status: Status, seen: Observed, old: str) -> None:
        """Only what live leads let serve replaces a champion: they say so, or the time to wait is over."""
        assert seen.spec is not None
        assert status.champion is not None
        digest, live, challenger = status.champion.digest, seen.spec.gate.live, status.challenger
        pinned = seen.spec.artifact.digest is not None
        binding = live.policy == "Require" or (live.policy is None and not pinned)
        serves = any(pod.ready for pod in seen.pods)
        assert seen.status is not None
        assert seen.status.champion is not None
        served = serves or seen.status.champion.served_at is not None
        if not binding or not served or digest in self.released:
            return
        world.require(
            challenger is not None and challenger.digest == digest, "live leads are asked before a promotion"
        )
        assert challenger is not None
        answer = says(seen, old, digest)
        if challenger.verdict is Evidence.PASS:
            world.require(answer == "fits", f"live leads say {answer}, not that it fits")
        elif seen.status.challenger is not None and seen.status.challenger.step is not None:
            world.require(answer != "unlike", "live leads say that it does not fit")
        else:
            waited = seen.now - self.since.get((old, digest), seen.now)
            longest = timedelta(seconds=live.max_wait.seconds)
            over = waited >= longest
            world.require(answer != "unlike", "live leads say that it does not fit")
            world.require(over or challenger.reason is Reason.NOT_MOUNTED, "leads had no time to tell")
            world.require(live.on_insufficient == "Promote", "without leads it is held")

    def check_ledger(self, world: World, records: tuple[Record, ...]) -> None:
        """Check a ledger that is about to be written: first evidence is kept of its champion alone, and is that model's own."""
        for record in records:
            kept = record.evidence
            if kept is None:
                continue
            world.require(record.role == "champion", "first evidence is of the champion alone")
            own = unpack(kept, record.digest, datetime.min.replace(tzinfo=UTC))
            world.require(own is not None, "first evidence is of the model that it is kept for")

    def _check_steps(self, world: World, status: Status, seen: Observed) -> None:
        """A candidate that was in a step is promoted after its last one, or once pods were waited for in vain."""
        assert seen.status is not None
        assert seen.spec is not None
        assert status.champion is not None
        record, steps = seen.status.challenger, seen.spec.rollout.steps
        if record is None or record.step is None or not steps or record.digest != status.champion.digest:
            return
        ended = status.challenger is not None and status.challenger.promoted
        if ended or record.digest in self.released:
            return
        truth = world.truth(record.digest)
        world.require(not truth.fails or record.shown_since is None, "a candidate without scores is refused")
        last, now = record.step >= len(steps) - 1, seen.now
        assert record.step_since is not None
        over = record.shown_since is not None and now - record.shown_since >= timedelta(
            seconds=steps[-1].for_.seconds
        )
        waited = now - record.step_since >= timedelta(seconds=seen.spec.gate.live.max_wait.seconds)
        shares = {
            (p.window.share.weight, p.window.share.digest)
            for p in seen.pods
            if p.ready and p.window and p.window.share
        }
        whole = shares == {(steps[-1].weight, record.digest)}
        serves = any(pod.ready for pod in seen.pods)
        world.require((last and over and whole) or waited or not serves, "every step is gone through")

    def check_asked(self, world: World, digest: str | None, decision: int, weight: int) -> None:
        """Check what is about to lie where pods look for a candidate."""
        world.require(
            not weight or (digest, decision, weight) in self.shares,
            "record, then act: status named the share",
        )
        known = {asked for _, asked in self.since}
        world.require(digest is None or digest in known, "record, then act: status named the candidate")
        newest = world.place.decision
        world.require(digest is None or decision >= newest, "an older decision asks no more")

    def check_settled(self, world: World) -> None:
        """Check what must hold once nothing changes any more."""
        status = world.status
        assert status is not None
        assert world.spec is not None
        if world.paused:
            return
        challenger = status.challenger
        asked = challenger.digest if challenger is not None and challenger.until is None else None
        world.require(world.place.digest == asked, "pods look at the candidate that status names, or at none")
        share = challenger.weight or 0 if challenger is not None and asked is not None else 0
        world.require(world.place.weight == share, "pods give a candidate the share that status names")
        wanted = status.requested.digest if status.requested is not None else None
        world.require(asked in {None, wanted}, "nobody is asked about what is no candidate any more")
        by_leads = status.hold is not None and status.hold.reason in INSUFFICIENT
        world.require(not (_is_enforced(world) and by_leads), "leads hold no artifact that is pinned")
