"""Finds the addresses of networks: EMAIL, URL, MAC, IP."""

import re
from collections.abc import Iterator

from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import FILLERS, words_after, words_before
from leadmodel_privacy.validators import is_ip
from leadmodel_privacy.word_lists import word_set

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]++(?:'[\w.+%-]++)?@"
    r"(?:(?:[\w-]++\.)+(?:[^\W\d_]{2,24}|xn--[\w-]{2,59})(?![^\W_]|-\w)|\[?\d{1,3}(?:\.\d{1,3}){3}\]?)"
)
_SPELT = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}+ ?(?:[(\[{] ?at ?[)\]}]| at ) ?[\w-]{1,63}+(?: ?(?:[(\[{] ?dot ?[)\]}]| dot |\.) ?[\w-]{1,63}+){0,3}"
    r" ?(?:[(\[{] ?dot ?[)\]}]| dot |\.) ?(?:com|org|net|edu|gov|io|info|biz|co|uk|de|fr|es|it|nl|eu|ch|at|be)(?!\w)",
    re.IGNORECASE,
)
_URL = re.compile(
    r"(?:(?:https?|ftps?|sftp|wss?)://|(?<![\w@.-])www\d?\.)[^\s<>\"'`{}|\\^\[\]]++", re.IGNORECASE
)
_SURE = "com|org|net|edu|gov|mil|info|biz|io|co|ai|app|dev|tv|eu|uk|de|fr|es|nl|ch|se|dk|fi|pt|br|mx|ar|cl|cn|jp|kr|au|nz|ca|ru|ua|za|cz|pl"
_WORDLIKE = "it|at|be|no|me|in|us|ie|gr|tr|il|ae|sg|hk|ly|page|site|online|shop|store|blog|name|pro|xyz|cloud"
_SOME_TLD = re.compile(rf"\.(?:{_SURE}|(?:{_WORDLIKE})/)")
_TLD = re.compile(
    rf"\.(?:(?:{_SURE})(?![\w-])(?!\.\w)|(?:{_WORDLIKE})(?=/))(?::\d{{2,5}})?(?:[/?#][^\s<>\"'`{{}}|\\^\[\]]*+)?"
)
_LABELS = re.compile(r"(?<![\w@./:-])(?:[a-z0-9-]{1,63}\.){0,5}[a-z0-9-]{1,63}\Z")
_MAC = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}(?:[0-9A-Fa-f]{2}\1[0-9A-Fa-f]{2}\1)?[0-9A-Fa-f]{2}(?!\w|[:-]\w)"
)
_CISCO = re.compile(
    r"(?<![\w.])(?=[\d.]{0,13}[A-Fa-f])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?!\w|\.\w)"
)
_IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?:\.\d{1,3}){3})?(?!\w|\.\w)")
_IP4 = re.compile(r"(?<![._])(?<!\d-)(?<![=~^]=)(?<![<>~^]=)\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d|-[A-Za-z])")
_AGENT = re.compile(r"(?<![^\W_])([A-Za-z][A-Za-z0-9_+.]{0,30})[-/]\Z")
_VERSION = word_set(
    "version versions ver release releases build builds firmware rev revision section sections chapter chapters kapitel abschnitt upgrade "
    "upgraded update updated downgrade downgraded installed v patch patched sdk kernel driver drivers chrome firefox table tables tabelle figure "
    "figures fig abbildung abb step steps clause clauses article articles art paragraph paragraphs para absatz ziffer punkt appendix annex anhang "
    "page pages requirement requirements req rule rules subsection heading item items outline exercise example examples theorem lemma equation "
    "sec sect app plugin library package module protocol spec edition bios bump bumped changelog tag tagged"
)
_NETWORK = word_set(
    "ip ips ipv4 address addresses adresse host hosts server servers dns gateway subnet login logins logged ping client clients network proxy vpn "
    "router firewall node peer from connect connected connection connecting port remote addr source destination nameserver blocked whitelist allowlist"
)
_SMALL = 32  # four numbers below are rather a section or a version than an address
_PLACES = word_set(
    "http https tcp udp ssh ftp ip host server"
)  # words before a dash or slash that an address follows
_TECHNICAL = {  # words before a top-level domain with which a library or the name of a file reads like a domain
    "net": word_set("asp vb ado java paint quartz json ml dot"),
    "io": word_set("socket java std system fs file data"),
    "pl": word_set(
        "main index test tests script scripts setup config build run util utils parse parser convert install deploy start stop"
    ),
    "cl": word_set("kernel shader main test"),
    "app": word_set("main index config"),
    "dev": word_set("config settings docker-compose env"),
}
_MAC_WORDS = word_set("mac ethernet hardware device address adapter interface wifi wlan bluetooth lan eth")
_SLICE = re.compile(r"\d{0,2}(?:::?\d{0,2}){1,2}")  # of a list in Python, or a time
_TRAILING = ".,;:!?)*_~"


