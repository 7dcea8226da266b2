"""The working state of one pass: what was seen, and the status, events and trace so far. Mutable; never leaves the planner."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from leadmodel_messages.uris import place
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.planned import Event, EventType
from leadmodel_operator.planning.trace import Outcome
from leadmodel_operator.resource.digest import hashed
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Inputs, Status
from leadmodel_operator.resource.status_decisions import Decision, Quarantined
from leadmodel_operator.resource.status_models import Requested, Revision
from leadmodel_operator.resource.vocabulary import EventReason, QuarantineKind, Reason, Source

MAX_GATE_ENTRIES, MAX_PERMANENT_ENTRIES, MAX_ENTRIES, MAX_HISTORY = 40, 100, 140, 20


def inputs_of(spec: Spec) -> Inputs:
    """The hashes of the parts of a spec whose change starts a poll or a validation."""
    artifact, holdout = spec.artifact, spec.holdout
    return Inputs(
        source=hashed(artifact.uri, artifact.digest, artifact.secret_name),
        gate=hashed(
            spec.min_auc,
            spec.gate,
            holdout.uri,
            holdout.digest,
            *([holdout.label] if holdout.label else []),
            *(["positive", holdout.positive] if holdout.positive else []),
        ),
    )


@dataclass
class PassState:
    """The working state of one pass of the planner. Steps read what was seen and change status, events and requeue times."""

    seen: Observed
    spec: Spec  # never None here: an invalid spec is planned without a PassState
    status: Status  # the status so far; an empty one was rebuilt from the ledger before the pass
    paused: bool  # by the annotation or by the spec
    champion_changed: bool = (
        False  # True once this pass changed the champion: then nothing else may change the champion
    )
    claim: str | None = (
        None  # digest whose snapshot this pass will serve; None if the champion did not change
    )
    asks: bool = False  # True once this pass asks live leads about a candidate
    evidence: str | None = None  # the champion's first evidence, packed; None: there is none, or it is spent
    events: list[Event] = field(default_factory=list)  # in the order of the decisions
    requeue_delays: list[float] = field(default_factory=list)  # seconds; empty: only the resync wakes the key
    spec_changed: bool = (
        False  # True if this generation changed artifact, holdout or gate, or if the status is new
    )
    trace: list[Outcome] = field(default_factory=list)  # one entry per step that has run

    @property
    def now(self) -> datetime:
        """The instant of the pass, UTC."""
        return self.seen.now

    @property
    def why_suspended(self) -> str | None:
        """Why nothing may be decided in this pass; None if decisions may be made.

        Nothing is decided while paused, while an object that holds decisions belongs to someone else, or while the ledger is refused.
        """
        if self.paused:
            return "the LeadModel is paused"
        ledger = f"ConfigMap/{self.seen.name}-ledger"
        taken = {f"Deployment/{self.seen.name}", ledger}.intersection(self.seen.conflicts)
        if taken:
            return f"{min(taken)} belongs to someone else"
        is_refused = any(refusal.name == ledger for refusal in self.seen.refused or ())
        return f"{ledger} is refused by the API server" if is_refused else None

    @property
    def is_suspended(self) -> bool:
        """Whether nothing may be decided in this pass; see `why_suspended`."""
        return self.why_suspended is not None

    @property
    def champion(self) -> Revision | None:
        """The revision that was decided to serve; None before the first promotion and without any revision left to serve."""
        return self.status.champion

    @property
    def pinned(self) -> bool:
        """Whether the spec names the digest to serve."""
        return self.spec.artifact.digest is not None

    @cached_property
    def inputs(self) -> Inputs:
        """The hashes of the present spec, computed once per pass."""
        return inputs_of(self.spec)

    @property
    def gate_hash(self) -> str:
        """The hash of the gate settings of the present spec."""
        return self.inputs.gate

    @property
    def image(self) -> str:
        """The predictor image that a new promotion would take."""
        return self.spec.predictor.image or self.seen.default_image

    @property
    def source(self) -> Source:
        """The origin of the requested digest; the spec if nothing is requested."""
        return self.status.requested.source if self.status.requested else Source.SPEC

    def change(self, **changes: Any) -> None:
        """Replace fields of the status."""
        self.status = replace(self.status, **changes)

    def request(self, digest: str, source: Source) -> None:
        """Record a digest as the one that should serve."""
        uri = place(self.spec.artifact.uri)
        self.change(requested=Requested(digest=digest, source=source, uri=uri, at=self.now))

    def emit(self, reason: EventReason, message: str, *, warning: bool = False) -> None:
        """Add an event for people; the runtime emits the events of a pass after the status write."""
        self.events.append(Event(reason, message[:1000], EventType.WARNING if warning else EventType.NORMAL))

    def requeue_at(self, when: datetime) -> None:
        """Ask for another pass at an instant, at least half a second from now."""
        self.requeue_delays.append(max(0.5, (when - self.now).total_seconds()))

    def requeue_in(self, seconds: float) -> None:
        """Ask for another pass after a number of seconds."""
        self.requeue_at(self.now + timedelta(seconds=seconds))

    # --- quarantine ------------------------------------------------------------------------------------------------------

    def quarantine_entry(self, digest: str | None) -> Quarantined | None:
        """The quarantine entry of a digest; None if the digest is not in quarantine."""
        return next((entry for entry in self.status.quarantine if entry.digest == digest), None)

    def permanent_entry(self, digest: str | None) -> Quarantined | None:
        """The quarantine entry of a digest if only a release lifts the entry; None otherwise."""
        entry = self.quarantine_entry(digest)
        return entry if entry is not None and entry.kind is not QuarantineKind.GATE else None

    def add_to_quarantine(self, entry: Quarantined) -> None:
        """Add an entry, or replace the entry of the same digest.

        The oldest Gate entries are dropped. Promotion stops at 100 permanent entries, leaving room for the rollbacks that may still
        follow.
        """
        others = [old for old in self.status.quarantine if old.digest != entry.digest]
        entries = sorted([*others, entry], key=lambda e: e.since, reverse=True)
        permanent = [e for e in entries if e.kind is not QuarantineKind.GATE][:MAX_ENTRIES]
        room = min(MAX_GATE_ENTRIES, MAX_ENTRIES - len(permanent))
        gate = [e for e in entries if e.kind is QuarantineKind.GATE][:room]
        self.change(quarantine=tuple(sorted([*gate, *permanent], key=lambda e: e.since, reverse=True)))

    def release(self, digest: str) -> None:
        """Remove the quarantine entry of a digest."""
        self.change(quarantine=tuple(entry for entry in self.status.quarantine if entry.digest != digest))

    def quarantine_is_full(self) -> bool:
        """Whether the number of permanent entries stops promotion."""
        permanent = sum(e.kind is not QuarantineKind.GATE for e in self.status.quarantine)
        return permanent >= MAX_PERMANENT_ENTRIES

    # --- decisions ---------------------------------------------------------------------------------------------------------

    def record_decision(self, digest: str, reason: Reason, message: str) -> None:
        """Raise the number of decisions and add the decision to the history."""
        entry = Decision(digest=digest, reason=reason, at=self.now, message=message[:256])
        self.change(decision=self.status.decision + 1, history=(entry, *self.status.history)[:MAX_HISTORY])

    def known_revision(self, digest: str) -> Revision | None:
        """The revision of a digest, as status or ledger know the revision; None if neither does."""
        for known in (self.status.champion, self.status.previous):
            if known is not None and known.digest == digest:
                return known
        record = next((r for r in self.seen.ledger if r.digest == digest), None)
        return record.revision if record else None

    def is_reachable(self, digest: str | None) -> bool:
        """Whether the bytes of a digest can be had without the source: from a snapshot or from a ready pod."""
        if digest is None:
            return False
        return digest in self.seen.snapshots or digest in self.digests_in_pods()

    def digests_in_pods(self) -> set[str]:
        """The digests that ready pods hold as champion or as previous model."""
        return {
            d for pod in self.seen.pods if pod.ready for d in (pod.champion, pod.previous) if d is not None
        }
