"""`leadmodel-operator`: arguments → a process that watches, elects a leader and reconciles. The only place that reads the wall clock."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import asyncio
import gc
import os
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit
from uuid import uuid4

from leadmodel_messages.exits import OperatorExit
from leadmodel_messages.leaving import leave
from leadmodel_messages.places import SERVICE_ACCOUNT
from leadmodel_operator.kubernetes.apiserver.access import Access, AccessError
from leadmodel_operator.kubernetes.apiserver.connect import find_access
from leadmodel_operator.kubernetes.process import logs
from leadmodel_operator.kubernetes.process.manager import Manager, Settings
from leadmodel_operator.kubernetes.process.webhook import DECISIONS, WebhookSettings
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.resource.vocabulary import EventReason

GARBAGE = 20_000  # new objects between two searches for cycles; Python's 700 suits programs that keep little


def parser() -> argparse.ArgumentParser:
    """Make the parser of the program's arguments."""
    p = argparse.ArgumentParser(
        prog="leadmodel-operator",
        description="The LeadModel operator, in a cluster or beside one (KUBECONFIG).",
    )
    p.add_argument("--predictor-image", required=True, help="image that serves, validates and polls")
    p.add_argument("--training-image", default="", help="image of the nightly retraining")
    p.add_argument("--privacy-image", default="", help="image of the PII backfill")
    p.add_argument("--followup-image", default="", help="image that sends follow-ups")
    p.add_argument(
        "--namespace",
        action="append",
        default=[],
        help="watch only this namespace (may be given again); default: all",
    )
    _add_lease(p)
    p.add_argument(
        "--scrape",
        choices=["pod", "proxy", "off"],
        default="pod",
        help="ask pods for their drift windows directly, through the API server, or never",
    )
    p.add_argument("--host", default="", help="address of /healthz, /readyz and /metrics (default: all)")
    p.add_argument("--port", type=int, default=8080, help="their port (default: 8080)")
    p.add_argument("--log-level", choices=logs.LEVELS, default="info", help="least level (default: info)")
    p.add_argument("--log-format", choices=[*logs.FORMATS], default="json", help="form (default: json)")
    _add_webhook(p)
    return p


def _add_webhook(p: argparse.ArgumentParser) -> None:
    where = p.add_mutually_exclusive_group()
    where.add_argument(
        "--webhook-url", default="", help="send decisions here, as JSON that Slack understands"
    )
    where.add_argument("--webhook-url-file", type=Path, help="the same, for an address that is a secret")
    p.add_argument(
        "--webhook-key-file", type=Path, help="sign messages (HMAC-SHA256) with the key in this file"
    )
    p.add_argument(
        "--webhook-reason",
        action="append",
        default=[],
        choices=[str(reason) for reason in EventReason],
        metavar="REASON",
        help=f"send only events with this reason (may be given again); default: {', '.join(DECISIONS)}",
    )


def webhook(options: argparse.Namespace) -> WebhookSettings | None:
    """Read the webhook's options; None without an address.

    Raises:
        ValueError: the address is none, or there is a key but no address. The text never shows the address.
    """
    if not options.webhook_url and options.webhook_url_file is None:
        if options.webhook_key_file or options.webhook_reason:
            raise ValueError(
                "--webhook-key-file and --webhook-reason need --webhook-url or --webhook-url-file"
            )
        return None
    if options.webhook_url and not _is_address(options.webhook_url):
        raise ValueError("--webhook-url: write an address that begins with https:// or http://")
    reasons = tuple(options.webhook_reason) or DECISIONS
    return WebhookSettings(options.webhook_url, options.webhook_url_file, options.webhook_key_file, reasons)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _add_lease(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--lease-namespace",
        default=os.environ.get("POD_NAMESPACE", "default"),
        help="namespace of the leader's Lease",
    )
    p.add_argument("--lease-name", default="leadmodel-operator", help="name of the leader's Lease")
    p.add_argument("--identity", default="", help="who holds the Lease (default: the name of this pod)")


def now() -> datetime:
    """Read the clock: the present instant, UTC."""
    return datetime.now(UTC)  # noqa: TID251  # outermost layer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program until it is stopped; its exit code."""
    options = parser().parse_args(arguments)
    try:
        hook = webhook(options)
    except ValueError as error:
        print(f"leadmodel-operator: {error}", file=sys.stderr)
        return OperatorExit.USAGE
    logs.configure(options.log_level, options.log_format)
    gc.freeze()  # modules stay for the life of the process
    gc.set_threshold(GARBAGE, 10, 10)
    try:
        access = find_access(now)
    except AccessError as error:
        print(f"leadmodel-operator: no access to a cluster: {error}", file=sys.stderr)
        return OperatorExit.USAGE
    return asyncio.run(_run(options, access, hook))


async def _run(options: argparse.Namespace, access: Access, hook: WebhookSettings | None) -> int:
    settings = Settings(
        images=Images(
            options.predictor_image, options.training_image, options.privacy_image, options.followup_image
        ),
        identity=options.identity or identity(),
        namespaces=tuple(options.namespace),
        lease_namespace=options.lease_namespace,
        lease_name=options.lease_name,
        scrape=options.scrape,
        host=options.host,
        port=options.port,
        webhook=hook,
    )
    return await Manager(access, settings, now).run()


def identity() -> str:
    """Name this process in the Lease: in a pod the pod's name, so that a restarted container takes its own Lease back at once.

    Elsewhere a random suffix follows the host's name, since two processes of one host may run.
    """
    host = socket.gethostname()
    return host if (SERVICE_ACCOUNT / "token").exists() else f"{host}-{uuid4().hex[:8]}"


def program() -> NoReturn:
    """Run `leadmodel-operator` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
