"""The operator's port on this machine: the same messages, the same order of writes; a rename is the atomic write."""

import json
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from leadmodel_artifact import snapshot
from leadmodel_local import children, files, serving, work
from leadmodel_local.children import Children
from leadmodel_local.files import Place
from leadmodel_local.serving import Group, Listener
from leadmodel_local.work import Jobs
from leadmodel_messages.report import named_digest
from leadmodel_operator.planning.observed import Desired, Event, JobKind, JobState, Observed, Poll, Record
from leadmodel_operator.planning.scraping import scrape_is_due
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.resource.columns import column_figures
from leadmodel_operator.resource.document import read_commands, read_paused, read_spec, read_status
from leadmodel_operator.resource.schema import Duration, SchemaError, dump, load
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status

IMAGE = "this-machine"
END_S = 10.0  # then children of a LeadModel that goes are killed


@dataclass
class LocalPort:
    """Implements the port over a state folder. `clock` gives the present instant, UTC; `tell` hears of every event."""

    root: Path
    clock: Callable[[], datetime]
    tell: Callable[[Key, Event, datetime], None] = lambda _key, _event, _now: None
    children: Children = field(default_factory=Children)
    listener: Listener = field(default_factory=Listener)
    first_port: int = 0
    _known: dict[str, str | None] = field(default_factory=dict)  # signature of a snapshot → its digest
    _scraped: dict[Key, datetime] = field(default_factory=dict)
    _asked: dict[tuple[Key, JobKind], str] = field(default_factory=dict)

    def place(self, key: Key) -> Place:
        """Where it lies."""
        return Place(self.root, key)

    def group(self, key: Key) -> Group:
        """Its predictors."""
        return Group(self.place(key), self.children, self.listener)

    def jobs(self, key: Key) -> Jobs:
        """Its Jobs."""
        return Jobs(self.place(key), self.children)

    # --- observe ---------------------------------------------------------------------------------------------------------

    async def observe(self, key: Key) -> Observed | None:
        """Read everything."""
        place, now = self.place(key), self.clock()
        about = files.read_json(place.object)
        if about is None:
            return None
        spec, invalid = read_spec(about["spec"])
        document = files.read_json(place.status) or {"rv": 0}
        status = read_status(document.get("status"))
        pods, jobs = serving.pods(place), self.jobs(key).seen()
        due = spec is not None and scrape_is_due(self._scraped.get(key), spec.drift.interval.seconds, now)
        since = status.drift.breach_since if status and status.drift else None
        asked = [p for p in pods if p.ready] if due else []
        windows = {p.name: serving.window_of(p, since.timestamp() if since else None) for p in asked}
        if asked:
            self._scraped[key] = now
        snapshots = self._snapshots(place)
        return Observed(
            now=now,
            rv=f"{document['rv']}/{about['generation']}",
            generation=about["generation"],
            spec=spec,
            invalid=invalid,
            uid=about["uid"],
            name=key.name,
            namespace=key.namespace,
            commands=read_commands(about["annotations"]),
            paused=read_paused(about["annotations"]),
            status=status,
            ledger=_ledger(files.read_json(place.ledger)),
            snapshots=frozenset(snapshots),
            mailbox=next(iter(self._mailbox(place, frozenset(snapshots))), None),
            jobs=jobs,
            rollout=serving.rollout_seen(place, pods, now),
            pods=tuple(serving.pod_seen(p, windows.get(p.name)) for p in pods if not p.leaving or p.lives),
            scraped=bool(asked),
            default_image=IMAGE,
            url=f"http://{serving.HOST}:{self.listener.of(place, self.first_port).getsockname()[1]}/predict",
        )

    def _digest(self, path: Path) -> str | None:
        mark = f"{path} {files.signature(path)}"
        if mark not in self._known:
            self._known[mark] = files.snapshot_digest(path)
        return self._known[mark]

    def _snapshots(self, place: Place) -> dict[str, Path]:
        """What is held, by digest; damaged bytes are not."""
        found = {self._digest(path): path for path in (place.folder / "rev").glob("*.json.gz")}
        return {digest: path for digest, path in found.items() if digest is not None}

    def _mailbox(self, place: Place, known: frozenset[str]) -> dict[str, Path]:
        """Bytes that a succeeded validation delivered, if their hash is the digest it named."""
        found = {}
        for job in self.jobs(place.key).seen():
            path = place.job(job.name) / work.SNAPSHOT
            if job.kind is not JobKind.VALIDATION or job.state is not JobState.SUCCEEDED or not path.exists():
                continue
            named = named_digest(job.message)
            if named is not None and named not in known and self._digest(path) == named:
                found[named] = path
        return found

    # --- record ----------------------------------------------------------------------------------------------------------

    async def claim(self, key: Key, digest: str) -> None:
        """Nothing to do: one runtime holds the folder, so nobody else can trim."""

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        """Write the ledger."""
        files.write_json(self.place(key).ledger, [dump(record) for record in records])

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        """Write status, if nothing was written since it was read."""
        place = self.place(key)
        about, document = files.read_json(place.object), files.read_json(place.status) or {"rv": 0}
        if about is None or seen.rv != f"{document['rv']}/{about['generation']}":
            raise Conflict("the manifest or the status changed meanwhile")
        found = {"rv": document["rv"] + 1, "status": dump(status) | {"shown": column_figures(status)}}
        files.write_json(place.status, found)

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        """Tell people."""
        with self.place(key).events.open("a") as log:
            for event in events:
                log.write(json.dumps({"at": seen.now.isoformat(), **dump(event)}) + "\n")
                self.tell(key, event, seen.now)

    # --- apply -----------------------------------------------------------------------------------------------------------

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:  # noqa: ARG002  # the port's form
        """Make it so; True when another pass should follow at once."""
        if seen.spec is None:
            return False
        place, group = self.place(key), self.group(key)
        if desired.touch_serve:
            group.render(desired.serve, seen.now)
        if desired.frozen:
            return False
        changed = self._keep(place, desired)
        group.evict(desired.evict, seen.now)
        self._work(key, seen, desired)
        return changed

    def _keep(self, place: Place, desired: Desired) -> bool:
        there = self._snapshots(place)
        lying, changed = self._mailbox(place, frozenset(there)), False
        for digest in desired.keep - there.keys():
            if digest in lying:
                files.write(place.snapshot(digest), lying[digest].read_bytes())
                changed = True
        for digest in desired.restore:
            changed |= self._restore(place, digest)
        for digest in there.keys() - desired.keep:
            there[digest].unlink(missing_ok=True)
        return changed

    def _restore(self, place: Place, digest: str) -> bool:
        """Take the bytes from a predictor that serves them; the hash decides."""
        for pod in serving.pods(place):
            raw = serving.ask(pod.port, f"/ops/artifact?digest={digest}", snapshot.MAX_RAW_BYTES)
            if raw is not None and snapshot.digest(raw) == digest:
                files.write(place.snapshot(digest), snapshot.pack(raw))
                return True
        return False

    def _work(self, key: Key, seen: Observed, desired: Desired) -> None:
        jobs, asked, poll = self.jobs(key), desired.validate, desired.poll
        if asked is not None:
            command = work.validation(jobs.place, asked)
            jobs.start(asked.name, JobKind.VALIDATION, command, seen.now, asked.deadline, image=asked.image)
        elif desired.tidy:
            jobs.tidy()
        if poll is not None:
            name = poll.once or self._scheduled(key, seen, poll)
            if name is not None:
                mark = source_signature(seen.spec)
                jobs.start(name, JobKind.POLL, work.poll(poll), seen.now, work.POLL_S, mark=mark)

    def _scheduled(self, key: Key, seen: Observed, poll: Poll) -> str | None:
        """The name of the poll that is due: by its interval, or because the file changed."""
        polls = [job for job in seen.jobs if job.kind is JobKind.POLL]
        if any(job.state is JobState.RUNNING for job in polls):
            return None
        newest = polls[0] if polls else None
        age = (seen.now - newest.created).total_seconds() if newest else float("inf")
        about = files.read_json(self.place(key).job(newest.name) / "about.json") if newest else None
        moved = about is not None and about.get("mark", "") != source_signature(seen.spec)
        interval = Duration(poll.interval).seconds
        due = 0 < interval <= age
        return f"{key.name}-poll-{seen.now.timestamp():.0f}" if (due or moved) and age >= 1 else None

    def note_requests(self) -> None:
        """What people asked for so far. To be called before manifests are read: who asks for a run has edited them before."""
        self._asked = {
            (place.key, kind): name
            for place in files.places(self.root)
            for kind in (JobKind.RETRAINING, JobKind.BACKFILL)
            if isinstance(name := files.read_json(place.asked(kind)), str)
        }

    def ask_to_run(self, key: Key, spec: Spec, now: datetime) -> None:
        """Start what was asked for and noted: once a request."""
        place = self.place(key)
        for kind, command in (
            (JobKind.RETRAINING, work.retraining(key.name, spec)),
            (JobKind.BACKFILL, work.backfill(key, spec)),
        ):
            name = self._asked.get((key, kind))
            if command is not None and name is not None:
                environ = work.secret(spec) if kind is JobKind.BACKFILL else {}
                self.jobs(key).start(name, kind, command, now, work.DATA_S, environ=environ)
                place.asked(kind).unlink(missing_ok=True)

    def forget(self, key: Key) -> None:
        """Its manifest is gone: nothing is decided about it any more."""
        self._scraped.pop(key, None)
        place = self.place(key)
        place.object.replace(place.going)
        place.going.touch()

    def end(self, place: Place) -> bool:
        """End its children; once none lives its folder goes, and the answer is True."""
        folders, late = place.processes(), time.time() - place.going.stat().st_mtime > END_S
        for folder in folders:
            children.stop(folder, signal.SIGKILL if late else signal.SIGTERM)
        if any(children.lives(folder) for folder in folders):
            return False
        self.listener.close(place)
        shutil.rmtree(place.folder, ignore_errors=True)
        return True


def source_signature(spec: Spec | None) -> str:
    """Changes when the files behind artifact and holdout do; "" for other sources."""
    if spec is None:
        return ""
    paths = (work.file_of(spec.artifact.uri), work.file_of(spec.holdout.uri))
    return " ".join(files.signature(path) for path in paths if path is not None)


def _ledger(raw: Any) -> tuple[Record, ...]:
    found = []
    for item in raw or []:
        try:
            found.append(load(Record, item))
        except SchemaError:
            continue
    return tuple(found)
