"""The arguments of `leadmodel-privacy backfill`; those of every run over a Redis serve other programs, too."""

import argparse
import os
from pathlib import Path

from leadmodel_messages import duration, termination
from leadmodel_privacy.backfill.limits import Limits
from leadmodel_privacy.detect_command import add_names


def add_arguments(p: argparse.ArgumentParser) -> None:
    """Add the arguments of the redaction to its parser."""
    limits = Limits()
    add_selection(p, "redact; without it nothing of yours is written")
    p.add_argument(
        "--config", type=Path, metavar="FILE", help="settings of the detector, as JSON; see docs/privacy.md"
    )
    add_names(p)
    p.add_argument(
        "--stamps",
        action="store_true",
        help="remember clean keys (8 bytes a key, in this Redis), so that the next run skips what did not change",
    )
    add_run(p)
    p.add_argument(
        "--max-message",
        type=int,
        default=limits.message_chars,
        metavar="N",
        help="longer texts (characters) are left",
    )


def add_selection(p: argparse.ArgumentParser, apply: str, fields: str = "every text") -> None:
    """Add what to read, and whether to write: `apply` says what is written, `fields` what is read without `--field`."""
    p.add_argument("--match", action="append", required=True, metavar="GLOB", help="keys to read; repeatable")
    p.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME",
        help=f"field of JSON messages, hashes and stream entries that holds text; repeatable; none: {fields}",
    )
    p.add_argument("--apply", action="store_true", help=apply)
    p.add_argument(
        "--sample", type=float, default=1.0, metavar="SHARE", help="a first look at this share of keys"
    )
    p.add_argument("--max-keys", type=int, default=0, metavar="N", help="a first look that ends after N keys")
    p.add_argument(
        "--changed-configuration",
        action="store_true",
        help="apply although the last dry run had another configuration",
    )


def add_run(p: argparse.ArgumentParser) -> None:
    """Add what every run over a Redis takes: connection, outputs and limits."""
    _add_connection(p)
    _add_outputs(p)
    _add_limits(p)


def _add_connection(p: argparse.ArgumentParser) -> None:
    p.add_argument("--redis", metavar="URL", default=os.environ.get("REDIS_URL"), help="default: REDIS_URL")
    p.add_argument(
        "--username",
        default=os.environ.get("REDIS_USERNAME", ""),
        help="user, instead of the URL's; default: REDIS_USERNAME",
    )
    p.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="file with the password, instead of the URL's; default: REDIS_PASSWORD, the password itself",
    )
    p.add_argument("--tls-ca", default="", metavar="FILE", help="certificates to trust, for rediss://")
    p.add_argument("--tls-cert", default="", metavar="FILE", help="our certificate")
    p.add_argument("--tls-key", default="", metavar="FILE", help="its key")
    p.add_argument("--name", default="default", help="runs of one name share lease, checkpoint and reports")
    p.add_argument(
        "--wait", type=seconds, default=3600.0, metavar="1h", help="for a Redis or a lease that is not there"
    )
    p.add_argument("--lease", type=seconds, default=60.0, help=argparse.SUPPRESS)


def _add_outputs(p: argparse.ArgumentParser) -> None:
    p.add_argument("--report", default="redis", metavar="redis|none|URI", help="where the report goes")
    p.add_argument("--audit", default="redis", metavar="redis|none|URI", help="where the audit record goes")
    p.add_argument(
        "--retention", type=seconds, default=30 * 86400.0, metavar="720h", help="how long reports live"
    )
    p.add_argument(
        "--triggered-by", default=os.environ.get("HOSTNAME", ""), help="who or what, for the audit record"
    )
    p.add_argument("--image", default="", help="what runs, for the audit record")
    termination.add_option(p)


def _add_limits(p: argparse.ArgumentParser) -> None:
    limits = Limits()
    p.add_argument(
        "--keys-per-second", type=float, default=0, metavar="N", help="not faster than this; 0: no limit"
    )
    p.add_argument(
        "--server-share",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="at most this share of the time on the server",
    )
    p.add_argument(
        "--page", type=int, default=limits.page, metavar="N", help="keys a SCAN call looks at, at most 5000"
    )
    p.add_argument(
        "--max-stream-entries",
        type=int,
        default=limits.stream_entries,
        metavar="N",
        help="longer streams are left",
    )


def seconds(text: str) -> float:
    """Seconds of a number of seconds, or of a duration such as `90s`, `5m`, `1h30m` or `720h`."""
    try:
        value = float(text)
    except ValueError:
        value = duration.parse(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value
