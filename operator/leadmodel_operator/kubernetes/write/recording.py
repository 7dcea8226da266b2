"""Records decisions on a cluster before anything is done about them: ledger, marks on snapshots, status, events."""

from dataclasses import dataclass

from leadmodel_operator.kubernetes import refused_status
from leadmodel_operator.kubernetes.apiserver.client import ApiError
from leadmodel_operator.kubernetes.apiserver.refusals import refusal_of
from leadmodel_operator.kubernetes.observe.reading import Reading
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import Object, name_of, path, path_of
from leadmodel_operator.kubernetes.write.writes import Writes, written
from leadmodel_operator.planning.observed import Observed, Record, Refusal
from leadmodel_operator.planning.planned import Desired, Event, EventType
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.resource.columns import column_figures
from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import PLURAL, EventReason

UNRECORDED = (
    "the installed CRD is older than the operator and drops status.challenger, so candidates are not checked against live leads; "
    "apply the crds/leadmodels.yaml of this release"
)


@dataclass
class Recording(Reading):
    """What the port on a cluster records."""

    async def claim(self, key: Key, digest: str) -> None:
        """Raise the version of a snapshot, so that a leader who read an older version cannot trim the snapshot."""
        live = self._live[key]
        revision = live.revisions.get(digest)
        if revision is None:
            return
        where = path("configmaps", key.namespace, revision["metadata"]["name"])
        patch = snapshots.claim_patch(revision, live.lead_model["metadata"]["resourceVersion"])
        try:
            live.revisions[digest] = await written(self.client.merge(where, patch))
        except ApiError as error:
            await self.report_unclaimed(key, revision["metadata"]["name"], error)

    async def report_unclaimed(self, key: Key, name: str, error: ApiError) -> None:
        """Report a mark that the API server refuses; what was decided goes on, for the mark only guards against another leader.

        Raises:
            ApiError: the server could not answer.
        """
        if refusal_of(error, f"ConfigMap/{name}") is None:
            raise error
        message = f"the API server refuses to mark ConfigMap/{name} as in use: {error.words}"
        event = Event(EventReason.SNAPSHOT_NOT_MARKED, message, EventType.WARNING)
        await self.recorder.record(self._live[key].lead_model, event, self.clock())

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        """Write the ledger ConfigMap.

        While its name belongs to someone else, or the API server refuses it, the planner decides nothing. So the first refusal ends the
        pass, and the next one plans with it.
        """
        known, refusal = self.refused.get(key) or (), await self._refusal_of_ledger(key, records)
        if refusal is None:
            return
        self._ledger_refused[key] = refusal
        if all(other.name != refusal.name for other in known):
            self.refused[key] = (*known, refusal)
            raise Conflict(refusal.message)

    async def _refusal_of_ledger(self, key: Key, records: tuple[Record, ...]) -> Refusal | None:
        """Write the ledger, unless its name is someone else's. Returns the refusal of the API server, None where it took the ledger."""
        live = self._live[key]
        body = snapshots.ledger(live.lead_model, records)
        if name_of(body) in live.conflicts:
            return None
        try:
            live.ledger = await self._write_ledger(key, body)
        except ApiError as error:
            refusal = refusal_of(error, name_of(body))
            if refusal is None:
                raise
            return refusal
        return None

    async def ledger_is_refused(self, key: Key, desired: Desired) -> Refusal | None:
        """Return the refusal of the ledger that lasts.

        A pass that decides nothing for want of the ledger writes none either. Such a pass tries the ledger as it is: otherwise the next
        pass would decide, be refused and be made again, without end.
        """
        tried, name = self._ledger_refused.get(key), f"ConfigMap/{key.name}-ledger"
        if tried is not None or desired.frozen:
            return tried
        was_refused = any(refusal.name == name for refusal in self.refused.get(key) or ())
        return await self._refusal_of_ledger(key, desired.ledger) if was_refused else None

    async def _write_ledger(self, key: Key, body: Object) -> Object:
        ledger = self._live[key].ledger
        if ledger is None:
            taken = self.taken.setdefault(key, {})
            return await Writes(self.client, key, self._live[key], taken).create(body)
        body["metadata"]["resourceVersion"] = ledger["metadata"]["resourceVersion"]
        return await written(self.client.replace(path_of(body), body))

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        """Write status over the version of the LeadModel that was planned on; without what the API server refuses in it."""
        live = self._live[key]
        metadata = {**live.lead_model["metadata"], "resourceVersion": seen.rv}
        shown = {"shown": column_figures(status)}
        body = {**live.lead_model, "metadata": metadata, "status": dump(status) | shown}
        try:
            live.lead_model = await self._write_status(key, body)
        except ApiError as error:
            live.lead_model = await self._write_rest_of_status(key, seen, body, error)
        self.on_read(live.lead_model)
        await self.look_for_challenger(key, seen, status)

    async def look_for_challenger(self, key: Key, seen: Observed, status: Status) -> None:
        """Remember a candidate whose record is not in the answer: the installed CRD is older and drops what it does not know."""
        stored = self._live[key].lead_model
        if status.challenger is None or "challenger" in (stored.get("status") or {}):
            self.unrecorded.pop(key, None)
            return
        self.unrecorded[key] = status.challenger.digest
        event = Event(EventReason.STATUS_REFUSED, UNRECORDED, EventType.WARNING)
        await self.recorder.record(stored, event, seen.now)

    async def _write_status(self, key: Key, body: Object) -> Object:
        return await written(self.client.replace(path(PLURAL, key.namespace, key.name, "status"), body))

    async def _write_rest_of_status(self, key: Key, seen: Observed, body: Object, error: ApiError) -> Object:
        """Write a refused status once more without its refused parts, and say which these are.

        Raises:
            ApiError: the server refused for another reason, or refused a part that decides.
        """
        stored = self._live[key].lead_model
        rest = refused_status.accepted_part(body["status"], stored.get("status") or {}, error.fields)
        if error.status != 422 or rest is None:
            raise error
        accepted = await self._write_status(key, {**body, "status": rest})
        message = f"the API server refuses {', '.join(error.fields[:5])}; the rest of the status is written"
        await self.recorder.record(
            stored, Event(EventReason.STATUS_REFUSED, message, EventType.WARNING), seen.now
        )
        return accepted

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        """Record the events of one pass on the LeadModel, in their order."""
        for event in events:
            await self.recorder.record(self._live[key].lead_model, event, seen.now)
