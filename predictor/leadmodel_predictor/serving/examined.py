"""Which fields clients leave out and which ones they send in vain, counted on a share of the leads.

To list the fields of a lead takes longer than to score the lead: a burst of 1,000 leads is examined whole, then 100 leads per second.
"""

from collections.abc import Iterator

import msgspec
from prometheus_client.core import CounterMetricFamily, Metric

from leadmodel_predictor.serving.decode import Reader

BURST, PER_SECOND = 1000.0, 100.0
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
NULL = b"null"


class ExaminedLeads:
    """Counts missing fields by the champion's features, and unknown fields without their names, which clients choose."""

    def __init__(self) -> None:
        self.due = 0.0  # the instant from which the next lead is examined
        self._allowance, self._seen_at = BURST, 0.0
        self._leads = self._unknown = 0
        self._missing: dict[str, int] = {}
        self._of: Reader | None = None

    def look(self, reader: Reader, body: bytes, now: float) -> None:
        """Count the fields of a lead, if one more may be examined at `now`, in seconds of a clock that never steps back."""
        if now < self.due:
            return
        self._allowance = min(BURST, self._allowance + (now - self._seen_at) * PER_SECOND) - 1
        self._seen_at = now
        self.due = 0.0 if self._allowance >= 1 else now + (1 - self._allowance) / PER_SECOND
        try:
            fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except UNREADABLE:
            return
        self._count(reader, fields)

    def _count(self, reader: Reader, fields: dict[str, msgspec.Raw]) -> None:
        if self._of is not reader:  # another champion: its features are the labels from now on
            self._of = reader
            known = {feature.name: 0 for feature in reader.champion.features}
            self._missing = known | {n: c for n, c in self._missing.items() if n in known}
        self._leads += 1
        self._unknown += len(fields.keys() - reader.fields.keys())
        for feature in reader.champion.features:
            raw = fields.get(feature.source)
            if raw is None or bytes(raw) == NULL:
                self._missing[feature.name] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for the Prometheus registry."""
        yield CounterMetricFamily(
            "lead_model_examined_leads",
            "Leads whose fields were examined: the first 1,000, then 100 per second.",
            value=self._leads,
        )
        yield CounterMetricFamily(
            "lead_model_unknown_fields",
            "Fields of the examined leads that no loaded model reads.",
            value=self._unknown,
        )
        missing = CounterMetricFamily(
            "lead_model_missing_fields", "Examined leads without a value for a feature.", labels=["feature"]
        )
        for name, count in self._missing.items():
            missing.add_metric([name], count)
        yield missing
