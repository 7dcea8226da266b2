"""`leadmodel-operator`: arguments → a process that watches, elects a leader and reconciles. The only place that reads the clock."""

import argparse
import asyncio
import gc
import os
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from leadmodel_messages.places import SERVICE_ACCOUNT
from leadmodel_operator.kubernetes.apiserver.client import Access, access
from leadmodel_operator.kubernetes.applier import Images
from leadmodel_operator.kubernetes.process import logs
from leadmodel_operator.kubernetes.process.manager import Manager, Settings

GARBAGE = 20_000  # new objects until cycles are looked for; Python's 700 suits programs that keep little


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    p = argparse.ArgumentParser(
        prog="leadmodel-operator",
        description="The LeadModel operator, in a cluster or beside one (KUBECONFIG).",
    )
    p.add_argument("--predictor-image", required=True, help="image that serves, validates and polls")
    p.add_argument("--training-image", default="", help="image of the nightly retraining")
    p.add_argument("--privacy-image", default="", help="image of the PII backfill")
    p.add_argument(
        "--namespace",
        action="append",
        default=[],
        help="watch only this namespace (may be given again); default: all",
    )
    p.add_argument(
        "--lease-namespace",
        default=os.environ.get("POD_NAMESPACE", "default"),
        help="namespace of the leader's Lease",
    )
    p.add_argument("--lease-name", default="leadmodel-operator", help="name of the leader's Lease")
    p.add_argument("--identity", default="", help="who holds the Lease (default: the name of this pod)")
    p.add_argument(
        "--scrape",
        choices=["pod", "proxy", "off"],
        default="pod",
        help="ask pods for their drift windows directly, through the API server, or never",
    )
    p.add_argument("--host", default="", help="address of /healthz, /readyz and /metrics (default: all)")
    p.add_argument("--port", type=int, default=8080, help="their port (default: 8080)")
    return p


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)  # noqa: TID251  # outermost layer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    given = parser().parse_args(arguments)
    logs.configure()
    gc.freeze()  # what was imported stays
    gc.set_threshold(GARBAGE, 10, 10)
    try:
        found = access()
    except (OSError, KeyError, ValueError) as error:
        print(f"leadmodel-operator: no access to a cluster: {error}", file=sys.stderr)
        return 2
    return asyncio.run(_run(given, found))


async def _run(given: argparse.Namespace, found: Access) -> int:
    settings = Settings(
        images=Images(given.predictor_image, given.training_image, given.privacy_image),
        identity=given.identity or identity(),
        namespaces=tuple(given.namespace),
        lease_namespace=given.lease_namespace,
        lease_name=given.lease_name,
        scrape=given.scrape,
        host=given.host,
        port=given.port,
    )
    return await Manager(found, settings, now).run()


def identity() -> str:
    """Of a pod its name: a container that is started again takes its own Lease back. Elsewhere nothing is sure to be alone."""
    host = socket.gethostname()
    return host if (SERVICE_ACCOUNT / "token").exists() else f"{host}-{uuid4().hex[:8]}"


if __name__ == "__main__":
    sys.exit(main())
