"""The operator's Port on this machine: the same messages and the same order of writes as on a cluster, with files for objects."""

import json
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from leadmodel_local import starts, work
from leadmodel_local.followups.sender import Sender
from leadmodel_local.followups.valkey import Valkey
from leadmodel_local.serving import predictors
from leadmodel_local.serving.listener import HOST, Listener
from leadmodel_local.serving.predictors import Pod
from leadmodel_local.serving.rollout import Rollout
from leadmodel_local.serving.snapshots import Snapshots
from leadmodel_local.state import children, files
from leadmodel_local.state.children import Children
from leadmodel_local.state.files import ModelFolder
from leadmodel_local.work import Jobs
from leadmodel_messages.window import Window
from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.planning.observed import JobKind, Observed, Record
from leadmodel_operator.planning.planned import Desired, Event, TextWork
from leadmodel_operator.planning.scraping import scrape_is_due, window_interval
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.resource.columns import column_figures
from leadmodel_operator.resource.conversion import SchemaError, dump, load
from leadmodel_operator.resource.document import read_commands, read_paused, read_spec, read_status
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status

IMAGE = "this-machine"
KILL_AFTER_S = 10.0  # children of a deleted LeadModel that have not ended by then are killed
RUN_KINDS = (JobKind.RETRAINING, JobKind.BACKFILL, JobKind.ENRICHMENT)  # what a person may ask to run


