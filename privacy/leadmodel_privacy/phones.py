"""Finds PHONE: international and national numbers by their form, bare digits only beside a word of telephony.

Whether a number exists is decided by the tables of `phonenumbers`, Google's libphonenumber. The tables are loaded with the first
number to check: a backfill that finds every key unchanged never needs them.
"""

import re
from collections.abc import Callable, Iterator

from leadmodel_privacy.number_lists import begins_number, has_fraction
from leadmodel_privacy.quantities import has_date, has_unit, is_amount, is_range
from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import NOT_PERSONAL, PHONE, label_after, no_phone_near, phone_near
from leadmodel_privacy.validators import digits_of, is_gtin

_MAX_CHECKS = 40  # numbers per text that are looked up, each slowly; further ones count as phone numbers
_BEFORE = re.compile(r"(?:\(?\+ ?\(?|\( ?)?\Z")
_OPENS = frozenset({"+", "(", "+ ", "( "})  # the ends of what may stand before the first digit
_BODY = re.compile(
    r"(?<![\w+#])(?<![^\W_]-)(?:\(?\+ ?\(?|\( ?)?\d(?:[ .\-/()]{0,3}\d){5,16}"
    r"(?:,? ?(?:x|ext\.?|extension|durchwahl|dw|#) ?\d{1,6})?(?![^\W_]|\.\d|-(?![^\W\d_]{3,}(?![^\W_]))\w)",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r",? ?(?:x|ext\.?|extension|durchwahl|dw|#) ?\d{1,6}\Z", re.IGNORECASE)
_AMERICAN = re.compile(r"(?:1[ .-]?)?(?:\([2-9]\d{2}\)[ .-]{0,2}|[2-9]\d{2}[ .-]{1,2})\d{3}[ .-]\d{4}")
_BRACKETED = re.compile(r"\( ?0?\d{1,5} ?\)[ ./-]{0,2}\d")
_TRUNKED = frozenset(
    {"GB", "DE", "FR", "NL", "AU", "SE", "CH", "AT"}
)  # countries whose national numbers begin with 0
_TRUNK = re.compile(r"0[1-9][\d ./()-]*")

_GROUPED = re.compile(r"\d{1,4}([ .-])\d{2,4}(?:\1\d{2,4}){1,3}")
_THOUSANDS = re.compile(r"\d{1,3}(?:[ .]\d{3})+")
_LABEL_OF_PARCEL = re.compile(
    r"\d{4}(?:([ -])\d{4})(?:\1\d{4}){3,}(?:\1\d{1,3})?(?![^\W_])"
)  # 20 digits and more
_NEXT_BRACKET = re.compile(
    r"\D*\d(?:\D{0,3}\d){6,}?(?=[ .\-/]{0,3}\()"
)  # a whole number, before the next one's bracket
_FIRST_OF_MANY = re.compile(
    r"(?:0[1-9](?:([ .-])\d\d)(?:\1\d\d){3}|(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4})(?= )"
)

Finder = Callable[[ScannedText], Iterator[Span]]


def phones(regions: tuple[str, ...]) -> Finder:
    """A finder of phone numbers that knows the national numbers of these countries (ISO 3166, two letters)."""

    def find(scanned: ScannedText) -> Iterator[Span]:
        done, checks = 0, 0
        for number, end in scanned.unclaimed_numbers():
            if number < done:
                continue
            if end - number == 4 and (parcel := _LABEL_OF_PARCEL.match(scanned.text, number)):
                done = parcel.end()
                continue
            if (match := _candidate(scanned.text, number)) is None:
                continue
            is_phone = _is_phone(scanned, match)
            if is_phone is None:
                checks += 1
                is_phone = checks > _MAX_CHECKS or _exists(_without_extension(match.group()), regions)
            if is_phone:
                done = match.end()
                yield *match.span(), "PHONE"

    return find


def _candidate(text: str, number: int) -> re.Match[str] | None:
    """The longest run of digits that may be a phone number; of many numbers in a row the first."""
    start = number
    if text[number - 1 : number] in _OPENS or text[number - 2 : number] in _OPENS:  # few numbers stand so
        before = _BEFORE.search(text, max(0, number - 4), number)
        start = before.start() if before else number
    if start == number and not begins_number(text, number):
        return None
    match = _BODY.match(text, start)
    if match and "(" in match.group()[7:] and (next_one := _NEXT_BRACKET.match(match.group())):
        match = _BODY.match(text, start, start + next_one.end())
    if match and match.end() - start > 16 and len(digits_of(match.group())) > 15:
        return _FIRST_OF_MANY.match(text, start) or match
    return match


def _is_phone(scanned: ScannedText, match: re.Match[str]) -> bool | None:
    """Whether form and words make the match a phone number; None if only the tables can tell."""
    start, end = match.span()
    token = _without_extension(match.group())
    label = scanned.label(start)
    if label == NOT_PERSONAL or is_amount(token):
        return False
    if has_unit(scanned.low, start, end) or has_date(scanned.text, start, end):
        return False
    if has_fraction(scanned.text, start, end):
        return False
    count = len(digits_of(token))
    if count > 15:
        return False
    if label == PHONE or (count >= 7 and phone_near(scanned.low, start, end)):
        return True
    if is_range(token) or ("+" not in token and label_after(scanned.low, end) == NOT_PERSONAL):
        return False
    by_form = _by_form(token, count)
    if by_form is None and "+" not in token and no_phone_near(scanned.low, start, end):
        return False
    return by_form


def _without_extension(number: str) -> str:
    has_sign = "#" in number or number.upper() != number.lower()
    return _EXTENSION.sub("", number) if has_sign else number


def _by_form(token: str, count: int) -> bool | None:
    if token.lstrip("(").startswith(("+", "00")):
        return None
    if _AMERICAN.fullmatch(token):
        return True
    if _BRACKETED.match(token):
        return 8 <= count <= 13
    if not 9 <= count <= 12:
        return False
    if count == 12 and token.isdigit() and is_gtin(token):
        return False
    if _TRUNK.fullmatch(token):
        return None if token.isdigit() else True
    bare = (
        token.isdigit() and 10 <= count <= 11 and token[0] != "1"
    )  # numbers that begin with a one are seconds since 1970
    return None if bare or (_GROUPED.fullmatch(token) and not _THOUSANDS.fullmatch(token)) else False


def _exists(token: str, regions: tuple[str, ...]) -> bool:
    """True if the number is valid in the country that the number names, or else in one of `regions`."""
    if token.lstrip("(").startswith(("+", "00")):
        return _international(token)
    trunk = token.startswith("0")
    return any(_valid_in(token, region) for region in regions if trunk or region not in _TRUNKED)


def _international(token: str) -> bool:
    import phonenumbers

    digits = digits_of(token.replace("(0)", ""))
    number = "+" + (digits if "+" in token else digits[2:])
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return False
    if phonenumbers.is_valid_number(parsed):
        return True
    return len(digits) >= 10 and phonenumbers.is_possible_number(parsed)


def _valid_in(token: str, region: str) -> bool:
    import phonenumbers

    try:
        return phonenumbers.is_valid_number_for_region(phonenumbers.parse(token, region), region)
    except phonenumbers.NumberParseException:
        return False
