"""The fake API server answers as a real one does: tests/e2e/test_api_conformance.py asks a real one the same."""

import asyncio
import ssl

import pytest

from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.client import Client
from worlds.api_conformance import CHECKS
from worlds.fake_api import FakeApi


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_fake_server_conforms(check):
    async def requests() -> int:
        api = FakeApi()
        api.compacted = api.version  # as in a server that has run for a while
        await api.start()
        client = Client(Access(api.url, ssl.create_default_context()))
        try:
            await check(client, "sales")
            return client.counts.total()
        finally:
            await client.close()
            await api.stop()

    assert asyncio.run(requests()) > 1  # and every answer was as assumed
