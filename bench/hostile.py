"""One hostile namespace beside another: reaction time and memory of the operator, with and without it, on a real API server.

Reaction: seconds from an annotation of a LeadModel in the namespace "bench" to its answer in status, as a person sees it, with no other
namespace, beside a namespace of many LeadModels whose passes find no end of work, and while somebody goes on annotating those. The floor
beside it is one dry write of the same LeadModel in the same state, which the operator does not see: an API server that is full is slow to everybody.
Memory: at most, of a new operator over as many of the largest LeadModels that the API server takes, with labels up to etcd's limit.

    python bench/hostile.py [--models 1000] [--large 80] [--churn 10] [--rounds 40]
"""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from dataclasses import replace

import aiohttp
from apiserver import ApiServer, api_server
from fleet import NAMESPACE, Operator, World, annotate, handled, row, spec

from leadmodel_operator.__main__ import now
from leadmodel_operator.kubernetes.apiserver.client import ApiError, Client
from leadmodel_operator.kubernetes.apiserver.connect import find_access
from leadmodel_operator.kubernetes.render.names import path
from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.spec_sources import ArtifactSource
from leadmodel_operator.resource.vocabulary import PLURAL

HOSTILE = "hostile"
CONNECTIONS = 32
LOOK_S = 0.01  # between two looks for an answer
WIDE = "x" * 63


def expressions(number: int, values: int) -> list[dict[str, object]]:
    return [
        {
            "key": f"{WIDE[:60]}{n:03d}",
            "operator": "In",
            "values": [f"{WIDE[:60]}{v:03d}" for v in range(values)],
        }
        for n in range(number)
    ]


def widest() -> Spec:
    """As much as the definition takes of what reaches pods."""
    selector = {
        "matchLabels": {f"{'p' * 200}.example/{n:063d}": WIDE for n in range(8)},
        "matchExpressions": expressions(4, 8),
    }
    term = {"labelSelector": selector, "topologyKey": "zone", "namespaces": [f"n{n:060d}" for n in range(8)]}
    node = {"matchExpressions": expressions(8, 8)}
    pods = {
        "requiredDuringSchedulingIgnoredDuringExecution": [term] * 4,
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}] * 4,
    }
    predictor = Predictor(
        env=tuple({"name": f"V{n:0200d}", "value": "v" * 1024} for n in range(32)),
        pod_annotations={f"{'p' * 200}.example/{n:063d}": "a" * 1024 for n in range(24)},
        pod_labels={f"{'p' * 200}.example/{n:063d}": WIDE for n in range(32)},
        affinity={
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [node] * 4},
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": node}] * 4,
            },
            "podAffinity": pods,
            "podAntiAffinity": pods,
        },
        topology_spread_constraints=tuple(
            {
                "maxSkew": 1,
                "topologyKey": f"zone{n}",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": selector,
            }
            for n in range(4)
        ),
    )
    return replace(spec(), predictor=predictor)


def labels(number: int, model: int = 0) -> dict[str, str]:
    """Short labels that no other LeadModel has: the shorter the keys, the more memory a byte of JSON takes."""
    return {f"{model:02x}{n:05x}": "" for n in range(number)}


def most_labels(loop: asyncio.AbstractEventLoop, client: Client, wanted: Spec) -> int:
    """The number of labels beside this spec up to which the API server takes a LeadModel."""
    low, high = 0, 60_000
    while high - low > 500:
        middle = (low + high) // 2
        metadata = {"name": "probe", "labels": labels(middle)}
        body = {"apiVersion": "customerops.dev/v1alpha1", "kind": "LeadModel", "metadata": metadata}
        try:
            made = loop.run_until_complete(
                client.create(path(PLURAL, "default"), {**body, "spec": dump(wanted)})
            )
        except ApiError:
            high = middle
            continue
        loop.run_until_complete(client.delete(path(PLURAL, "default", "probe"), made))
        low = middle
    return low


