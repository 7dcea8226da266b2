"""The real kubectl on the fake API server: the operator makes passes and time goes on while its commands run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from leadmodel_cli.views import table
from leadmodel_operator.resource.columns import COLUMNS
from worlds.fake_api import Call, Object
from worlds.fake_cluster import NAMESPACE, FakeCluster
from worlds.fake_leader import Leader

KUBECTL = shutil.which("kubectl")
BLOCK = "@@@ end of block"
TICK_S, STEP = 0.05, timedelta(seconds=2)  # of the machine's time, and of the cluster's


@dataclass
class Tables:
    """A hook: lists and single LeadModels as the table that the API server prints for kubectl."""

    cluster: FakeCluster

    async def __call__(self, call: Call, when: str) -> web.StreamResponse | None:
        """Answer a read that asks for a table; every other call goes on."""
        if when == "before" or call.method != "GET" or call.resource != "leadmodels":
            return None
        if "as=Table" not in call.accept or call.watches:
            return None
        read = self.cluster.api.answer(call)
        return web.json_response(tabled(read.get("items", [read]), self.cluster.now))


def tabled(documents: list[Object], now: datetime) -> Object:
    """The `Table` of some LeadModels with the columns of the definition."""
    definitions: list[dict[str, Any]] = [{"name": "Name", "type": "string", "format": "name", "priority": 0}]
    definitions += [{"name": c.name, "type": "string", "format": "", "priority": c.priority} for c in COLUMNS]
    rows = [
        {"cells": line, "object": {"kind": "PartialObjectMetadata", "metadata": document["metadata"]}}
        for document, line in zip(documents, table.rows(documents, now, wide=True)[1:], strict=True)
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": definitions,
        "rows": rows,
    }


def kubeconfig(folder: Path, url: str) -> Path:
    """Write a kubeconfig for the fake API server, with the namespace of its LeadModel."""
    cluster, user = {"name": "fake", "cluster": {"server": url}}, {"name": "person", "user": {}}
    context = {"name": "fake", "context": {"cluster": "fake", "user": "person", "namespace": NAMESPACE}}
    file = folder / "kubeconfig"
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "fake"}
    file.write_text(json.dumps({**config, "clusters": [cluster], "users": [user], "contexts": [context]}))
    return file


async def _go_on(leader: Leader) -> None:
    while True:
        await leader.look()
        leader.cluster.step()
        leader.cluster.now += STEP
        await asyncio.sleep(TICK_S)


async def run(
    leader: Leader, scripts: list[str], folder: Path, limit_s: float = 180
) -> tuple[int, list[str], str]:
    """Run blocks of commands in one shell; exit code, output of each block that ended, and what else was written."""
    cluster = leader.cluster
    cluster.api.hooks.append(Tables(cluster))
    env = {**os.environ, "KUBECONFIG": str(kubeconfig(folder, cluster.api.url)), "HOME": str(folder)}
    text = "\n".join(["set -euo pipefail", *(f"{script}\necho '{BLOCK}'" for script in scripts)])
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", text, cwd=folder, env=env, stdout=out, stderr=err, stdin=asyncio.subprocess.DEVNULL
        )  # fmt: skip
    passes = asyncio.create_task(_go_on(leader))
    try:
        code = await asyncio.wait_for(shell.wait(), limit_s)
    except TimeoutError:
        shell.kill()
        code = await shell.wait()
    finally:
        passes.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await passes
    written = (folder / "out").read_text()
    return (
        code,
        written.split(f"{BLOCK}\n")[:-1],
        written.rpartition(f"{BLOCK}\n")[2] + (folder / "err").read_text(),
    )
