"""What the operator relies on in an API server. The fake one is held to the real one by these assertions.

Each check gets a client and a namespace of its own. The client's writes go by the manager `leadmodel-operator`; `other` writes by another.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from leadmodel_operator.kubernetes.apiserver.client import ApiError, Client

Object = dict[str, Any]
Check = Callable[[Client, str], Awaitable[None]]
CHECKS: list[Check] = []
LABEL = "customerops.dev/conformance"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def check(function: Check) -> Check:
    CHECKS.append(function)
    return function


def path(namespace: str, name: str = "", resource: str = "configmaps") -> str:
    prefix = {"configmaps": "/api/v1", "cronjobs": "/apis/batch/v1", "leases": "/apis/coordination.k8s.io/v1"}
    return f"{prefix[resource]}/namespaces/{namespace}/{resource}" + (f"/{name}" if name else "")


def config_map(namespace: str, name: str, labels: dict[str, str] | None = None, **data: str) -> Object:
    metadata = {"name": name, "namespace": namespace, **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def version(item: Object) -> str:
    return str(item["metadata"]["resourceVersion"])


async def other(client: Client, body: Object, *, force: bool) -> Object:
    """Apply as another manager."""
    query = {"fieldManager": "another", "force": str(force).lower()}
    where, kind = (
        path(body["metadata"]["namespace"], body["metadata"]["name"]),
        "application/apply-patch+yaml",
    )
    return await client.call("PATCH", where, body=body, kind=kind, **query)


@contextlib.asynccontextmanager
async def refused(status: int, reason: str):
    with pytest.raises(ApiError) as error:
        yield
    assert (error.value.status, error.value.reason) == (status, reason)


# --- create, read, replace, merge, delete ------------------------------------------------------------------------------------------


@check
async def a_created_object_has_an_identity_and_a_version(client: Client, namespace: str) -> None:
    made = await client.create(path(namespace), config_map(namespace, "a", x="1"))
    assert {"uid", "resourceVersion", "creationTimestamp", "namespace"} <= made["metadata"].keys()
    assert int(version(made)) > 0
    read = await client.get(path(namespace, "a"))
    assert read is not None
    assert (read["data"], version(read)) == ({"x": "1"}, version(made))


@check
async def a_name_is_given_once(client: Client, namespace: str) -> None:
    await client.create(path(namespace), config_map(namespace, "a"))
    async with refused(409, "AlreadyExists"):
        await client.create(path(namespace), config_map(namespace, "a"))


@check
async def what_is_not_there_is_not_found(client: Client, namespace: str) -> None:
    assert await client.get(path(namespace, "missing")) is None
    async with refused(404, "NotFound"):
        await client.merge(path(namespace, "missing"), {"data": {}})
    async with refused(404, "NotFound"):
        await client.replace(path(namespace, "missing"), config_map(namespace, "missing"))


@check
async def a_replacement_needs_the_newest_version(client: Client, namespace: str) -> None:
    first = await client.create(path(namespace), config_map(namespace, "a", x="1"))
    second = await client.replace(path(namespace, "a"), {**first, "data": {"x": "2"}})
    assert int(version(second)) > int(version(first))
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    async with refused(409, "Conflict"):
        await client.replace(path(namespace, "a"), {**first, "data": {"x": "3"}})


@check
async def a_replaced_lease_needs_the_newest_version(client: Client, namespace: str) -> None:
    metadata = {"name": "a", "namespace": namespace}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    first = await client.create(path(namespace, resource="leases"), {**body, "spec": {"holderIdentity": "a"}})
    where = path(namespace, "a", "leases")
    await client.replace(where, {**first, "spec": {"holderIdentity": "b"}})
    async with refused(409, "Conflict"):
        await client.replace(where, {**first, "spec": {"holderIdentity": "c"}})


@check
async def a_merge_sets_and_removes_fields(client: Client, namespace: str) -> None:
    await client.create(path(namespace), config_map(namespace, "a", x="1", y="1"))
    changed = await client.merge(path(namespace, "a"), {"data": {"x": None, "z": "1"}})
    assert changed["data"] == {"y": "1", "z": "1"}


@check
async def a_merge_with_a_version_is_conditional(client: Client, namespace: str) -> None:
    first = await client.create(path(namespace), config_map(namespace, "a", x="1"))
    await client.merge(path(namespace, "a"), {"data": {"x": "2"}})
    for stale in ({}, {"uid": "another"}):
        metadata = {"resourceVersion": version(first), **stale}
        async with refused(409, "Conflict"):
            await client.merge(path(namespace, "a"), {"metadata": metadata, "data": {"x": "3"}})


@check
async def a_merge_cannot_change_a_uid(client: Client, namespace: str) -> None:
    await client.create(path(namespace), config_map(namespace, "a", x="1"))
    async with refused(422, "Invalid"):
        await client.merge(path(namespace, "a"), {"metadata": {"uid": "another"}, "data": {"x": "3"}})


@check
async def a_write_that_changes_nothing_makes_no_version(client: Client, namespace: str) -> None:
    first = await client.create(path(namespace), config_map(namespace, "a", x="1"))
    again = await client.merge(path(namespace, "a"), {"data": {"x": "1"}})
    assert version(again) == version(first)


@check
async def an_immutable_config_map_keeps_its_data(client: Client, namespace: str) -> None:
    body = {**config_map(namespace, "a"), "binaryData": {"x": "MQ=="}, "immutable": True}
    first = await client.create(path(namespace), body)
    labelled = await client.merge(path(namespace, "a"), {"metadata": {"labels": {LABEL: "a"}}})
    assert int(version(labelled)) > int(version(first))
    async with refused(422, "Invalid"):
        await client.replace(path(namespace, "a"), {**labelled, "binaryData": {"x": "Mg=="}})


@check
async def a_delete_names_uid_and_version(client: Client, namespace: str) -> None:
    first = await client.create(path(namespace), config_map(namespace, "a", x="1"))
    second = await client.merge(path(namespace, "a"), {"data": {"x": "2"}})
    stranger = {**second, "metadata": {**second["metadata"], "uid": "another"}}
    await client.delete(path(namespace, "a"), stranger)
    async with refused(409, "Conflict"):
        await client.delete(path(namespace, "a"), first, with_version=True)
    assert await client.get(path(namespace, "a")) is not None
    await client.delete(path(namespace, "a"), first)
    assert await client.get(path(namespace, "a")) is None
    await client.delete(path(namespace, "a"), first)


# --- server-side apply ---------------------------------------------------------------------------------------------------------------


@check
async def an_apply_creates_and_removes_only_what_its_manager_owned(client: Client, namespace: str) -> None:
    where = path(namespace, "a")
    await client.apply(where, config_map(namespace, "a", x="1", y="1"), force=True)
    await other(client, config_map(namespace, "a", z="1"), force=False)
    left = await client.apply(where, config_map(namespace, "a", x="1"), force=True)
    assert left["data"] == {"x": "1", "z": "1"}


@check
async def a_field_of_two_managers_stays_until_both_let_go(client: Client, namespace: str) -> None:
    where = path(namespace, "a")
    await client.apply(where, config_map(namespace, "a", x="1", y="1"), force=True)
    await other(client, config_map(namespace, "a", x="1"), force=False)
    assert "x" in (await client.apply(where, config_map(namespace, "a", y="1"), force=True))["data"]
    assert "x" not in (await other(client, config_map(namespace, "a"), force=False))["data"]


@check
async def another_managers_field_is_taken_by_force_alone(client: Client, namespace: str) -> None:
    await client.apply(path(namespace, "a"), config_map(namespace, "a", x="1"), force=True)
    async with refused(409, "Conflict"):
        await other(client, config_map(namespace, "a", x="2"), force=False)
    taken = await other(client, config_map(namespace, "a", x="2"), force=True)
    assert taken["data"] == {"x": "2"}
    async with refused(409, "Conflict"):
        await client.apply(path(namespace, "a"), config_map(namespace, "a", x="3"), force=False)


@check
async def an_apply_with_a_version_is_conditional(client: Client, namespace: str) -> None:
    where, body = path(namespace, "a"), config_map(namespace, "a", x="1")
    first = await client.apply(where, body, force=True)
    await client.merge(where, {"data": {"y": "1"}})
    stale = {**body, "metadata": {**body["metadata"], "resourceVersion": version(first)}}
    async with refused(409, "Conflict"):
        await client.apply(where, {**stale, "data": {"x": "2"}}, force=True)


@check
async def an_apply_that_changes_nothing_makes_no_version(client: Client, namespace: str) -> None:
    where, body = path(namespace, "a"), config_map(namespace, "a", x="1")
    first = await client.apply(where, body, force=True)
    assert version(await client.apply(where, body, force=True)) == version(first)


# --- status ------------------------------------------------------------------------------------------------------------------------------


def cron_job(namespace: str) -> Object:
    """A suspended CronJob: a resource with a status that no controller touches."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none:1"}]}
    job = {"template": {"spec": pod}}
    spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": job}}
    metadata = {"name": "a", "namespace": namespace}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


