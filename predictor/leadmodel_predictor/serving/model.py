"""The running model: its slots, its drift window, and the figures that follow from both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from leadmodel_artifact.model import Artifact
from leadmodel_messages.share import Share
from leadmodel_messages.window import SlotWindow, Window
from leadmodel_messages.window_psi import compared_leads, is_compared, slot_psis
from leadmodel_predictor.serving.metrics import Metrics
from leadmodel_predictor.serving.ring import Entry, Ring
from leadmodel_predictor.serving.slots import Slots, shared
from leadmodel_statistics.stability import mean_shift_z

MIN_SAMPLES = 150
WARN_PSI, ALERT_PSI = 0.1, 0.25
CRITICAL_AUC, WARNING_AUC, HIGH_DRIFT, STALE_HOURS = 0.55, 0.65, 3.0, 48.0
SEED_FEATURES = ("score", "details_len")


@dataclass
class Model:
    """The models that a process serves; `slots` and `ring` are swapped together, between two requests."""

    slots: Slots
    ring: Ring
    metrics: Metrics
    loaded_at: float
    boot: str
    measured_auc: float | None = None

    def swap(self, slots: Slots, now: float) -> None:
        """Serve these slots from the next request on, with an empty drift window."""
        self.slots, self.ring, self.loaded_at = slots, Ring(slots, self.boot), now
        self.measured_auc = None

    def challenge(self, slots: Slots, entries: Sequence[Entry], after: Entry | None) -> None:
        """Have another challenger from the next request on, beside the same models and leads; arguments as `Ring.challenge` takes them."""
        self.slots = slots
        self.ring.challenge(slots, entries, after)

    @property
    def share(self) -> Share | None:
        """The share of leads that the challenger answers; None while the challenger answers none."""
        return self.slots.canary.share if self.slots.canary is not None else None

    def give(self, share: Share | None) -> None:
        """Have the challenger answer this share of leads from the next request on; none where it names another challenger."""
        self.slots = self.ring.slots = shared(self.slots, share)

    @property
    def auc(self) -> float:
        """The measured AUC where it was passed, else what training claims."""
        return self.slots.champion.artifact.auc if self.measured_auc is None else self.measured_auc

    def age_hours(self, now: float) -> float:
        """Hours since the end of the champion's training."""
        return max(0.0, (now - self.slots.champion.artifact.version) / 3600)

    def gauges(self, window: Window) -> None:
        """Set every gauge of the metrics from this window."""
        self.metrics.loaded.set(1)
        self.metrics.auc.set(self.auc)
        self.metrics.version.set(self.slots.champion.artifact.version)
        self.metrics.last_reload.set(self.loaded_at)
        self.metrics.training_rows.set(self.slots.champion.artifact.n_train)
        self.metrics.newest_row.time = instant_of(self.slots.champion.artifact.data.to)
        self._set_digests()
        self.metrics.drift.set(drift_score(window))
        self.metrics.samples.set(samples(window))
        self.metrics.span.set(window.span_s)
        self.metrics.compared.set(compared(window))
        self.metrics.psi.clear()
        for feature, value in psis(window).items():
            self.metrics.psi.labels(feature).set(value)

    def _set_digests(self) -> None:
        self.metrics.info.clear()
        for name, slot in self.slots.loaded.items():
            self.metrics.info.labels(name, slot.digest.removeprefix("sha256:")[:12]).set(1)

    def status(self, window: Window, now: float) -> dict[str, Any]:
        """The JSON document that /ops/model-status answers with."""
        slots, score = self.slots, drift_score(window)
        artifact = slots.champion.artifact
        return {
            "loaded": True,
            "version": artifact.version,
            "version_date": version_date(artifact),
            "auc": self.auc,
            "n_train": artifact.n_train,
            "load_time": self.loaded_at,
            "age_hours": round(self.age_hours(now), 3),
            "drift_score": score,
            "health": self.health(score, now),
            "digest": slots.champion.digest,
            "drift_status": drift_status(window),
            "drift_psi": drift_psi(window),
            "samples": samples(window),
            "compared": compared(window),
            "span_s": window.span_s,
            "slots": {
                "champion": slots.champion.digest,
                "previous": slots.previous and slots.previous.digest,
                **({"previous_error": slots.previous_error} if slots.previous_error else {}),
                **({"challenger": slots.challenger.slot.digest} if slots.challenger else {}),
            },
        }

    def health(self, score: float, now: float) -> str:
        """The health as one word: the first of the rules that matches."""
        if not math.isfinite(self.auc):
            return "error"
        if self.auc < CRITICAL_AUC:
            return "critical_low_auc"
        if self.auc < WARNING_AUC:
            return "warning_low_auc"
        if score > HIGH_DRIFT:
            return "warning_high_drift"
        return "warning_stale" if self.age_hours(now) > STALE_HOURS else "ok"


