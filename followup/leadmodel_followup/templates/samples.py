"""Leads that nobody is, to see templates with: a usual one, the longest, one in other letters, one without anything, a hostile one."""

from collections.abc import Mapping
from dataclasses import dataclass

from leadmodel_followup.settings.settings import Settings
from leadmodel_followup.templates.fields import MAX_COMPANY, MAX_NAME, Fields

_TOKEN = "sample" + "x" * 64  # as long as tokens are


@dataclass(frozen=True)
class Sample:
    """One lead for a preview. `title` names the lead for people."""

    title: str
    name: str = ""
    company: str = ""


USUAL = Sample("usual", "Jane Miller", "Acme Ltd")
LONGEST = Sample("longest", ("Maximiliane-" * 8)[:MAX_NAME], ("Great Western " * 8)[:MAX_COMPANY])
LETTERS = Sample("other letters", ("Władysława-" * 8)[:MAX_NAME], ("株式会社" * 20)[:MAX_COMPANY])
NOTHING = Sample("no name")
HOSTILE = Sample(
    "hostile",
    "x\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script> https://win.example",
    '<b onmouseover="alert(1)">&{{ 7*7 }}\u202e',
)
SAMPLES = (USUAL, LONGEST, LETTERS, NOTHING, HOSTILE)


def sample_fields(sample: Sample, settings: Settings, channel: str, language: str) -> Fields:
    """The fields of a message to a sample lead."""
    chosen = settings.channels.get(channel)
    return Fields(
        name=sample.name,
        company=sample.company,
        language=language,
        lead="lead-0001",
        unsubscribe=f"{settings.public_url.rstrip('/')}/u/{_TOKEN}" if settings.public_url else "",
        sender=(chosen.sender or "") if chosen else "",
        links=settings.links,
        footer=settings.footer,
    )


def from_document(document: Mapping[str, object]) -> Sample:
    """A sample of a person's own, from an object with name and company.

    Raises:
        ValueError: A value is no text, or the object has something else.
    """
    if set(document) - {"name", "company"} or not all(isinstance(value, str) for value in document.values()):
        raise ValueError('a lead for a preview is like {"name": "Jane", "company": "Acme"}')
    return Sample("your own", str(document.get("name", "")), str(document.get("company", "")))
