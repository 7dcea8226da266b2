"""`leadmodel local up`: watches manifests and children and makes a pass whenever something moved. Decides nothing."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_local import children, files, manifests, serving
from leadmodel_local.manifests import ManifestError
from leadmodel_local.port import LocalPort, source_signature
from leadmodel_operator.reconcile import Conflict, Key, reconcile
from leadmodel_operator.resource.document import read_spec

TICK_S, RETRY_S = 0.1, 2.0


@dataclass
class Runtime:
    """All LeadModels of one state folder. `now` is seconds that only go up; the port's clock is the calendar."""

    port: LocalPort
    sources: tuple[Path, ...]
    say: Callable[[str], None] = lambda _line: None
    now: Callable[[], float] = time.monotonic
    _read: str = ""
    _due: dict[Key, float] = field(default_factory=dict)
    _marks: dict[Key, str] = field(default_factory=dict)

    def load(self) -> None:
        """Take the manifests as they are now. Raises ManifestError when nothing could be taken."""
        paths = [path for source in self.sources for path in expand(source)]
        mark = " ".join(f"{path}={files.signature(path)}" for path in paths)
        if mark == self._read:
            return
        self._read = mark
        wanted = {m.key: m for m in manifests.read(p for p in paths if p.exists())}
        for place in files.places(self.port.root):
            if place.key not in wanted:
                self.port.forget(place.key)
                self.say(f"{place.key.namespace}/{place.key.name}: its manifest is gone, so it goes")
        for key, manifest in wanted.items():
            if self.port.place(key).going.exists():
                self._read = ""  # what it was before must end first; then it is taken anew
            elif manifests.keep(self.port.place(key), manifest, self.port.clock()):
                self._due[key] = 0.0

    async def tick(self) -> None:
        """Look once at everything; a pass for whoever moved or is due."""
        self.port.children.reap()
        for place in files.leaving(self.port.root):
            self.port.end(place)
        self.port.note_requests()
        try:
            self.load()
        except ManifestError as error:
            self.say(f"{error}; what was there before stays")
        for place in files.places(self.port.root):
            await self._tick(place.key)

    async def _tick(self, key: Key) -> None:
        now = self.port.clock()
        self.port.group(key).step(now)
        self.port.jobs(key).end_late(now)
        mark = self._mark(key)
        if mark == self._marks.get(key) and self.now() < self._due.get(key, 0.0):
            return
        self._marks[key] = mark
        try:
            again = await reconcile(self.port, key)
        except Conflict:
            again = 0.0
        except OSError as error:
            self.say(f"{key.namespace}/{key.name}: {error}; trying again")
            again = RETRY_S
        self._due[key] = self.now() + (RETRY_S * 300 if again is None else again)

    def _mark(self, key: Key) -> str:
        """Changes whenever a pass might decide otherwise, time and leads apart."""
        place = self.port.place(key)
        about = files.read_json(place.object) or {}
        seen, _ = read_spec(about.get("spec") or {})
        if seen is not None:
            self.port.ask_to_run(key, seen, self.port.clock())
        pods = [(p.name, p.ready, p.lives, p.leaving, p.restarts) for p in serving.pods(place)]
        jobs = [(job.name, job.state) for job in self.port.jobs(key).seen()]
        return repr((about, pods, jobs, source_signature(seen), files.signature(place.serve)))

    def stop(self) -> None:
        """End all children and wait for them; what was decided stays."""
        everything = [*files.places(self.port.root), *files.leaving(self.port.root)]
        folders = [folder for place in everything for folder in place.processes()]
        for folder in folders:
            children.stop(folder)
        until = self.now() + 10
        while any(children.lives(folder) for folder in folders):
            if self.now() > until:
                for folder in folders:
                    children.stop(folder, signal.SIGKILL)
            time.sleep(0.05)
        for place in files.places(self.port.root):
            shutil.rmtree(place.folder / "pods", ignore_errors=True)
        self.port.listener.close()
        self.port.children.reap()


def expand(source: Path) -> list[Path]:
    """The manifests of a file or folder."""
    return sorted([*source.glob("*.yaml"), *source.glob("*.yml")]) if source.is_dir() else [source]


async def run(runtime: Runtime, until: Callable[[], bool]) -> None:
    """Go on until told to stop."""
    while not until():
        await runtime.tick()
        await asyncio.sleep(TICK_S)
