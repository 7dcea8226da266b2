"""Leader election by a Lease: acquire, renew, release. A leader that cannot renew in time must stop at once.

Who is killed is followed within 13 seconds: 10 until the Lease has expired for who watches it, and a look every two seconds. No
write is sent later than 7 seconds after the last renewal, so none is sent once another may hold it.
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
    """One Lease, as one candidate sees it. Expiry is judged by when *we* saw it change, never by the other's clock."""

    client: Client
    namespace: str
    name: str
    identity: str
    clock: Callable[[], datetime]
    tried: float = 0.0  # when it was last asked for or renewed, on the loop's clock
    _seen: tuple[str, float] = ("", 0.0)
    _renewed: float | None = None
    _ours: Object | None = None  # as our last write left it

    def valid(self) -> bool:
        """Whether nobody else can hold it: renewed so lately that even a request sent now arrives in time."""
        return self._renewed is not None and asyncio.get_running_loop().time() - self._renewed < RENEW_S

    @property
    def _collection(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"

    async def acquire(self) -> None:
        """Wait until we hold it."""
        while not await self._try():  # noqa: ASYNC110  # nobody here sets an event: the Lease lives on the server
            await asyncio.sleep(self._patience())

    def _patience(self) -> float:
        """Until it is free if nobody renews it, at most the usual time."""
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
            found = await self.client.get(f"{self._collection}/{self.name}")
            if found is not None and not self.is_free(found):
                return False
            await self._write(found)
        except (ApiError, *TRANSIENT):
            return False
        return True

    def is_free(self, found: Object) -> bool:
        """Held by nobody, by us, or not renewed for its whole duration since we first saw this version."""
        holder = found["spec"].get("holderIdentity")
        if not holder or holder == self.identity:
            return True
        version, now = found["metadata"]["resourceVersion"], asyncio.get_running_loop().time()
        if self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1] > float(found["spec"].get("leaseDurationSeconds") or DURATION_S)

    def _body(self, found: Object | None) -> Object:
        now = self.clock().isoformat(timespec="microseconds").replace("+00:00", "Z")
        before = (found or {}).get("spec") or {}
        again = before.get("holderIdentity") == self.identity
        about: Object = {"name": self.name, "namespace": self.namespace}
        if found is not None:
            about["resourceVersion"] = found["metadata"]["resourceVersion"]
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": about,
            "spec": {
                "holderIdentity": self.identity,
                "leaseDurationSeconds": int(DURATION_S),
                "acquireTime": before.get("acquireTime", now) if again else now,
                "renewTime": now,
                "leaseTransitions": int(before.get("leaseTransitions") or 0) + (0 if again else 1),
            },
        }

    async def hold(self) -> None:
        """Renew for ever; returns when the lease is lost."""
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
        """Write the time into it; False when it is another's. One that someone deleted is made anew, if we are first.

        It is read only when it is not as we left it: the server refuses a write over a change.
        """
        if self._ours is not None:
            try:
                await self._write(self._ours)
            except ApiError as error:
                self._ours = None
                if error.status not in {404, 409}:
                    raise
            else:
                return True
        found = await self.client.get(f"{self._collection}/{self.name}")
        if found is not None and found["spec"].get("holderIdentity") != self.identity:
            return False
        await self._write(found)
        return True

    async def _write(self, found: Object | None) -> None:
        """Make it, or write over what was found."""
        if found is None:
            self._ours = await self.client.create(self._collection, self._body(None))
        else:
            self._ours = await self.client.replace(f"{self._collection}/{self.name}", self._body(found))

    async def release(self) -> None:
        """Give it up, so that a standby need not wait for it to expire."""
        self._renewed = None
        try:
            found = await self.client.get(f"{self._collection}/{self.name}")
            if found is not None and found["spec"].get("holderIdentity") == self.identity:
                body = self._body(found)
                body["spec"]["holderIdentity"] = ""
                await self.client.replace(f"{self._collection}/{self.name}", body)
        except (ApiError, *TRANSIENT):
            return
