"""Leader election by a Lease: acquire, renew, release. A leader that cannot renew in time must stop at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.kubernetes.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.names import Object

DURATION_S, RENEW_S, RETRY_S = 15.0, 10.0, 2.0


@dataclass
class Lease:
    """One Lease, as one candidate sees it. Expiry is judged by when *we* saw it change, never by the other's clock."""

    client: Client
    namespace: str
    name: str
    identity: str
    clock: Callable[[], datetime]
    _seen: tuple[str, float] = ("", 0.0)

    @property
    def _collection(self) -> str:
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"

    async def acquire(self) -> None:
        """Wait until we hold it."""
        while not await self._try():  # noqa: ASYNC110  # nobody here sets an event: the Lease lives on the server
            await asyncio.sleep(RETRY_S)

    async def _try(self) -> bool:
        try:
            found = await self.client.get(f"{self._collection}/{self.name}")
            if found is None:
                await self.client.create(self._collection, self._body(None))
                return True
            if not self._free(found):
                return False
            await self.client.replace(f"{self._collection}/{self.name}", self._body(found))
        except (ApiError, *TRANSIENT):
            return False
        return True

    def _free(self, found: Object) -> bool:
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
        renewed = loop.time()
        while True:
            await asyncio.sleep(RETRY_S)
            try:
                found = await asyncio.wait_for(
                    self.client.get(f"{self._collection}/{self.name}"), RENEW_S / 2
                )
                if found is None or found["spec"].get("holderIdentity") != self.identity:
                    return
                await asyncio.wait_for(
                    self.client.replace(f"{self._collection}/{self.name}", self._body(found)), RENEW_S / 2
                )
                renewed = loop.time()
            except (ApiError, *TRANSIENT):
                if loop.time() - renewed > RENEW_S:
                    return

    async def release(self) -> None:
        """Give it up, so that a standby need not wait for it to expire."""
        try:
            found = await self.client.get(f"{self._collection}/{self.name}")
            if found is not None and found["spec"].get("holderIdentity") == self.identity:
                body = self._body(found)
                body["spec"]["holderIdentity"] = ""
                await self.client.replace(f"{self._collection}/{self.name}", body)
        except (ApiError, *TRANSIENT):
            return
