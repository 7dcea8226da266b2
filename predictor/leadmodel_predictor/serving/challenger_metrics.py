"""The metrics of the challenger that a process holds; only a process that takes challengers has them."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from leadmodel_messages.window import ShareWindow, SlotWindow, Window
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
        yield from of_share(window)


def of_share(window: Window | None) -> Iterator[Metric]:
    """Yield the metrics of the share; they have no sample while none is in force."""
    weight = GaugeMetricFamily(
        "lead_model_challenger_share",
        "Share of leads (0 to 1) that the challenger answers, while there is one.",
    )
    answers = CounterMetricFamily(
        "lead_model_challenger_answers",
        "Leads by what became of them since the challenger was loaded: answered (it answered), failed (it had no score) and refused (it did "
        "not read the lead), where the champion answered; champion (all that the champion answered while a share was in force).",
        labels=["outcome"],
    )
    seconds = CounterMetricFamily(
        "lead_model_challenger_answer_seconds",
        "Seconds in which the challenger and the champion read and scored the leads that they answered while a share was in force.",
        labels=["slot"],
    )
    fault = GaugeMetricFamily(
        "lead_model_challenger_share_refused",
        "1 while the share that lies beside the challenger is not in force, with the reason.",
        labels=["reason"],
    )
    if window is not None and window.share is not None:
        share = window.share
        weight.add_metric([], share.weight / 100)
        for outcome, count in answered(share).items():
            answers.add_metric([outcome], count)
        seconds.add_metric(["challenger"], share.seconds)
        seconds.add_metric(["champion"], share.champion_seconds)
    if window is not None and window.share_error is not None:
        fault.add_metric([window.share_error], 1)
    yield from (weight, answers, seconds, fault)


def answered(share: ShareWindow) -> dict[str, int]:
    """The leads by what became of them; those that failed or were refused are among the champion's."""
    return {
        "answered": share.answered,
        "failed": share.failed,
        "refused": share.refused,
        "champion": share.champion_answered,
    }


def counts(slot: SlotWindow) -> dict[str, int]:
    """The leads of a slot by what it made of them; together they are all leads of the window."""
    return {
        "compared": compared_leads(slot),
        "unsupported": slot.unsupported,
        "refused": slot.bad,
        "unread": slot.unread,
    }
