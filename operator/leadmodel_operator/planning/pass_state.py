"""The work of one pass while it is made: what was seen, the status so far, the events so far. Mutable, never leaves the planner."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from leadmodel_operator.planning.observed import Event, EventType, Observed
from leadmodel_operator.resource.digest import hashed
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Decision, Inputs, Quarantined, Revision, Status
from leadmodel_operator.resource.vocabulary import QuarantineKind, Reason, Source

MAX_GATE_ENTRIES, MAX_PERMANENT_ENTRIES, MAX_ENTRIES, MAX_HISTORY = 40, 100, 140, 20


def inputs_of(spec: Spec) -> Inputs:
    """Hashes of what asks for work."""
    a, h = spec.artifact, spec.holdout
    return Inputs(
        source=hashed(a.uri, a.digest, a.secret_name), gate=hashed(spec.min_auc, spec.gate, h.uri, h.digest)
    )


@dataclass
class PassState:
    """One pass."""

    seen: Observed
    spec: Spec
    status: Status
    paused: bool
    champion_changed: bool = False  # the champion changed in this pass: nothing else may change it
    claim: str | None = None
    events: list[Event] = field(default_factory=list)
    requeue_delays: list[float] = field(default_factory=list)
    spec_changed: bool = False  # this generation changed artifact, holdout or gate, or the status is new

    @property
    def now(self) -> datetime:
        """The instant of this pass."""
        return self.seen.now

    @property
    def is_suspended(self) -> bool:
        """Whether nothing may be decided: paused, or what a decision is written to belongs to someone else."""
        vital = {f"Deployment/{self.seen.name}", f"ConfigMap/{self.seen.name}-ledger"}
        return self.paused or not vital.isdisjoint(self.seen.conflicts)

    @property
    def champion(self) -> Revision | None:
        """What was decided to serve."""
        return self.status.champion

    @property
    def pinned(self) -> bool:
        """Whether the spec names the digest."""
        return self.spec.artifact.digest is not None

    @property
    def gate_hash(self) -> str:
        """The gate as the spec has it now."""
        return inputs_of(self.spec).gate

    @property
    def image(self) -> str:
        """The predictor image as it would be taken now."""
        return self.spec.predictor.image or self.seen.default_image

    def change(self, **changes: Any) -> None:
        """Change the status."""
        self.status = replace(self.status, **changes)

    def emit(self, reason: str, message: str, *, warning: bool = False) -> None:
        """Add an event."""
        self.events.append(Event(reason, message[:1000], EventType.WARNING if warning else EventType.NORMAL))

    def requeue_at(self, when: datetime) -> None:
        """Look again then."""
        self.requeue_delays.append(max(0.5, (when - self.now).total_seconds()))

    def requeue_in(self, seconds: float) -> None:
        """Look again after so many seconds."""
        self.requeue_at(self.now + timedelta(seconds=seconds))

    # --- quarantine ------------------------------------------------------------------------------------------------------

    def quarantine_entry(self, digest: str | None) -> Quarantined | None:
        """The entry of a digest."""
        return next((entry for entry in self.status.quarantine if entry.digest == digest), None)

    def permanent_entry(self, digest: str | None) -> Quarantined | None:
        """The entry of a digest that only a release lifts."""
        entry = self.quarantine_entry(digest)
        return entry if entry is not None and entry.kind is not QuarantineKind.GATE else None

    def add_to_quarantine(self, entry: Quarantined) -> None:
        """Add an entry; of Gate entries the oldest are dropped. From a hundred lasting ones on nothing more is promoted, so that
        the few that can follow (a rollback each) have room."""
        others = [old for old in self.status.quarantine if old.digest != entry.digest]
        entries = sorted([*others, entry], key=lambda e: e.since, reverse=True)
        lasting = [e for e in entries if e.kind is not QuarantineKind.GATE][:MAX_ENTRIES]
        room = min(MAX_GATE_ENTRIES, MAX_ENTRIES - len(lasting))
        gate = [e for e in entries if e.kind is QuarantineKind.GATE][:room]
        self.change(quarantine=tuple(sorted([*gate, *lasting], key=lambda e: e.since, reverse=True)))

    def release(self, digest: str) -> None:
        """Take an entry out."""
        self.change(quarantine=tuple(entry for entry in self.status.quarantine if entry.digest != digest))

    def quarantine_is_full(self) -> bool:
        """Whether no lasting entry more has room."""
        return sum(e.kind is not QuarantineKind.GATE for e in self.status.quarantine) >= MAX_PERMANENT_ENTRIES

    # --- decisions ---------------------------------------------------------------------------------------------------------

    def record_decision(self, digest: str, reason: Reason, message: str) -> None:
        """Raise the decision and remember it."""
        entry = Decision(digest=digest, reason=reason, at=self.now, message=message[:256])
        self.change(decision=self.status.decision + 1, history=(entry, *self.status.history)[:MAX_HISTORY])

    def known_revision(self, digest: str) -> Revision | None:
        """What the ledger and the status know of a digest."""
        for known in (self.status.champion, self.status.previous):
            if known is not None and known.digest == digest:
                return known
        record = next((r for r in self.seen.ledger if r.digest == digest), None)
        return record.revision if record else None

    def is_reachable(self, digest: str | None) -> bool:
        """Whether its snapshot is held, or a ready pod can give it back."""
        if digest is None:
            return False
        return digest in self.seen.snapshots or digest in self.digests_in_pods()

    def digests_in_pods(self) -> set[str]:
        """Digests that ready pods hold in either slot."""
        return {
            d for pod in self.seen.pods if pod.ready for d in (pod.champion, pod.previous) if d is not None
        }

    @property
    def source(self) -> Source:
        """Who asked for what is requested."""
        return self.status.requested.source if self.status.requested else Source.SPEC
