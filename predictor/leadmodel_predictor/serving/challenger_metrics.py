"""The metrics of the challenger that a process holds; only a process that takes challengers has them."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from leadmodel_messages.window import SlotWindow, Window
from leadmodel_messages.window_psi import compared_leads


class ChallengerMetrics:
    """Counts of the newest drift window; a collector for the Prometheus registry. The digest is that of `lead_model_info`."""

    def __init__(self) -> None:
        self.window: Window | None = None  # what is counted, set by whoever collects

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; without a challenger there are no leads, and without a fault there is no reason."""
        leads = GaugeMetricFamily(
            "lead_model_challenger_leads",
            "Leads in the drift window by what the challenger made of them: compared with its holdout, unsupported (it scored them, its "
            "holdout does not know their hour), refused, unread (what is kept of them does not say what it would have read).",
            labels=["outcome"],
        )
        refused = GaugeMetricFamily(
            "lead_model_challenger_refused",
            "1 while what lies in the place of challengers is not loaded, with the reason.",
            labels=["reason"],
        )
        window = self.window
        if window is not None and window.challenger is not None:
            for outcome, count in counts(window.challenger).items():
                leads.add_metric([outcome], count)
        if window is not None and window.challenger_error is not None:
            refused.add_metric([window.challenger_error], 1)
        yield leads
        yield refused


def counts(slot: SlotWindow) -> dict[str, int]:
    """The leads of a slot by what it made of them; together they are all leads of the window."""
    return {
        "compared": compared_leads(slot),
        "unsupported": slot.unsupported,
        "refused": slot.bad,
        "unread": slot.unread,
    }
