"""The settings of a run, and the access to its Redis, that arguments ask for."""

import argparse
import os
from dataclasses import replace

from leadmodel_privacy.backfill import outputs
from leadmodel_privacy.backfill.errors import Refused
from leadmodel_privacy.backfill.limits import Limits
from leadmodel_privacy.backfill.servers import Access
from leadmodel_privacy.backfill.settings import Settings
from leadmodel_privacy.backfill.state import check_name
from leadmodel_privacy.backfill.task import Redact, Task
from leadmodel_privacy.configuration import Config, ConfigError, loads, with_names


def redaction(given: argparse.Namespace) -> Task:
    """The redaction that the arguments ask for. Raises Refused where the detector's configuration cannot be used."""
    return Redact(_config_of(given))


def settings_of(given: argparse.Namespace, task: Task) -> Settings:
    """The settings that the arguments ask for.

    Raises:
        Refused: A value is out of range.
    """
    if not 0 < given.sample <= 1 or not 0 < given.server_share <= 1:
        raise Refused("--sample and --server-share take a share, above 0 and at most 1")
    if not 1 <= given.page <= 5000 or given.max_keys < 0 or given.keys_per_second < 0:
        raise Refused("--page takes 1 to 5000; --max-keys and --keys-per-second take 0 or more")
    longest = getattr(given, "max_message", Limits().message_chars)
    if not 1 <= given.max_stream_entries <= 100_000 or not 100 <= longest <= 10_000_000:
        raise Refused("--max-stream-entries takes 1 to 100000, --max-message 100 to 10000000")
    return Settings(
        patterns=tuple(given.match),
        task=task,
        apply=given.apply,
        name=check_name(given.name),
        stamps=getattr(given, "stamps", False),
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
        message_chars=getattr(given, "max_message", Limits().message_chars),
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
