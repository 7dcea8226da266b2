"""What is wrong with a plan in this moment, for the report of a pod."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leadmodel_followup.channels.make import unknown_providers
from leadmodel_followup.channels.needs import missing
from leadmodel_followup.dispatch.live_templates import LiveTemplates
from leadmodel_followup.planning.identity import OTHER_KEY, ContactHasher
from leadmodel_followup.settings.settings import Settings
from leadmodel_followup.templates.problems import problems
from leadmodel_messages.followups_report import FollowUpsProblem


@dataclass(frozen=True)
class SecretFiles:
    """Where the secrets of a pod lie, and the key that runs. `channels` None: no channel needs any, because nothing is sent out."""

    channels: Path | None
    contact_key: Path
    intake_token: Path
    running: ContactHasher

    def problems(self, settings: Settings) -> Iterator[FollowUpsProblem]:
        """What is missing now, by the field of the resource that names the Secret, and which providers are not installed."""
        unknown = unknown_providers(settings.channels) if self.channels is not None else ()
        for channel, reason in unknown:
            yield FollowUpsProblem("settings", f"channels.{channel}.provider: {reason}")
        needed = missing(settings.channels, self.channels) if self.channels is not None else ()
        for channel, key in needed:
            yield FollowUpsProblem(f"channels.{channel}.secretName", f"the Secret has no usable {key}")
        try:
            hasher = ContactHasher(settings.tenant, self.contact_key.read_bytes().strip())
        except (OSError, ValueError):
            yield FollowUpsProblem("contactKey", "the Secret has no key of 16 bytes or more")
        else:
            if hasher != self.running:
                yield FollowUpsProblem("contactKey", OTHER_KEY)
        try:
            token = self.intake_token.read_bytes().strip()
        except OSError:
            token = b""
        if not token:
            yield FollowUpsProblem("intake", "the Secret has no token: leads are refused")


@dataclass(frozen=True)
class Problems:
    """Looks through settings, secrets and templates; to be called for the digest of the templates and what is wrong now.

    Attributes:
        settings: The settings that run.
        templates: The templates as they are now.
        secrets: Where the secrets lie.
        refused: Says why what changed in the files cannot take the place of what runs, None where it can.
    """

    settings: Settings
    templates: LiveTemplates
    secrets: SecretFiles
    refused: Callable[[], FollowUpsProblem | None]

    def __call__(self) -> tuple[str | None, tuple[FollowUpsProblem, ...]]:
        """The digest of the templates, None where there are none, and each problem."""
        refused = self.refused()
        found = [refused] if refused is not None else []
        found += self.secrets.problems(self.settings)
        try:
            templates = self.templates()
        except OSError as error:
            reason = f"cannot be read ({type(error).__name__})"
            return None, (*found, FollowUpsProblem("templates", reason))
        found += (FollowUpsProblem(one.field, one.reason) for one in problems(templates, self.settings))
        return templates.digest, tuple(found)
