"""The operator as a process: killed, stopped, told to go, cut off from its API server, stalled. It is asked only over its ports."""

import asyncio
import contextlib
import json
import signal
from datetime import datetime, timedelta

from worlds.fake_api import Call, Refused
from worlds.fake_cluster import NAME, NAMESPACE, FakeCluster, Truth
from worlds.fake_leader import a_cluster, differences, shape
from worlds.fake_process import READY as PROCESS_READY
from worlds.fake_process import Process, a_process, quiet, turn
from worlds.stories import Fails

ANY = 10_000
READY = ("True", "Serving")
LEASE = ("leases", "default", "leadmodel-operator")
PASSES = "workqueue_work_duration_seconds_count"


def ready(cluster: FakeCluster, letter: str):
    return lambda: cluster.serving() == letter and cluster.condition("Ready") == READY


def begin(cluster: FakeCluster) -> None:
    cluster.now = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply()


def found(cluster: FakeCluster, letter: str) -> None:
    cluster.upload(letter, Truth(auc=0.8))
    cluster.annotate("poll", letter)


def leads(cluster: FakeCluster, who: str):
    return lambda: cluster.api.objects.get(LEASE, {}).get("spec", {}).get("holderIdentity") == who


def test_killed_in_the_middle_of_a_rollout_and_started_again(tmp_path):
    """SIGKILL, then the same name again: it takes its own Lease back and goes on; the end is that of an undisturbed life."""

    async def life(*, kill: bool) -> dict:
        async with a_cluster() as cluster:
            begin(cluster)
            async with a_process(cluster, tmp_path) as one:
                await turn(cluster, ready(cluster, "A"))
                found(cluster, "B")
                await turn(cluster, lambda: cluster.champion() == "B")
                if kill:
                    await one.kill()
                else:
                    await turn(cluster, ready(cluster, "B"))
            async with a_process(cluster, tmp_path):
                await turn(cluster, ready(cluster, "B"))
                assert await quiet(cluster, 1.5) == []
                assert cluster.broken == []
                return shape(cluster)

    async def both() -> list[str]:
        return differences(await life(kill=True), await life(kill=False))

    assert asyncio.run(both()) == []


def test_a_start_over_what_is_settled_reads_lists(tmp_path):
    """A pass over the cache finds nothing to do; of single objects only the ledger is read."""

    async def tell() -> set[str]:
        async with a_cluster() as cluster:
            begin(cluster)
            async with a_process(cluster, tmp_path, identity="one"):
                await turn(cluster, ready(cluster, "A"))
                assert await quiet(cluster, 1.5) == []
            before = len(cluster.api.log)
            async with a_process(cluster, tmp_path, identity="one"):
                await turn(cluster, lambda: any(c.name.endswith("-ledger") for c in cluster.api.log[before:]))
                assert await quiet(cluster, 1.5) == []
            return {c.resource for c in cluster.api.log[before:] if c.method == "GET" and c.name}

    assert asyncio.run(tell()) == {"configmaps", "leases"}


async def passes_of(process: Process) -> float:
    code, page = await process.ask("/metrics")
    while code != 200:  # a busy machine takes its time, and no answer is no figure
        code, page = await process.ask("/metrics")
    lines = [line for line in page.splitlines() if line.startswith(PASSES)]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def renewals(cluster: FakeCluster) -> int:
    """How often the Lease was renewed: the seconds of the process itself, which stand still where it gets no time."""
    return sum(call.resource == "leases" and call.writes for call in cluster.api.log)


async def beats(cluster: FakeCluster, count: int) -> None:
    """Wait until the process has renewed its Lease so often; what came before was then its turn as well."""
    end = renewals(cluster) + count
    while renewals(cluster) < end:  # noqa: ASYNC110  # the Lease is on the server
        await asyncio.sleep(0.05)


async def noted(folder, key: str) -> tuple[float, int]:
    """Somebody changes one annotation 300 times: the passes that causes, and the renewals meanwhile. A verb after it is acted upon."""
    async with a_cluster() as cluster:
        begin(cluster)
        async with a_process(cluster, folder) as one:
            await turn(cluster, ready(cluster, "A"))
            before, settled = -1.0, await passes_of(one)
            while before != settled:
                await beats(cluster, 2)
                before, settled = settled, await passes_of(one)
            began = renewals(cluster)
            for number in range(300):
                about = {"annotations": {key: str(number)}}
                cluster.edit("leadmodels", NAME, lambda o, about=about: o["metadata"].update(about))
                await asyncio.sleep(0.01)
            await beats(cluster, 2)
            found = await passes_of(one) - before, renewals(cluster) - began
            cluster.annotate("refresh", "now")
            await turn(cluster, lambda: cluster.status.get("handled", {}).get("refresh") == "now")
            return found


def test_a_burst_of_what_no_pass_reads_is_no_work(tmp_path):
    passes, _ = asyncio.run(noted(tmp_path, "note"))
    assert passes == 0


