"""Every step in every language to every sample lead, rendered as it would be sent. Nothing is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leadmodel_followup.settings.settings import Settings
from leadmodel_followup.templates.errors import NotRendered
from leadmodel_followup.templates.problems import Use, uses
from leadmodel_followup.templates.samples import SAMPLES, Sample, sample_fields
from leadmodel_followup.templates.segments import Segments, segments
from leadmodel_followup.templates.templates import DEFAULT_LANGUAGE, Kind, Rendered, Templates

_TITLES = ("STEP", "CHANNEL", "LANGUAGE", "LEAD", "SEGMENTS", "CHARACTERS", "TEXT")
_SHOWN = 60  # characters of a text in the table


@dataclass(frozen=True)
class Preview:
    """One message as one lead would get it.

    Attributes:
        use: The step.
        language: Language of the lead.
        sample: The lead.
        rendered: The texts, None where there is no message.
        reason: Why there is no message, in one word; else empty.
        split: The segments of an SMS, None for other kinds.
    """

    use: Use
    language: str
    sample: Sample
    rendered: Rendered | None
    reason: str = ""
    split: Segments | None = None


def previews(
    templates: Templates, settings: Settings, samples: Iterable[Sample] = SAMPLES, language: str | None = None
) -> list[Preview]:
    """All messages in the order of the settings, or those of one language."""
    return [
        _preview(templates, settings, use, each, sample)
        for use in uses(settings)
        for each in ([language] if language else templates.languages(use.step.template) or [DEFAULT_LANGUAGE])
        for sample in samples
    ]


def _preview(templates: Templates, settings: Settings, use: Use, language: str, sample: Sample) -> Preview:
    fields = sample_fields(sample, settings, use.step.channel, language)
    try:
        rendered = templates.render(use.step.template, language, use.kind, fields)
    except NotRendered as error:
        return Preview(use, language, sample, None, error.reason)
    split = segments(rendered.body) if use.kind is Kind.SMS else None
    return Preview(use, language, sample, rendered, split=split)


def table(shown: Sequence[Preview]) -> str:
    """The messages as a table of plain text, one line each, with the begin of each text."""
    lines = [_TITLES, *map(_cells, shown)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_TITLES) - 1)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        ).rstrip()
        for line in lines
    )


def _cells(one: Preview) -> tuple[str, ...]:
    places = (one.use.step.name, one.use.step.channel, one.language, one.sample.title)
    if one.rendered is None:
        return (*places, "-", "-", f"no message: {one.reason}")
    segment = f"{one.split.count} {one.split.encoding}" if one.split else "-"
    text = one.rendered.subject or one.rendered.body
    line = " ".join(text.split())
    return (
        *places,
        segment,
        str(len(one.rendered.body)),
        line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…",
    )
