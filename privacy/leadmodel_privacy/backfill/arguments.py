"""The arguments of `leadmodel-privacy backfill`, and the settings that the arguments ask for."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from leadmodel_messages import duration, termination
from leadmodel_privacy.backfill import outputs
from leadmodel_privacy.backfill.errors import Refused
from leadmodel_privacy.backfill.servers import Access
from leadmodel_privacy.backfill.settings import Limits, Settings
from leadmodel_privacy.backfill.state import check_name
from leadmodel_privacy.configuration import Config, ConfigError, loads, with_names
from leadmodel_privacy.detect_command import add_names


def add_arguments(p: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to its parser."""
    _add_selection(p)
    _add_connection(p)
    _add_outputs(p)
    _add_limits(p)


def _add_selection(p: argparse.ArgumentParser) -> None:
    p.add_argument("--match", action="append", required=True, metavar="GLOB", help="keys to read; repeatable")
    p.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME",
        help="field of JSON messages, hashes and stream entries that holds text; repeatable; none: every text",
    )
    p.add_argument(
        "--config", type=Path, metavar="FILE", help="settings of the detector, as JSON; see docs/privacy.md"
    )
    add_names(p)
    p.add_argument("--apply", action="store_true", help="redact; without it nothing of yours is written")
    p.add_argument(
        "--sample", type=float, default=1.0, metavar="SHARE", help="a first look at this share of keys"
    )
    p.add_argument("--max-keys", type=int, default=0, metavar="N", help="a first look that ends after N keys")
    p.add_argument(
        "--changed-configuration",
        action="store_true",
        help="apply although the last dry run had another configuration",
    )
    p.add_argument(
        "--stamps",
        action="store_true",
        help="remember clean keys (8 bytes a key, in this Redis), so that the next run skips what did not change",
    )


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
        "--wait", type=_seconds, default=3600.0, metavar="1h", help="for a Redis or a lease that is not there"
    )
    p.add_argument("--lease", type=_seconds, default=60.0, help=argparse.SUPPRESS)


def _add_outputs(p: argparse.ArgumentParser) -> None:
    p.add_argument("--report", default="redis", metavar="redis|none|URI", help="where the report goes")
    p.add_argument("--audit", default="redis", metavar="redis|none|URI", help="where the audit record goes")
    p.add_argument(
        "--retention", type=_seconds, default=30 * 86400.0, metavar="720h", help="how long reports live"
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
    p.add_argument(
        "--max-message",
        type=int,
        default=limits.message_chars,
        metavar="N",
        help="longer texts (characters) are left",
    )


def _seconds(text: str) -> float:
    """Seconds of a number of seconds, or of a duration such as `90s`, `5m`, `1h30m` or `720h`."""
    try:
        value = float(text)
    except ValueError:
        value = duration.parse(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value


def settings_of(given: argparse.Namespace) -> Settings:
    """The settings that the arguments ask for.

    Raises:
        Refused: A value is out of range, or the detector's configuration cannot be used.
    """
    if not 0 < given.sample <= 1 or not 0 < given.server_share <= 1:
        raise Refused("--sample and --server-share take a share, above 0 and at most 1")
    if not 1 <= given.page <= 5000 or given.max_keys < 0 or given.keys_per_second < 0:
        raise Refused("--page takes 1 to 5000; --max-keys and --keys-per-second take 0 or more")
    if not 1 <= given.max_stream_entries <= 100_000 or not 100 <= given.max_message <= 10_000_000:
        raise Refused("--max-stream-entries takes 1 to 100000, --max-message 100 to 10000000")
    return Settings(
        patterns=tuple(given.match),
        detector=_config_of(given),
        apply=given.apply,
        name=check_name(given.name),
        stamps=given.stamps,
        sample=given.sample,
        max_keys=given.max_keys,
        changed_configuration=given.changed_configuration,
        retention_s=int(given.retention),
        wait_s=given.wait,
        lease_s=max(1.0, given.lease),
        report=outputs.check(given.report, "--report"),
        audit=outputs.check(given.audit, "--audit"),
        triggered_by=given.triggered_by[:256],
        image=given.image[:512],
        limits=_limits_of(given),
    )


def _config_of(given: argparse.Namespace) -> Config:
    try:
        config = loads(given.config.read_bytes()) if given.config is not None else Config()
        config = with_names(config, given.names, given.keep)
        return replace(config, fields=tuple(given.field)) if given.field else config
    except ConfigError as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{given.config} cannot be read: {error.strerror}") from None


def _limits_of(given: argparse.Namespace) -> Limits:
    return Limits(
        page=given.page,
        keys_per_second=given.keys_per_second,
        server_share=given.server_share,
        stream_entries=given.max_stream_entries,
        message_chars=given.max_message,
    )


def access_of(given: argparse.Namespace) -> Access:
    """The URL and login of the Redis.

    Raises:
        Refused: No URL is given or the URL cannot be used, or the password file cannot be read.
    """
    if not given.redis:
        raise Refused("no Redis given; set REDIS_URL or --redis redis://host:6379/0")
    password = os.environ.get("REDIS_PASSWORD", "").rstrip("\r\n")
    if given.password_file is not None:
        try:
            password = given.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Refused(f"{given.password_file} cannot be read: {error.strerror}") from None
    access = Access(
        given.redis.strip(), given.username.strip(), password, given.tls_ca, given.tls_cert, given.tls_key
    )
    access.check()
    return access
