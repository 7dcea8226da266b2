"""`leadmodel-followup run`: what the pod runs. A bell, workers, look-ups and the HTTP server, each in a process of its own."""

import argparse
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

from leadmodel_followup.commands.access import Access, access, require_key
from leadmodel_followup.commands.access import add_arguments as add_access
from leadmodel_followup.ledger.errors import LedgerUnavailable, UnsafeServer
from leadmodel_followup.ledger.server_check import check_server
from leadmodel_messages.exits import FollowUpExit

_FOLDER = Path("/etc/leadmodel")
_PATIENCE_S = 60.0
_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folders of a pod, where to listen, and what may be risked."""
    add_access(parser)
    for name, at, meaning in (
        ("templates", _FOLDER / "templates", "folder of templates"),
        ("channels", _FOLDER / "channels", "folder with one folder of secrets per channel"),
        ("intake-token", _FOLDER / "intake" / "token", "bearer token of the intake"),
    ):
        parser.add_argument(
            f"--{name}", type=Path, default=at, metavar="PATH", help=f"{meaning} (default: %(default)s)"
        )
    parser.add_argument(
        "--host", default="", help="address to listen on; empty: all, IPv4 and IPv6 (default)"
    )
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: 8080)")
    parser.add_argument(
        "--allow-unsafe-redis",
        action="store_true",
        help="go on with a Redis that may forget what it acknowledged: follow-ups may be lost",
    )
    parser.add_argument(
        "--console",
        action="store_true",
        help="send nothing out, whatever the settings name: each channel only logs, as Console does",
    )
    parser.add_argument("--times", default="", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # which logs URLs at INFO
    own = access(arguments)
    _wait_for_safe(own, unsafe=arguments.allow_unsafe_redis)
    require_key(own, keep=True)
    folder = _prepare(own)
    try:
        from leadmodel_followup.commands.pod import Pod  # reads what _prepare has put into the environment

        return FollowUpExit.DONE if Pod(own, arguments).run() else FollowUpExit.NO
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_safe(own: Access, *, unsafe: bool) -> None:
    """Check the server, which may still be starting. Raises LedgerUnavailable, UnsafeServer."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            check_server(own.client)
        except LedgerUnavailable:
            if time.monotonic() > until:
                raise
            time.sleep(1)
        except UnsafeServer as error:
            if not unsafe:
                raise
            _LOG.warning("%s; going on, because --allow-unsafe-redis is given", error)
            return
        else:
            return


def _prepare(own: Access) -> Path:
    """Set what libraries read from the environment when they are imported: RQ its keys, the metrics their folder. Returns that folder."""
    spec = own.settings.spec
    os.environ["RQ_KEY_PREFIX"] = f"fu:{{{own.settings.tenant}}}:rq:{spec.plan}"
    memory = Path("/dev/shm")  # noqa: S108  # a folder of this process inside; writable where the root of a container is not
    at = memory if os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="leadmodel-followup-", dir=at))
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return folder
