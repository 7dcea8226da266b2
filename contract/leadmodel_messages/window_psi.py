"""The population stability index of a drift window: of each feature, of the score, and of the hours in which leads come."""

from __future__ import annotations

from leadmodel_messages.window import FeatureWindow, HoursWindow, MissingWindow, SlotWindow, TextWindow
from leadmodel_statistics.stability import Psi, psi

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_OF_DAY = "hour_of_day"
MIN_HOUR_LEADS = 500  # of the last 24 hours, for hour_of_day


def feature_psi(
    feature: FeatureWindow | MissingWindow, leads_by_hour: Sequence[int], ref_by_hour: Sequence[int]
) -> Psi | None:
    """Compute the PSI of one feature of a slot; None where PSI needs more leads.

    Args:
        feature: Counts per bin, of values or of leads with and without one.
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


def missing_psi(
    missing: MissingWindow | None, leads_by_hour: Sequence[int], ref_by_hour: Sequence[int]
) -> Psi | None:
    """Compute the PSI of having a value or none; None where no more values are missing than the reference leads one to expect.

    Fewer missing values are no fault: a table of past leads often writes an empty text as a missing one.

    Args:
        missing: Leads with and without a value.
        leads_by_hour: As in `feature_psi`.
        ref_by_hour: As in `feature_psi`.
    """
    if missing is None or missing.observed[1] <= missing.expected[1]:
        return None
    return feature_psi(missing, leads_by_hour, ref_by_hour)


def slot_psis(slot: SlotWindow, min_samples: int) -> dict[str, Psi]:
    """Compute the PSI of every monitored feature that has at least `min_samples` leads, and of `hour_of_day`.

    The PSI of a feature is the larger one of two: of the values that came, and of whether a value came.
    """
    indices: dict[str, Psi] = {}
    for name, feature in slot.features.items():
        missing = feature.missing
        is_known, is_counted = feature.n >= min_samples, missing is not None and missing.n >= min_samples
        values = feature_psi(feature, slot.leads_by_hour, slot.ref_by_hour) if is_known else None
        gaps = missing_psi(missing, slot.leads_by_hour, slot.ref_by_hour) if is_counted else None
        if (index := max(filter(None, (values, gaps)), key=lambda p: p.value, default=None)) is not None:
            indices[name] = index
    if slot.hours is not None and (of_hours := hours_psi(slot.hours)) is not None:
        indices[HOUR_OF_DAY] = of_hours
    return indices


def text_psis(text: TextWindow, min_samples: int) -> dict[str, Psi]:
    """Compute the PSI of each head's labels, of unknown words and of lengths, where at least `min_samples` texts were answered."""
    known = {
        name: feature_psi(feature, (), ())
        for name, feature in text.features.items()
        if feature.n >= min_samples
    }
    return {name: index for name, index in known.items() if index is not None}


def compared_leads(slot: SlotWindow) -> int:
    """Count the leads that were compared with the reference: scored, and at hours that the reference knows."""
    return max(0, slot.n - slot.bad - slot.unread - slot.unsupported)


def is_compared(slot: SlotWindow, min_samples: int) -> bool:
    """Whether enough leads were compared, and at least half of those scored: silence about the others is no sign that they fit."""
    compared = compared_leads(slot)
    return compared >= max(min_samples, 1) and 2 * compared >= slot.n - slot.bad - slot.unread
