"""All templates of a plan, ready to be rendered: one folder, one text per template, language and part."""

import hashlib
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from jinja2 import nodes

from leadmodel_followup.channels.channel import ProviderTemplate
from leadmodel_followup.settings.settings import ChannelSettings, Provider
from leadmodel_followup.templates.allow_list import Checked, checked
from leadmodel_followup.templates.errors import NotRendered, TemplateRefusedError
from leadmodel_followup.templates.fields import Fields, single_line
from leadmodel_followup.templates.files import Part, Problem, Source, read_folder
from leadmodel_followup.templates.personal import personal
from leadmodel_followup.templates.places import check_places
from leadmodel_followup.templates.provider_template import ApprovedTemplate, read_approved

DEFAULT_LANGUAGE = "en"
MAX_SMS = 1_600  # characters; the most that Twilio takes
MAX_SUBJECT = 200


class Kind(StrEnum):
    """What a channel sends, which decides the parts that a template needs."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"


NEEDED = {Kind.SMS: (Part.TXT,), Kind.EMAIL: (Part.SUBJECT, Part.TXT), Kind.WHATSAPP: (Part.WHATSAPP,)}


def kind_of(channel: ChannelSettings) -> Kind:
    """The kind of a channel: that of its provider; of a Console the one that its name holds, `mail` or `whatsapp`, else SMS."""
    kinds: dict[str, Kind] = {
        Provider.TWILIO: Kind.SMS,
        Provider.SENDGRID: Kind.EMAIL,
        Provider.WHATSAPP: Kind.WHATSAPP,
    }
    if channel.provider in kinds:
        return kinds[channel.provider]
    return Kind.EMAIL if "mail" in channel.name else Kind.WHATSAPP if "whatsapp" in channel.name else Kind.SMS


@dataclass(frozen=True)
class Rendered:
    """The texts of one message.

    Attributes:
        body: The text of an SMS or e-mail; of WhatsApp what the recipient reads, as far as the file says.
        subject: Subject of an e-mail, one line.
        html: HTML of an e-mail, empty where the template has none.
        provider_template: The approved template of WhatsApp.
        language: Language of the template that was taken.
        template: Which texts were taken, as `Templates.source` says it.
    """

    body: str = field(repr=False)
    subject: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    provider_template: ProviderTemplate | None = field(default=None, repr=False)
    language: str = DEFAULT_LANGUAGE
    template: str = ""


_Read = Checked | ApprovedTemplate
_Parts = Mapping[Part, _Read]


@dataclass(frozen=True)
class Templates:
    """Checked templates. What was refused is absent here and stands in `file_problems`.

    Attributes:
        parts: Parts by template and language.
        file_problems: What is wrong with files.
        digest: `sha256:` and the digest of all files.
        files: The bytes of all parts of a template in a language, one after the other.
    """

    parts: Mapping[tuple[str, str], _Parts] = field(repr=False)
    file_problems: tuple[Problem, ...]
    digest: str
    files: Mapping[tuple[str, str], bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def from_folder(cls, path: Path) -> Self:
        """Read, check and compile all files of a folder.

        Raises:
            OSError: The folder or a file cannot be read.
        """
        folder = read_folder(path)
        parts: dict[tuple[str, str], dict[Part, _Read]] = {}
        files: dict[tuple[str, str], bytes] = {}
        problems = list(folder.problems)
        for source in folder.sources:
            key = source.template, source.language
            files[key] = files.get(key, b"") + source.text.encode()
            try:
                read = _read(source)
            except TemplateRefusedError as error:
                problems.append(Problem(source.file, str(error)))
                continue
            parts.setdefault(key, {})[source.part] = read
        return cls(parts, tuple(problems), folder.digest, files)

    def source(self, template: str, language: str) -> str:
        """Which texts a template has in a language: its name and 16 digits of what `cat hello.en.* | sha256sum` says of its files."""
        digest = hashlib.sha256(self.files.get((template, language), b"")).hexdigest()
        return f"{template}.{language} {digest[:16]}"

    def languages(self, template: str) -> tuple[str, ...]:
        """The languages of a template, in order."""
        return tuple(sorted(language for name, language in self.parts if name == template))

    def language(self, template: str, wanted: str, kind: Kind) -> str:
        """The language in which a template has all parts for a kind: the wanted one, its base, or English.

        Raises:
            NotRendered: The template has them in none.
        """
        plain = wanted.replace("_", "-").lower()
        for language in (plain, plain.partition("-")[0], DEFAULT_LANGUAGE):
            if set(NEEDED[kind]) <= set(self.parts.get((template, language), ())):
                return language
        raise NotRendered("no-template")

    def render(self, template: str, language: str, kind: Kind, fields: Fields) -> Rendered:
        """The texts of a message.

        Raises:
            NotRendered: There is no such template, or the result is beyond the limits of the channel.
        """
        taken = self.language(template, language, kind)
        parts, values = self.parts[template, taken], fields.values()
        texts = _RENDER[kind](parts, values, fields.footer, taken)
        return replace(texts, template=self.source(template, taken))


def _read(source: Source) -> _Read:
    if source.part is Part.WHATSAPP:
        approved = read_approved(source.text)
        _refuse_personal(approved.text)
        return approved
    is_html = source.part is Part.HTML
    read = checked(source.text, html=is_html)
    check_places(read.tree, html=is_html)
    _refuse_personal("\n".join(data.data for data in read.tree.find_all(nodes.TemplateData)))
    return read


def _refuse_personal(literal: str) -> None:
    if kinds := personal(literal):
        raise TemplateRefusedError(f"holds personal data: {', '.join(kinds)}")


def _sms(parts: _Parts, values: Mapping[str, str], _: str, language: str) -> Rendered:
    body = _text(parts, Part.TXT, values).strip()
    if not body or len(body) > MAX_SMS:
        raise NotRendered("too-long" if body else "empty")
    return Rendered(body, language=language)


def _email(parts: _Parts, values: Mapping[str, str], footer: str, language: str) -> Rendered:
    body, subject = (
        _text(parts, Part.TXT, values).strip(),
        single_line(_text(parts, Part.SUBJECT, values), MAX_SUBJECT),
    )
    if not body or not subject:
        raise NotRendered("empty")
    page = _text(parts, Part.HTML, values) if Part.HTML in parts else ""
    if footer:
        body, page = f"{body}\n\n{footer}", _with_footer(page, footer)
    return Rendered(body, subject, page, language=language)


def _whatsapp(parts: _Parts, values: Mapping[str, str], _: str, language: str) -> Rendered:
    approved = parts[Part.WHATSAPP]
    if not isinstance(approved, ApprovedTemplate):
        raise NotRendered("no-template")
    meant = approved.render(values)
    return Rendered(approved.shown(meant.parameters), provider_template=meant, language=language)


_RENDER: Mapping[Kind, Callable[[_Parts, Mapping[str, str], str, str], Rendered]] = {
    Kind.SMS: _sms,
    Kind.EMAIL: _email,
    Kind.WHATSAPP: _whatsapp,
}


def _text(parts: _Parts, part: Part, values: Mapping[str, str]) -> str:
    read = parts[part]
    if not isinstance(read, Checked):
        raise NotRendered("no-template")
    return read.render(values)


def _with_footer(page: str, footer: str) -> str:
    """The page with the footer as its last paragraph."""
    if not page:
        return ""
    lines = "<br>".join(map(html.escape, footer.splitlines()))
    before, end, after = page.rpartition("</body>")
    return f"{before}<p>{lines}</p>{end}{after}" if end else f"{page}<p>{lines}</p>"
