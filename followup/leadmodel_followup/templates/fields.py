"""What a template may say of a lead, made safe for subjects, names and texts."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from leadmodel_followup.templates.personal import personal

MAX_NAME, MAX_COMPANY = 40, 60
_SPACE = re.compile(r"[\s\u200b\u2060\ufeff]+")
_CARRIED = re.compile(r"://|@|(?:\d\D{0,3}){5}")  # links, addresses, numbers to call
_DOMAIN_DOT = re.compile(r"(?<=\w)[.。．｡](?=\w)")
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
            "language": single_line(self.language, 16),
            "lead": "" if personal(self.lead) else single_line(self.lead, 64),
            "unsubscribe": self.unsubscribe,
            "sender": single_line(self.sender, 320),
            **{f"link_{name}": url for name, url in self.links.items()},
        }


def clean(value: str, limit: int) -> str:
    """A name as one line of at most `limit` characters, in which no program sees the domain of a link.

    A name that holds an address, a link, a number to call or other personal data counts as not given: forms are filled in with such
    names so that messages carry them to others.
    """
    line = single_line(value, 2 * limit)
    return "" if _CARRIED.search(line) or personal(line) else _DOMAIN_DOT.sub(". ", line)[:limit].strip()


def single_line(value: str, limit: int) -> str:
    """The text without line breaks, controls, half surrogate pairs and characters that turn the order of others; NFC, cut to `limit`."""
    spaced = _SPACE.sub(" ", value[: 8 * limit])
    seen = "".join(
        c for c in spaced if c in _JOINERS or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    return unicodedata.normalize("NFC", seen)[:limit].strip()