def emails(scanned: ScannedText) -> Iterator[Span]:
    """Spans of mail addresses, also in the form `jane (at) example (dot) org`."""
    if "@" in scanned.text:
        for match in _EMAIL.finditer(scanned.text):
            yield match.start(), match.end(), "EMAIL"
    low = scanned.low
    if "dot" in low or "at)" in low or "at]" in low or "at}" in low:
        for match in _SPELT.finditer(scanned.text):
            spelt = match.group().lower()
            if "dot" in spelt or "at)" in spelt or "at]" in spelt or "at}" in spelt:
                yield match.start(), match.end(), "EMAIL"


def urls(scanned: ScannedText) -> Iterator[Span]:
    """Spans of URLs: with a scheme, with `www.`, or a bare domain in small letters."""
    text = scanned.text
    if "://" in text or "www" in scanned.low:
        for match in _URL.finditer(text):
            if len(url := match.group().rstrip(_TRAILING)) >= 6:
                yield match.start(), match.start() + len(url), "URL"
    if scanned.has_domains is None:
        scanned.has_domains = text.find(".", 0, -2) >= 0 and _SOME_TLD.search(text) is not None
    if scanned.has_domains:
        for match in _TLD.finditer(text):
            labels = _LABELS.search(text, max(0, match.start() - 130), match.start())
            if labels and not is_code(labels.group(), match.group()):
                yield labels.start(), match.start() + len(match.group().rstrip(_TRAILING)), "URL"


def is_code(name: str, rest: str) -> bool:
    """True if the domain reads as a library or file, such as `asp.net` or `test.pl`."""
    return name in _TECHNICAL.get(rest[1:], ())


def macs(scanned: ScannedText) -> Iterator[Span]:
    """Spans of the addresses of network cards (EUI-48, EUI-64), with colons, dashes or dots."""
    text = scanned.text
    if text.count(":") >= 5 or text.count("-") >= 5:
        for match in _MAC.finditer(text):
            if not _is_draw(scanned, match):
                yield *match.span(), "MAC"
    for start, end in scanned.unclaimed_numbers():
        if end - start == 4 and text[end : end + 1] == "." and (dotted := _CISCO.match(text, start)):
            yield *dotted.span(), "MAC"


def _is_draw(scanned: ScannedText, match: re.Match[str]) -> bool:
    """True if six numbers without a letter, such as those of a lottery or a clock, stand without a word of networks."""
    digits = match.group().replace(match[1], "")
    return (
        digits.isdigit()
        and digits[:2] != "00"
        and _MAC_WORDS.isdisjoint(words_before(scanned.low, match.start())[-5:])
    )


def ip6s(scanned: ScannedText) -> Iterator[Span]:
    """Spans of IPv6 addresses, in full and with `::`."""
    text = scanned.text
    if "::" not in text and text.count(":") < 7:
        return
    for match in _IP6.finditer(text):
        address = match.group()
        if address.endswith(":") and not address.endswith("::"):
            address = address[:-1]
        if _SLICE.fullmatch(address):
            continue
        if address.count(":") >= 2 and any(c.isdigit() for c in address) and is_ip(address):
            yield match.start(), match.start() + len(address), "IP"


def ip4s(scanned: ScannedText) -> Iterator[Span]:
    """Spans of IPv4 addresses; four numbers after a word such as `version` or `table` are none, and neither are four small ones alone."""
    text = scanned.text
    if text.count(".") < 3:
        return
    for start, end in scanned.unclaimed_numbers():
        match = _IP4.match(text, start) if end - start <= 3 and text[end : end + 1] == "." else None
        if match and is_ip(match.group()) and not _is_version(scanned, match):
            yield *match.span(), "IP"


def _is_version(scanned: ScannedText, match: re.Match[str]) -> bool:
    start, words = match.start(), words_before(scanned.low, match.start())[-6:]
    for word in reversed(words[-5:]):
        if word in _VERSION:
            return True
        if word not in FILLERS and word != "from":
            break
    if scanned.text[start - 1 : start] in {"-", "/"} and (
        agent := _AGENT.search(scanned.text, max(0, start - 33), start)
    ):
        return agent[1].lower() not in _PLACES
    return is_outline(match.group()) and _NETWORK.isdisjoint(
        (*words, *words_after(scanned.low, match.end())[:3])
    )


def is_outline(address: str) -> bool:
    """True for four small numbers that differ, such as `4.3.2.1`; networks of one's own begin with ten."""
    parts = address.split(".")
    return parts[0] != "10" and len(set(parts)) > 1 and all(int(part) < _SMALL for part in parts)
