"""Finds ADDRESS: streets with a house number in the forms of several countries, post boxes, and postcodes.

Most English street suffixes are those of USPS Publication 28, appendix C1. A bare postcode counts only in the
form of the UK or Canada, after the letters of a US state, or after a word such as `zip`.
"""

import re
from collections.abc import Iterator

from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import FILLERS, words_before
from leadmodel_privacy.word_lists import contains_any, phrase_list, word_set

_SUFFIXES = (
    "Alley Annex Arcade Avenue Ave Av Bayou Beach Bend Bluffs? Bottom Boulevard Blvd Branch Bridge Brooks? Burgs? Bypass Camp Canyon Cape "
    "Causeway Cent(?:er|re)s? Circles? Cir Cliffs? Close Club Common Corners? Course Courts? Ct Coves? Creek Crescent Cres Crest Crossing "
    "Crossroad Curve Dale Dam Divide Drives? Dr Estates? Expressway Extensions? Falls? Ferry Fields? Flats? Fords? Forest Forges? Forks? Fort "
    "Freeway Gardens? Gateway Glens? Greens? Groves? Harbors? Haven Heights Highway Hwy Hills? Hollow Inlet Islands? Isle Junctions? Keys? "
    "Knolls? Lakes? Land Landing Lane Ln Lights? Loaf Locks? Lodge Loop Mall Manors? Meadows? Mews Mills? Mission Motorway Mount Mountains? "
    "Neck Orchard Oval Overpass Parks? Parkways? Pkwy Pass Passage Path Pike Pines? Places? Pl Plains? Plaza Points? Ports? Prairie Radial "
    "Ramp Ranch Rapids? Rest Ridges? River Roads? Rd Route Row Rue Run Shoals? Shores? Skyway Springs? Spurs? Squares? Sq Station Stravenue "
    "Stream Streets? St Summit Terrace Ter Throughway Trace Track Trafficway Trail Tunnel Turnpike Underpass Unions? Valleys? Via Viaduct "
    "Views? Villages? Ville Vista Walks? Wall Way Ways Wells?"
).replace(" ", "|")
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|"
    "VA|WA|WV|WI|WY|DC|PR|GU|VI|AS|MP|FM|MH|PW|AA|AE|AP"
)
_ZIP = rf"(?:{_STATES}),? \d{{5}}(?:-\d{{4}})?(?!\w)"
_UK = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}(?!\w)"
_CANADA = r"[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d(?!\w)"
_CAP = r"[^\W\d_a-z][\w'.-]{0,24}"
_CITY = rf"{_CAP}(?:[ -]{_CAP}){{0,3}}"
_NUMBER = r"(?<![.,/$€£-])\d{1,6}(?:[A-Za-z]|[-/]\d{1,5}[A-Za-z]?)?"
_UNIT = r"(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|Building|#)\.? ?#?[\w-]{1,6})?"
_TAIL = rf"(?:,?\s{{1,2}}{_CITY}(?:,? (?:{_STATES})(?!\w)(?:,? \d{{5}}(?:-\d{{4}})?)?|,?\s{{1,2}}(?:{_UK}|{_CANADA})))?"
_ENGLISH = re.compile(
    rf"{_NUMBER},? (?:(?:{_CAP}|\d{{1,3}}(?:st|nd|rd|th)|of|the|de|la) ){{1,4}}(?:{_SUFFIXES})(?!\w)\.?(?: (?:North|South|East|West|[NSEW]{{1,2}})(?!\w))?"
    rf"{_UNIT}{_TAIL}"
    r"|\d{1,5} (?:[a-z]{2,15} ){1,2}(?:street|avenue|boulevard|road|lane|ave|blvd|rd)(?!\w)"
)
_FRENCH = re.compile(
    rf"{_NUMBER}(?: ?(?:bis|ter))?,? (?i:rue|avenue|av\.|boulevard|bd|place|chemin|allée|allee|impasse|quai|route|cours|square)"
    rf"(?: (?:de|du|des|la|le|les|l'|d'|{_CAP})){{1,5}}(?:,?\s{{1,2}}\d{{5}} {_CITY})?"
)
_GERMAN = re.compile(
    rf"(?<![^\W_])(?:{_CAP}[ -]){{0,2}}[^\W\d_a-z][\w'.-]{{0,40}} \d{{1,4}} ?[a-zA-Z]?(?:[-/]\d{{1,4}}[a-z]?)?(?!\w)"
    rf"(?:,?\s{{1,2}}(?:D-|A-|CH-)?\d{{4,5}}(?: [A-Z]{{2}})? {_CITY})?"
)
_ROMANCE = re.compile(
    rf"(?<![^\W_])(?i:calle|c/|avenida|avda\.|av\.|plaza|paseo|ronda|camino|via|viale|piazza|corso|largo|vicolo|strada|rua|travessa|praça)"
    rf"(?: (?:de|del|de la|da|do|dos|das|di|della|dei|la|las|los|el|{_CAP})){{1,5}},?(?: (?:n[.º°]|nº|no\.|numero|número))? ?\d{{1,5}}[A-Za-z]?(?!\w)"
    rf"(?:,?\s{{1,2}}\d{{5}} {_CITY})?"
)
_BOX = re.compile(r"(?<![^\W_])(?:p\.? ?o\.? ?box|postfach|apartado) #?\d{1,8}(?!\w)", re.IGNORECASE)
_MILITARY = re.compile(
    rf"(?<![^\W_])(?:(?:PSC|Unit|CMR) \d{{1,4}},? Box \d{{1,5}}|US[A-Z]{{2}} {_CAP}),?\s(?:APO|FPO|DPO) A[AEP] \d{{5}}(?!\w)"
)
_STATE_ZIP = re.compile(rf"(?<![^\W_]){_ZIP}")
_POSTCODE = re.compile(rf"{_UK}|{_CANADA}")
_CODE_WORDS = word_set("zip zipcode postcode postal plz postleitzahl postcodes cap cep")
_CODE_STEMS = ("zip", "postc", "postal", "postl", "plz", "cap", "cep")
_STEMS = phrase_list(
    "str.|straße|strasse|weg|platz|allee|gasse|damm|ufer|chaussee|stieg|pfad|straat|laan|plein|gracht|kade|dreef"
)
_STARTS = phrase_list(
    "calle|c/|aven|avda|av.|plaza|paseo|ronda|camino|via|piazza|corso|largo|vicolo|strada|rua|travessa|praça"
)
_SEPARATOR = r"(?:,?\s{1,2}|,)"
_LONG_CODE = (  # as no year or amount is written; with what stands before or after the code of some countries
    rf"(?:[A-Z]{{1,2}}-)?(?:\d{{5}}(?:-\d{{3,4}})?|\d{{6}}|\d{{4}}-\d{{3}}|\d{{2}}-\d{{3}}|\d{{3}} \d{{2}}|\d{{4}} [A-Z]{{2}})|{_UK[:-6]}|{_CANADA[:-6]}"
    r"|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT),? \d{4}|[A-Z]{1,2}-\d{4}"
)
_TOWN = re.compile(  # town before the code, or code before the town
    rf"{_UNIT}(?:(?:{_SEPARATOR}{_CITY}){{1,3}}{_SEPARATOR}(?:(?:{_STATES}),? )?(?P<last>{_LONG_CODE})"
    rf"|(?:{_SEPARATOR}{_CITY})?{_SEPARATOR}(?P<first>{_LONG_CODE}|\d{{4}}) {_CITY}(?=\s*(?:[,.;!?\n)]|\Z)))(?![\w-]|[.,]\d)"
)
_BEHIND_HOUSE = frozenset(" ,-/")  # what follows a house number before a street
_LONGEST = 7  # characters of a postcode without gaps; house numbers are shorter
_BACK = 90  # characters read before a house number
_AHEAD = 600  # characters read behind it, more than an address has: of many numbers none reads the whole text