def test_control_a_burst_of_what_passes_may_read_is_some(tmp_path):
    passes, renewed = asyncio.run(noted(tmp_path, "customerops.dev/paused"))  # no value of those means yes
    assert 0 < passes <= 6 + renewed


def test_told_to_go_it_gives_the_lease_away_and_leaves(tmp_path):
    async def tell() -> None:
        async with (
            a_cluster() as cluster,
            a_process(cluster, tmp_path, identity="one") as one,
        ):
            begin(cluster)
            await turn(cluster, ready(cluster, "A"))
            async with a_process(cluster, tmp_path, identity="two") as two:
                await two.answers("/readyz", 200, "standby\n")
                page = (await two.ask("/metrics"))[1]
                assert "leader_election_master_status" in page
                assert "leadmodel_models 1.0" in page, "a standby knows them, too"
                one.signal(signal.SIGTERM)
                loop = asyncio.get_running_loop()
                began = loop.time()
                assert await asyncio.wait_for(one.running.wait(), 10) == 0
                assert loop.time() - began < 5
                found(cluster, "B")
                await turn(cluster, leads(cluster, "two"))
                await turn(cluster, ready(cluster, "B"))
                assert cluster.broken == []
                assert await quiet(cluster, 1.5) == []

    asyncio.run(tell())


@contextlib.asynccontextmanager
async def without_a_list(folder, refused: str):
    """An operator that may not list one resource, once it watches others."""
    async with a_cluster() as cluster:
        begin(cluster)
        resources: set[str] = set()

        async def refuse(call: Call, when: str) -> None:
            if call.method == "GET" and not call.name and when == "before":
                if call.resource == refused:
                    resources.add(refused)
                    raise Refused(403, "Forbidden", f"{refused} is forbidden")
                if call.watches:
                    resources.add(call.resource)

        cluster.api.hooks.append(refuse)
        async with a_process(cluster, folder) as one:
            await turn(cluster, lambda: {refused, "pods", "cronjobs"} <= resources)
            yield one


def test_a_list_that_is_refused_hides_no_operator(tmp_path):
    """LeadModelOperatorDown fires where no operator counts LeadModels; this one does, and makes passes after a minute."""

    async def counts() -> int:
        async with without_a_list(tmp_path, "replicasets") as one, asyncio.timeout(PROCESS_READY):
            while "leadmodel_models 1.0" not in (await one.ask("/metrics"))[1]:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.1)
            return (await one.ask("/readyz"))[0]

    assert asyncio.run(counts()) == 503


def test_control_without_the_list_of_lead_models_there_is_no_number(tmp_path):
    async def page() -> str:
        async with without_a_list(tmp_path, "leadmodels") as one:
            return (await one.ask("/metrics"))[1]

    text = asyncio.run(page())
    assert "leader_election_master_status" in text
    assert "leadmodel_models" not in text


def test_stopped_while_another_takes_over_and_continued(tmp_path):
    """SIGSTOP for longer than the Lease lasts; the second leads; continued, the first one writes nothing and leaves with 1."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_process(cluster, tmp_path, identity="one") as one:
            begin(cluster)
            await turn(cluster, ready(cluster, "A"))
            async with a_process(cluster, tmp_path, identity="two"):
                one.signal(signal.SIGSTOP)
                await turn(cluster, leads(cluster, "two"))
                found(cluster, "B")
                await turn(cluster, ready(cluster, "B"))
                await quiet(cluster, 1.0)
                before = [str(c) for c in cluster.api.log if c.writes]
                one.signal(signal.SIGCONT)
                assert await asyncio.wait_for(one.running.wait(), 15) == 1
                after = [str(c) for c in cluster.api.log if c.writes][len(before) :]
                assert [what for what in after if "leases" not in what] == []
                assert leads(cluster, "two")()
                assert cluster.broken == []

    asyncio.run(tell())


def test_the_api_server_is_away_at_start_and_later(tmp_path):
    async def tell() -> None:
        async with a_cluster() as cluster:
            begin(cluster)
            away = Fails(503, ANY, lambda _: True)

            async def hook(call: Call, when: str) -> None:
                if when == "before" and away in cluster.api.hooks:
                    raise Refused(503, "Away")

            cluster.api.hooks += [hook, away]
            async with a_process(cluster, tmp_path) as one:
                await one.answers("/healthz", 200)
                await asyncio.sleep(3)
                assert one.running.returncode is None
                assert (await one.ask("/healthz"))[0] == 200
                assert (await one.ask("/readyz"))[0] == 503
                cluster.api.hooks.clear()
                await turn(cluster, ready(cluster, "A"))
                assert (await one.ask("/readyz"))[1] == "leading\n"
                assert cluster.broken == []
                assert await quiet(cluster, 1.5) == []

    asyncio.run(tell())


STALL = """
import asyncio, sys, time
from leadmodel_operator import __main__ as program
from leadmodel_operator.kubernetes.process import manager

