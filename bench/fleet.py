"""The operator over a fleet on a real API server: cold start, memory, idle writes and CPU, fail-over, a burst, its /metrics.

LeadModels, Deployments, ReplicaSets, pods and snapshots are API objects with the statuses that controllers and kubelets would
give them; there is no kubelet. The floors of each row are Argo Rollouts 1.10.1 and Flagger 1.36.1, measured by us on a machine of
this kind with their default flags. (A file `bench/operator.py` would shadow Python's own `operator`.)

    python bench/fleet.py [--models 2000] [--pods 5000] [--idle 300] [--soak MINUTES] [--no-failover] [--scrape]
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apiserver import ApiServer, api_server, free_port

from leadmodel_operator.__main__ import now
from leadmodel_operator.kubernetes.apiserver.client import ApiError, Client
from leadmodel_operator.kubernetes.apiserver.connect import find_access
from leadmodel_operator.kubernetes.applier import Applier
from leadmodel_operator.kubernetes.observe.live import Live
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.kubernetes.render.names import CHAMPION, PREVIOUS, Object, collection, meta, path
from leadmodel_operator.kubernetes.render.objects import PREDICTOR, selector
from leadmodel_operator.planning.observed import Observed, PodSeen, RolloutSeen
from leadmodel_operator.planning.pass_state import inputs_of
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource import crd
from leadmodel_operator.resource.columns import column_figures
from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.status_jobs import PollResult
from leadmodel_operator.resource.status_models import Requested, Revision
from leadmodel_operator.resource.vocabulary import PLURAL, Source

NAMESPACE, IMAGE = "bench", "predictor:1"
RAW = b"the model of every LeadModel of this bench"
DIGEST = "sha256:" + hashlib.sha256(RAW).hexdigest()
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)  # noqa: TID251  # a bench


def spec() -> Spec:
    """Pinned, so that nothing is polled."""
    source = ArtifactSource(uri="s3://leads/model.json", digest=DIGEST)
    return Spec(artifact=source, holdout=HoldoutSource(uri="s3://leads/holdout.csv.gz"))


def settled(name: str, uid: str, generation: int, pods: int, wanted: Spec) -> tuple[Observed, Status]:
    """A LeadModel at rest: what is seen, and the status that the planner leaves as it is."""
    inputs = inputs_of(wanted)
    champion = Revision(
        digest=DIGEST, auc=0.75, image=IMAGE, since=START, served_at=START, passed=inputs.gate
    )
    status = Status(
        champion=champion,
        inputs=inputs,
        decision=1,
        requested=Requested(digest=DIGEST, source=Source.SPEC, uri=wanted.artifact.uri, at=START),
        poll=PollResult(since=START),
    )
    there = RolloutSeen(
        DIGEST, None, IMAGE, 1, 1, settled=True, replicas=2, ready=2, updated=2, available=True
    )
    seen = Observed(
        now=START,
        rv="",
        generation=generation,
        spec=wanted,
        uid=uid,
        name=name,
        namespace=NAMESPACE,
        status=status,
        snapshots=frozenset({DIGEST}),
        rollout=there,
        pods=tuple(PodSeen(f"{name}-{n}", DIGEST, IMAGE, ready=True) for n in range(pods)),
        default_image=IMAGE,
        scrapes=False,
    )
    for _ in range(3):
        answer = plan(seen)
        seen = replace(seen, status=answer.status, ledger=answer.desired.ledger)
    return seen, answer.status


@dataclass
class World:
    """Makes the fleet, so many LeadModels `at_once`. `labels` gives those of a LeadModel by its number."""

    client: Client
    models: int
    pods: int
    namespace: str = NAMESPACE
    wanted: Spec = field(default_factory=spec)
    labels: Callable[[int], dict[str, str]] = lambda _: {}
    at_once: int = 24
    names: list[str] = field(default_factory=list)

    async def define(self) -> None:
        """Create the CRD, and wait until it is served."""
        group = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        await self.client.create(group, crd.crd())
        while True:
            try:
                await self.client.call("GET", collection(PLURAL, ""))
                break
            except ApiError:
                await asyncio.sleep(0.2)

    async def make(self) -> None:
        name = {"name": self.namespace}
        await self.client.create("/api/v1/namespaces", {"kind": "Namespace", "metadata": name})
        slots = asyncio.Semaphore(self.at_once)
        extra = self.pods - 2 * self.models
        await asyncio.gather(*(self._one(n, 2 + (n < extra), slots) for n in range(self.models)))

    async def _one(self, number: int, pods: int, slots: asyncio.Semaphore) -> None:
        async with slots:
            name = f"conversion-{number:05d}"
            self.names.append(name)
            about = {"name": name, "labels": self.labels(number)}
            body = {"apiVersion": "customerops.dev/v1alpha1", "kind": "LeadModel", "metadata": about}
            found = await self.client.create(
                path(PLURAL, self.namespace), {**body, "spec": dump(self.wanted)}
            )
            uid = found["metadata"]["uid"]
            seen, status = settled(name, uid, found["metadata"]["generation"], pods, self.wanted)
            seen = replace(seen, namespace=self.namespace)
            live = Live(found, uid)
            packed = gzip.compress(RAW, mtime=0)
            held = snapshots.revision(found, DIGEST, packed)
            live.revisions[DIGEST] = await self.client.create(path("configmaps", self.namespace), held)
            desired = plan(seen).desired
            await self.client.create(
                path("configmaps", self.namespace), snapshots.ledger(found, desired.ledger)
            )
            written = {**found, "status": dump(status) | {"shown": column_figures(status)}}
            await self.client.replace(path(PLURAL, self.namespace, name, "status"), written)
            key, images = Key(self.namespace, name), Images(IMAGE, "", "")
            await Applier(
                client=self.client, scraper=None, images=images, key=key, live=live, taken={}, created={}
            ).act(seen, desired)
            await self._pods(found, live.deployment, pods)

    async def _pods(self, lead_model: Object, deployment: Object, pods: int) -> None:
        """What the controllers and a kubelet would have made and said."""
        name = lead_model["metadata"]["name"]
        labels = meta(name, lead_model, PREDICTOR)["labels"]
        template = deployment["spec"]["template"]
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": True}
        about = {"name": f"{name}-abc", "labels": labels}
        about["ownerReferences"] = [{**owner, "uid": deployment["metadata"]["uid"]}]
        body = {"replicas": pods, "selector": {"matchLabels": selector(name)}, "template": template}
        made = await self.client.create(
            path("replicasets", self.namespace), {"kind": "ReplicaSet", "metadata": about, "spec": body}
        )
        by = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-abc", "controller": True}
        for number in range(pods):
            meta_ = {"name": f"{name}-abc-{number}", "labels": labels}
            meta_["annotations"] = {CHAMPION: DIGEST, PREVIOUS: ""}
            meta_["ownerReferences"] = [{**by, "uid": made["metadata"]["uid"]}]
            pod = await self.client.create(
                path("pods", self.namespace), {"kind": "Pod", "metadata": meta_, "spec": template["spec"]}
            )
            ready = [{"type": "Ready", "status": "True"}]
            status = {
                "phase": "Running",
                "podIP": "127.0.0.1",
                "podIPs": [{"ip": "127.0.0.1"}],
                "conditions": ready,
            }
            where = path("pods", self.namespace, meta_["name"], "status")
            await self.client.replace(where, {**pod, "status": status})
        status = {"observedGeneration": deployment["metadata"]["generation"], "replicas": 2}
        status |= {"updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
        status["conditions"] = [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}]
        deployment = await self.client.get(path("deployments", self.namespace, name)) or {}
        await self.client.replace(
            path("deployments", self.namespace, name, "status"), {**deployment, "status": status}
        )


# --- the operator as a process ---------------------------------------------------------------------------------------------------


AS_IN_ITS_POD = """
import runpy, sys
from pathlib import Path
from leadmodel_messages import places
places.SERVICE_ACCOUNT = Path(sys.argv.pop(1))
sys.modules["kubernetes"] = None  # Kopf imports that package wherever it is installed; the image has none
runpy.run_module("leadmodel_operator", run_name="__main__", alter_sys=True)
"""


@dataclass
class Operator:
    """One process of it."""

    api: ApiServer
    identity: str
    scrape: str = "off"
    port: int = field(default_factory=free_port)

    def start(self) -> "Operator":
        self.began = time.monotonic()
        command = [sys.executable, "-c", AS_IN_ITS_POD, str(self.api.account), f"--predictor-image={IMAGE}"]
        command += [f"--identity={self.identity}", "--host=127.0.0.1", f"--port={self.port}"]
        env = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        env |= {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.api.port)}
        self.log = self.api.folder / f"operator-{self.identity}-{self.port}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*command, f"--scrape={self.scrape}"], stdout=out, stderr=out, env=env
            )
        return self

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    def figure(self, name: str) -> float:
        """The sum of a metric's series; -1 while nobody answers."""
        return self.figures(name)[0]

    def figures(self, *names: str) -> list[float]:
        """Several of one page."""
        try:
            text = self.metrics()
        except OSError:
            return [-1.0] * len(names)
        found = (re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE) for name in names)
        return [sum(map(float, values)) for values in found]

    def until(self, holds: Callable[[], bool], what: str, limit: float = 240.0) -> float:
        """Seconds since the start."""
        while not holds():
            if self.process.poll() is not None or time.monotonic() - self.began > limit:
                raise SystemExit(f"{what}: it does not come about\n{self.log.read_text()[-3000:]}")
            time.sleep(0.25)  # each look costs the operator a page of metrics
        return time.monotonic() - self.began

    def settled(self, models: int) -> bool:
        leads, there, due = self.figures(
            "leader_election_master_status", "leadmodel_models", "workqueue_depth"
        )
        return leads == 1 and there >= models and due == 0

    def memory(self) -> tuple[float, float]:
        """Resident now and at most, MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return tuple(int(re.search(rf"{key}:\s+(\d+)", text)[1]) / 1024 for key in ("VmRSS", "VmHWM"))

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def counts(self) -> dict[str, int]:
        """What grows when something leaks."""
        kernel = {
            what: len(list(Path(f"/proc/{self.process.pid}/{folder}").iterdir()))
            for what, folder in (("fds", "fd"), ("threads", "task"))
        }
        return {**kernel, "tasks": int(self.figure("leadmodel_event_loop_tasks"))}

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def row(what: str, figure: str, goal: str, peers: str = "") -> None:
    print(f"  {what:<58} {figure:>26}   goal {goal:<14} {peers}", flush=True)


PASSES = "workqueue_work_duration_seconds_count"
_SERVER = {"leases", "endpoints", "endpointslices", ""}  # the API server's own, and the Lease


def written(api: ApiServer, before: dict[tuple[str, str], float]) -> dict[str, float]:
    """Writes since then by resource, but to Leases."""
    found: dict[str, float] = {}
    for (verb, resource), count in api.requests().items():
        more = count - before.get((verb, resource), 0.0)
        if verb in {"POST", "PUT", "PATCH", "DELETE", "APPLY"} and resource not in _SERVER and more:
            found[f"{verb} {resource}"] = more
    return found


def annotate(loop: asyncio.AbstractEventLoop, client: Client, name: str, value: str) -> None:
    body = {"metadata": {"annotations": {"customerops.dev/poll": value}}}
    loop.run_until_complete(client.merge(path(PLURAL, NAMESPACE, name), body))


def handled(loop: asyncio.AbstractEventLoop, client: Client, name: str, value: str) -> bool:
    found = loop.run_until_complete(client.get(path(PLURAL, NAMESPACE, name))) or {}
    return found.get("status", {}).get("handled", {}).get("poll") == value


def acts(
    loop: asyncio.AbstractEventLoop, client: Client, name: str, value: str, limit: float = 60.0
) -> float:
    """Seconds until a verb that was just given is answered in status."""
    began = time.monotonic()
    annotate(loop, client, name, value)
    while not handled(loop, client, name, value):
        if time.monotonic() - began > limit:
            raise SystemExit(f"nobody acts within {limit:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began


def fail_over(
    loop: asyncio.AbstractEventLoop, api: ApiServer, client: Client, name: str, models: int
) -> None:
    """A leader and a standby; the leader is killed, then told to go, then a single one is killed and started again."""
    for number, what, goal, peers in (
        (
            signal.SIGKILL,
            "SIGKILL of the leader → standby acts",
            "<= 15 s",
            "Argo Rollouts 15-20 s, Flagger 64 s",
        ),
        (
            signal.SIGTERM,
            "SIGTERM of the leader → standby acts",
            "<= 3 s",
            "Argo Rollouts 15-21 s, Flagger 4 s",
        ),
    ):
        took = []
        for turn in range(3):
            one = Operator(api, f"one-{turn}").start()
            one.until(lambda one=one: one.settled(models), "leads")
            two = Operator(api, f"two-{turn}").start()
            two.until(lambda two=two: ready(two) == "standby\n", "stands by")
            one.process.send_signal(number)
            took.append(acts(loop, client, name, f"{number}-{turn}-{time.time()}"))
            one.process.wait(30)
            two.end()
        row(what, spread(took, "s"), goal, peers)
    took = []
    for turn in range(3):
        one = Operator(api, "single").start()
        one.until(lambda one=one: one.settled(models), "leads")
        one.end(signal.SIGKILL)
        again = Operator(api, "single").start()
        took.append(acts(loop, client, name, f"again-{turn}-{time.time()}"))
        again.end()
    row(
        "single replica killed and started again → acts",
        spread(took, "s"),
        "<= 3 s",
        "Argo Rollouts 19 s, Flagger 10 s",
    )


def ready(operator: Operator) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{operator.port}/readyz", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def spread(values: list[float], unit: str) -> str:
    ordered = sorted(values)
    return f"{ordered[0]:.1f} / {ordered[len(ordered) // 2]:.1f} / {ordered[-1]:.1f} {unit}"


async def burst(client: Client, name: str) -> None:
    """A thousand changes of one object, eight at a time."""
    slots = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with slots:
            body = {"metadata": {"annotations": {"note": str(number)}}}
            await client.merge(path(PLURAL, NAMESPACE, name), body)

    await asyncio.gather(*(one(number) for number in range(1000)))


def start_up() -> None:
    took = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import leadmodel_operator.__main__"], check=True)
        took.append(time.monotonic() - began)
    row("import of the program", spread(took, "s"), "< 1.5 s")


def soak(
    operator: Operator, loop: asyncio.AbstractEventLoop, client: Client, names: list[str], minutes: float
) -> None:
    """Churn: verbs, deleted children, status lost; memory, descriptors, threads and tasks every minute."""
    end = time.monotonic() + minutes * 60
    first = None
    number = 0
    while time.monotonic() < end:
        mark = time.monotonic() + 60
        while time.monotonic() < min(mark, end):
            name = names[number % len(names)]
            annotate(loop, client, name, f"soak-{number}")
            where = path("poddisruptionbudgets", NAMESPACE, name)
            found = loop.run_until_complete(client.get(where))
            if found is not None:
                loop.run_until_complete(client.delete(where, found))
            number += 1
            time.sleep(0.1)
        now = {"MiB": round(operator.memory()[0], 1), **operator.counts()}
        first = first or now
        print(f"    after {number} changes: {now}", flush=True)
    row(f"soak of {minutes:.0f} min with {number} changes: first → last", f"{first} → {now}", "no growth")


def fleet(args: argparse.Namespace, api: ApiServer) -> None:
    os.environ["KUBECONFIG"] = str(api.kubeconfig)
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(_client())
    world = World(client, args.models, args.pods)
    began = time.monotonic()
    loop.run_until_complete(world.define())
    loop.run_until_complete(world.make())
    print(
        f"{args.models} LeadModels and {args.pods} pods as API objects (made in {time.monotonic() - began:.0f} s)",
        flush=True,
    )
    one = Operator(api, "first", "pod" if args.scrape else "off").start()
    took = one.until(lambda: one.settled(args.models), "cold start")
    now, most = one.memory()
    row(
        f"cold start to all reconciled, scraping {one.scrape}",
        f"{took:.1f} s, CPU {one.cpu():.1f} s",
        "< 30 s",
        "Argo Rollouts 1.6 s for 1,000",
    )
    row(
        "resident memory: now, at most",
        f"{now:.0f}, {most:.0f} MiB",
        "<= 200 MiB",
        "1,000: Argo Rollouts 144, Flagger 110 MiB",
    )
    row("/metrics", f"{len(one.metrics()) / 1e6:.2f} MB", "<= 1 MB at 1,000", "Argo Rollouts 2.9 MB at 1,000")
    before, cpu, asked = api.requests(), one.cpu(), time.monotonic()
    reads = one.figure("rest_client_requests_total")
    resync = one.figure(PASSES)
    time.sleep(args.idle)
    resync = (one.figure(PASSES) - resync) / args.idle  # passes a second that come by themselves
    minutes = (time.monotonic() - asked) / 60
    wrote = written(api, before)
    row(
        f"idle {minutes:.1f} min: writes but the Lease",
        str(wrote or 0),
        "0",
        "both 0; Flagger 6 a minute for one Failed",
    )
    row(
        "idle: CPU a minute",
        f"{(one.cpu() - cpu) / minutes:.2f} s",
        "<= .3 s at 1,000",
        "1,000: Argo Rollouts .09 s, Flagger 6.2 s",
    )
    row(
        "idle: requests a minute",
        f"{(one.figure('rest_client_requests_total') - reads) / minutes:.0f}",
        "the Lease's",
        "Flagger 6,600-7,000",
    )
    if not args.scrape:  # else the passes of all pods' readings come between
        passes, began = one.figure(PASSES), time.monotonic()
        loop.run_until_complete(burst(client, world.names[0]))
        time.sleep(5)
        took = time.monotonic() - began
        row(
            f"1,000 events on one object in {took - 5:.0f} s: passes of it",
            f"{one.figure(PASSES) - passes - resync * took:.0f}",
            "<= 5",
        )
    if args.soak:
        soak(one, loop, client, world.names, args.soak)
    one.end()
    if not args.scrape and not args.no_failover:
        fail_over(loop, api, client, world.names[1], args.models)
    loop.run_until_complete(client.close())


async def _client() -> Client:
    client = Client(find_access(now))
    client.bucket.rate = client.bucket.burst = 1e6
    return client


def windows(folder: Path) -> subprocess.Popen[bytes]:
    """One process that answers for all pods on 127.0.0.1:8080."""
    slot = {"digest": DIGEST, "method": "m", "n": 0, "bad": 0, "unsupported": 0, "leadsByHour": [0] * 24}
    slot |= {"refByHour": [100] * 24, "features": {}, "hours": None}
    body = {
        "schema": "leadmodel.window/v1",
        "boot": "b",
        "now": 1.0,
        "slots": {"champion": slot, "previous": None},
    }
    (folder / "window.json").write_text(json.dumps({**body, "spanS": 0.0, "since": {}}))
    program = (
        "import sys\nfrom aiohttp import web\nbody=open(sys.argv[1],'rb').read()\n"
        "async def answer(_):\n    return web.Response(body=body)\n"
        "app=web.Application()\napp.router.add_get('/{tail:.*}', answer)\n"
        "web.run_app(app, host='127.0.0.1', port=8080, access_log=None, print=None)\n"
    )
    return subprocess.Popen([sys.executable, "-c", program, str(folder / "window.json")])


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--models", type=int, default=2000)
    p.add_argument("--pods", type=int, default=5000)
    p.add_argument("--idle", type=float, default=300.0, help="seconds")
    p.add_argument("--soak", type=float, default=0.0, help="minutes of churn")
    p.add_argument("--no-failover", action="store_true", help="leave the rows of fail-over out")
    p.add_argument("--scrape", action="store_true", help="one process answers for all pods")
    args = p.parse_args()
    start_up()
    with api_server() as api:
        answers = windows(api.folder) if args.scrape else None
        try:
            fleet(args, api)
        finally:
            if answers is not None:
                answers.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
