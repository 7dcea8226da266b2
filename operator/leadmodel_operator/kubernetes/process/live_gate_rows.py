"""What metrics say of the candidate that is or was checked against live leads: rows of name, labels and value. Pure."""

from collections.abc import Iterator

from leadmodel_operator.resource.status_challenger import Challenger
from leadmodel_operator.resource.vocabulary import Reason


def live_gate_rows(challenger: Challenger) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield every row that is known of the newest candidate that was checked against live leads."""
    if challenger.until is None:
        reason = challenger.reason or Reason.NOT_LOADED
        pending = "leadmodel_live_gate_pending_since_timestamp_seconds"
        yield pending, {"reason": reason}, challenger.since.timestamp()
        if challenger.weight is not None:
            yield "leadmodel_canary_share", {}, challenger.weight / 100
            yield "leadmodel_canary_step", {}, (challenger.step or 0) + 1
    if challenger.verdict is None:
        return
    yield "leadmodel_live_gate_leads", {}, challenger.samples
    for model, psi in (("challenger", challenger.psi), ("champion", challenger.champion_psi)):
        if psi is not None:
            yield "leadmodel_live_gate_psi", {"model": model}, psi
    if challenger.unread is not None:
        yield "leadmodel_live_gate_unread_share", {}, challenger.unread
    if challenger.shift is not None and challenger.shift.moved is not None:
        yield "leadmodel_live_gate_moved_share", {}, challenger.shift.moved
