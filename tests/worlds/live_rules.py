"""What must hold of the live gate in the small world after every write. The rules keep a memory of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from leadmodel_operator.planning.challenger import REPORT_WAIT
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


REFUSED = {Reason.UNLIKE_LIVE_LEADS, Reason.CANNOT_READ_LIVE_LEADS}


def _is_enforced(seen: Observed | World) -> bool:
    """Tell whether the spec names what serves, whatever live leads say of it."""
    spec = seen.spec
    return spec is not None and spec.artifact.digest is not None and spec.gate.live.policy != "Require"


@dataclass
class LiveRules:
    """What the rules remember: when a candidate was first recorded beside a champion, and which ones a person released."""

    since: dict[tuple[str, str], datetime] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)

    def check_status(self, world: World, status: Status, seen: Observed) -> None:
        """Check a status that is about to be written, given what its writer saw."""
        before, challenger, champion = world.status, status.challenger, status.champion
        self.released.add(seen.commands.get(Command.RELEASE, "").partition("@")[0])
        asked = challenger is not None and challenger.until is None
        if challenger is not None and champion is not None and asked:
            self.since.setdefault((champion.digest, challenger.digest), seen.now)
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
        else:
            waited = seen.now - self.since.get((old, digest), seen.now)
            longest = timedelta(seconds=live.max_wait.seconds)
            over = waited >= (longest if serves else min(longest, REPORT_WAIT))
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

    def check_asked(self, world: World, digest: str | None, decision: int) -> None:
        """Check what is about to lie where pods look for a candidate."""
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
        wanted = status.requested.digest if status.requested is not None else None
        world.require(asked in {None, wanted}, "nobody is asked about what is no candidate any more")
        by_leads = status.hold is not None and status.hold.reason in INSUFFICIENT
        world.require(not (_is_enforced(world) and by_leads), "leads hold no artifact that is pinned")
