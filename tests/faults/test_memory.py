"""The operator as a process beside the largest LeadModels that an API server takes: its memory stays within its share."""

import asyncio
import random
import string
from pathlib import Path
from typing import Any

from worlds.fake_cluster import START, FakeCluster, Truth, lead_model, stamp
from worlds.fake_leader import a_cluster
from worlds.fake_process import Process, a_process, turn

LARGEST, MODELS, LIMIT_MB = 1_160_000, 80, 256


def huge(cluster: FakeCluster, number: int) -> None:
    """A LeadModel of another namespace with a backfill and all the text its spec takes, none of which compresses."""
    chance = random.Random(number)
    noise = "".join(chance.choices(string.ascii_letters + string.digits, k=LARGEST))
    share = LARGEST // 32
    notes = {f"note-{n}": noise[n * share : (n + 1) * share] for n in range(32)}
    backfill = {"redis": {"secretName": "redis"}, "keyPatterns": [f"chat:{number}:*"]}
    body = lead_model(predictor={"podAnnotations": notes}, piiBackfill=backfill)
    cluster.api.uids += 1
    identity = {"uid": f"uid-{cluster.api.uids}", "creationTimestamp": stamp(START), "generation": 1}
    name = f"model-{number}"
    body["metadata"] = {**body["metadata"], **identity, "name": name, "namespace": "hostile"}
    cluster.api.put(("leadmodels", "hostile", name), body)


def peak_mb(process: Process) -> float:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{process.running.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def beside(models: int, folder: Path) -> float:
    """Peak memory after every huge LeadModel has had its passes and was edited, and another namespace's was served meanwhile."""
    async with a_cluster() as cluster:
        for number in range(models):
            huge(cluster, number)
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply()
        async with a_process(cluster, folder) as one:
            await turn(cluster, lambda: cluster.serving() == "A")

            def looked_at(mark: str) -> bool:
                items: list[Any] = [
                    o for p, o in cluster.api.objects.items() if p[1] == "hostile" and p[0] == "leadmodels"
                ]
                return all(mark in str(item.get("status", {}).get("handled", {})) + "start" for item in items)

            await turn(cluster, lambda: looked_at("start"))
            for number in range(models):
                place = ("leadmodels", "hostile", f"model-{number}")
                body = cluster.api.objects[place]
                metadata = {**body["metadata"], "annotations": {"customerops.dev/poll": "edited"}}
                cluster.api.put(place, {**body, "metadata": metadata})
            await turn(cluster, lambda: looked_at("edited"))
            return peak_mb(one)


def test_huge_lead_models_fit_into_the_operators_memory(tmp_path):
    alone = asyncio.run(beside(1, tmp_path))
    peak = asyncio.run(beside(MODELS, tmp_path))
    assert peak <= LIMIT_MB, f"{peak:.0f} MiB, alone {alone:.0f} MiB"
