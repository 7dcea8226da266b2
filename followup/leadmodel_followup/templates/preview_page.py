"""The page of a preview: one file without scripts, which loads nothing. E-mails stand in frames that may do nothing."""

from collections.abc import Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, StrictUndefined

from leadmodel_followup.planning.spec import DAY_MS, HOUR_MS, Step
from leadmodel_followup.settings.settings import Settings
from leadmodel_followup.templates.files import Problem
from leadmodel_followup.templates.preview import Preview
from leadmodel_followup.templates.templates import Kind

_TITLES = {Kind.SMS: "SMS", Kind.EMAIL: "e-mail", Kind.WHATSAPP: "WhatsApp"}


def page(shown: Sequence[Preview], wrong: Sequence[Problem], settings: Settings, digest: str) -> str:
    """The page as HTML."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, cache_size=0
    )
    source = files("leadmodel_followup.templates").joinpath("page.html").read_text(encoding="utf-8")
    languages = list(dict.fromkeys(one.language for one in shown))
    leads = list(dict.fromkeys(one.sample.title for one in shown))
    return environment.from_string(source).render(
        plan=settings.spec.plan,
        problems=wrong,
        most=settings.max_segments,
        languages=languages,
        leads=leads,
        steps=[
            _step(list(messages), settings, languages, leads)
            for _, messages in groupby(shown, key=lambda one: one.use.path)
        ],
        digest=digest,
        settings_digest=settings.digest,
    )


def _step(
    messages: list[Preview], settings: Settings, languages: list[str], leads: list[str]
) -> dict[str, Any]:
    use = messages[0].use
    return {
        "name": use.step.name,
        "when": when(use.step),
        "title": _TITLES[use.kind],
        "band": use.band,
        "kind": use.kind,
        "sender": settings.channels[use.step.channel].sender,
        "messages": [_message(one, languages, leads) for one in messages],
    }


def _message(one: Preview, languages: list[str], leads: list[str]) -> dict[str, Any]:
    taken = one.rendered.language if one.rendered else one.language
    return {
        "lead": one.sample.title,
        "lead_number": leads.index(one.sample.title) + 1,
        "language": one.language,
        "language_number": languages.index(one.language) + 1,
        "fallback": "" if taken == one.language else taken,
        "rendered": one.rendered,
        "reason": one.reason,
        "split": one.split,
    }


def when(step: Step) -> str:
    """When a step is due, in the largest unit that is exact."""
    for size, unit in ((DAY_MS, "day"), (HOUR_MS, "hour"), (60_000, "minute"), (1000, "second")):
        number, rest = divmod(step.after_ms, size)
        if number and not rest:
            return f"{number} {unit}{'' if number == 1 else 's'} after the lead"
    return "at once"
