"""The population stability index of a drift window: of each feature, of the score, and of the hours in which leads come."""

from __future__ import annotations

from leadmodel_messages.window import FeatureWindow, HoursWindow, SlotWindow
from leadmodel_statistics.stability import Psi, psi

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_OF_DAY = "hour_of_day"
MIN_HOUR_LEADS = 500  # of the last 24 hours, for hour_of_day


def feature_psi(
    feature: FeatureWindow, leads_by_hour: Sequence[int], ref_by_hour: Sequence[int]
) -> Psi | None:
    """Compute the PSI of one feature of a slot; None where PSI needs more leads.

    Args:
        feature: Counts per bin.
        leads_by_hour: Leads of the slot per UTC hour, 24 of them, or none without an hour reference.
        ref_by_hour: Rows of the reference per UTC hour, as many.
    """
    return psi(
        feature.observed,
        feature.expected,
        n=feature.n,
        n_ref=feature.n_ref,
        shrink=feature.shrink,
        leads_by_hour=leads_by_hour,
        ref_by_hour=ref_by_hour,
    )


def hours_psi(hours: HoursWindow) -> Psi | None:
    """Compute the PSI of the hours of the last 24 hours, times the share of them that was watched; None below 500 leads.

    The mornings of a Saturday and of a Monday differ by nature, their days much less: hours not watched yet count as hours without
    a difference. A program that fills a night stands out all the same.
    """
    if hours.n < MIN_HOUR_LEADS:
        return None
    index = psi(hours.observed, hours.expected, n=hours.n, n_ref=hours.n_ref)
    watched = sum(share > 0 for share in hours.expected) / 24
    return index and Psi(index.value * watched, index.noise, index.bins)


def slot_psis(slot: SlotWindow, min_samples: int) -> dict[str, Psi]:
    """Compute the PSI of every monitored feature that has at least `min_samples` leads, and of `hour_of_day`."""
    features = {name: feature for name, feature in slot.features.items() if feature.n >= min_samples}
    indices = {
        name: feature_psi(feature, slot.leads_by_hour, slot.ref_by_hour) for name, feature in features.items()
    }
    if slot.hours is not None:
        indices[HOUR_OF_DAY] = hours_psi(slot.hours)
    return {name: index for name, index in indices.items() if index is not None}
