"""The real API server answers as the operator and the fake API server assume; the client is the operator's own."""

import asyncio

import pytest

from e2e.harness.subject import Cluster
from leadmodel_operator.__main__ import now
from leadmodel_operator.kubernetes.apiserver import kubeconfig
from leadmodel_operator.kubernetes.apiserver.client import Client
from worlds.api_conformance import CHECKS, an_expired_version_cannot_be_watched_from

pytestmark = pytest.mark.infrastructure


# A young cluster still knows its first version, so nothing has expired here.
HERE = [check for check in CHECKS if check is not an_expired_version_cannot_be_watched_from]


@pytest.mark.parametrize("check", HERE, ids=lambda check: check.__name__)
def test_the_real_server_conforms(check, cluster: Cluster, namespace: str):
    async def requests() -> int:
        client = Client(kubeconfig.load(cluster.kubeconfig, now))
        try:
            await check(client, namespace)
            return client.counts.total()
        finally:
            await client.close()

    assert asyncio.run(requests()) > 1  # and every answer was as assumed
