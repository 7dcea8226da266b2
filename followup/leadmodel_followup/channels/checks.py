"""What is checked before a message leaves: addresses, texts and URLs. Whatever fails is never sent, and its code names the field alone."""

import re
from email.utils import parseaddr
from urllib.parse import urlsplit

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_BETWEEN = re.compile(r"[ ().\-]")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(
    rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}"
)  # as the HTML standard
_PROVIDER_ID = re.compile(r"[A-Za-z0-9._=:+/-]{1,200}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Unsendable(Exception):  # noqa: N818  # an outcome
    """A message that no provider would take; `code` names the field and holds nothing of it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def phone(address: str) -> str:
    """Return a number in the form of E.164, such as +4930123456, without spaces and punctuation.

    Raises:
        Unsendable: It is no such number.
    """
    number = _BETWEEN.sub("", address)
    if not _E164.fullmatch(number):
        raise Unsendable("bad-number")
    return number


def email(address: str) -> str:
    """Return an e-mail address of ASCII letters, at most 254 of them.

    Raises:
        Unsendable: It is no such address.
    """
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise Unsendable("bad-email")
    return address


def sender(text: str | None) -> tuple[str, str]:
    """Return name, which may be empty, and e-mail address of `Name <address>`.

    Raises:
        Unsendable: There is none of this form.
    """
    name, address = parseaddr(text or "")
    if not _EMAIL.fullmatch(address):
        raise Unsendable("bad-from")
    return line(name, 200, "bad-from") if name else "", address


def line(text: str, longest: int, code: str) -> str:
    """Return a text of one line: with a line end it could begin a header of its own.

    Raises:
        Unsendable: The text is empty, too long, or has control characters.
    """
    if _CONTROL.search(text):
        raise Unsendable(code)
    return body(text, longest, code)


def body(text: str, longest: int, code: str = "bad-body") -> str:
    """Return a text of 1 to `longest` characters.

    Raises:
        Unsendable: The text is empty, too long, or cannot be written as UTF-8.
    """
    if (
        not text.strip()
        or len(text) > longest
        or "\0" in text
        or any("\ud800" <= c <= "\udfff" for c in text)
    ):
        raise Unsendable(code)
    return text


def url(text: str, code: str = "bad-url") -> str:
    """Return an absolute URL of HTTP or HTTPS that holds neither white space nor brackets.

    Raises:
        Unsendable: The text is no such URL.
    """
    if not re.fullmatch(r"https?://[!-;=?-~]{1,2000}", text) or not urlsplit(text).hostname:
        raise Unsendable(code)
    return text


def provider_id(value: object) -> str | None:
    """Return the provider's id of a message if it is one; it goes into the ledger, so it may hold no text."""
    return value if isinstance(value, str) and _PROVIDER_ID.fullmatch(value) else None