@check
async def status_and_spec_are_written_apart(client: Client, namespace: str) -> None:
    where = path(namespace, "a", "cronjobs")
    made = await client.create(path(namespace, resource="cronjobs"), cron_job(namespace))
    status = {"lastScheduleTime": "2026-01-05T08:00:00Z"}
    both = {**made, "spec": {**made["spec"], "schedule": "0 0 2 2 *"}, "status": status}
    written = await client.replace(f"{where}/status", both)
    assert (written["status"], written["spec"]["schedule"]) == (status, "0 0 1 1 *")
    assert written["metadata"]["generation"] == made["metadata"]["generation"]
    later = {**both, "metadata": written["metadata"], "status": {"lastScheduleTime": "2026-01-06T08:00:00Z"}}
    replaced = await client.replace(where, later)
    assert (replaced["status"], replaced["spec"]["schedule"]) == (status, "0 0 2 2 *")
    assert replaced["metadata"]["generation"] > made["metadata"]["generation"]
    async with refused(409, "Conflict"):
        await client.replace(f"{where}/status", both)


# --- lists and watches -----------------------------------------------------------------------------------------------------------------


@check
async def lists_are_filtered_by_label_and_can_leave_data_out(client: Client, namespace: str) -> None:
    await client.create(path(namespace), config_map(namespace, "a", {LABEL: "one"}, x="1"))
    await client.create(path(namespace), config_map(namespace, "b", {LABEL: "two"}, x="1"))
    await client.create(path(namespace), config_map(namespace, "c", x="1"))
    whole = await client.items(path(namespace), f"{LABEL}=one")
    assert [(item["metadata"]["name"], item["data"]) for item in whole] == [("a", {"x": "1"})]
    assert "kind" not in whole[0]  # items of built-in kinds do not name it
    partial = await client.items(path(namespace), LABEL, metadata_only=True)
    assert [(item["metadata"]["name"], "data" in item) for item in partial] == [("a", False), ("b", False)]


