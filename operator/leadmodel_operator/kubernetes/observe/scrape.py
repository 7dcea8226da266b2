"""Asks pods of ours for their drift window: 2 seconds, 512 KiB, no redirects. Whatever else comes is no answer.

One LeadModel has 4 seconds and 16 MiB for all of its pods, and one namespace a third of the requests in flight: pods that are mute, slow
or talkative cost their own LeadModel its figures, and others nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp

from leadmodel_messages.followups_report import FollowUpsReport
from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.render.names import Object, path
from leadmodel_operator.kubernetes.render.objects import PORT
from leadmodel_operator.kubernetes.turns import Slots
from leadmodel_operator.planning.scraping import (
    REPORT_LIMIT,
    REPORT_TARGET,
    TIMEOUT_S,
    WINDOW_LIMIT,
    read_report,
    read_window,
    window_target,
)

T = TypeVar("T")
log = logging.getLogger("leadmodel")
AT_ONCE, AT_ONCE_EACH = 48, 16  # requests in flight, and those of one namespace
LARGE_AT_ONCE = 2  # requests for artifacts in flight, one for each namespace
PASS_S = 4.0  # for the windows of one LeadModel
PASS_LIMIT = 16 * 1024 * 1024  # bytes of the windows of one LeadModel
NAMED = 1000  # pods remembered whose answer could not be read


@dataclass
class Scraper:
    """Requests to pods: at their address, or through the API server (`proxy`) where the operator has no route to pods."""

    client: Client
    proxy: bool = False
    _unread: set[str] = field(default_factory=set)  # UIDs

    def __post_init__(self) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = (
            self.client.access.session(timeout=timeout)
            if self.proxy
            else aiohttp.ClientSession(timeout=timeout)
        )
        self._slots, self._large = Slots(AT_ONCE, AT_ONCE_EACH), Slots(LARGE_AT_ONCE, 1)

    async def close(self) -> None:
        """Close the connections to the pods."""
        await self._session.close()

    async def windows(self, pods: Sequence[Object], since: float | None) -> dict[str, Window]:
        """Return windows by pod name, of pods that answered in time and within the limits."""
        return await self._ask(pods, window_target(since), WINDOW_LIMIT, read_window)

    async def reports(self, pods: Sequence[Object]) -> dict[str, FollowUpsReport]:
        """Return what pods report of follow-ups by pod name, of pods that answered in time and within the limits."""
        return await self._ask(pods, REPORT_TARGET, REPORT_LIMIT, read_report)

    async def _ask(
        self, pods: Sequence[Object], target: str, limit: int, read: Callable[[bytes | None], T | None]
    ) -> dict[str, T]:
        answers: dict[str, T] = {}
        size = 0

        async def ask(pod: Object) -> None:
            nonlocal size
            raw = await self.fetch(pod, target, limit)
            size += len(raw or b"")
            answer = read(raw) if size <= PASS_LIMIT else None
            if answer is not None:
                answers[pod["metadata"]["name"]] = answer
            elif raw is not None:
                self._name_unread(pod)

        tasks = [asyncio.create_task(ask(pod)) for pod in pods]
        try:
            await asyncio.wait(tasks, timeout=PASS_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return answers

    def _name_unread(self, pod: Object) -> None:
        """Log once that a pod answered something that cannot be read; the pod counts as one that did not answer."""
        metadata = pod["metadata"]
        if metadata["uid"] in self._unread:
            return
        if len(self._unread) >= NAMED:
            self._unread.clear()
        self._unread.add(metadata["uid"])
        fields = {"namespace": metadata["namespace"], "pod": metadata["name"]}
        log.warning("the drift window of a pod cannot be read", extra={"fields": fields})

    async def fetch_artifact(self, pod: Object, digest: str, limit: int) -> bytes | None:
        """Return the artifact with this digest from a pod that serves it; few at once, for an artifact has megabytes."""
        async with self._large.of(pod["metadata"]["namespace"]):
            return await self.fetch(pod, f"/ops/artifact?digest={digest}", limit)

    async def fetch(self, pod: Object, target: str, limit: int) -> bytes | None:
        """Return the body of a 200 answer of at most `limit` bytes; None for any other answer or none."""
        url = self._address(pod, target)
        if url is None:
            return None
        try:
            async with (
                self._slots.of(pod["metadata"]["namespace"]),
                self._session.get(url, allow_redirects=False) as response,
            ):
                return await _body(response, limit) if response.status == 200 else None
        except (TimeoutError, OSError, aiohttp.ClientError):
            return None

    def _address(self, pod: Object, target: str) -> str | None:
        metadata = pod["metadata"]
        if self.proxy:
            name = f"{metadata['name']}:{PORT}"
            return f"{self.client.access.server}{path('pods', metadata['namespace'], name, 'proxy')}{target}"
        ip = pod.get("status", {}).get("podIP")
        return f"http://{f'[{ip}]' if ':' in ip else ip}:{PORT}{target}" if ip else None


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    parts, size = [], 0
    async for part in response.content.iter_chunked(1 << 16):
        parts.append(part)
        size += len(part)
        if size > limit:
            return None
    return b"".join(parts)