def reactions(
    loop: asyncio.AbstractEventLoop, client: Client, names: list[str], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of reactions and of plain writes, each in order of size."""
    took, floor = [], []
    for turn in range(rounds):
        name, value = names[turn % len(names)], f"{time.time()}"
        began = time.monotonic()
        body = {"metadata": {"annotations": {"example.org/floor": value}}}
        dry = client.call(
            "PATCH",
            path(PLURAL, NAMESPACE, name),
            body=body,
            kind="application/merge-patch+json",
            dryRun="All",
        )
        loop.run_until_complete(dry)
        floor.append(time.monotonic() - began)
        loop.run_until_complete(asyncio.sleep(0.2))
        began = time.monotonic()
        annotate(loop, client, name, value)
        while not handled(loop, client, name, value):
            if time.monotonic() - began > 120:
                raise SystemExit("nobody acts within two minutes")
            loop.run_until_complete(asyncio.sleep(LOOK_S))
        took.append(time.monotonic() - began)
        loop.run_until_complete(asyncio.sleep(0.2))
    return sorted(took), sorted(floor)


def show(
    what: str, seen: tuple[list[float], list[float]], alone: tuple[list[float], list[float]], goal: str = ""
) -> None:
    """A line for reactions and one for the writes beside them: median and 90 %, and how often those without others."""
    row(what, figures(seen[0]), goal, ratio(seen[0], alone[0]))
    row("    one dry write to the API server", figures(seen[1]), "", ratio(seen[1], alone[1]))


async def _change(client: Client, name: str, value: str) -> None:
    body = {"metadata": {"annotations": {"customerops.dev/poll": value}}}
    with contextlib.suppress(ApiError, OSError, TimeoutError, aiohttp.ClientError):  # a full API server
        await client.merge(path(PLURAL, HOSTILE, name), body)


async def churn(client: Client, names: list[str], rate: float) -> None:
    """Annotate one LeadModel of the hostile namespace after the other, for ever."""
    loop, began, number = asyncio.get_running_loop(), time.monotonic(), 0
    pending: set[asyncio.Task[object]] = set()
    while True:
        name = names[number % len(names)]
        pending.add(loop.create_task(_change(client, name, str(number))))
        number += 1
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        pending = {task for task in pending if not task.done()}


async def unsettled(client: Client, number: int) -> list[str]:
    """LeadModels that have nothing yet: each wants an account, rights, a CronJob and polls that nobody carries out."""
    await client.create("/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": HOSTILE}})
    wanted = replace(spec(), artifact=ArtifactSource(uri="s3://leads/model.json", poll_interval="5m"))
    slots = asyncio.Semaphore(24)

    async def one(name: str) -> str:
        body = {"apiVersion": "customerops.dev/v1alpha1", "kind": "LeadModel", "metadata": {"name": name}}
        async with slots:
            await client.create(path(PLURAL, HOSTILE), {**body, "spec": dump(wanted)})
        return name

    return list(await asyncio.gather(*(one(f"hostile-{n:04d}") for n in range(number))))


def figures(took: list[float]) -> str:
    return f"{took[len(took) // 2]:.2f}, {took[int(len(took) * 0.9)]:.2f} s"


def ratio(took: list[float], alone: list[float]) -> str:
    pairs = ((part[len(part) // 2], part[int(len(part) * 0.9)]) for part in (took, alone))
    (middle, high), (middle0, high0) = pairs
    return f"x{middle / middle0:.1f}, x{high / high0:.1f}"


def clients(api: ApiServer, loop: asyncio.AbstractEventLoop) -> Client:
    os.environ["KUBECONFIG"] = str(api.kubeconfig)

    async def make() -> Client:
        client = Client(find_access(now))
        client.bucket.rate = client.bucket.burst = 1e6
        await client.requests.close()  # the API server takes long over the largest objects
        client.requests = client.access.session(CONNECTIONS, aiohttp.ClientTimeout(total=180))
        return client

    return loop.run_until_complete(make())


def reaction(options: argparse.Namespace, api: ApiServer) -> None:
    loop = asyncio.new_event_loop()
    client = clients(api, loop)
    world = World(client, 20, 40)
    loop.run_until_complete(world.define())
    loop.run_until_complete(world.make())
    one = Operator(api, "one").start()
    one.until(lambda: one.settled(20), "leads")
    alone = reactions(loop, client, world.names, options.rounds)
    show("reaction alone: median, 90 %", alone, alone)
    names = loop.run_until_complete(unsettled(client, options.models))
    first = reactions(loop, client, world.names, options.rounds)
    show(f"while {options.models} of another namespace come", first, alone)
    one.until(lambda: one.figure("workqueue_depth") == 0, "settles", 900.0)
    rest = reactions(loop, client, world.names, options.rounds)
    show("beside them at rest", rest, alone, "<= x2")
    task = loop.create_task(churn(client, names, options.churn))
    busy = reactions(loop, client, world.names, options.rounds)
    task.cancel()
    show(f"while they are changed {options.churn:.0f} times a second", busy, alone, "<= x2")
    print(f"    memory at most {one.memory()[1]:.0f} MiB, CPU {one.cpu():.0f} s", flush=True)
    one.end()
    loop.run_until_complete(client.close())


def memory(options: argparse.Namespace, *, large: bool) -> None:
    with api_server() as api:
        loop = asyncio.new_event_loop()
        client = clients(api, loop)
        world, size = World(client, options.large, 2 * options.large), 0
        loop.run_until_complete(world.define())
        if large:
            world.wanted, world.namespace, world.at_once = widest(), HOSTILE, 2
            size = int(most_labels(loop, client, world.wanted) * 0.9)
            world.labels = lambda model: labels(size, model)
        loop.run_until_complete(world.make())
        one = Operator(api, "one").start()
        one.until(lambda: one.settled(options.large), "leads", 600.0)
        if large:
            task = loop.create_task(churn(client, world.names, 5.0))
            loop.run_until_complete(asyncio.sleep(60))
            task.cancel()
        here, most = one.memory()
        what = (
            f"{options.large} of the largest LeadModels, {size} labels each"
            if large
            else "as many usual ones"
        )
        row(f"memory now, at most: {what}", f"{here:.0f}, {most:.0f} MiB", "<= 256 MiB")
        one.end()
        loop.run_until_complete(client.close())


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--models", type=int, default=1000, help="LeadModels of the hostile namespace")
    p.add_argument("--large", type=int, default=80, help="LeadModels of the largest size")
    p.add_argument("--churn", type=float, default=10.0, help="changes a second in the hostile namespace")
    p.add_argument("--rounds", type=int, default=40, help="reactions measured in each state")
    p.add_argument("--only", choices=["reaction", "memory"], help="one of the two parts")
    options = p.parse_args()
    if options.only != "memory":
        with api_server() as api:
            reaction(options, api)
    if options.only != "reaction":
        memory(options, large=False)
        memory(options, large=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
