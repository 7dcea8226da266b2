"""Events for `kubectl describe`: the same sentence is written once within ten minutes. Best effort: no event is worth a failed pass."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter

from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.render.names import Object, path
from leadmodel_operator.planning.planned import Event

log = logging.getLogger("leadmodel")
REPEAT = timedelta(minutes=10)
REMEMBERED = 1000  # sentences


@dataclass
class Recorder:
    """Writes events and logs them. `instance` names this process in each event; `notify` is told of each without waiting for it."""

    client: Client
    instance: str
    counter: Counter | None = None
    notify: Callable[[Object, Event, datetime], None] | None = None
    _recorded: dict[str, datetime] = field(default_factory=dict)

    async def record(self, lead_model: Object, event: Event, now: datetime) -> None:
        """Write an event, unless the same one was written within ten minutes."""
        metadata = lead_model["metadata"]
        sentence = f"{metadata['uid']}\x00{event.reason}\x00{event.message}"
        digest = hashlib.sha256(sentence.encode()).hexdigest()[:16]
        recorded = self._recorded.get(digest)
        if recorded is not None and now - recorded < REPEAT:
            return
        if len(self._recorded) >= REMEMBERED:
            self._recorded.clear()
        self._recorded[digest] = now
        if self.counter is not None:
            self.counter.labels(event.reason).inc()
        fields = {"namespace": metadata["namespace"], "leadmodel": metadata["name"], "reason": event.reason}
        log.info(event.message, extra={"fields": fields})
        if self.notify is not None:
            self.notify(lead_model, event, now)
        try:
            body = self._body(lead_model, event, now, digest)
            await self.client.create(path("events", metadata["namespace"]), body)
        except (ApiError, *TRANSIENT):
            return

    def _body(self, lead_model: Object, event: Event, now: datetime, digest: str) -> Object:
        metadata = lead_model["metadata"]
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name']}.{digest}.{int(now.timestamp()):x}",
                "namespace": metadata["namespace"],
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
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
        }
