"""The ledger: the records that survive the loss of a status.

The ledger is rendered from status on each pass, and read only when the status is empty.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from leadmodel_operator.planning.observed import Observed, Record
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.status_decisions import Quarantined, Rollback
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import QuarantineKind

MAX_RECORDS = 150
_CHAMPION, _PREVIOUS = "champion", "previous"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def render(before: Sequence[Record], status: Status, evidence: str | None = None) -> tuple[Record, ...]:
    """The records for a status: those in use first, then quarantined ones, then the newest. The clock plays no part.

    Args:
        before: The records as they are.
        status: The status after all decisions.
        evidence: The champion's first evidence, packed.
    """
    known = {record.digest: replace(record, role="", quarantined=None, evidence=None) for record in before}
    for role, revision in ((_PREVIOUS, status.previous), (_CHAMPION, status.champion)):
        if revision is not None:
            known[revision.digest] = _record(revision, role, status)
    if status.champion is not None:
        of_champion = known[status.champion.digest]
        known[status.champion.digest] = replace(of_champion, evidence=evidence)
    for entry in status.quarantine:
        if entry.kind is not QuarantineKind.GATE:
            old = known.get(entry.digest, Record(entry.digest, entry.since))
            known[entry.digest] = replace(old, quarantined=entry)
    newest = {rollback.from_: rollback for rollback in reversed(status.rollbacks)}
    for digest, rollback in newest.items():
        if digest in known:
            known[digest] = replace(known[digest], rollback=rollback)
    ordered = sorted(
        known.values(), key=lambda r: (bool(r.role), r.quarantined is not None, r.at), reverse=True
    )
    return tuple(ordered[:MAX_RECORDS])


def _record(revision: Revision, role: str, status: Status) -> Record:
    return Record(revision.digest, revision.since or _LONG_AGO, revision, None, role, status.decision)


def evidence_of(records: Sequence[Record], status: Status) -> str | None:
    """The champion's first evidence, packed; None once it is spent."""
    digest = status.champion.digest if status.champion is not None else None
    return next((r.evidence for r in records if r.digest == digest and r.role == _CHAMPION), None)


def rebuild(seen: Observed) -> Status:
    """A status from the ledger. Every command annotation that is present counts as handled."""
    roles = {
        record.role: record.revision for record in seen.ledger if record.role and record.revision is not None
    }
    entries: list[Quarantined] = [r.quarantined for r in seen.ledger if r.quarantined is not None]
    rollbacks: list[Rollback] = sorted(
        (r.rollback for r in seen.ledger if r.rollback), key=lambda r: r.at, reverse=True
    )
    return Status(
        champion=roles.get(_CHAMPION),
        previous=roles.get(_PREVIOUS),
        quarantine=tuple(sorted(entries, key=lambda entry: entry.since, reverse=True)),
        rollbacks=tuple(rollbacks[:5]),
        decision=max((record.decision for record in seen.ledger), default=0),
        handled=dict(seen.commands.items()),
    )
