"""Events for `kubectl describe`: the same sentence within ten minutes is told once. Best effort: an event is never worth a failure."""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter

from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.render.names import Object, path
from leadmodel_operator.planning.observed import Event

log = logging.getLogger("leadmodel")
REPEAT = timedelta(minutes=10)
REMEMBERED = 1000


@dataclass
class Recorder:
    """Writes events."""

    client: Client
    instance: str
    counter: Counter | None = None
    _told: dict[str, datetime] = field(default_factory=dict)

    async def record(self, lead_model: Object, event: Event, now: datetime) -> None:
        """Tell it unless it was just told."""
        about = lead_model["metadata"]
        mark = hashlib.sha256(f"{about['uid']}\x00{event.reason}\x00{event.message}".encode()).hexdigest()[
            :16
        ]
        told = self._told.get(mark)
        if told is not None and now - told < REPEAT:
            return
        if len(self._told) >= REMEMBERED:
            self._told.clear()
        self._told[mark] = now
        if self.counter is not None:
            self.counter.labels(event.reason).inc()
        fields = {"namespace": about["namespace"], "leadmodel": about["name"], "reason": event.reason}
        log.info(event.message, extra={"fields": fields})
        try:
            await self.client.create(
                path("events", about["namespace"]), self._body(lead_model, event, now, mark)
            )
        except (ApiError, *TRANSIENT):
            return

    def _body(self, lead_model: Object, event: Event, now: datetime, mark: str) -> Object:
        about = lead_model["metadata"]
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{about['name']}.{mark}.{int(now.timestamp()):x}",
                "namespace": about["namespace"],
            },
            "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "reportingController": "customerops.dev/leadmodel",
            "reportingInstance": self.instance[:128],
            "action": event.reason,
            "reason": event.reason,
            "note": event.message[:1000],
            "type": event.type,
            "regarding": {
                "apiVersion": lead_model["apiVersion"],
                "kind": lead_model["kind"],
                "name": about["name"],
                "namespace": about["namespace"],
                "uid": about["uid"],
                "resourceVersion": about["resourceVersion"],
            },
        }