real, stalled = manager.Manager._pass, []

async def stalls(self, key):
    after = await real(self, key)
    notes = self.cache.get("leadmodels", key.namespace, key.name)["metadata"].get("annotations", {})
    if "customerops.dev/stall" in notes and not stalled:
        stalled.append(key)
        time.sleep(12)  # longer than the Lease lasts
        await self.client.create("/api/v1/namespaces/sales/configmaps", {"kind": "ConfigMap", "metadata": {"name": "late"}})
    return after

manager.Manager._pass = stalls
sys.exit(program.main())
"""


def test_a_blocked_loop_turns_health_red_and_writes_nothing_after(tmp_path, monkeypatch):
    """Something blocks the process for longer than its Lease lasts: probes get no answer, and what it then sends is held back.

    Nobody took the Lease meanwhile: it renews it and goes on.
    """
    program = tmp_path / "stalls.py"
    program.write_text(STALL)

    async def tell() -> None:
        async with a_cluster() as cluster:
            begin(cluster)
            real = asyncio.create_subprocess_exec

            def patched(python, _m, _module, *rest, **more):
                return real(python, str(program), *rest, **more)

            monkeypatch.setattr(asyncio, "create_subprocess_exec", patched)
            async with a_process(cluster, tmp_path) as one:
                await turn(cluster, ready(cluster, "A"))
                body = cluster.lead_model
                notes = {**body["metadata"].get("annotations", {}), "customerops.dev/stall": "yes"}
                cluster.api.put(
                    ("leadmodels", NAMESPACE, NAME),
                    {**body, "metadata": {**body["metadata"], "annotations": notes}},
                )
                await one.answers("/healthz", 0)  # no answer is a red light
                await one.answers("/readyz", 200, "leading\n")
                assert [line["error"] for line in one.lines() if "error" in line] == ["NotLeading"]
                assert ("configmaps", NAMESPACE, "late") not in cluster.api.objects
                found(cluster, "B")
                await turn(cluster, ready(cluster, "B"))
                assert cluster.broken == []

    asyncio.run(tell())


SECRETS = ("hunter2", "not-a-secret", "Ada Lovelace", "+49 170 1234567", "ada@example.org")


def test_no_log_metric_event_or_status_holds_a_secret_or_a_lead(tmp_path):
    """Values that must not show are in the environment, in the URI, in a window and in a refusal of the API server."""

    async def tell() -> None:
        async with a_cluster() as cluster:
            begin(cluster)
            uri = "https://user:hunter2@leads.example/model.json?token=hunter2"
            cluster.upload("A", Truth(auc=0.75), uri=uri)
            env = [{"name": "PASSWORD", "value": "hunter2"}]
            cluster.apply(artifact={"uri": uri}, predictor={"env": env})
            cluster.live = True
            said = f"spec.env[0].value: Invalid value: {SECRETS}"

            async def refuse(call: Call, when: str) -> None:
                if when == "before" and call.writes and call.resource == "deployments" and refuse.left:
                    refuse.left -= 1
                    raise Refused(422, "Invalid", said)

            refuse.left = 2
            cluster.api.hooks.append(refuse)
            async with a_process(cluster, tmp_path, more=("--scrape=proxy",)) as one:
                await turn(cluster, ready(cluster, "A"))
                _, metrics = await one.ask("/metrics")
                logs = one.log.read_text()
            events = json.dumps(cluster.all("events"))
            shown = json.dumps(cluster.status)
            for where in (metrics, logs, events, shown):
                for secret in SECRETS:
                    assert secret not in where
            assert refuse.left == 0
            assert '"Refused"' in events  # the cause, without the values that the server repeats
            passes = {line["pass"] for line in one.lines() if "pass" in line}
            assert len(passes) >= 2
            series = [line for line in metrics.splitlines() if f'leadmodel="{NAME}"' in line]
            assert 5 < len(series) <= 60

    asyncio.run(tell())


def test_the_kind_goes_and_comes_back(tmp_path):
    """The CRD is deleted with everything in it while the operator runs, and made again."""

    async def tell() -> None:
        async with a_cluster() as cluster:
            begin(cluster)
            async with a_process(cluster, tmp_path) as one:
                await turn(cluster, ready(cluster, "A"))
                cluster.downtime_allowed = True

                async def unknown(call: Call, when: str) -> None:
                    if when == "before" and call.resource == "leadmodels":
                        raise Refused(404, "NotFound")

                cluster.api.hooks.append(unknown)
                cluster.api.remove(("leadmodels", NAMESPACE, NAME))
                cluster.collect()
                await asyncio.sleep(2)
                assert one.running.returncode is None
                cluster.api.hooks.clear()
                cluster.now += timedelta(seconds=1)
                begin(cluster)
                await turn(cluster, ready(cluster, "A"), 90)
                assert cluster.broken == []

    asyncio.run(tell())
