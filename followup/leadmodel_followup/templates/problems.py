"""What is wrong with templates under given settings, so that a person learns of it before a lead does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from leadmodel_followup.planning.spec import Step
from leadmodel_followup.settings.settings import Settings
from leadmodel_followup.templates.errors import NotRendered
from leadmodel_followup.templates.files import Part, Problem
from leadmodel_followup.templates.samples import NOTHING, SAMPLES, USUAL, Sample, sample_fields
from leadmodel_followup.templates.segments import Segments, segments
from leadmodel_followup.templates.templates import (
    DEFAULT_LANGUAGE,
    NEEDED,
    Kind,
    Rendered,
    Templates,
    kind_of,
)

_OPT_OUT = re.compile(
    r"\b(STOP|UNSUBSCRIBE|OPTOUT)\b"
)  # words that Twilio acts on, in capitals as recipients are told
_HOLE = re.compile(r"[^\S\n][,.!?;:]|\S {2,}\S")  # what an empty name leaves behind
_WORDS = {
    "empty": "is empty",
    "empty-parameter": "has a parameter that is empty: write {{ name|default('…') }}",
    "too-long": "is longer than the channel takes",
    "field-missing": "names a link that the settings do not have",
    "no-template": "has no such text",
}


@dataclass(frozen=True)
class Use:
    """One template as a step uses it."""

    band: str
    step: Step
    kind: Kind
    first: bool  # of its kind in its band

    @property
    def path(self) -> str:
        """The step's place in the settings."""
        return f"bands.{self.band}.steps.{self.step.name}"


def uses(settings: Settings) -> tuple[Use, ...]:
    """Every step with the kind of its channel, in the order of the settings."""
    found = []
    for band in settings.spec.bands:
        seen: set[Kind] = set()
        for step in band.steps:
            kind = kind_of(settings.channels[step.channel])
            found.append(Use(band.name, step, kind, kind not in seen))
            seen.add(kind)
    return tuple(found)


def problems(templates: Templates, settings: Settings) -> list[Problem]:
    """All problems, each once: files first, then steps in their order. No reason holds a text."""
    every = [*templates.file_problems, *_of_settings(settings)]
    for use in uses(settings):
        every += _of_use(templates, settings, use)
    return list(dict.fromkeys(every))


def _of_settings(settings: Settings) -> Iterator[Problem]:
    if settings.public_url is None and any(use.kind is Kind.EMAIL for use in uses(settings)):
        yield Problem("publicUrl", "is missing: an e-mail needs an address to unsubscribe")


def _of_use(templates: Templates, settings: Settings, use: Use) -> Iterator[Problem]:
    name = use.step.template
    languages = templates.languages(name)
    try:
        templates.language(name, DEFAULT_LANGUAGE, use.kind)
    except NotRendered:
        needed = " and ".join(NEEDED[use.kind])
        yield Problem(
            use.path,
            f"the template {name} has no {needed} in {DEFAULT_LANGUAGE}, which every language falls back to",
        )
    for language in languages:
        parts = templates.parts[name, language]
        wanted = (*NEEDED[use.kind], Part.HTML) if use.kind is Kind.EMAIL else NEEDED[use.kind]
        missing = [part for part in wanted if part not in parts]
        yield from (Problem(f"{name}.{language}.{part}", "is missing") for part in missing)
        links = {
            field.removeprefix("link_")
            for part in parts.values()
            for field in part.fields
            if field.startswith("link_")
        }
        unknown = sorted(links - set(settings.links))
        yield from (
            Problem(f"{name}.{language}", f"names link_{link}, which links does not have") for link in unknown
        )
        if not unknown and not set(NEEDED[use.kind]) & set(missing):
            yield from _of_language(templates, settings, use, language)


def _of_language(templates: Templates, settings: Settings, use: Use, language: str) -> Iterator[Problem]:
    file = f"{use.step.template}.{language}.{NEEDED[use.kind][-1]}"
    shown: dict[Sample, Rendered] = {}
    for sample in SAMPLES:
        fields = sample_fields(sample, settings, use.step.channel, language)
        try:
            shown[sample] = templates.render(use.step.template, language, use.kind, fields)
        except NotRendered as error:
            yield Problem(file, f"{_WORDS[error.reason]} (lead: {sample.title})")
    if len(shown) < len(SAMPLES):
        return
    if _HOLE.search(shown[NOTHING].body) and not _HOLE.search(shown[USUAL].body):
        yield Problem(file, "leaves a gap for a lead without a name: write {{ name|default('…') }}")
    if use.kind is Kind.SMS:
        yield from _of_sms(settings, use, file, list(shown.values()))
    elif use.kind is Kind.EMAIL:
        yield from _of_email(settings, use, language, shown[USUAL])


def _of_sms(settings: Settings, use: Use, file: str, shown: list[Rendered]) -> Iterator[Problem]:
    worst = max((segments(rendered.body) for rendered in shown), key=lambda split: split.count)
    if worst.count > settings.max_segments:
        yield Problem(
            file,
            f"takes {worst.count} segments with the longest values{_why(worst)}; at most {settings.max_segments}",
        )
    link = sample_fields(USUAL, settings, use.step.channel, "").unsubscribe
    hints = all(_OPT_OUT.search(each.body) or (link and link in each.body) for each in shown)
    if use.first and not hints:
        yield Problem(
            file, "is the first SMS of its band and names no way out: STOP in capitals, or {{ unsubscribe }}"
        )


def _why(split: Segments) -> str:
    return f" ({split.encoding}, because of U+{ord(split.outside[0]):04X})" if split.outside else ""


def _of_email(settings: Settings, use: Use, language: str, shown: Rendered) -> Iterator[Problem]:
    link = sample_fields(USUAL, settings, use.step.channel, language).unsubscribe
    for part, text in ((Part.TXT, shown.body), (Part.HTML, shown.html)):
        if link and text and link not in text:
            yield Problem(f"{use.step.template}.{language}.{part}", "has no {{ unsubscribe }}")
