"""The operator's port on a cluster: reads objects (`observe/reading.py`), records decisions (`write/recording.py`), and lets the applier make objects.

The same code runs over the API server and over the cache, which refuses writes (`apiserver/dry_run.py`).
"""

from dataclasses import dataclass

from leadmodel_operator.kubernetes.apiserver.refusals import causes
from leadmodel_operator.kubernetes.applier import Applier
from leadmodel_operator.kubernetes.write.recording import Recording
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.planned import Desired
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.status import Status


@dataclass
class ClusterPort(Recording):
    """Implements `reconcile.Port` on a cluster."""

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:
        """Bring the cluster to what is desired; True when another pass should follow at once."""
        self.on_conclusion(key, seen, status)
        if seen.spec is None:
            return False
        applier = self._applier(key)
        if not desired.frozen and await applier.adopt():
            return True
        again = await applier.act(seen, desired)
        self.on_read(self._live[key].lead_model)
        known, ledger = self.refused.get(key) or (), await self.ledger_is_refused(key, desired)
        now = self.refused[key] = (*([ledger] if ledger else []), *applier.refused)
        return again or causes(now) != causes(known)

    def _applier(self, key: Key) -> Applier:
        taken, created = self.taken.setdefault(key, {}), self.created.setdefault(key, {})
        return Applier(
            client=self.client,
            scraper=self.windows.scraper,
            images=self.images,
            key=key,
            live=self._live[key],
            taken=taken,
            created=created,
            intact=self.intact,
            asked=self.asked,
        )