@check
async def lists_come_in_pages(client: Client, namespace: str) -> None:
    for name in "abcde":
        await client.create(path(namespace), config_map(namespace, name, {LABEL: "page"}))
    names, token = [], ""
    while True:
        query = {"labelSelector": LABEL, "limit": "2", **({"continue": token} if token else {})}
        page: Any = await client.call("GET", path(namespace), **query)
        names.append([item["metadata"]["name"] for item in page["items"]])
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert names == [["a", "b"], ["c", "d"], ["e"]]


async def watch(client: Client, namespace: str, since: str, **query: str) -> AsyncGenerator[Object, None]:
    """The events of a watch from a version on, as they come."""
    params = {"watch": "1", "resourceVersion": since, "timeoutSeconds": "10", **query}
    async with client.stream(path(namespace), "application/json", 10.0, **params) as response:
        if response.status != 200:
            yield {"type": "ERROR", "object": {"code": response.status}}
            return
        rest = b""
        try:
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield json.loads(line)
        finally:
            if response.connection is not None and response.connection.transport is not None:
                response.connection.transport.abort()  # a polite end of TLS may outlast the loop
                await asyncio.sleep(0)


async def events(client: Client, namespace: str, since: str, number: int, **query: str) -> list[Object]:
    """So many events of a watch from a version on."""
    received: list[Object] = []
    async with contextlib.aclosing(watch(client, namespace, since, **query)) as stream:
        async for event in stream:
            received.append(event)
            if len(received) == number:
                break
    return received


