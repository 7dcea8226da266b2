"""What a template may say of a lead, made safe for subjects, names and texts."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from leadmodel_followup.templates.personal import personal

MAX_NAME, MAX_COMPANY = 40, 60
_SPACE = re.compile(r"[\s\u200b\u2060\ufeff]+")
_DOT = ".。．｡\u0701\u0702\ua4f8\ua60e"  # what names of hosts are written with, and what looks like it
_MARKS = frozenset(":/@\\" + _DOT)
_SCHEME = "https?|ftps?|mailto|tel|sms|smsto|mms|sips?|callto|facetime|skype|viber|whatsapp|tg|geo|maps|market|intent|magnet|data|javascript|file"
_LINK = re.compile(
    rf"//|:/|\\\\|@|xn--|\bwww\d{{0,3}}[{_DOT}]|(?<!\w)(?:{_SCHEME}):(?=\S)|\w[{_DOT}]\w\S*[/?#:]",
    re.IGNORECASE,
)  # what programs follow, dial or write to wherever it stands
_NUMBER = re.compile(r"(?:\d\D{0,3}){5}")  # to call
_JOINING_DOT = re.compile(rf"(?<=\S)[{_DOT}](?=[^\s,;.)\]'\"’”»!?])")
_JOINERS = "\u200c\u200d"  # parts of names in Persian and of emoji


@dataclass(frozen=True)
class Fields:
    """The fields of one message. An absent field is empty.

    Attributes:
        name: The person's name.
        company: The person's company.
        language: Language of the message.
        lead: The caller's id of the lead.
        unsubscribe: URL that ends all messages to the recipient.
        sender: Number or address that the message comes from.
        links: URLs of the settings, by name without `link_`.
        footer: Last lines of an e-mail.
    """

    name: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    language: str = ""
    lead: str = ""
    unsubscribe: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    links: Mapping[str, str] = field(default_factory=dict)
    footer: str = field(default="", repr=False)

    def values(self) -> dict[str, str]:
        """The values by the names that templates use; those that a lead wrote are one short line each, without links."""
        return {
            "name": clean(self.name, MAX_NAME),
            "company": clean(self.company, MAX_COMPANY),
            "language": clean(self.language, 16),
            "lead": _plain_id(self.lead),
            "unsubscribe": self.unsubscribe,
            "sender": single_line(self.sender, 320),
            **{f"link_{name}": url for name, url in self.links.items()},
        }


def clean(value: str, limit: int) -> str:
    """A name as one line of at most `limit` characters, in which no program sees a link.

    A name that holds an address, a link, a number to call or other personal data counts as not given: forms are filled in with such
    names so that messages carry them to others. A dot between words, as in a bare domain, is followed by a space. Characters that
    stand for others, such as letters of full width, are judged as those others.
    """
    line = "".join(map(_as_mark, single_line(value, 2 * limit)))
    meant = unicodedata.normalize("NFKC", line)
    if _LINK.search(meant) or _NUMBER.search(meant) or personal(meant):
        return ""
    return _JOINING_DOT.sub(". ", line)[:limit].strip()


def _as_mark(character: str) -> str:
    """A character, or what it stands for where that holds a mark of addresses, such as the dot in `․` and the slash in `℀`."""
    meant = unicodedata.normalize("NFKC", character)
    return meant if meant != character and not _MARKS.isdisjoint(meant) else character


def _plain_id(lead: str) -> str:
    """The caller's id of a lead as it is; empty where it could be read as a link or as personal data."""
    line = single_line(lead, 64)
    linked = not line.isascii() or _LINK.search(line) or _JOINING_DOT.search(line)
    return "" if linked or personal(line) else line


def single_line(value: str, limit: int) -> str:
    """The text without line breaks, controls, half surrogate pairs and characters that turn the order of others; NFC, cut to `limit`."""
    spaced = _SPACE.sub(" ", value[: 8 * limit])
    seen = "".join(
        c for c in spaced if c in _JOINERS or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return unicodedata.normalize("NFC", seen)[:limit].strip()
