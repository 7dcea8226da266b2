"""What keeps a sound model from being rolled back: leads that moved and moved back, and hours that differ by nature."""

from datetime import UTC, datetime, timedelta

import pytest

from leadmodel_messages.window_psi import HOUR_OF_DAY
from leadmodel_operator.planning.drift import Assessed
from leadmodel_operator.planning.drift_reading import Reading
from leadmodel_operator.planning.rollback import Response, decide
from leadmodel_operator.resource.spec_policies import DriftPolicy, RollbackPolicy
from leadmodel_operator.resource.status_decisions import DriftResult
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import Evidence

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
FOUND = DriftResult(
    psi=0.6,
    feature="visits",
    evidence=Evidence.FAIL,
    previous_psi=0.02,
    previous_bad_share=0.0,
    sustained=True,
)


def response(*, population_shifted_at: datetime | None = None, blames: bool = True) -> Response:
    return decide(
        Assessed(FOUND, sustained=True, comparable=True, blames=blames),
        previous=Revision(digest="sha256:" + "a" * 64, until=NOW - timedelta(hours=8)),
        rollback_blocker=None,
        population_shifted_at=population_shifted_at,
        rollbacks=(),
        quarantine=(),
        drift=DriftPolicy(),
        rollback=RollbackPolicy(),
        now=NOW,
    ).response


@pytest.mark.parametrize(
    ("days", "wanted"),
    [(0, Response.ALERT), (6, Response.ALERT), (8, Response.ROLL_BACK), (None, Response.ROLL_BACK)],
)
def test_for_a_week_after_the_leads_moved_a_person_decides(days, wanted):
    assert response(population_shifted_at=None if days is None else NOW - timedelta(days=days)) is wanted


def test_hours_alone_are_not_a_models_doing():
    assert response(blames=False) is Response.ALERT
    assert response(blames=True) is Response.ROLL_BACK


@pytest.mark.parametrize(
    ("over", "bad_share", "blames"),
    [
        ((HOUR_OF_DAY,), 0.0, False),
        ((HOUR_OF_DAY, "score"), 0.0, True),
        (("visits",), None, True),
        ((), 0.0, False),  # fading: over .8 of the limit only
        ((), 0.06, True),
    ],
)
def test_what_may_be_a_models_doing(over, bad_share, blames):
    assert Reading(over=over, bad_share=bad_share).blames is blames