@check
async def a_watch_goes_on_from_a_version(client: Client, namespace: str) -> None:
    await client.create(path(namespace), config_map(namespace, "before", {LABEL: "w"}))
    listed: Any = await client.call("GET", path(namespace))
    since = version(listed)
    watched = asyncio.create_task(events(client, namespace, since, 3, labelSelector=LABEL))
    made = await client.create(path(namespace), config_map(namespace, "a", {LABEL: "w"}))
    await client.create(path(namespace), config_map(namespace, "unlabelled"))
    await client.merge(path(namespace, "a"), {"data": {"x": "1"}})
    await client.delete(path(namespace, "a"), made)
    for found in (await watched, await events(client, namespace, since, 3, labelSelector=LABEL)):
        assert [(event["type"], event["object"]["metadata"]["name"]) for event in found] == [
            ("ADDED", "a"),
            ("MODIFIED", "a"),
            ("DELETED", "a"),
        ]
        versions = [int(version(event["object"])) for event in found]
        assert versions == sorted(set(versions))
        assert versions[0] > int(since)


@check
async def a_watch_may_start_with_the_list(client: Client, namespace: str) -> None:
    """Kubectl since 1.35 asks so where it waits: without the bookmark it would wait for ever."""
    for name in ("a", "b"):
        await client.create(path(namespace), config_map(namespace, name, {LABEL: "w"}))
    query = {
        "labelSelector": LABEL,
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    received: list[Object] = []
    async with contextlib.aclosing(watch(client, namespace, "", **query)) as stream:
        async for event in stream:
            annotations = event["object"]["metadata"].get("annotations", {})
            listed = event["type"] == "BOOKMARK" and annotations.get("k8s.io/initial-events-end") == "true"
            if listed:
                await client.merge(path(namespace, "a"), {"data": {"x": "1"}})
            if event["type"] != "BOOKMARK" or listed:  # a server may send other bookmarks at any time
                assert event["object"]["kind"] == "ConfigMap"
                received.append(event)
            if event["type"] == "MODIFIED":
                break
    kinds = [(event["type"], event["object"]["metadata"].get("name")) for event in received]
    assert kinds == [("ADDED", "a"), ("ADDED", "b"), ("BOOKMARK", None), ("MODIFIED", "a")]


@check
async def an_expired_version_cannot_be_watched_from(client: Client, namespace: str) -> None:
    """Whoever runs the checks sees to it that version 1 has expired."""
    await client.create(path(namespace), config_map(namespace, "a"))
    (event,) = await events(client, namespace, "1", 1)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


@check
async def events_are_chosen_by_the_object_they_are_about(client: Client, namespace: str) -> None:
    where = f"/api/v1/namespaces/{namespace}/events"
    for name, kind, uid in (("a", "Warning", "u-1"), ("b", "Normal", "u-1"), ("c", "Warning", "u-2")):
        regarding = {"kind": "Job", "namespace": namespace, "name": "j", "uid": uid}
        metadata = {"name": name, "namespace": namespace}
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": metadata,
            "involvedObject": regarding,
            "type": kind,
        }
        await client.create(where, {**body, "reason": "FailedCreate", "message": "exceeded quota"})
    assert [event["metadata"]["name"] for event in await client.events_of(namespace, "u-1")] == ["a"]
