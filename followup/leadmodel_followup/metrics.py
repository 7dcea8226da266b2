"""Counters and times of a pod, over all of its processes, by channel, step and reason: never by lead, person, number or address."""

from collections.abc import Callable

import prometheus_client as prometheus
from prometheus_client import values

_LATENESS_S = (0.5, 1, 2, 5, 15, 60, 300, 1800, 7200, 86400)
_PROVIDER_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_KINDS = (
    "delivered",
    "undelivered",
    "opened",
    "machine-opened",
    "read",
    "clicked",
    "scanned",
    "replied",
    "opted-out",
)


def counted_as(process: str, work: Callable[[], None]) -> None:
    """Do the work of a process that counts into files by its name, which no other may have while it runs.

    One that is started again goes on with them: files by the id of a process would be left by each that died, and no count may get lost.
    """
    values.ValueClass = values.MultiProcessValue(lambda: process)  # type: ignore[no-untyped-call]  # it has no types here
    work()


class Metrics:
    """What a pod counts. Under PROMETHEUS_MULTIPROC_DIR all processes count into one folder."""

    def __init__(self, registry: prometheus.CollectorRegistry) -> None:
        """Register all metrics in a registry."""

        def counter(name: str, meaning: str, *labels: str) -> prometheus.Counter:
            return prometheus.Counter(f"leadmodel_followup_{name}", meaning, labels, registry=registry)

        def histogram(
            name: str, meaning: str, buckets: tuple[float, ...], *labels: str
        ) -> prometheus.Histogram:
            whole = f"leadmodel_followup_{name}"
            return prometheus.Histogram(whole, meaning, labels, buckets=buckets, registry=registry)

        of = ("channel", "step")
        self.scheduled = counter("scheduled", "Follow-ups that were scheduled.", *of)
        self.sent = counter("sent", "Messages that a provider took.", *of)
        self.failed = counter("failed", "Follow-ups that failed for good.", *of, "reason")
        self.suppressed = counter(
            "suppressed", "Follow-ups that ended unsent, or wait longer, by reason.", *of, "reason"
        )
        self.unknown = counter(
            "unknown_sends", "Attempts of which nobody knows whether the provider took the message.", *of
        )
        self.lateness = histogram(
            "lateness_seconds", "Time from due to taken by the provider.", _LATENESS_S, "channel"
        )
        self.provider = histogram(
            "provider_seconds", "Time that a provider took.", _PROVIDER_S, "channel", "reason"
        )

        self.rejected = counter(
            "webhook_rejected", "Requests of providers that were refused.", "channel", "reason"
        )
        self.skipped = counter(
            "webhook_skipped",
            "Events of requests that were taken that cannot be read, or that the ledger refuses.",
            "channel",
            "reason",
        )
        self.converted = counter(
            "converted", "People who became customers after a message, as the intake was told."
        )
        self._happened = {
            kind: counter(kind.replace("-", "_"), f"Follow-ups with a first event: {kind}.", *of)
            for kind in _KINDS
        }

    def happened(self, channel: str, step: str, kind: str) -> None:
        """Count the first event of a kind of one follow-up; kinds that say nothing of people are not counted."""
        if kind in self._happened:
            self._happened[kind].labels(channel, step).inc()

    def skip(self, channel: str, reason: str) -> None:
        """Count an event that is left out."""
        self.skipped.labels(channel, reason).inc()

    def note(self, channel: str, step: str, word: str, late_s: float) -> None:
        """Count what became of an attempt, by the word of the dispatcher."""
        match word:
            case "accepted":
                self.sent.labels(channel, step).inc()
                self.lateness.labels(channel).observe(max(late_s, 0.0))
            case "rejected" | "optedout":
                self.failed.labels(channel, step, word).inc()
            case "unknown":
                self.unknown.labels(channel, step).inc()
            case "gone" | "same" | "stale":
                pass
            case _:
                self.suppressed.labels(channel, step, word).inc()