def addresses(scanned: ScannedText) -> Iterator[Span]:
    """Spans of addresses: a street with its house number, and the town and postcode that follow."""
    text, low = scanned.text, scanned.low
    numbers = scanned.unclaimed_numbers()
    has_short = any(end - start <= _LONGEST for start, end in numbers)
    has_romance_street = has_short and contains_any(low, _STARTS)
    has_code_word = has_short and contains_any(low, _CODE_STEMS)
    for start, end in numbers:
        if text[end : end + 1] in _BEHIND_HOUSE and (street := _street_after(text, start)):
            yield with_town(scanned, street)
        if low.endswith(_STEMS, max(0, start - 12), start - 1):
            for span in _until(_GERMAN, text, start):
                yield with_town(scanned, span)
        if has_romance_street and end - start < _LONGEST:
            for span in _until(_ROMANCE, text, start):
                yield with_town(scanned, span)
        yield from _code(scanned, start, end, has_code_word=has_code_word)
    if "box" in low or "fach" in low or "fpo" in low or "apartado" in low:
        for pattern in (_BOX, _MILITARY):
            yield from ((*match.span(), "ADDRESS") for match in pattern.finditer(text))


def _street_after(text: str, start: int) -> Span | None:
    match = _ENGLISH.match(text, start) or _FRENCH.match(text, start)
    return (*match.span(), "ADDRESS") if match else None


def with_town(scanned: ScannedText, street: Span) -> Span:
    """The street with the unit, the lines and the postcode behind it; a number with a label, as of an order, is no postcode."""
    start, end, entity = street
    town = _TOWN.match(scanned.text, end)
    if town is None or not scanned.is_free(end, town.end()):
        return street
    code = town.start("last") if town["last"] else town.start("first")
    return street if scanned.label(code) is not None else (start, town.end(), entity)


def _until(pattern: re.Pattern[str], text: str, number: int) -> Iterator[Span]:
    """The match that begins before the house number and reaches over the number."""
    for match in pattern.finditer(text, max(0, number - _BACK), number + _AHEAD):
        if match.start() > number:
            return
        if match.end() > number:
            yield *match.span(), "ADDRESS"
            return


def _code(scanned: ScannedText, start: int, end: int, *, has_code_word: bool) -> Iterator[Span]:
    text, length = scanned.text, end - start
    match = None
    if length == 5 and start >= 3:
        match = _STATE_ZIP.match(text, start - 3) or _STATE_ZIP.match(text, max(0, start - 4))
    elif length <= 4 and text[end : end + 1] == " ":
        match = _POSTCODE.match(text, start)
    if match and match.end() >= end:
        yield *match.span(), "ADDRESS"
    elif has_code_word and 4 <= length <= _LONGEST:
        near = [word for word in words_before(scanned.low, start)[-4:] if word not in FILLERS]
        if near and near[-1] in _CODE_WORDS:
            yield start, end, "ADDRESS"
