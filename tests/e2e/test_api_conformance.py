"""The real API server answers as the operator and the fake API server assume; the client is the operator's own."""

import asyncio

import pytest

from e2e.harness.subject import Cluster
from leadmodel_operator.__main__ import now
from leadmodel_operator.kubernetes.apiserver import kubeconfig
from leadmodel_operator.kubernetes.apiserver.client import Client
from worlds.api_conformance import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_real_server_conforms(check, cluster: Cluster, namespace: str):
    async def requests() -> int:
        client = Client(kubeconfig.load(cluster.kubeconfig, now))
        try:
            await check(client, namespace)
            return client.counts.total()
        finally:
            await client.close()

    assert asyncio.run(requests()) > 1  # and every answer was as assumed
