"""The figures of drift windows: what live leads look like beside the references of both models. Pure: windows in, figures out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from leadmodel_messages.window import SlotWindow, Window
from leadmodel_messages.window_psi import HOUR_OF_DAY, compared_leads, is_compared, slot_psis
from leadmodel_messages.window_sums import merge
from leadmodel_operator.resource.spec_policies import DriftPolicy
from leadmodel_statistics.stability import Psi, mean_shift_z

BAD_BREACH, BAD_LEAVE = (
    0.05,
    0.04,
)  # share of refused leads at which a breach begins, and below which a breach ends


LEAVE = 0.8  # share of a limit below which a breach ends


@dataclass(frozen=True)
class Reading:
    """The figures of the windows of one pass. None: not measured, for want of leads or of a previous slot."""

    samples: int = 0
    compared: int = 0  # leads that were compared with the reference
    is_compared: bool = False  # enough of them to say that live leads fit
    psi: float | None = None
    feature: str | None = None
    psis: Mapping[str, Psi] = field(default_factory=dict)  # of each feature that was compared
    over: tuple[str, ...] = ()  # features at or over their limit
    stays: bool = False  # still over 0.8 of some limit
    bad_share: float | None = None
    previous_psi: float | None = None
    previous_bad_share: float | None = None
    comparable: bool = False  # the previous slot was read, by the same method
    sigma: float | None = None
    span_s: float = 0.0

    @property
    def blames(self) -> bool:
        """Whether a model may be to blame: leads are refused, or a feature besides the hour of day is over its limit."""
        refused = self.bad_share is not None and self.bad_share >= BAD_BREACH
        return refused or bool(self.differs_in)

    @property
    def differs_in(self) -> tuple[str, ...]:
        """The features over their limit, without the hour of day: that leads come at other hours is no model's doing."""
        return tuple(name for name in self.over if name != HOUR_OF_DAY)

    @property
    def largest(self) -> str | None:
        """The feature with the largest PSI, without the hour of day."""
        known = (name for name in self.psis if name != HOUR_OF_DAY)
        return max(known, key=lambda name: self.psis[name].value, default=None)

    def figure(self, name: str | None) -> float | None:
        """The PSI of one feature; None where the feature was not compared."""
        known = self.psis.get(name) if name is not None else None
        return known.value if known is not None else None


def read(windows: Sequence[Window], policy: DriftPolicy) -> Reading:
    """Add up the windows of all pods and compare the sum with the reference of the champion."""
    merged = merge(windows)
    champion = merged.champion if merged else None
    if merged is None or champion is None:
        return Reading()
    bad = champion.bad / champion.n if champion.n else None
    psis = slot_psis(champion, policy.min_samples)
    reading = Reading(
        champion.n,
        compared_leads(champion),
        is_compared(champion, policy.min_samples),
        bad_share=bad,
        sigma=_sigma(champion),
        span_s=merged.span_s,
    )
    if psis:
        feature = max(psis, key=lambda name: psis[name].value)
        reading = replace(
            reading,
            psi=psis[feature].value,
            feature=feature,
            psis=psis,
            over=tuple(n for n, p in psis.items() if p.value >= p.limit(policy.max_psi)),
            stays=any(p.value >= LEAVE * p.limit(policy.max_psi) for p in psis.values()),
        )
    return _with_previous(reading, champion, merged.previous, policy)


def _sigma(slot: SlotWindow) -> float:
    return max(
        (mean_shift_z(f.n, f.sum, f.mean, f.std) for f in slot.features.values() if f.kind != "categorical"),
        default=0.0,
    )


def _with_previous(
    reading: Reading, champion: SlotWindow, previous: SlotWindow | None, policy: DriftPolicy
) -> Reading:
    """Add the figures of the previous model on the same leads, over the score and the features that breach in the champion."""
    if previous is None or previous.n == 0:
        return reading
    psis = slot_psis(previous, policy.min_samples)
    wanted = {*reading.over, "score"} if reading.over else {reading.feature or "score", "score"}
    values = [psis[name].value for name in wanted if name in psis]
    return replace(
        reading,
        previous_psi=max(values, default=None),
        previous_bad_share=previous.bad / previous.n,
        comparable=previous.method == champion.method,
    )
