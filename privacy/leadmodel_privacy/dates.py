"""Finds DOB: dates beside a word of birth, admission, discharge or death, and ages above 89.

HIPAA (45 CFR 164.514(b)(2)(i)(C)) counts such dates and ages as identifiers.
"""

import re
from collections.abc import Iterator

from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import birth_near
from leadmodel_privacy.word_lists import contains_any, phrase_list

_MONTHS = (
    r"jan(?:uary|uar|vier)?|enero|gennaio|janeiro|januari|feb(?:ruary|ruar|rero|braio|ruari)?|f[ée]v(?:rier|ereiro)?|mar(?:ch|s|zo|ço)?|m[äa]e?rz|maart|"
    r"apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|may|mai|mayo|maggio|maio|mei|june?|juni|juin|junio|giugno|junho|july?|juli|juillet|julio|luglio|julho|"
    r"aug(?:ust|ustus)?|ao[ûu]t|ago(?:sto)?|sept?(?:ember|embre|iembre)?|settembre|setembro|o[ck]t(?:ober|obre|ubre)?|ottobre|outubro|octobre|"
    r"nov(?:ember|embre|iembre|embro)?|de[cz](?:ember|embre|embro)?|d[ée]cembre|dic(?:iembre|embre)?"
)
_DATE = re.compile(
    r"(?<![^\W_])(?<!\d[./-])(?<!(?<!\d\d)\d,)(?:"
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|(?:19|20)\d{2}[01]\d[0-3]\d"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|º|°)?\.?[ -](?:of |de )?(?:{_MONTHS})\.?(?:,? | de | del |-)?(?:\d{{4}}|\d{{2}}(?!\d))?"
    rf"|(?:{_MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,? \d{{4}})?"
    r")(?![^\W_]|[/-]\d)",
    re.IGNORECASE,
)
_STEMS = phrase_list(
    "born|dob|birth|bday|gebor|geb.|geb |geburt|naissance|né|naci|nato|nata|nasci|geboorte|urodz|föd|fød|synty|decease|died|admi|discharg|"
    "d.o.b|anivers|annivers|complean|cumplea|verjaar"
)
_LENGTHS = frozenset(
    {1, 2, 3, 4, 8}
)  # of the words with a digit in a date or age, as `5`, `21st`, `1985` or `19850321`
_OLD = re.compile(r"[ -]?(?:years?[ -]olds?|yo|y/o|yrs old|jahre alt|ans|años|anni|anos)(?!\w)")
_AGED = ("age ", "aged ", "age: ", "age is ", "aged: ")


def births(scanned: ScannedText) -> Iterator[Span]:
    """Spans of dates with a word of birth beside them, and of ages above 89."""
    low = scanned.low
    short = [(start, end) for start, end in scanned.unclaimed_numbers() if end - start in _LENGTHS]
    if short and contains_any(low, _STEMS):
        for match in _DATE.finditer(scanned.text):
            if birth_near(low, *match.span()):
                yield *match.span(), "DOB"
    for start, end in short:
        old = 2 <= end - start <= 3 and (age := low[start:end]).isdigit() and 90 <= int(age) <= 119
        if old and (_OLD.match(low, end) or low.endswith(_AGED, max(0, start - 8), start)):
            yield start, end, "DOB"
