"""A small API server over real HTTP: versions, preconditions, server-side apply, labels, watches, and a place to inject faults.

It keeps objects and answers requests as the real one does where the operator can tell the difference. What happens in a cluster
(pods, Jobs, garbage collection) is not here; a fault is a hook that sees every call before and after it takes effect.
"""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

Object = dict[str, Any]
Place = tuple[str, str, str]  # resource, namespace, name
GROUPS = {
    "/api/v1": {
        "configmaps": "ConfigMap",
        "services": "Service",
        "pods": "Pod",
        "serviceaccounts": "ServiceAccount",
        "secrets": "Secret",
        "events": "Event",
    },
    "/apis/apps/v1": {"deployments": "Deployment", "replicasets": "ReplicaSet"},
    "/apis/batch/v1": {"jobs": "Job", "cronjobs": "CronJob"},
    "/apis/policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "/apis/autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "/apis/networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy"},
    "/apis/rbac.authorization.k8s.io/v1": {"roles": "Role", "rolebindings": "RoleBinding"},
    "/apis/events.k8s.io/v1": {"events": "Event"},
    "/apis/coordination.k8s.io/v1": {"leases": "Lease"},
    "/apis/customerops.dev/v1alpha1": {"leadmodels": "LeadModel"},
}
PREFIX = {resource: prefix for prefix, kinds in GROUPS.items() for resource in kinds}
KIND = {resource: kind for kinds in GROUPS.values() for resource, kind in kinds.items()}
WATCHED = 5000  # events kept for watchers; older versions are 410 Gone


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    resource: str
    namespace: str
    name: str
    sub: str
    query: dict[str, str]
    body: Any
    kind: str  # content type
    accept: str = ""
    token: str = ""

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def watches(self) -> bool:
        return self.query.get("watch") in {"1", "true"}

    @property
    def place(self) -> Place:
        return self.resource, self.namespace, self.name

    def __str__(self) -> str:
        name = self.name or ((self.body or {}).get("metadata") or {}).get("name", "")
        return f"{self.method} {self.resource}/{name}{'/' + self.sub if self.sub else ''}"


Hook = Callable[[Call, str], Awaitable[web.StreamResponse | None]]


