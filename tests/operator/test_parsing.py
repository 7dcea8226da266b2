"""Objects with an excess of labels, owners or managed fields cost the operator no more memory than usual ones."""

import asyncio
import contextlib
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse, web

from leadmodel_operator.kubernetes.apiserver import parsing
from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.process.events import EventStream
from leadmodel_operator.kubernetes.render.names import LABEL, MANAGED_BY, MANAGED_LABEL

MANY = {f"{n:06x}": "" for n in range(4_000)}
OWN = {LABEL: "conversion", MANAGED_LABEL: MANAGED_BY}


def stored(**metadata: Any) -> dict[str, Any]:
    """A LeadModel as the API server has it."""
    about = {"name": "conversion", "namespace": "sales", "uid": "1", "resourceVersion": "7", **metadata}
    return {"kind": "LeadModel", "metadata": about, "spec": {"minAuc": 0.7}}


EXCESS = {
    "labels": (MANY | OWN, OWN),
    "annotations": (MANY | {"customerops.dev/poll": "now"}, {"customerops.dev/poll": "now"}),
    "ownerReferences": ([{"uid": key} for key in MANY], [{"uid": key} for key in list(MANY)[:64]]),
    "finalizers": (list(MANY), list(MANY)[:64]),
    "managedFields": (
        [{"manager": f"m{n}", "fieldsV1": {}} for n in range(100)] + [{"manager": MANAGED_BY}],
        [{"manager": MANAGED_BY}],
    ),
}


@pytest.mark.parametrize("name", EXCESS)
def test_an_excess_is_dropped_and_the_operators_own_is_kept(name):
    given, kept = EXCESS[name]
    parsed = parsing.parse(json.dumps(stored(**{name: given})))
    assert parsed["metadata"][name] == kept
    assert parsed["spec"] == {"minAuc": 0.7}


CROWD = {f"customerops.dev/{n:02}": "" for n in range(70)}


@pytest.mark.parametrize("name", ["labels", "annotations"])
def test_what_a_pass_reads_is_crowded_out_by_no_other_of_the_same_prefix(name):
    read = OWN | {"customerops.dev/role": "predictor", "customerops.dev/paused": "true"}
    parsed = parsing.parse(json.dumps(stored(**{name: CROWD | read})))
    kept = parsed["metadata"][name]
    assert kept.items() >= read.items()
    assert len(kept) == parsing.MANY


def test_control_in_the_order_of_names_the_label_of_the_lead_model_is_lost(monkeypatch):
    monkeypatch.setattr(parsing, "READ", frozenset())
    parsed = parsing.parse(json.dumps(stored(labels=CROWD | OWN)))
    assert LABEL not in parsed["metadata"]["labels"]


def test_what_a_careful_person_writes_is_kept():
    entries = [{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:minAuc": {}}}}]
    item = stored(labels={f"l{n}": "" for n in range(64)}, annotations=OWN, managedFields=entries)
    assert parsing.parse(json.dumps(item)) == item


def test_no_data_of_an_object_is_trimmed():
    """Only metadata of stored objects is trimmed: maps of a ConfigMap, a spec or a report may be as large as they are."""
    item = {**stored(), "data": MANY, "spec": {"labels": MANY, "template": {"metadata": {"labels": MANY}}}}
    assert parsing.parse(json.dumps(item)) == item


def test_an_excess_of_managed_fields_is_emptied():
    entry = {"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": {f"f:{k}": {} for k in MANY}}}}
    parsed = parsing.parse(json.dumps(stored(managedFields=[entry])))
    assert parsed["metadata"]["managedFields"] == [
        {"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": {}}}}
    ]


def peak(text: str) -> int:
    """Bytes that parsing a text took at most."""
    tracemalloc.start()
    parsing.parse(text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def page(items: int = 10) -> str:
    """A list whose items have labels of their own each."""
    made = [stored(labels={f"{n:02}{key}": "" for key in MANY}) for n in range(items)]
    return json.dumps({"kind": "LeadModelList", "items": made, "metadata": {"resourceVersion": "9"}})


def test_a_page_of_large_objects_takes_the_memory_of_one():
    assert peak(page()) < 2 * peak(page(1))


def test_control_a_page_parsed_as_one_document_takes_the_memory_of_all():
    one_document = page().removesuffix("}") + ', "more": 1}'  # a key that no list has
    assert peak(one_document) > 3 * peak(page(1))


@pytest.mark.parametrize(
    "text",
    [
        '{"items":[]}',
        ' { "kind" : "PodList" , "items" : [ {"a": [1, 2]} , {"b": null} ] , "metadata" : {} } \n',
        '{"apiVersion":"v1","items":[{}],"kind":"List","metadata":{"continue":"x"}}',
        '{"kind":"Status","items":"none"}',
        '{"kind":"Status"}',
        "{}",
        "[1]",
        "3",
    ],
)
def test_json_is_read_as_json(text):
    assert parsing.parse(text) == parsing.parse(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"items":[',
        '{"items":[{}',
        '{"items":[{},]}',
        '{"items":[{}]',
        '{"items":[{}]}x',
        '{"items" [{}]}',
    ],
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match="line 1"):
        parsing.parse(text)


@contextlib.asynccontextmanager
async def answering(body: bytes, status: int = 200) -> AsyncIterator[Access]:
    """A server that gives one answer to all."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type="application/json")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Access("http://{}:{}".format(*runner.addresses[0][:2]), False)  # type: ignore[arg-type]  # no TLS
    finally:
        await runner.cleanup()


async def listed_by_kopf(body: bytes, answers: type[ClientResponse] = parsing.TrimmedResponse) -> Any:
    """What a session for Kopf reads from a server, as Kopf reads the refusals of one."""
    async with (
        answering(body) as access,
        access.session(answers=answers) as session,
        session.get(access.server) as response,
    ):
        try:
            return await response.json()
        except json.JSONDecodeError:
            return await response.text()


GATEWAY = "<p>Dienst nicht verfügbar</p>".encode("latin-1")


def test_a_page_of_a_gateway_is_an_answer_to_kopf():
    assert "nicht verf" in asyncio.run(listed_by_kopf(GATEWAY))


def test_control_an_answer_that_cannot_be_decoded_ends_kopf():
    with pytest.raises(UnicodeDecodeError):
        asyncio.run(listed_by_kopf(GATEWAY, ClientResponse))


@pytest.mark.parametrize("body", [GATEWAY, b"[1]", b"3"])
def test_a_page_of_a_gateway_is_no_answer_to_a_list(body):
    """Lists and watches expect that nobody answers, and try again; any other error ends the process."""

    async def ask(status: int) -> None:
        async with answering(body, status) as access:
            client = Client(access)
            try:
                await client.call("GET", "/")
            finally:
                await client.close()

    with pytest.raises(TRANSIENT):
        asyncio.run(ask(200))
    with pytest.raises(ApiError):
        asyncio.run(ask(502))


def test_a_list_of_kopf_is_trimmed():
    assert all(
        item["metadata"]["labels"] == {} for item in asyncio.run(listed_by_kopf(page().encode()))["items"]
    )


def test_an_event_of_kopf_is_trimmed():
    """Kopf keeps the last event of an object for a while; that is the very object that the handler gets."""

    class NoCache:
        def put(self, _resource: str, _item: Any) -> bool:
            return False

        def holds(self, _resource: str, _item: Any) -> bool:
            return False

    item = stored(labels=dict(MANY))
    stream = EventStream(None, NoCache(), lambda _: None, (), lambda: None)  # type: ignore[arg-type]
    stream.take("MODIFIED", item)
    assert item["metadata"]["labels"] == {}
