"""The operator as a process sends its decisions, while the address hangs and after: the same decisions come about."""

import asyncio
import json
import threading
from datetime import datetime

from support.checking_stub import Request, stub
from worlds.fake_cluster import FakeCluster, Truth
from worlds.fake_leader import a_cluster
from worlds.fake_process import a_process, turn


def ready(cluster: FakeCluster, letter: str):
    return lambda: cluster.serving() == letter and cluster.condition("Ready") == ("True", "Serving")


def test_two_models_go_live_while_the_address_hangs_and_messages_come_afterwards(tmp_path, monkeypatch):
    """The file of the address is there later than the process, as a Secret may be."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")  # this machine may have a proxy
    release, asked = threading.Event(), threading.Event()

    def answer(request: Request) -> None:
        asked.set()
        release.wait(60)
        request.answer(200)

    async def life(address: str) -> None:
        place = tmp_path / "url"
        more = ("--scrape=off", f"--webhook-url-file={place}", "--webhook-reason=Promoted")
        async with a_cluster() as cluster, a_process(cluster, tmp_path, more=more) as one:
            cluster.now = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
            cluster.upload("A", Truth(auc=0.75))
            cluster.apply()
            place.write_text(address)
            await turn(cluster, ready(cluster, "A"))
            await asyncio.to_thread(asked.wait, 30)
            cluster.upload("B", Truth(auc=0.8))
            cluster.annotate("poll", "B")
            await turn(cluster, ready(cluster, "B"))
            assert 'leadmodel_webhook_messages_total{result="sent"} 0' in (await one.ask("/metrics"))[1]
            release.set()
            await turn(cluster, lambda: len(promoted()) >= 2)
            assert address not in one.log.read_text()

    def promoted() -> list[str]:
        messages = {r.headers["X-LeadModel-Delivery"]: json.loads(r.body) for r in seen.requests}
        assert {m["reason"] for m in messages.values()} <= {"Promoted"}
        return [m["message"] for m in messages.values()]

    with stub(answer) as seen:
        asyncio.run(life(f"{seen.address}/hidden-part"))
    assert len(promoted()) == 2