class Refused(Exception):  # noqa: N818  # the server's answer, not a fault of ours
    """An answer other than success."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str = "",
        retry_after: int | None = None,
        fields: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{status} {reason} {message}")
        self.status, self.reason, self.message, self.retry_after = status, reason, message, retry_after
        self.fields = fields  # that the server does not take

    def document(self) -> Object:
        causes = [{"field": field} for field in self.fields]
        return {"reason": self.reason, "message": self.message, "details": {"causes": causes}}

    def answer(self) -> web.Response:
        body = {"kind": "Status", "status": "Failure", **self.document()}
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
        return web.json_response({**body, "code": self.status}, status=self.status, headers=headers)


def _refuse_changed_data(stored: Object, wanted: Object) -> None:
    """Refuse other data of an immutable ConfigMap or Secret, by whatever request."""
    fields = ("data", "binaryData", "immutable")
    if stored.get("immutable") and any((stored.get(f) or None) != (wanted.get(f) or None) for f in fields):
        raise Refused(422, "Invalid", "data: Forbidden: field is immutable when `immutable` is set")


@dataclass
class FakeApi:
    """The server. `now` is its clock; `changed` is called with (before, after) of every object that changes."""

    now: Callable[[], datetime] = lambda: datetime(2026, 1, 5, 8, tzinfo=UTC)
    objects: dict[Place, Object] = field(default_factory=dict)
    owned: dict[tuple[Place, str], set[tuple[str, ...]]] = field(default_factory=dict)
    version: int = 100
    uids: int = 0
    hooks: list[Hook] = field(default_factory=list)
    log: list[Call] = field(default_factory=list)  # every call, in order, before its answer
    changed: list[Callable[[Object | None, Object | None], None]] = field(default_factory=list)
    terminating: set[str] = field(default_factory=set)  # namespaces that take nothing new
    pods: Callable[[str, str, str], Any] | None = None  # (namespace, name, target) → what a pod answers
    history: list[tuple[int, str, Place, Object]] = field(default_factory=list)
    compacted: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        self._moved = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # --- running -------------------------------------------------------------------------------------------------------

    async def start(self, tls: ssl.SSLContext | None = None) -> FakeApi:
        """Serve on a free port; over HTTPS where `tls` holds a certificate."""
        app = web.Application(client_max_size=8 << 20)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http{'s' if tls else ''}://{host}:{port}"
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def save(self) -> bytes:
        """Everything stored."""
        return pickle.dumps((self.objects, self.owned, self.version, self.uids))

    def restore(self, saved: bytes) -> None:
        """Back to then."""
        self.objects, self.owned, self.version, self.uids = pickle.loads(saved)
        self.history.clear()
        self.compacted = self.version
        self.log.clear()

    # --- requests ------------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        call = parse(request, json.loads(text) if text else None)
        if call is None:
            return _discover(request.path) or Refused(404, "NotFound", request.path).answer()
        self.log.append(call)
        try:
            for hook in self.hooks:
                if (answer := await hook(call, "before")) is not None:
                    return answer
            if call.watches:
                return await self._watch(request, call)
            if call.resource == "pods" and call.sub.startswith("proxy"):
                return await self._proxy(request, call)
            body = self.answer(call)
            for hook in self.hooks:
                if (answer := await hook(call, "after")) is not None:
                    return answer
        except Refused as refused:
            return refused.answer()
        return web.Response(body=json.dumps(body), content_type="application/json")

    async def _proxy(self, request: web.Request, call: Call) -> web.StreamResponse:
        assert self.pods is not None
        answer = self.pods(
            call.namespace, call.name, call.sub.removeprefix("proxy") + "?" + request.query_string
        )
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, web.StreamResponse):
            return answer
        if callable(answer):
            return await answer(request)
        return Refused(503, "ServiceUnavailable").answer() if answer is None else web.Response(body=answer)

    async def ask(self, call: Call) -> Object:
        """A call without a connection: noted, hooked and carried out all the same."""
        self.log.append(call)
        for hook in self.hooks:
            await hook(call, "before")
        body = self.answer(call)
        for hook in self.hooks:
            await hook(call, "after")
        return body

    def answer(self, call: Call) -> Object:
        """Carry a call out."""
        if call.method == "GET":
            return self._get(call) if call.name else self._list(call)
        if call.method == "POST":
            return self._create(call)
        if call.method == "PATCH" and "apply" in call.kind and call.place not in self.objects:
            return self._create(call)
        return {"PUT": self._replace, "PATCH": self._patch, "DELETE": self._delete}[call.method](call)

    def existing(self, place: Place) -> Object:
        if place not in self.objects:
            raise Refused(404, "NotFound", f"{place[0]} {place[2]!r} not found")
        return self.objects[place]

    def _get(self, call: Call) -> Object:
        return self.existing(call.place)

    def _list(self, call: Call) -> Object:
        matching = [o for p, o in sorted(self.objects.items()) if self._within(call, p) and _matches(call, o)]
        if "PartialObjectMetadata" in call.accept:
            matching = [{"metadata": item["metadata"]} for item in matching]
        elif not PREFIX[call.resource].startswith("/apis/customerops.dev"):  # as the real one answers
            matching = [
                {k: v for k, v in item.items() if k not in {"kind", "apiVersion"}} for item in matching
            ]
        kind = KIND[call.resource] + "List"
        start, limit = int(call.query.get("continue", 0)), int(call.query.get("limit", 0))
        metadata: Object = {"resourceVersion": str(self.version)}
        if limit and start + limit < len(matching):
            metadata["continue"] = str(start + limit)
        items = matching[start : start + limit] if limit else matching[start:]
        return {
            "kind": kind,
            "apiVersion": PREFIX[call.resource].removeprefix("/apis/").removeprefix("/api/"),
            "metadata": metadata,
            "items": items,
        }

    def _within(self, call: Call, place: Place) -> bool:
        return place[0] == call.resource and call.namespace in {"", place[1]}

    def _create(self, call: Call) -> Object:
        body = copy.deepcopy(call.body)
        place = (call.resource, call.namespace, body["metadata"]["name"])
        if place in self.objects:
            raise Refused(409, "AlreadyExists", f"{call.resource} {place[2]!r} already exists")
        if call.namespace in self.terminating:
            raise Refused(403, "Forbidden", "the namespace is being terminated")
        if "resourceVersion" in body["metadata"]:
            raise Refused(409, "Conflict", "the object has been deleted")
        self.uids += 1
        body["metadata"] |= {
            "namespace": call.namespace,
            "uid": f"uid-{self.uids}",
            "creationTimestamp": f"{self.now():%Y-%m-%dT%H:%M:%SZ}",
            "generation": 1,
        }
        body.setdefault("kind", KIND[call.resource])
        if call.resource == "leadmodels":
            body.pop("status", None)
        self._own(place, call, set(leaves(body)))
        return self.put(place, body)

    def put(self, place: Place, body: Object) -> Object:
        """Store an object under a new version; generation follows the spec."""
        before, body = self.objects.get(place), {**body, "metadata": dict(body["metadata"])}
        if before is not None:
            same = {
                **body,
                "metadata": {**body["metadata"], "resourceVersion": before["metadata"]["resourceVersion"]},
            }
            if same == before:
                return before
            body["metadata"]["generation"] = before["metadata"]["generation"] + (
                before.get("spec") != body.get("spec")
            )
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.objects[place] = body
        self._tell(before, body)
        self._note("ADDED" if before is None else "MODIFIED", place, body)
        return body

    def remove(self, place: Place) -> Object:
        """Delete an object."""
        before = self.objects.pop(place)
        for owner in [o for o in self.owned if o[0] == place]:
            del self.owned[owner]
        self.version += 1
        gone = copy.deepcopy(before)
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._tell(before, None)
        self._note("DELETED", place, gone)
        return gone

    def _tell(self, before: Object | None, after: Object | None) -> None:
        for listener in self.changed:
            listener(before, after)

    def _check(self, stored: Object, wanted: Object) -> None:
        for name in ("uid", "resourceVersion"):
            if wanted.get(name) and str(wanted[name]) != stored["metadata"][name]:
                raise Refused(409, "Conflict", f"the object has been modified: {name} differs")

    def _replace(self, call: Call) -> Object:
        stored = self.existing(call.place)
        self._check(stored, call.body["metadata"])
        if call.sub == "status":
            return self.put(
                call.place, {**copy.deepcopy(stored), "status": copy.deepcopy(call.body.get("status"))}
            )
        _refuse_changed_data(stored, call.body)
        body = copy.deepcopy(call.body)
        kept = {
            n: stored["metadata"][n] for n in ("uid", "creationTimestamp", "generation", "namespace", "name")
        }
        body["metadata"] |= kept
        if "status" in stored:
            body["status"] = stored["status"]
        self._own(call.place, call, set(leaves(body)))
        return self.put(call.place, body)

    def _patch(self, call: Call) -> Object:
        stored = self.existing(call.place)
        metadata = call.body.get("metadata") or {}
        self._check(stored, {"resourceVersion": metadata.get("resourceVersion")})
        if metadata.get("uid", stored["metadata"]["uid"]) != stored["metadata"]["uid"]:
            raise Refused(422, "Invalid", "metadata.uid: Invalid value: field is immutable")
        body = self._applied(call, stored) if "apply" in call.kind else merged(stored, call.body)
        _refuse_changed_data(stored, body)
        return self.put(call.place, body)

    def _applied(self, call: Call, stored: Object) -> Object:
        manager = call.query.get("fieldManager", "unknown")
        wanted = set(leaves(call.body))
        body = copy.deepcopy(stored)
        others = [owner for owner in self.owned if owner[0] == call.place and owner[1] != manager]
        for owner in others:
            clash = {p for p in wanted & self.owned[owner] if at(body, p) != at(call.body, p)}
            if clash and call.query.get("force") != "true":
                raise Refused(409, "Conflict", f"conflict with {owner[1]!r}: {min(clash)}")
            self.owned[owner] -= clash
        kept = set().union(*(self.owned[owner] for owner in others)) if others else set()
        for gone in self.owned.get((call.place, manager), set()) - wanted - kept:
            drop(body, gone)
        for leaf in wanted:
            put_at(body, leaf, at(call.body, leaf))
        self.owned[(call.place, manager)] = wanted
        return body

    def _own(self, place: Place, call: Call, wanted: set[tuple[str, ...]]) -> None:
        self.owned[(place, call.query.get("fieldManager", "unknown"))] = wanted

    def _delete(self, call: Call) -> Object:
        stored = self.existing(call.place)
        self._check(stored, (call.body or {}).get("preconditions") or {})
        return self.remove(call.place)

    # --- watches ---------------------------------------------------------------------------------------------------------

    def _note(self, what: str, place: Place, body: Object) -> None:
        self.history.append((self.version, what, place, body))
        if len(self.history) > WATCHED:
            self.compacted = self.history[0][0]
            del self.history[0]
        self._moved.set()
        self._moved = asyncio.Event()

    def _initial_events(self, call: Call) -> list[Object]:
        """What a watch starts with if it asks for the list as events, as kubectl does since 1.35: each object, then a bookmark."""
        if call.query.get("sendInitialEvents") != "true":
            return []
        if call.query.get("resourceVersionMatch") != "NotOlderThan":
            raise Refused(
                422, "Invalid", "resourceVersionMatch is forbidden for watch unless it is NotOlderThan"
            )
        chosen = [o for p, o in sorted(self.objects.items()) if self._within(call, p) and _matches(call, o)]
        prefix, kind = PREFIX[call.resource], KIND[call.resource]
        typed = {"kind": kind, "apiVersion": prefix.removeprefix("/apis/").removeprefix("/api/")}
        end = {"resourceVersion": str(self.version), "annotations": {"k8s.io/initial-events-end": "true"}}
        events = [{"type": "ADDED", "object": {**typed, **stored}} for stored in chosen]
        return [*events, {"type": "BOOKMARK", "object": {**typed, "metadata": end}}]

    async def _watch(self, request: web.Request, call: Call) -> web.StreamResponse:
        initial = self._initial_events(call)
        stream = web.StreamResponse(headers={"Content-Type": "application/json"})
        stream.enable_chunked_encoding()
        await stream.prepare(request)
        for event in initial:
            await stream.write(json.dumps(event).encode() + b"\n")
        seen = self.version if initial else int(call.query.get("resourceVersion") or self.version)
        if seen < self.compacted:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await stream.write(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
            return stream
        end = asyncio.get_running_loop().time() + float(call.query.get("timeoutSeconds") or 3600)
        while asyncio.get_running_loop().time() < end:
            change = self._moved
            for version, what, place, body in [e for e in self.history if e[0] > seen]:
                seen = version
                if self._within(call, place) and _matches(call, body):
                    if request.transport is None or request.transport.is_closing():
                        return stream  # whoever watched has gone
                    await stream.write(json.dumps({"type": what, "object": body}).encode() + b"\n")
            try:
                await asyncio.wait_for(change.wait(), min(1.0, end - asyncio.get_running_loop().time()))
            except TimeoutError:
                continue
        return stream


def parse(request: web.Request, body: Any) -> Call | None:
    """A request → what it is about."""
    headers = request.headers
    kinds = [headers.get(name, "") for name in ("Content-Type", "Accept", "Authorization")]
    return called(request.method, request.path, dict(request.query), body, *kinds)


def called(
    method: str,
    path: str,
    query: dict[str, str],
    body: Any,
    kind: str = "",
    accept: str = "",
    token: str = "",
) -> Call | None:
    """Method and path → what is asked."""
    prefix = next((p for p in GROUPS if path.startswith(p + "/")), None)
    if prefix is None:
        return None
    parts = path.removeprefix(prefix).strip("/").split("/")
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    if parts[0] not in GROUPS[prefix]:
        return None
    name = parts[1].partition(":")[0] if len(parts) > 1 else ""
    return Call(method, parts[0], namespace, name, "/".join(parts[2:]), query, body, kind, accept, token)


def _discover(path: str) -> web.Response | None:
    prefix = path.rstrip("/")
    if prefix == "/api":
        return web.json_response({"kind": "APIVersions", "versions": ["v1"]})
    if prefix == "/apis":
        named = [p.removeprefix("/apis/").split("/") for p in GROUPS if p.startswith("/apis/")]
        groups = [
            {"name": g, "versions": [v := {"version": w, "groupVersion": f"{g}/{w}"}], "preferredVersion": v}
            for g, w in named
        ]
        return web.json_response({"kind": "APIGroupList", "groups": groups})
    if prefix not in GROUPS:
        return None
    verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
    resources = [
        {"name": name, "kind": kind, "singularName": kind.lower(), "namespaced": True, "verbs": verbs}
        for name, kind in GROUPS[prefix].items()
    ]
    resources += [{**r, "name": f"{r['name']}/status"} for r in resources if r["name"] == "leadmodels"]
    if prefix == "/api/v1":  # Kopf waits until they are known
        resources.append(
            {
                **resources[0],
                "name": "namespaces",
                "kind": "Namespace",
                "singularName": "namespace",
                "namespaced": False,
            }
        )
    version = prefix.removeprefix("/apis/").removeprefix("/api/")
    return web.json_response({"kind": "APIResourceList", "groupVersion": version, "resources": resources})


def _selected(call: Call, item: Object) -> bool:
    """Tell whether an event has the fields that a list asks for; both APIs of events show the same ones."""
    for part in filter(None, call.query.get("fieldSelector", "").split(",")):
        name, _, value = part.partition("=")
        regarding = item.get("involvedObject") or item.get("regarding") or {}
        known = {"type": item.get("type")} | {
            f"involvedObject.{key}": text for key, text in regarding.items()
        }
        if known.get(name) != value:
            return False
    return True


def _matches(call: Call, item: Object) -> bool:
    if call.resource == "events" and not _selected(call, item):
        return False
    labels = item["metadata"].get("labels") or {}
    for part in filter(None, call.query.get("labelSelector", "").split(",")):
        name, equals, value = part.partition("=")
        if labels.get(name) != value if equals else name not in labels:
            return False
    return True


# --- documents -----------------------------------------------------------------------------------------------------------

_ATOMIC = {"selector", "podSelector", "nodeSelector"}  # maps that are applied whole
_IDENTITY = {
    ("metadata", name)
    for name in ("name", "namespace", "resourceVersion", "uid", "creationTimestamp", "generation")
}


def leaves(body: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the values a body sets; lists are one value."""
    if isinstance(body, dict) and (body or not path) and not _ATOMIC.intersection(path[-1:]):
        for key, value in body.items():
            if (*path, key) not in _IDENTITY and (*path, key) not in {
                ("apiVersion",),
                ("kind",),
                ("status",),
            }:
                yield from leaves(value, (*path, key))
    else:
        yield path


def at(body: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def put_at(body: Object, path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        if not isinstance(body.get(key), dict):
            body[key] = {}
        body = body[key]
    body[path[-1]] = copy.deepcopy(value)


def drop(body: Object, path: tuple[str, ...]) -> None:
    parent = at(body, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def merged(stored: Any, patch: Any) -> Any:
    """JSON merge patch."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(stored) if isinstance(stored, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