@dataclass
class LocalPort:
    """Implements the Port over a state folder. `clock` returns the present instant in UTC; `on_event` is called for every event."""

    root: Path
    clock: Callable[[], datetime]
    on_event: Callable[[Key, Event, datetime], None] = lambda _key, _event, _now: None
    children: Children = field(default_factory=Children)
    listener: Listener = field(default_factory=Listener)
    held_snapshots: Snapshots = field(default_factory=Snapshots)
    channels: Path | None = None  # keys of the providers of follow-ups; None: nothing leaves this machine
    valkey: Valkey = field(init=False)
    _senders: dict[Key, Sender] = field(default_factory=dict)
    _scraped_at: dict[Key, datetime] = field(default_factory=dict)
    _run_requests: dict[tuple[Key, JobKind], str] = field(default_factory=dict)

    def folder(self, key: Key) -> ModelFolder:
        """Return the folder of a LeadModel."""
        return ModelFolder(self.root, key)

    def rollout(self, key: Key) -> Rollout:
        """Return the rollout of a LeadModel's predictors."""
        return Rollout(self.folder(key), self.children, self.listener)

    def __post_init__(self) -> None:
        """Know the server with the ledger of follow-ups; the first sender starts it."""
        self.valkey = Valkey(self.root, self.children)

    def sender(self, key: Key) -> Sender:
        """Return what sends the follow-ups of a LeadModel."""
        if key not in self._senders:
            self._senders[key] = Sender(self.folder(key), self.children, self.valkey, self.channels)
        return self._senders[key]

    def jobs(self, key: Key) -> Jobs:
        """Return the Jobs of a LeadModel."""
        return Jobs(self.folder(key), self.children)

    # --- observe ---------------------------------------------------------------------------------------------------------

    async def observe(self, key: Key) -> Observed | None:
        """Read all that a pass decides on; None when the LeadModel has no manifest any more."""
        folder, now = self.folder(key), self.clock()
        kept = files.read_json(folder.object)
        if kept is None:
            return None
        spec, invalid = read_spec(kept["spec"])
        document = files.read_json(folder.status) or {"rv": 0}
        status = read_status(document.get("status"))
        pods, jobs = predictors.list_pods(folder), self.jobs(key)
        windows = self._windows(key, spec, status, pods, now)
        held = self.held_snapshots.held(folder)
        delivered = (digest for digest in self.held_snapshots.mailbox(folder, jobs) if digest not in held)
        return Observed(
            now=now,
            rv=_version(document, kept),
            generation=kept["generation"],
            spec=spec,
            invalid=invalid,
            uid=kept["uid"],
            name=key.name,
            namespace=key.namespace,
            commands=read_commands(kept["annotations"]),
            paused=read_paused(kept["annotations"]),
            status=status,
            ledger=_ledger(files.read_json(folder.ledger)),
            snapshots=frozenset(held),
            mailbox=next(delivered, None),
            text=replace(
                self.held_snapshots.text_seen(folder, jobs), changed=starts.text_has_changed(jobs, spec)
            ),
            follow_ups=self.sender(key).seen(),
            jobs=jobs.seen(),
            rollout=predictors.rollout_seen(folder, pods, now),
            pods=tuple(
                predictors.pod_seen(pod, windows.get(pod.name))
                for pod in pods
                if not pod.leaving or pod.alive
            ),
            scraped=bool(windows),
            default_image=IMAGE,
            url=f"http://{HOST}:{self.listener.port_of(folder)}/predict",
            rendering=RENDERING,
        )

    def _windows(
        self, key: Key, spec: Spec | None, status: Status | None, pods: list[Pod], now: datetime
    ) -> Mapping[str, Window | None]:
        """Ask the ready predictors for their windows when that is due. Returns answers by name, None for no answer."""
        if spec is None or not scrape_is_due(self._scraped_at.get(key), window_interval(spec, status), now):
            return {}
        breach = status.drift.breach_since if status and status.drift else None
        since = breach.timestamp() if breach else None
        windows = {pod.name: predictors.window_of(pod, since) for pod in pods if pod.ready}
        if windows:
            self._scraped_at[key] = now
        return windows

    # --- record ----------------------------------------------------------------------------------------------------------

    async def claim(self, key: Key, digest: str) -> None:
        """Do nothing: one runtime holds the folder, so nobody else can trim snapshots."""

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        """Write the ledger of a LeadModel."""
        files.write_json(self.folder(key).ledger, [dump(record) for record in records])

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        """Write status. Raises Conflict when the manifest or the status changed since `seen` was read."""
        folder = self.folder(key)
        kept, document = files.read_json(folder.object), files.read_json(folder.status) or {"rv": 0}
        if kept is None or seen.rv != _version(document, kept):
            raise Conflict("the manifest or the status changed meanwhile")
        written = {"rv": document["rv"] + 1, "status": dump(status) | {"shown": column_figures(status)}}
        files.write_json(folder.status, written)

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        """Append events to the log of the LeadModel and pass them on."""
        with self.folder(key).events.open("a", encoding="utf-8") as log:
            for event in events:
                log.write(json.dumps({"at": seen.now.isoformat(), **dump(event)}) + "\n")
                self.on_event(key, event, seen.now)

    # --- apply -----------------------------------------------------------------------------------------------------------

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:  # noqa: ARG002  # the port's form
        """Carry out what was decided. Returns True when another pass should follow at once."""
        if seen.spec is None:
            return False
        rollout = self.rollout(key)
        if desired.touch_serve:
            rollout.render(desired.serve, seen.now)
        if desired.frozen:
            return False
        folder, jobs = self.folder(key), self.jobs(key)
        changed = self.held_snapshots.keep(folder, jobs, desired)
        self.held_snapshots.ask(folder, desired.asked)
        changed |= self.held_snapshots.keep_text(folder, jobs, desired.text or TextWork())
        self.sender(key).render(desired.follow_ups)
        rollout.evict(desired.evict, seen.now)
        starts.start_jobs(jobs, seen, desired)
        return changed

    # --- what a person asks for ------------------------------------------------------------------------------------------

    def note_requests(self) -> None:
        """Read the open requests for runs.

        To be called before manifests are read: a person edits the manifest first and asks for the run afterwards.
        """
        self._run_requests = {
            (folder.key, kind): name
            for folder in files.model_folders(self.root)
            for kind in RUN_KINDS
            if isinstance(name := files.read_json(folder.run_request(kind)), str)
        }

    def start_requested(self, key: Key, spec: Spec, now: datetime) -> None:
        """Start the runs that were requested when requests were last noted, once per request."""
        folder = self.folder(key)
        for kind, command in (
            (JobKind.RETRAINING, work.retraining(key.name, spec, str(folder.text_model))),
            (JobKind.BACKFILL, work.backfill(key, spec)),
            (JobKind.ENRICHMENT, work.text_training(key.name, spec)),
        ):
            name = self._run_requests.get((key, kind))
            if command is not None and name is not None:
                environ = work.secret(spec) if kind is JobKind.BACKFILL else {}
                self.jobs(key).start(name, kind, command, now, work.DATA_S, environ=environ)
                folder.run_request(kind).unlink(missing_ok=True)

    def forget(self, key: Key) -> None:
        """Stop deciding about a LeadModel whose manifest is gone; `end` then ends its processes."""
        self._scraped_at.pop(key, None)
        self._senders.pop(key, None)
        folder = self.folder(key)
        folder.object.replace(folder.deleted)
        folder.deleted.touch()

    def end(self, folder: ModelFolder) -> bool:
        """Ask the children of a deleted LeadModel to end. Returns True once none runs and the folder is removed."""
        processes, late = folder.processes(), time.time() - folder.deleted.stat().st_mtime > KILL_AFTER_S
        for process in processes:
            children.stop(process, signal.SIGKILL if late else signal.SIGTERM)
        if any(children.is_alive(process) for process in processes):
            return False
        self.listener.close(folder)
        shutil.rmtree(folder.folder, ignore_errors=True)
        return True


def _version(document: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    """Return the version of status and manifest, for optimistic locking."""
    return f"{document['rv']}/{kept['generation']}"


def _ledger(raw: Any) -> tuple[Record, ...]:
    records = []
    for item in raw or []:
        try:
            records.append(load(Record, item))
        except SchemaError:
            continue
    return tuple(records)