def version_date(artifact: Artifact) -> str:
    """The end of training as ISO 8601 in UTC with a Z; the artifact's own words where these are no instant."""
    try:
        trained_at = datetime.fromisoformat(artifact.trained_at)
        at = trained_at.replace(tzinfo=UTC) if trained_at.tzinfo is None else trained_at.astimezone(UTC)
    except (ValueError, OverflowError):
        return artifact.trained_at
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def instant_of(text: str | None) -> float | None:
    """ISO 8601 as Unix seconds, UTC where it names no zone; None where the text is no instant."""
    try:
        at = datetime.fromisoformat(text or "")
        return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).timestamp()
    except (ValueError, OverflowError):
        return None


def samples(window: Window) -> int:
    """The number of leads in the champion's window."""
    return 0 if window.champion is None else window.champion.n


def psis(window: Window) -> dict[str, float]:
    """PSI of the champion's features that have enough leads."""
    if window.champion is None:
        return {}
    return {name: psi.value for name, psi in slot_psis(window.champion, MIN_SAMPLES).items()}


def compared(window: Window) -> int:
    """The number of leads in the champion's window that were compared with the reference."""
    return 0 if window.champion is None else compared_leads(window.champion)


def drift_psi(window: Window) -> float | None:
    """The largest PSI of a feature; None where live leads are not compared and no feature drifts either."""
    worst = max(psis(window).values(), default=None)
    is_measured = window.champion is not None and is_compared(window.champion, MIN_SAMPLES)
    return worst if is_measured or (worst is not None and worst >= WARN_PSI) else None


def drift_status(window: Window) -> str:
    """One of warming_up, not_compared, ok, warn and alert, by the largest PSI of a feature."""
    worst, slot = drift_psi(window), window.champion
    if worst is not None:
        return "alert" if worst >= ALERT_PSI else "warn" if worst >= WARN_PSI else "ok"
    is_warm = slot is not None and slot.n - slot.bad >= MIN_SAMPLES
    return "not_compared" if is_warm else "warming_up"


def drift_score(window: Window) -> float:
    """The seed's gauge: the largest z over score, details_len and hour_of_day; 0 below 30 leads."""
    slot = window.champion
    if slot is None:
        return 0.0
    shifts = [
        mean_shift_z(f.n, f.sum, f.mean, f.std)
        for name in SEED_FEATURES
        if (f := slot.features.get(name)) is not None
    ]
    return max([*shifts, _hour_z(slot)])


def _hour_z(slot: SlotWindow) -> float:
    """hour_of_day of the leads in the window against the hours of the reference."""
    if not slot.ref_by_hour:
        return 0.0
    rows = sum(slot.ref_by_hour)
    mean = sum(h * count for h, count in enumerate(slot.ref_by_hour)) / rows
    std = math.sqrt(sum(count * (h - mean) ** 2 for h, count in enumerate(slot.ref_by_hour)) / rows)
    n = sum(slot.leads_by_hour)
    return mean_shift_z(n, sum(h * count for h, count in enumerate(slot.leads_by_hour)), mean, std)
