"""Leader election by a Lease: acquire, renew, release. A leader that cannot renew in time must stop at once.

A killed leader is followed within 13 seconds: 10 until a standby sees the Lease expire, and up to two until its next look. No write is
sent later than 7 seconds after the last renewal, so none is sent once another process may hold the Lease.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.render.names import Object

DURATION_S, RENEW_S, RETRY_S = 10.0, 7.0, 2.0


@dataclass
class Lease:
    """One Lease, as one candidate sees it.

    Expiry is judged by the time since *this process* saw the Lease change, never by a time another process wrote into it.
    `clock` only fills the times people read.
    """

    client: Client
    namespace: str
    name: str
    identity: str
    clock: Callable[[], datetime]
    tried: float = 0.0  # last attempt to acquire or renew, on the loop's clock
    _seen: tuple[str, float] = ("", 0.0)  # newest version, and when it was first seen on the loop's clock
    _renewed: float | None = None  # start of the last renewal that succeeded; None while not leading
    _written: Object | None = None  # the Lease as our last write left it

    def valid(self) -> bool:
        """Tell whether no other process can hold the Lease: renewed so lately that even a request sent now arrives in time."""
        return self._renewed is not None and asyncio.get_running_loop().time() - self._renewed < RENEW_S

    @property
    def _collection(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"

    async def acquire(self) -> None:
        """Wait until this process holds the Lease."""
        while not await self._try():  # noqa: ASYNC110  # nobody here sets an event: the Lease lives on the server
            await asyncio.sleep(self._patience())

    def _patience(self) -> float:
        """Return the seconds to the next look: until the Lease expires if nobody renews it, at most the usual time."""
        version, since = self._seen
        left = since + DURATION_S - asyncio.get_running_loop().time() if version else RETRY_S
        return min(RETRY_S, max(0.1, left + 0.05))

    async def _try(self) -> bool:
        began = self.tried = asyncio.get_running_loop().time()
        if not await self._take():
            return False
        self._renewed = began
        return True

    async def _take(self) -> bool:
        try:
            lease = await self.client.get(f"{self._collection}/{self.name}")
            if lease is not None and not self.is_free(lease):
                return False
            await self._write(lease)
        except (ApiError, *TRANSIENT):
            return False
        return True

    def is_free(self, lease: Object) -> bool:
        """Tell whether the Lease is held by nobody, by this process, or was not renewed for its whole duration."""
        holder = lease["spec"].get("holderIdentity")
        if not holder or holder == self.identity:
            return True
        version, now = lease["metadata"]["resourceVersion"], asyncio.get_running_loop().time()
        if self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1] > float(lease["spec"].get("leaseDurationSeconds") or DURATION_S)

    def _body(self, lease: Object | None) -> Object:
        now = self.clock().isoformat(timespec="microseconds").replace("+00:00", "Z")
        before = (lease or {}).get("spec") or {}
        ours = before.get("holderIdentity") == self.identity
        metadata: Object = {"name": self.name, "namespace": self.namespace}
        if lease is not None:
            metadata["resourceVersion"] = lease["metadata"]["resourceVersion"]
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": self.identity,
                "leaseDurationSeconds": int(DURATION_S),
                "acquireTime": before.get("acquireTime", now) if ours else now,
                "renewTime": now,
                "leaseTransitions": int(before.get("leaseTransitions") or 0) + (0 if ours else 1),
            },
        }

    async def hold(self) -> None:
        """Renew for ever; returns when the Lease is lost."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(RETRY_S)
            began = self.tried = loop.time()
            with contextlib.suppress(ApiError, *TRANSIENT):
                if not await asyncio.wait_for(self._renew(), RENEW_S / 2):
                    self._renewed = None
                    return
                self._renewed = began
            if not self.valid():
                return

    async def _renew(self) -> bool:
        """Write the time into the Lease; False when the Lease is another's. A deleted Lease is made anew by whoever comes first.

        The Lease is read only when it is not as this process left it: the server refuses a write over a change.
        """
        if self._written is not None:
            try:
                await self._write(self._written)
            except ApiError as error:
                self._written = None
                if error.status not in {404, 409}:
                    raise
            else:
                return True
        lease = await self.client.get(f"{self._collection}/{self.name}")
        if lease is not None and lease["spec"].get("holderIdentity") != self.identity:
            return False
        await self._write(lease)
        return True

    async def _write(self, lease: Object | None) -> None:
        """Create the Lease, or write over the one that was read."""
        if lease is None:
            self._written = await self.client.create(self._collection, self._body(None))
        else:
            self._written = await self.client.replace(f"{self._collection}/{self.name}", self._body(lease))

    async def release(self) -> None:
        """Give the Lease up, so that a standby need not wait for its expiry."""
        self._renewed = None
        try:
            lease = await self.client.get(f"{self._collection}/{self.name}")
            if lease is not None and lease["spec"].get("holderIdentity") == self.identity:
                body = self._body(lease)
                body["spec"]["holderIdentity"] = ""
                await self.client.replace(f"{self._collection}/{self.name}", body)
        except (ApiError, *TRANSIENT):
            return
