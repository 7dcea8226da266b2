"""`leadmodel local up`: watches manifests and child processes, and makes a pass when one of them changed. Decides nothing."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_local.followups import templates
from leadmodel_local.port import LocalPort
from leadmodel_local.serving import predictors
from leadmodel_local.state import children, files, manifests
from leadmodel_local.state.manifests import Manifest, ManifestError
from leadmodel_local.work import source_signature, text_signature
from leadmodel_operator.planning.trace import Outcome
from leadmodel_operator.reconcile import Conflict, Key, TraceReporter, reconcile
from leadmodel_operator.resource.document import read_spec

TICK_S, RETRY_S = 0.1, 2.0
IDLE_S = 600.0  # between passes while nothing changes and no time limit runs
STOP_S = 10.0  # children that have not ended by then are killed


@dataclass
class Runtime:
    """Runs all LeadModels of one state folder. `now` is a monotonic clock in seconds; the clock of `port` is the calendar."""

    port: LocalPort
    sources: tuple[Path, ...]
    log: Callable[[str], None] = lambda _line: None
    now: Callable[[], float] = time.monotonic
    _read: str = ""
    _wanted: tuple[Key, ...] = ()  # in the order of the manifests
    _due: dict[Key, float] = field(default_factory=dict)
    _states: dict[Key, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep the trace of each LeadModel in its folder."""
        self._traces = TraceReporter(self._keep_trace)

    def load(self) -> None:
        """Take the manifests as they are now. Raises ManifestError when no manifest could be taken."""
        paths = [path for source in self.sources for path in expand(source)]
        signature = " ".join(f"{path}={files.signature(path)}" for path in paths)
        if signature == self._read:
            return
        self._read = signature
        wanted = {m.key: m for m in manifests.read(p for p in paths if p.exists())}
        self._wanted = tuple(wanted)
        for folder in files.model_folders(self.port.root):
            if folder.key not in wanted:
                self.port.forget(folder.key)
                self._traces.forget(folder.key)
                self.log(f"{folder.key.namespace}/{folder.key.name}: its manifest is gone, so it goes")
        for key, manifest in wanted.items():
            if self.port.folder(key).deleted.exists():
                self._read = (
                    ""  # the former LeadModel of this name must end first; then the manifest is taken anew
                )
                continue
            self._put_texts(manifest)
            if manifests.keep(self.port.folder(key), manifest, self.port.clock()):
                self._due[key] = 0.0

    def _put_texts(self, manifest: Manifest) -> None:
        """Put the texts of follow-ups where their program reads them, and say where there are none."""
        if manifest.spec.get("followUps") is None:
            return
        if manifest.texts is None:
            name = manifest.spec["followUps"]["templates"]["configMapName"]
            self.log(
                f"{manifest.key.namespace}/{manifest.key.name}: no manifest here has the ConfigMap {name}, "
                "so follow-ups have no texts"
            )
        templates.put(self.port.folder(manifest.key).templates, manifest.texts or {})

    def take_ports(self) -> list[tuple[Key, int]]:
        """Take the port of each LeadModel, in the order of the manifests, so that no two share one. Raises PortTaken."""
        return [(key, self.port.listener.port_of(self.port.folder(key))) for key in self._wanted]

    async def tick(self) -> None:
        """Look at everything once, and make a pass for each LeadModel that changed or is due."""
        self.port.children.reap()
        for folder in files.deleted_folders(self.port.root):
            self.port.end(folder)
        self.port.note_requests()
        try:
            self.load()
        except ManifestError as error:
            self.log(f"{error}; what was there before stays")
        for folder in files.model_folders(self.port.root):
            await self._tick(folder.key)

    async def _tick(self, key: Key) -> None:
        now = self.port.clock()
        self.port.rollout(key).step(now)
        self.port.jobs(key).end_late(now)
        self._send(key)
        state = self._state(key)
        if state == self._states.get(key) and self.now() < self._due.get(key, 0.0):
            return
        self._states[key] = state
        try:
            again = await reconcile(self.port, key, self._traces.planner(key))
        except Conflict:
            again = 0.0
        except OSError as error:
            self.log(f"{key.namespace}/{key.name}: {error}; trying again")
            again = RETRY_S
        self._due[key] = self.now() + (IDLE_S if again is None else again)

    def _send(self, key: Key) -> None:
        """Take a step with the follow-ups, and say once why their program does not run, or where it takes leads."""
        sender = self.port.sender(key)
        sender.step()
        if words := sender.news():
            self.log(f"{key.namespace}/{key.name} {words}")

    def _state(self, key: Key) -> str:
        """Start requested runs; return a text that changes when a pass might decide otherwise, time and leads apart."""
        folder = self.port.folder(key)
        kept = files.read_json(folder.object) or {}
        spec, _ = read_spec(kept.get("spec") or {})
        if spec is not None:
            self.port.start_requested(key, spec, self.port.clock())
        pods = [(p.name, p.ready, p.alive, p.leaving, p.restarts) for p in predictors.list_pods(folder)]
        jobs = [(job.name, job.state) for job in self.port.jobs(key).seen()]
        sources = source_signature(spec), text_signature(spec)
        sends = self.port.sender(key).seen()
        return repr((kept, pods, jobs, sources, sends, files.signature(folder.serve)))

    def _keep_trace(self, key: Key, trace: tuple[Outcome, ...]) -> None:
        entries = [{"step": o.step, "effect": o.effect, "reason": o.reason} for o in trace]
        files.write_json(self.port.folder(key).trace, entries)

    def stop(self) -> None:
        """End all children and wait for their end; status and ledger stay."""
        folders = [*files.model_folders(self.port.root), *files.deleted_folders(self.port.root)]
        processes = [process for folder in folders for process in folder.processes()]
        for process in processes:
            children.stop(process)
        until = self.now() + STOP_S
        while any(children.is_alive(process) for process in processes):
            if self.now() > until:
                for process in processes:
                    children.stop(process, signal.SIGKILL)
            time.sleep(0.05)
        self.port.valkey.stop()  # after those that write to it
        for folder in files.model_folders(self.port.root):
            shutil.rmtree(folder.folder / "pods", ignore_errors=True)
        self.port.listener.close()
        self.port.children.reap()


def expand(source: Path) -> list[Path]:
    """List the manifests of a file or a folder."""
    return sorted([*source.glob("*.yaml"), *source.glob("*.yml")]) if source.is_dir() else [source]


async def run(runtime: Runtime, until: Callable[[], bool]) -> None:
    """Tick until `until` returns True."""
    while not until():
        await runtime.tick()
        await asyncio.sleep(TICK_S)
