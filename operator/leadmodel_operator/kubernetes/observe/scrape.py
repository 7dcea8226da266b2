"""Asks pods of ours for their drift window: 2 seconds, 256 KiB, no redirects. Whatever else comes is no answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.render.names import Object, path
from leadmodel_operator.kubernetes.render.objects import PORT
from leadmodel_operator.planning.scraping import TIMEOUT_S, WINDOW_LIMIT, read_window, window_target

AT_ONCE = 32  # requests in flight


@dataclass
class Scraper:
    """Requests to pods: at their address, or through the API server (`proxy`) where the operator has no route to pods."""

    client: Client
    proxy: bool = False

    def __post_init__(self) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = (
            self.client.access.session(timeout=timeout)
            if self.proxy
            else aiohttp.ClientSession(timeout=timeout)
        )
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        """Close the connections to the pods."""
        await self._session.close()

    async def windows(self, pods: Sequence[Object], since: float | None) -> dict[str, Window]:
        """Return windows by pod name, of pods that answered."""
        windows = await asyncio.gather(*(self._window(pod, since) for pod in pods))
        return {
            pod["metadata"]["name"]: window
            for pod, window in zip(pods, windows, strict=True)
            if window is not None
        }

    async def _window(self, pod: Object, since: float | None) -> Window | None:
        return read_window(await self.fetch(pod, window_target(since), WINDOW_LIMIT))

    async def fetch(self, pod: Object, target: str, limit: int) -> bytes | None:
        """Return the body of a 200 answer of at most `limit` bytes; None for any other answer or none."""
        url = self._address(pod, target)
        if url is None:
            return None
        try:
            async with self._slots, self._session.get(url, allow_redirects=False) as response:
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
